//! A person's identifier, as it stands in an attribute or a JSON value.

use std::borrow::Cow;
use std::ops::Range;

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
    plain: Option<Plain>,
    url: bool,
}

impl Pattern {
    pub(super) fn new(pattern: &str, attribute: &str) -> Result<Self, regex::Error> {
        let url = URL_ATTRIBUTES.iter().any(|a| attribute.eq_ignore_ascii_case(a));
        Ok(Self { regex: Regex::new(pattern)?, plain: Plain::of(pattern), url })
    }

    /// Room for what [`Pattern::read`] catches, if it needs any.
    pub(super) fn room(&self) -> Option<CaptureLocations> {
        self.plain.is_none().then(|| self.regex.capture_locations())
    }

    /// The first group of the pattern (the whole match for a pattern without groups); `None` if there is none that
    /// fits. `raw` is the attribute as written, character references and all.
    /// `caught` is the room for the groups' places, made once per response: a list asks for it many times.
    pub(super) fn read(&self, raw: &str, caught: &mut Option<CaptureLocations>) -> Option<String> {
        let value = decode_references(raw);
        let part = match &self.plain {
            // Beyond ASCII a class may mean more than its letters.
            Some(plain) if value.is_ascii() => plain.find(value.as_bytes())?,
            _ => {
                let caught = caught.get_or_insert_with(|| self.regex.capture_locations());
                self.regex.captures_read(caught, &value)?;
                let (start, end) = caught.get(1).or_else(|| caught.get(0))?;
                start..end
            }
        };
        let part = value.get(part)?;
        let person = if self.url && part.contains('%') {
            percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned()
        } else {
            part.to_owned()
        };
        fits(&person).then_some(person)
    }
}

/// What nearly all patterns are, `^/members/([0-9]+)$`: text around one run of characters. It is looked for by hand,
/// because a list of 50 people asks 50 times.
#[derive(Debug)]
struct Plain {
    at_start: bool,
    before: Box<[u8]>,
    /// Bits for the ASCII characters of the run.
    run: u128,
    after: Box<[u8]>,
    at_end: bool,
    group: bool,
}

impl Plain {
    fn of(pattern: &str) -> Option<Self> {
        let (at_start, rest) = pattern.strip_prefix('^').map_or((false, pattern), |r| (true, r));
        let (before, rest) = literal(rest);
        let (group, rest) = rest.strip_prefix('(').map_or((false, rest), |r| (true, r));
        let (run, rest) = class(rest)?;
        let rest = rest.strip_prefix('+')?;
        let rest = if group { rest.strip_prefix(')')? } else { rest };
        let (after, rest) = literal(rest);
        let at_end = match rest {
            "" => false,
            "$" => true,
            _ => return None,
        };
        // Where the text after it could be part of the run, the longest run may be too long.
        let clear = after.first().is_none_or(|b| run >> b & 1 == 0);
        clear.then(|| Self { at_start, before: before.into(), run, after: after.into(), at_end, group })
    }

    fn find(&self, value: &[u8]) -> Option<Range<usize>> {
        let starts = if self.at_start { 0..1 } else { 0..value.len() };
        // A run that something else than `after` follows is followed by it wherever in the run one begins.
        let mut in_vain = 0;
        for start in starts {
            if start + self.before.len() < in_vain {
                continue;
            }
            let Some(rest) = value.get(start..).and_then(|r| r.strip_prefix(&*self.before)) else { continue };
            let run = rest.iter().take_while(|b| self.run >> (**b & 127) & 1 == 1).count();
            let after = rest.get(run..).and_then(|r| r.strip_prefix(&*self.after));
            let from = start + self.before.len();
            let Some(after) = after.filter(|a| run > 0 && (a.is_empty() || !self.at_end)) else {
                in_vain = from + run;
                continue;
            };
            return Some(if self.group { from..from + run } else { start..value.len() - after.len() });
        }
        None
    }
}

/// Characters that stand for themselves, and escaped ones that do.
fn literal(pattern: &str) -> (Vec<u8>, &str) {
    let mut found = Vec::new();
    let mut rest = pattern;
    loop {
        let bytes = rest.as_bytes();
        let (c, length) = match bytes {
            // `\<` and `\>` are the borders of a word.
            [b'\\', c, ..] if c.is_ascii_punctuation() && !b"<>".contains(c) => (*c, 2),
            [c, ..] if c.is_ascii_alphanumeric() || b"/-_=:;,@!~%&'\"<># ".contains(c) => (*c, 1),
            _ => return (found, rest),
        };
        // Something that is repeated is more than itself.
        if matches!(bytes.get(length), Some(b'*' | b'+' | b'?' | b'{' | b'|')) {
            return (found, rest);
        }
        found.push(c);
        rest = &rest[length..];
    }
}

/// `[0-9]`, `[^/]`, `\d` and the like: bits for ASCII characters.
fn class(pattern: &str) -> Option<(u128, &str)> {
    let digits = 0x3FFu128 << 48;
    if let Some(rest) = pattern.strip_prefix("\\d") {
        return Some((digits, rest));
    }
    let inner = pattern.strip_prefix('[')?;
    let (inner, rest) = inner.split_once(']')?;
    let (inverted, inner) = inner.strip_prefix('^').map_or((false, inner), |i| (true, i));
    let inner = inner.as_bytes();
    let mut set = 0u128;
    let mut i = 0;
    while let Some(c) = inner.get(i).copied() {
        if !(c.is_ascii_alphanumeric() || b"/?#._,;:=@%+!~-".contains(&c)) {
            return None;
        }
        let last = match (inner.get(i + 1), inner.get(i + 2)) {
            (Some(b'-'), Some(last)) if c.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() && c <= *last => {
                i += 2;
                *last
            }
            // A hyphen of any other kind is left to the expression.
            (Some(b'-'), Some(_)) => return None,
            _ => c,
        };
        if c == b'-' && i > 0 && i + 1 < inner.len() {
            return None;
        }
        for b in c..=last {
            set |= 1 << b;
        }
        i += 1;
    }
    if set == 0 || inner.windows(2).any(|w| matches!(w, b"~~" | b"--" | b"&&")) {
        return None;
    }
    // Anything but these, line ends included, as in the expression.
    Some((if inverted { !set } else { set }, rest))
}

/// Character references in an attribute value (HTML, section 13.2.5.72): numeric ones and the five that markup needs.
pub(super) fn decode_references(raw: &str) -> Cow<'_, str> {
    let Some(first) = raw.find('&') else { return Cow::Borrowed(raw) };
    let mut out = String::with_capacity(raw.len());
    out.push_str(&raw[..first]);
    let mut rest = &raw[first..];
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let reference =
            rest.bytes().take(11).position(|b| b == b';').and_then(|end| Some((reference(&rest[1..end])?, end)));
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

    #[test]
    fn a_long_value_takes_no_longer_a_byte_than_a_short_one() {
        let ended = |raw: &str, pattern: &str| {
            let p = Pattern::new(pattern, "data-id").unwrap();
            let begun = std::time::Instant::now();
            let read = p.read(raw, &mut p.room());
            // Quadratic work on a megabyte takes minutes, linear work milliseconds.
            assert!(begun.elapsed().as_secs() < 10, "{pattern}");
            read
        };
        assert_eq!(ended(&format!("{}x", "1".repeat(1 << 20)), "([0-9]+)$"), None);
        assert_eq!(ended(&format!("{}x", "1".repeat(1 << 20)), "1([0-9]+)$"), None);
        assert_eq!(ended(&format!("{}7", "&".repeat(1 << 20)), "([0-9]+)$").as_deref(), Some("7"));
    }

    #[test]
    fn a_plain_pattern_reads_what_its_expression_does() {
        let values = [
            "/members/42",
            "/members/42/",
            "x/members/7?y",
            "/members/",
            "42",
            "a1b22c333",
            "",
            "/people/ann-lee.html",
            "m-12",
            "12-m",
            "/members/a/members/77",
            "id=5&id=6",
            "/members/42\n",
            "<5",
            "12x34",
            "2212x221",
            "1b11b1c",
            "7>",
            "-",
            "4\u{664}2",
            "ä1",
        ];
        for (pattern, plain) in [
            ("^/members/([0-9]+)$", true),
            ("/members/([^/?]+)", true),
            ("([0-9]+)", true),
            ("^[0-9]+$", true),
            (r"(\d+)", true),
            ("^/people/([a-z-]+)\\.html$", true),
            ("^m-([0-9]+)", true),
            ("id=([0-9]+)", true),
            ("[0-9]+", true),
            ("^([a-z]+)a$", false),
            ("(?i)m-([0-9]+)", false),
            ("/(a|b)", false),
            (".+", false),
            ("^/?members/([0-9]+)", false),
            ("([0-9]*)", false),
            ("[0-9]+$", true),
            ("([+--]+)", false),
            ("(a)|b", false),
            ("x*([0-9]+)", false),
            ("([0-9]+)$", true),
            ("([0-9]+)/", true),
            ("2([0-9]+)$", true),
            ("1([0-9b]+)c", true),
            (r"\<([0-9]+)", false),
            (r"([0-9]+)\>", false),
            (r"m\>-([0-9]+)", false),
        ] {
            let p = Pattern::new(pattern, "data-id").unwrap();
            assert_eq!(p.plain.is_some(), plain, "{pattern}");
            let alone = Pattern { plain: None, ..Pattern::new(pattern, "data-id").unwrap() };
            for value in values {
                assert_eq!(p.read(value, &mut p.room()), alone.read(value, &mut alone.room()), "{pattern} {value}");
            }
        }
    }
}
