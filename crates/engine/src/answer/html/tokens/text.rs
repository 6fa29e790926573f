//! Comments, and the content of elements that hold text (HTML, sections 13.2.5.2 to .5 and .9 to .31).

use memchr::{memchr, memmem};

use super::{Content, Escaped, Place, Tokenizer, is_space, starts_with};
use crate::answer::html::names::Name;

impl Tokenizer {
    /// Sections 13.2.5.43 to .52: `-->`, `--!>`, and at the very start `>` and `->`.
    pub(super) fn comment(&mut self, rest: &[u8], body: usize) -> Option<()> {
        let mut i = 0;
        if self.at == body {
            let short = match (rest.first()?, rest.get(1)) {
                (b'>', _) => 1,
                (b'-', None) => return None,
                (b'-', Some(b'>')) => 2,
                _ => 0,
            };
            if short > 0 {
                self.at += short;
                self.place = Place::Data;
                return Some(());
            }
        }
        while let Some(dashes) = memmem::find(rest.get(i..)?, b"--") {
            i += dashes;
            let length = match (rest.get(i + 2), rest.get(i + 3)) {
                (Some(b'>'), _) => 3,
                (Some(b'!'), Some(b'>')) => 4,
                (None, _) | (Some(b'!'), None) => {
                    self.at += i;
                    // Not taken for the start of the comment again.
                    self.place = Place::Comment { body: usize::MAX };
                    return None;
                }
                _ => {
                    i += 1;
                    continue;
                }
            };
            self.at += i + length;
            self.place = Place::Data;
            return Some(());
        }
        // A hyphen at the end may be half of the end.
        self.at += rest.len() - usize::from(rest.last() == Some(&b'-') && rest.len() > i);
        self.place = Place::Comment { body: usize::MAX };
        None
    }

    /// Text of an element, up to the tag that ends it.
    pub(super) fn content(&mut self, rest: &[u8], content: Content, escaped: Escaped) -> Option<()> {
        let name = match content {
            Content::Plain => {
                self.at += rest.len();
                return None;
            }
            Content::Script => return self.script(rest, escaped),
            Content::Text(name) => name,
        };
        let mut i = 0;
        loop {
            let Some(found) = memchr(b'<', rest.get(i..)?) else {
                self.at += rest.len();
                return None;
            };
            i += found;
            match ends_with(rest.get(i..)?, true, |n| Name::of(n) == name) {
                Some(true) => {
                    self.at += i;
                    self.open_tag(true);
                    return Some(());
                }
                Some(false) => i += 1,
                None => {
                    self.at += i;
                    return None;
                }
            }
        }
    }

    fn script(&mut self, rest: &[u8], mut escaped: Escaped) -> Option<()> {
        let is_script = |n: &[u8]| n.eq_ignore_ascii_case(b"script");
        let mut i = 0;
        loop {
            let left = rest.get(i..)?;
            let found = if escaped == Escaped::No { memchr(b'<', left) } else { memchr::memchr2(b'<', b'-', left) };
            i += found.unwrap_or(left.len());
            self.place = Place::Content(Content::Script, escaped);
            let Some(here) = rest.get(i..).filter(|h| !h.is_empty()) else {
                self.at += rest.len();
                return None;
            };
            let step = match (escaped, here) {
                (Escaped::No, [b'<', b'!', ..]) => starts_with(here, b"<!--").map(|is| {
                    if is {
                        escaped = Escaped::Once;
                    }
                    // The dashes may already be those of `-->`.
                    if is { 2 } else { 1 }
                }),
                (_, [b'-', ..]) => starts_with(here, b"-->").map(|is| {
                    if is {
                        escaped = Escaped::No;
                    }
                    1
                }),
                (Escaped::Twice, _) => ends_with(here, true, is_script).map(|is| {
                    if is {
                        escaped = Escaped::Once;
                    }
                    1
                }),
                _ => match ends_with(here, true, is_script) {
                    Some(true) => {
                        self.at += i;
                        self.open_tag(true);
                        return Some(());
                    }
                    Some(false) if escaped == Escaped::Once => ends_with(here, false, is_script).map(|is| {
                        if is {
                            escaped = Escaped::Twice;
                        }
                        1
                    }),
                    other => other.map(|_| 1),
                },
            };
            let Some(step) = step else {
                self.at += i;
                return None;
            };
            i += step;
        }
    }
}

/// Whether `here`, which begins with `<`, is a tag (an end tag if `slash`) whose name is asked for, with what ends a name
/// after it. `None` where more bytes are needed.
fn ends_with(here: &[u8], slash: bool, asked: impl Fn(&[u8]) -> bool) -> Option<bool> {
    let name = if slash {
        match here.get(1) {
            None => return None,
            Some(b'/') => here.get(2..)?,
            Some(_) => return Some(false),
        }
    } else {
        here.get(1..)?
    };
    // The longest name of an element with text is `plaintext`.
    let end = name.iter().take(10).position(|b| !b.is_ascii_alphabetic());
    match end {
        Some(end) => Some((is_space(name[end]) || matches!(name[end], b'/' | b'>')) && asked(&name[..end])),
        None if name.len() < 10 => None,
        None => Some(false),
    }
}
