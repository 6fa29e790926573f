//! What the challenge page's script found odd about its browser: a word each from a closed list, and nothing else. The
//! page compares and says only what does not agree, so that no value of the browser ever travels.
//!
//! A signal, never proof: whoever writes a program can leave the words out, and an honest browser under test has them.

/// Longest text that is read.
const LONGEST: usize = 64;

/// Words the page may say, and what each means to the operator.
const WORDS: [(&str, &str); 2] = [
    ("webdriver", "the browser says that a program drives it (navigator.webdriver)"),
    ("agent", "the browser names itself otherwise than its requests do"),
];

/// A set of those words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Oddities(u8);

impl Oddities {
    /// Reads words parted by spaces; others than ours are passed over, too long a text says nothing.
    #[must_use]
    pub fn read(text: &str) -> Self {
        if text.len() > LONGEST {
            return Self::default();
        }
        Self(text.split(' ').filter_map(|w| WORDS.iter().position(|(known, _)| *known == w)).fold(0, |b, i| b | 1 << i))
    }

    /// Whether nothing was odd.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What was odd, for the operator.
    #[must_use]
    pub fn sentence(self) -> String {
        let said: Vec<&str> =
            WORDS.iter().enumerate().filter(|(i, _)| self.0 & 1 << i != 0).map(|(_, (_, s))| *s).collect();
        said.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_words_of_the_list_are_taken() {
        assert!(Oddities::read("").is_empty());
        assert!(Oddities::read("Chrome/1 screen=1x1 WEBDRIVER").is_empty());
        assert!(Oddities::read(&"webdriver ".repeat(100)).is_empty());
        assert_eq!(Oddities::read("agent  webdriver agent"), Oddities::read("webdriver agent"));
        assert!(Oddities::read("webdriver").sentence().contains("navigator.webdriver"));
        assert!(!Oddities::read("agent").sentence().contains("navigator.webdriver"));
    }
}
