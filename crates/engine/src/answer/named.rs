//! The application's own word on whom an answer shows: a list of RFC 9651, section 3.1.
//!
//! `"42";fields="name email", "43"`: each member is a string, token or integer that identifies a person; the
//! parameter `fields` lists the fields shown, separated by spaces. Without it all fields of the route are meant.

use http::HeaderValue;
use sfv::{BareItem, ListEntry, Parser};

use super::AnswerError;
use super::identifier::fits;
use crate::policy::{FieldSet, Site};

/// Longest header read, in bytes.
pub const MAX_HEADER_BYTES: usize = 64 * 1024;

/// Most people one header may name.
pub const MAX_NAMED: usize = 10_000;

/// A person the application named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPerson {
    /// The site's identifier.
    pub person: String,
    /// Names of the fields shown; `None` = all of the route.
    pub fields: Option<Vec<String>>,
}

impl NamedPerson {
    /// The fields as a set; a name the site does not have is left out. `None` = all of the route.
    #[must_use]
    pub fn field_set(&self, site: &Site) -> Option<FieldSet> {
        self.fields.as_ref().map(|names| {
            names.iter().filter_map(|n| site.field(n)).fold(FieldSet::NONE, |set, i| set.union(FieldSet::of(i)))
        })
    }
}

/// Reads the header. Several lines of it are joined by the caller with `, ` (RFC 9110, section 5.3).
///
/// # Errors
/// [`AnswerError::Header`] for anything but such a list, an identifier that is empty or too long, a header over
/// [`MAX_HEADER_BYTES`] or more than [`MAX_NAMED`] people: a header that is half understood would let people out
/// uncounted.
pub fn named_people(value: &HeaderValue) -> Result<Vec<NamedPerson>, AnswerError> {
    let bytes = value.as_bytes();
    if bytes.len() > MAX_HEADER_BYTES {
        return Err(AnswerError::Header(format!("it is longer than {MAX_HEADER_BYTES} bytes")));
    }
    let list: sfv::List = Parser::new(bytes).parse().map_err(|e| AnswerError::Header(e.to_string()))?;
    if list.len() > MAX_NAMED {
        return Err(AnswerError::Header(format!("it names more than {MAX_NAMED} people")));
    }
    list.into_iter()
        .map(|entry| {
            let ListEntry::Item(item) = entry else {
                return Err(AnswerError::Header("it has a list within the list".to_owned()));
            };
            let person = text(&item.bare_item)
                .or_else(|| item.bare_item.as_integer().map(|i| i64::from(i).to_string()))
                .filter(|p| fits(p))
                .ok_or_else(|| {
                    AnswerError::Header("a person is no string, token or integer, or too long".to_owned())
                })?;
            let fields = match item.params.get("fields") {
                None => None,
                Some(v) => Some(
                    text(v)
                        .ok_or_else(|| AnswerError::Header("`fields` is no string".to_owned()))?
                        .split_ascii_whitespace()
                        .map(str::to_owned)
                        .collect(),
                ),
            };
            Ok(NamedPerson { person, fields })
        })
        .collect()
}

fn text(item: &BareItem) -> Option<String> {
    match item {
        BareItem::String(s) => Some(s.as_str().to_owned()),
        BareItem::Token(t) => Some(t.as_str().to_owned()),
        BareItem::DisplayString(s) => Some(s.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(s: &str) -> Result<Vec<NamedPerson>, AnswerError> {
        named_people(&HeaderValue::from_str(s).unwrap())
    }

    #[test]
    fn strings_tokens_and_numbers_name_people() {
        let people = read(r#""42";fields="name  email", alice, 7;fields=name, "#.trim_end_matches(", ")).unwrap();
        assert_eq!(people.len(), 3);
        assert_eq!(people[0].person, "42");
        assert_eq!(people[0].fields, Some(vec!["name".to_owned(), "email".to_owned()]));
        assert_eq!(people[1], NamedPerson { person: "alice".to_owned(), fields: None });
        assert_eq!(people[2].person, "7");
        assert_eq!(read("").unwrap(), vec![]);
    }

    #[test]
    fn a_header_that_is_half_understood_is_an_error() {
        for bad in [r#""42"#, r#"("1" "2")"#, r#""1";fields=3"#, r#""""#, "?1", "1.5"] {
            assert!(matches!(read(bad), Err(AnswerError::Header(_))), "{bad}");
        }
        assert!(read(&format!("\"{}\"", "x".repeat(129))).is_err());
        assert!(read(&format!("a{}", ", a".repeat(MAX_NAMED))).is_err());
    }
}
