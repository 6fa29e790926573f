//! The fields of a letter: known names only, bounded, without control characters.

use hedgerow_engine::doors::Reference;

use crate::pages::Letter;

/// Most bytes of all a letter's fields together.
const fn longest(letter: Letter) -> usize {
    match letter {
        Letter::Appeal => 4 * 1024,
        Letter::Report => 16 * 1024,
    }
}

/// Longest body that is read: a browser may write every byte as three, and names and token come on top.
#[must_use]
pub(super) const fn longest_body(letter: Letter) -> usize {
    3 * longest(letter) + 1024
}

/// What somebody wrote, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The reference it is about, if it names one.
    pub reference: Option<Reference>,
    values: Vec<(String, String)>,
}

impl Written {
    /// Every field of the form with what was written; empty where nothing was.
    #[must_use]
    pub fn values(&self) -> &[(String, String)] {
        &self.values
    }

    /// One field.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.values.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }
}

/// Fields that were not taken, to be shown again, and why, in a sentence for the visitor.
pub type NotTaken = (Vec<(String, String)>, &'static str);

/// Reads a letter out of a form.
///
/// # Errors
/// [`NotTaken`].
pub fn read(letter: Letter, fields: &[(String, String)]) -> Result<Written, NotTaken> {
    let values: Vec<(String, String)> = letter
        .fields()
        .iter()
        .map(|f| {
            let given = fields.iter().find(|(n, _)| n == f.name).map_or("", |(_, v)| v.as_str());
            let value = match f.kind {
                "check" if given.is_empty() => String::new(),
                "check" => "yes".to_owned(),
                kind => plain(given, kind == "text"),
            };
            (f.name.to_owned(), value)
        })
        .collect();
    let total: usize = values.iter().map(|(_, v)| v.len()).sum();
    let of = |name: &str| values.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    let missing = letter.fields().iter().find(|f| f.needed && of(f.name).is_empty());
    let number = of("reference");
    let sentence = if total > longest(letter) {
        Some("That is more than we can take here. Please make it shorter, or write to the address below.")
    } else if missing.is_some_and(|f| f.name == "message") {
        Some("Please tell us what happened.")
    } else if missing.is_some() {
        Some("Please tell us where you found it.")
    } else if !number.is_empty() && number.parse::<Reference>().is_err() {
        Some(
            "The reference number does not look right. It has twelve letters and digits, like 4F7K-92MA-0XQT. You can also leave it empty.",
        )
    } else {
        None
    };
    match sentence {
        Some(s) => Err((values, s)),
        None => Ok(Written { reference: number.parse().ok(), values }),
    }
}

/// Text without what no person types: control characters go, and in a line so do line ends.
fn plain(text: &str, lines: bool) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let kept: String = text
        .chars()
        .map(|c| if c == '\n' && !lines { ' ' } else { c })
        .filter(|c| *c == '\n' || !c.is_control())
        // Marks that turn the direction of what follows could make a letter read otherwise than it was written.
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::form;

    #[test]
    fn a_letter_is_what_its_form_asks_and_nothing_else() {
        let fields = form::fields(b"message=Hello%0D%0Athere%00&reference=0000+0000+002d&reply=a%0Ab&evil=1&aid=on");
        let w = read(Letter::Appeal, &fields).unwrap();
        assert_eq!(w.reference, Some(Reference(77)));
        assert_eq!(
            (w.get("message"), w.get("reply"), w.get("aid"), w.get("no_script")),
            ("Hello\nthere", "a b", "yes", "")
        );
        assert_eq!(w.values().len(), Letter::Appeal.fields().len());
    }

    #[test]
    fn what_is_missing_or_too_long_is_said_and_kept() {
        let said = |letter, body: &str| read(letter, &form::fields(body.as_bytes())).unwrap_err();
        assert!(said(Letter::Appeal, "message=+%0A").1.contains("what happened"));
        assert!(said(Letter::Report, "records=x").1.contains("where"));
        assert!(said(Letter::Appeal, "message=x&reference=7").1.contains("twelve"));
        let (kept, sentence) = said(Letter::Appeal, &format!("message={}", "é".repeat(2_100)));
        assert!(sentence.contains("shorter"));
        assert!(kept.iter().any(|(n, v)| n == "message" && v.len() == 4_200));
        assert!(
            read(Letter::Report, &form::fields(format!("where=x&records={}", "y".repeat(16_000)).as_bytes())).is_ok()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn whatever_comes_is_short_and_plain_or_refused(body in proptest::collection::vec(any::<u8>(), 0..6_000)) {
            for letter in [Letter::Appeal, Letter::Report] {
                if let Ok(w) = read(letter, &form::fields(&body)) {
                    prop_assert!(w.values().iter().map(|(_, v)| v.len()).sum::<usize>() <= longest(letter));
                    prop_assert!(w.values().iter().all(|(_, v)| v.chars().all(|c| c == '\n' || !c.is_control())));
                }
            }
        }
    }
}
