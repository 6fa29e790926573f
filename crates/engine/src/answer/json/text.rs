//! Strings and numbers of RFC 8259, sections 6 and 7.

use std::borrow::Cow;

use crate::answer::AnswerError;

/// A position in a document that is known to be UTF-8.
#[derive(Debug)]
pub(super) struct Cursor<'d> {
    pub(super) text: &'d str,
    pub(super) at: usize,
}

impl<'d> Cursor<'d> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn wrong(&self, why: &'static str) -> AnswerError {
        AnswerError::Malformed { at: self.at, why }
    }

    pub(super) fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn expect(&mut self, byte: u8, why: &'static str) -> Result<(), AnswerError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.wrong(why))
        }
    }

    pub(super) fn literal(&mut self, word: &str) -> Result<(), AnswerError> {
        let bytes = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if bytes.starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(())
        } else {
            Err(self.wrong("`true`, `false` or `null` is misspelt"))
        }
    }

    fn digits(&mut self) -> Result<(), AnswerError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.wrong("a digit is missing")) } else { Ok(()) }
    }

    pub(super) fn number(&mut self) -> Result<(), AnswerError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    /// A string, from its opening quote; what is between the quotes, as written.
    pub(super) fn string(&mut self) -> Result<&'d str, AnswerError> {
        self.expect(b'"', "a string is missing")?;
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(self.wrong("a string is not closed")),
                Some(b'"') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                                    return Err(self.wrong("`\\u` needs four hexadecimal digits"));
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(self.wrong("an unknown escape in a string")),
                    }
                }
                Some(b) if b < 0x20 => return Err(self.wrong("a control character in a string")),
                Some(_) => self.at += 1,
            }
        }
        let inside = self.text.get(start..self.at).ok_or(AnswerError::LostPlace)?;
        self.at += 1;
        Ok(inside)
    }
}

/// What a checked string means; a surrogate without its other half becomes U+FFFD.
pub(super) fn unescape(inside: &str) -> Cow<'_, str> {
    if !inside.contains('\\') {
        return Cow::Borrowed(inside);
    }
    let mut out = String::with_capacity(inside.len());
    let mut high: Option<u32> = None;
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        if escaped == Some('u') {
            let unit = chars.by_ref().take(4).filter_map(|d| d.to_digit(16)).fold(0, |n, d| n << 4 | d);
            match (high.take(), unit) {
                (Some(h), 0xDC00..=0xDFFF) => {
                    let code = 0x1_0000 + ((h - 0xD800) << 10) + (unit - 0xDC00);
                    out.push(char::from_u32(code).unwrap_or('\u{FFFD}'));
                }
                (before, unit) => {
                    if before.is_some() {
                        out.push('\u{FFFD}');
                    }
                    if (0xD800..=0xDBFF).contains(&unit) {
                        high = Some(unit);
                    } else {
                        out.push(char::from_u32(unit).unwrap_or('\u{FFFD}'));
                    }
                }
            }
            continue;
        }
        if high.take().is_some() {
            out.push('\u{FFFD}');
        }
        out.push(match escaped {
            Some('b') => '\u{8}',
            Some('f') => '\u{C}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(other) => other,
            None => c,
        });
    }
    if high.is_some() {
        out.push('\u{FFFD}');
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_mean_what_the_standard_says() {
        for s in [r"a\u0062c", r"\ud83d\ude00", r#"\"\\\/\b\f\n\r\t"#, r"\u00e9x", "é"] {
            let oracle: String = serde_json::from_str(&format!("\"{s}\"")).unwrap();
            assert_eq!(unescape(s), oracle, "{s}");
        }
        assert_eq!(unescape(r"\ud83dx"), "\u{FFFD}x");
        assert_eq!(unescape(r"\ud83d\n"), "\u{FFFD}\n");
        assert_eq!(unescape(r"\ud83d\u0041\ude00"), "\u{FFFD}A\u{FFFD}");
    }
}
