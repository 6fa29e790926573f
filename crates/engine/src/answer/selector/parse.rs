//! Reads selectors (CSS Syntax Level 3, section 4.3; Selectors Level 4, sections 3 to 6 and 14).

use super::{Comparison, Joint, Test};
use crate::answer::html::Name;

/// Simple selectors that one element must fit all of.
pub(super) type Compound = Vec<Test>;

/// Compounds from left to right, each with how it is joined to the one before.
pub(super) type Complex = Vec<(Joint, Compound)>;

/// Attributes whose values HTML compares without regard to case (HTML, section 4.16.2).
#[rustfmt::skip]
const FOLDED: [&str; 46] = [
    "accept", "accept-charset", "align", "alink", "axis", "bgcolor", "charset", "checked", "clear", "codetype",
    "color", "compact", "declare", "defer", "dir", "direction", "disabled", "enctype", "face", "frame",
    "hreflang", "http-equiv", "lang", "language", "link", "media", "method", "multiple", "nohref", "noresize",
    "noshade", "nowrap", "readonly", "rel", "rev", "rules", "scope", "scrolling", "selected", "shape", "target",
    "text", "type", "valign", "valuetype", "vlink",
];

/// Most `:not()` in one another.
const MAX_NOT: usize = 8;

struct Cursor<'s> {
    rest: &'s str,
    /// How many `:not()` we are in.
    nots: usize,
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii()
}

/// A list of selectors.
pub(super) fn list(text: &str) -> Result<Vec<Complex>, String> {
    let mut cursor = Cursor { rest: text, nots: 0 };
    let mut all = Vec::new();
    loop {
        all.push(cursor.complex()?);
        if cursor.rest.is_empty() {
            return Ok(all);
        }
        cursor.expect(',')?;
    }
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.rest.strip_prefix(c);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.take(c) { Ok(()) } else { Err(self.unexpected(&format!("`{c}`"))) }
    }

    fn unexpected(&self, wanted: &str) -> String {
        match self.peek() {
            Some(c) => format!("{wanted} is missing before `{c}`"),
            None => format!("{wanted} is missing at the end"),
        }
    }

    fn space(&mut self) -> bool {
        let trimmed = self.rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{c}']);
        let found = trimmed.len() < self.rest.len();
        self.rest = trimmed;
        found
    }

    /// An escape, after its backslash.
    fn escape(&mut self) -> Result<char, String> {
        let digits = self.rest.bytes().take(6).take_while(u8::is_ascii_hexdigit).count();
        if digits == 0 {
            let c = self.peek().filter(|c| *c != '\n').ok_or("a backslash escapes nothing")?;
            self.rest = &self.rest[c.len_utf8()..];
            return Ok(c);
        }
        let code = u32::from_str_radix(&self.rest[..digits], 16).unwrap_or(0);
        self.rest = &self.rest[digits..];
        if self.rest.starts_with([' ', '\t', '\n']) {
            self.rest = &self.rest[1..];
        }
        Ok(char::from_u32(code).filter(|c| *c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn name(&mut self, what: &str) -> Result<String, String> {
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if is_name(c) {
                name.push(c);
                self.rest = &self.rest[c.len_utf8()..];
            } else if self.take('\\') {
                name.push(self.escape()?);
            } else {
                break;
            }
        }
        if name.is_empty() { Err(self.unexpected(what)) } else { Ok(name) }
    }

    /// A name that does not begin like a number.
    fn identifier(&mut self, what: &str) -> Result<String, String> {
        let mut start = self.rest.chars();
        let first = start.next();
        let first = if first == Some('-') { start.next() } else { first };
        if first.is_some_and(|c| c.is_ascii_digit()) {
            return Err(format!("{what} begins with a digit, which must be escaped"));
        }
        self.name(what)
    }

    fn complex(&mut self) -> Result<Complex, String> {
        self.space();
        let mut parts = vec![(Joint::Within, self.compound()?)];
        loop {
            let spaced = self.space();
            let joint = match self.peek() {
                None | Some(',' | ')') => return Ok(parts),
                Some('>') => {
                    self.take('>');
                    self.space();
                    Joint::Child
                }
                Some(c @ ('+' | '~')) => {
                    return Err(format!("`{c}` asks for a neighbour, which cannot be told while the page is read"));
                }
                Some(_) if spaced => Joint::Within,
                Some(_) => return Err(self.unexpected("a space or `>`")),
            };
            parts.push((joint, self.compound()?));
        }
    }

    fn compound(&mut self) -> Result<Compound, String> {
        let mut tests = Vec::new();
        let universal = self.take('*');
        if !universal && self.peek().is_some_and(|c| is_name(c) || c == '\\') {
            tests.push(Test::Tag(Name::of(self.identifier("a tag")?.as_bytes())));
        }
        if self.peek() == Some('|') {
            return Err("namespaces cannot be asked for".to_owned());
        }
        let before = self.rest.len();
        loop {
            if self.take('.') {
                tests.push(Test::Class(self.identifier("a class")?.into_bytes().into()));
            } else if self.take('#') {
                tests.push(Test::Id(self.identifier("an id")?.into_bytes().into()));
            } else if self.take('[') {
                tests.push(self.attribute()?);
            } else if self.take(':') {
                if self.peek() == Some(':') {
                    return Err("a pseudo-element is no element of the page".to_owned());
                }
                tests.push(self.pseudo()?);
            } else if tests.is_empty() && !universal && self.rest.len() == before {
                return Err(self.unexpected("a tag, class, id or attribute"));
            } else {
                return Ok(tests);
            }
        }
    }

    fn attribute(&mut self) -> Result<Test, String> {
        self.space();
        let name = self.identifier("an attribute")?.to_ascii_lowercase();
        self.space();
        let mut fold = FOLDED.contains(&name.as_str());
        let name = name.into_bytes().into();
        if self.take(']') {
            return Ok(Test::Attribute { name, comparison: Comparison::Any, value: Box::default(), fold });
        }
        let comparison = match self.peek() {
            Some('=') => Comparison::Is,
            Some('~') => Comparison::Word,
            Some('|') => Comparison::Dash,
            Some('^') => Comparison::Starts,
            Some('$') => Comparison::Ends,
            Some('*') => Comparison::Holds,
            _ => return Err(self.unexpected("`=` or `]`")),
        };
        if comparison != Comparison::Is {
            self.rest = &self.rest[1..];
        }
        self.expect('=')?;
        self.space();
        let value = match self.peek() {
            Some(quote @ ('"' | '\'')) => self.string(quote)?,
            _ => self.identifier("a value")?,
        };
        self.space();
        if self.take('i') || self.take('I') {
            fold = true;
        } else if self.take('s') || self.take('S') {
            fold = false;
        }
        self.space();
        self.expect(']')?;
        Ok(Test::Attribute { name, comparison, value: value.into_bytes().into(), fold })
    }

    fn string(&mut self, quote: char) -> Result<String, String> {
        self.take(quote);
        let mut value = String::new();
        loop {
            let c = self.peek().filter(|c| *c != '\n').ok_or("a quote is never closed")?;
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                c if c == quote => return Ok(value),
                '\\' if self.take('\n') => {}
                '\\' => value.push(self.escape()?),
                c => value.push(c),
            }
        }
    }

    fn pseudo(&mut self) -> Result<Test, String> {
        let name = self.identifier("a pseudo-class")?.to_ascii_lowercase();
        let of_type = name.ends_with("of-type");
        match name.as_str() {
            "first-child" | "first-of-type" => return Ok(Test::Nth { of_type, a: 0, b: 1 }),
            "not" | "nth-child" | "nth-of-type" => self.expect('(')?,
            _ => {
                return Err(format!(
                    "`:{name}` cannot be told while the page is read; there are :not, :first-child, :nth-child, :first-of-type and :nth-of-type"
                ));
            }
        }
        let test = if name == "not" {
            if self.nots >= MAX_NOT {
                return Err(format!("there are more than {MAX_NOT} `:not()` in one another"));
            }
            self.nots += 1;
            let mut list = Vec::new();
            loop {
                self.space();
                list.push(self.compound()?);
                self.space();
                if !self.take(',') {
                    break;
                }
            }
            self.nots -= 1;
            Test::Not(list)
        } else {
            let end = self.rest.find(')').ok_or("a bracket is never closed")?;
            let (a, b) = formula(&self.rest[..end])?;
            self.rest = &self.rest[end..];
            Test::Nth { of_type, a, b }
        };
        self.expect(')')?;
        Ok(test)
    }
}

/// `an + b`, `odd`, `even` (CSS Syntax Level 3, section 6).
fn formula(text: &str) -> Result<(i32, i32), String> {
    let text = text.trim().to_ascii_lowercase();
    let wrong = || format!("`{text}` is no `an+b`");
    let number = |t: &str| {
        let digits = t.strip_prefix(['+', '-']).unwrap_or(t);
        let fits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        t.parse::<i32>().ok().filter(|_| fits).ok_or_else(wrong)
    };
    match text.as_str() {
        "odd" => return Ok((2, 1)),
        "even" => return Ok((2, 0)),
        _ => {}
    }
    let Some((a, b)) = text.split_once('n') else { return Ok((0, number(&text)?)) };
    let a = match a {
        "" | "+" => 1,
        "-" => -1,
        a => number(a)?,
    };
    let b: String = b.split_ascii_whitespace().collect();
    let b = match b.as_str() {
        "" => 0,
        signed if signed.starts_with(['+', '-']) => number(signed)?,
        _ => return Err(wrong()),
    };
    Ok((a, b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_told_while_reading_is_read() {
        for good in [
            "a",
            "*",
            ".a",
            "#b",
            "a.b.c#d",
            "a b > c",
            "li:nth-child(2n+1)",
            "td:nth-of-type(3)",
            "p:not(.x, [y])",
            "h1, title",
            "a[href^='mailto:']",
            "[data-x = y i]",
            "x-card",
            ".sm\\:x",
            "#\\31 23",
            "script[type='application/ld+json']",
            ".ä",
            "a\n>\tb",
            "p:NOT(:first-child)",
            "li:nth-child( -n + 3 )",
            "a[href*=\"'\"]",
        ] {
            list(good).unwrap_or_else(|e| panic!("{good}: {e}"));
        }
        assert_eq!(list(".sm\\:x").unwrap()[0][0].1, [Test::Class((*b"sm:x").into())]);
        assert_eq!(formula("odd"), Ok((2, 1)));
        assert_eq!(formula("-n+ 3"), Ok((-1, 3)));
        assert_eq!(formula("7"), Ok((0, 7)));
    }

    #[test]
    fn what_cannot_be_told_is_refused_with_the_reason() {
        for bad in [
            "",
            " ",
            "a,",
            ",a",
            "a >",
            "> a",
            "a + b",
            "a ~ b",
            "a:hover",
            "a::before",
            "p:has(> a)",
            "a:last-child",
            "a|b",
            "*|b",
            "[a",
            "[a=]",
            "[a='x]",
            ".1",
            "#",
            "a..b",
            "a)",
            ":not(",
            ":not()",
            ":not(a b)",
            "li:nth-child(x)",
            "li:nth-child(2",
            "a{}",
            "\\",
            "//a",
            ":is(a)",
            "a!",
        ] {
            assert!(list(bad).is_err(), "{bad}");
        }
    }
}
