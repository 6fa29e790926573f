//! Apache's `LogFormat` (mod_log_config).

use super::template::{Field, Piece, Template, TimeForm};

/// Reads a format: the text itself, or the whole directive as it stands in the configuration.
///
/// # Errors
/// A sentence that says what to do.
pub fn compile(text: &str) -> Result<Template, String> {
    let text = text.trim();
    let text = match text.strip_prefix("LogFormat") {
        None => unescaped(text),
        Some(directive) => {
            let directive = directive.trim_start();
            let quote = directive.chars().next().filter(|c| matches!(c, '"' | '\''));
            let quote = quote.ok_or("the directive has no quoted format; give `LogFormat \"...\" name`")?;
            let mut escaped = false;
            let end = directive[1..].find(|c| {
                let ends = c == quote && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            unescaped(&directive[1..=end.ok_or("the directive's quote is not closed; give all of it")?])
        }
    };
    let mut pieces = Vec::new();
    let mut rest = &*text;
    while let Some(at) = rest.find('%') {
        pieces.push(Piece::Literal(rest.as_bytes()[..at].to_vec()));
        rest = &rest[at + 1..];
        // Conditions on the status (`%!200,304{...}i`) and which of several requests is meant (`%>s`).
        rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '!' | ',' | '<' | '>'));
        let mut argument = None;
        if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find('}').ok_or("a `%{` has no `}`; write `%{User-Agent}i` and the like")?;
            argument = Some(&braced[..end]);
            rest = &braced[end + 1..];
        }
        let letter = rest.chars().next().ok_or("a `%` stands at the end; write `%%` for a percent sign")?;
        rest = &rest[letter.len_utf8()..];
        match (letter, argument) {
            ('%', None) => pieces.push(Piece::Literal(b"%".to_vec())),
            ('t', None) => pieces.extend([
                Piece::Literal(b"[".to_vec()),
                Piece::Field(Field::Time(TimeForm::Common)),
                Piece::Literal(b"]".to_vec()),
            ]),
            ('t', Some(form)) => pieces.push(Piece::Field(time(form)?)),
            // `%^FB`: two letters.
            ('^', _) => {
                rest = rest.get(2..).unwrap_or_default();
                pieces.push(Piece::Field(Field::Other));
            }
            _ => pieces.push(Piece::Field(field(letter, argument))),
        }
    }
    pieces.push(Piece::Literal(rest.as_bytes().to_vec()));
    Template::new(pieces)
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (c, c == '\\') {
            (_, true) => match letters.next() {
                Some('t') => out.push('\t'),
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            (c, false) => out.push(c),
        }
    }
    out
}

/// `%{...}t`: seconds, or a pattern of strftime(3) in one of the two usual orders.
fn time(form: &str) -> Result<Field, String> {
    let form = form.strip_prefix("begin:").or_else(|| form.strip_prefix("end:")).unwrap_or(form);
    match form {
        "sec" | "msec" | "usec" => Ok(Field::Time(TimeForm::Epoch)),
        "msec_frac" | "usec_frac" => Ok(Field::Other),
        _ if form.starts_with("%d/%b/%Y:") => Ok(Field::Time(TimeForm::Common)),
        _ if form.starts_with("%Y-%m-%d") || form.starts_with("%F") => Ok(Field::Time(TimeForm::Iso)),
        _ => Err(format!(
            "the time `%{{{form}}}t` cannot be read back; `%t`, `%{{%Y-%m-%dT%H:%M:%S%z}}t` and `%{{sec}}t` can"
        )),
    }
}

fn field(letter: char, argument: Option<&str>) -> Field {
    match (letter, argument) {
        ('h' | 'a', None) => Field::Address,
        ('a', Some("c")) => Field::Address,
        ('u', None) => Field::User,
        ('r', None) => Field::Request,
        ('m', None) => Field::Method,
        ('U', None) => Field::Path,
        ('q', None) => Field::Query,
        ('s', None) => Field::Status,
        ('v' | 'V', None) => Field::Host,
        ('i', Some(name)) if name.eq_ignore_ascii_case("user-agent") => Field::Agent,
        ('i', Some(name)) if name.eq_ignore_ascii_case("x-forwarded-for") => Field::ForwardedFor,
        ('i', Some(name)) if name.eq_ignore_ascii_case("host") => Field::Host,
        _ => Field::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::moment::LastCommon;
    use crate::line::Agent;
    use proptest::prelude::*;

    #[test]
    fn apaches_own_examples_are_read_back() {
        let clock = &mut LastCommon::default();
        let combined =
            compile(r#"LogFormat "%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\"" combined"#).unwrap();
        let l = combined
            .read(br#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://x/" "Mozilla/4.08""#, clock)
            .unwrap();
        assert_eq!((l.user.as_deref(), l.status), (Some(&b"frank"[..]), 200));
        assert_eq!(l.agent, Agent::Said(b"Mozilla/4.08"[..].into()));
    }

    #[test]
    fn every_directive_has_its_place() {
        let format = compile(
            r#"%v:%p %V %a %{c}a %l %u %{%Y-%m-%d %H:%M:%S %z}t %m %U %q %H %>s %s %b %B %O %D %T "%{X-Forwarded-For}i" "%{Referer}i" "%{User-Agent}i" %%"#,
        )
        .unwrap();
        let l = format
            .read(
                br#"www.example:443 h.example 198.51.100.7 10.0.0.1 - ada 2000-10-10 13:55:36 -0700 GET /members/7 ?a=b HTTP/1.1 200 200 12 12 99 1234 0 "203.0.113.5" "-" "x \"y\"" %"#,
                &mut LastCommon::default(),
            )
            .unwrap();
        assert_eq!(&*l.address, b"198.51.100.7");
        assert_eq!((&*l.method, &*l.target), (&b"GET"[..], &b"/members/7?a=b"[..]));
        assert_eq!(l.host.as_deref(), Some(&b"www.example"[..]));
        assert_eq!(l.forwarded_for.as_deref(), Some(&b"203.0.113.5"[..]));
        assert_eq!(l.at_ms, 971_211_336_000);
    }

    #[test]
    fn seconds_and_conditions_are_understood() {
        let format = compile(r#"%a %{sec}t "%r" %>s "%!200,304{User-Agent}i""#).unwrap();
        let l = format.read(br#"192.0.2.7 971211336 "GET / HTTP/1.1" 404 "x""#, &mut LastCommon::default()).unwrap();
        assert_eq!((l.at_ms, l.agent), (971_211_336_000, Agent::Said(b"x"[..].into())));
    }

    #[test]
    fn a_format_that_cannot_be_read_back_says_why() {
        for (bad, why) in [
            ("%h%u %t %r %s", "side by side"),
            ("%h %{%s%j}t %r %s", "cannot be read back"),
            ("%h %t %{Referer", "no `}`"),
            ("%h %t %r %s %", "stands at the end"),
            ("%t %r %s", "address"),
            ("LogFormat combined", "no quoted format"),
            (r#"LogFormat "%h"#, "not closed"),
        ] {
            assert!(compile(bad).unwrap_err().contains(why), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn neither_formats_nor_lines_make_it_panic(format in "(%[a-zA-Z>{}^!]|\\PC){0,12}", line in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(t) = compile(&format) { let _ = t.read(&line, &mut LastCommon::default()); }
        }
    }
}
