//! A person's identifier, as it stands in an attribute or a JSON value.

use std::borrow::Cow;

use regex::{CaptureLocations, Regex};

use super::MAX_PERSON_BYTES;

/// Attributes whose value is a URL: what a pattern catches there is percent-decoded, so that a person has the same
/// name as in a route's path.
const URL_ATTRIBUTES: [&str; 6] = ["href", "src", "action", "formaction", "cite", "poster"];

/// Whether an identifier can be kept: not empty, at most [`MAX_PERSON_BYTES`].
pub(super) fn fits(person: &str) -> bool {
    !person.is_empty() && person.len() <= MAX_PERSON_BYTES
}

/// Reads identifiers out of attribute values.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    url: bool,
}

impl Pattern {
    pub(super) fn new(pattern: &str, attribute: &str) -> Result<Self, regex::Error> {
        let url = URL_ATTRIBUTES.iter().any(|a| attribute.eq_ignore_ascii_case(a));
        Ok(Self { regex: Regex::new(pattern)?, url })
    }

    /// Room for what [`Pattern::read`] catches.
    pub(super) fn room(&self) -> CaptureLocations {
        self.regex.capture_locations()
    }

    /// The first group of the pattern (the whole match for a pattern without groups); `None` if there is none that
    /// fits. `raw` is the attribute as written, character references and all.
    /// `caught` is the room for the groups' places, made once per response: a list asks for it many times.
    pub(super) fn read(&self, raw: &str, caught: &mut CaptureLocations) -> Option<String> {
        let value = decode_references(raw);
        self.regex.captures_read(caught, &value)?;
        let (start, end) = caught.get(1).or_else(|| caught.get(0))?;
        let part = value.get(start..end)?;
        let person = if self.url && part.contains('%') {
            percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
        } else {
            part.to_owned()
        };
        fits(&person).then_some(person)
    }
}

/// Character references in an attribute value (HTML, section 13.2.5.72): numeric ones and the five that markup needs.
fn decode_references(raw: &str) -> Cow<'_, str> {
    let Some(first) = raw.find('&') else { return Cow::Borrowed(raw) };
    let mut out = String::with_capacity(raw.len());
    out.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference = rest.find(';').filter(|end| *end <= 10).and_then(|end| Some((reference(&rest[1..end])?, end)));
        if let Some((c, end)) = reference {
            out.push(c);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn reference(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_in_a_link_is_the_same_as_in_the_path() {
        let read = |p: &Pattern, raw: &str| p.read(raw, &mut p.room());
        let p = Pattern::new("/members/([^/?]+)", "href").unwrap();
        assert_eq!(read(&p, "/members/J%C3%B6rg?x=1&amp;y=2").as_deref(), Some("Jörg"));
        assert_eq!(read(&p, "/members/a&#x62;&#99;").as_deref(), Some("abc"));
        assert_eq!(read(&p, "/groups/1"), None);
        assert_eq!(read(&p, &format!("/members/{}", "x".repeat(MAX_PERSON_BYTES + 1))), None);
        let plain = Pattern::new("^[0-9]+$", "data-id").unwrap();
        assert_eq!(read(&plain, "42").as_deref(), Some("42"));
    }
}
