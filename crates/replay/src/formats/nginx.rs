//! nginx's `log_format`.

use super::template::{Field, Piece, Template, TimeForm};

/// Reads a format: the text itself, or the whole directive as it stands in the configuration.
///
/// # Errors
/// A sentence that says what to do.
pub fn compile(text: &str) -> Result<Template, String> {
    let whole;
    let mut text = text.trim();
    if let Some(directive) = text.strip_prefix("log_format") {
        whole = of_directive(directive)?;
        text = &whole;
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        pieces.push(Piece::Literal(rest.as_bytes()[..at].to_vec()));
        rest = &rest[at + 1..];
        let name;
        if let Some(braced) = rest.strip_prefix('{') {
            let end = braced.find('}').ok_or("a `${` has no `}`; write `${name}`")?;
            (name, rest) = (&braced[..end], &braced[end + 1..]);
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (name, rest) = rest.split_at(end);
        }
        if name.is_empty() {
            return Err("a `$` is followed by no name; write `$remote_addr` and the like".to_owned());
        }
        pieces.push(Piece::Field(field(name)));
    }
    pieces.push(Piece::Literal(rest.as_bytes().to_vec()));
    Template::new(pieces)
}

/// The texts of `NAME [escape=...] 'text' 'text';`, put together.
fn of_directive(directive: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = directive;
    while let Some(open) = rest.find(['\'', '"']) {
        let quote = if rest[open..].starts_with('\'') { '\'' } else { '"' };
        let mut escaped = false;
        let mut end = None;
        for (i, c) in rest[open + 1..].char_indices() {
            if escaped {
                out.push(c);
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == quote {
                end = Some(open + 1 + i + 1);
                break;
            } else {
                out.push(c);
            }
        }
        rest = &rest[end.ok_or("a quote of the directive is not closed; give all of it")?..];
    }
    Ok(out)
}

fn field(name: &str) -> Field {
    match name {
        "remote_addr" => Field::Address,
        "http_x_forwarded_for" | "proxy_add_x_forwarded_for" => Field::ForwardedFor,
        "remote_user" => Field::User,
        "time_local" => Field::Time(TimeForm::Common),
        "time_iso8601" => Field::Time(TimeForm::Iso),
        "msec" => Field::Time(TimeForm::Epoch),
        "request" => Field::Request,
        "request_method" => Field::Method,
        "request_uri" => Field::Target,
        "uri" | "document_uri" => Field::Path,
        "args" | "query_string" => Field::Query,
        "status" => Field::Status,
        "host" | "http_host" | "server_name" => Field::Host,
        "http_user_agent" => Field::Agent,
        _ => Field::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::moment::LastCommon;
    use crate::line::{Agent, Skip};
    use proptest::prelude::*;

    #[test]
    fn a_format_of_ones_own_is_read_back() {
        let format = compile(
            r#"log_format main escape=default '$remote_addr - $remote_user [$time_local] "$request" '
                '$status $body_bytes_sent "$http_referer" "$http_user_agent" rt=$request_time xff="$http_x_forwarded_for"';"#,
        )
        .unwrap();
        let line = br#"10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /a\x22b HTTP/1.1" 200 12 "-" "Mozilla \x22x\x22" rt=0.003 xff="198.51.100.7, 10.0.0.9""#;
        let l = format.read(line, &mut LastCommon::default()).unwrap();
        assert_eq!(&*l.target, br#"/a"b"#);
        assert_eq!(l.agent, Agent::Said(br#"Mozilla "x""#[..].into()));
        assert_eq!(l.forwarded_for.as_deref(), Some(&b"198.51.100.7, 10.0.0.9"[..]));
        assert_eq!((l.at_ms, l.status), (971_211_336_000, 200));
    }

    #[test]
    fn times_methods_and_paths_of_their_own_are_put_together() {
        let format = compile("$msec|${remote_addr}|$request_method|$uri|$args|$status|$host").unwrap();
        let l = format.read(b"971211336.250|192.0.2.7|GET|/a|b=c|304|h.example", &mut LastCommon::default()).unwrap();
        assert_eq!((l.at_ms, &*l.target, l.agent), (971_211_336_250, &b"/a?b=c"[..], Agent::Unlogged));
        assert_eq!(l.host.as_deref(), Some(&b"h.example"[..]));
        let format = compile(r#"{"t":"$time_iso8601","a":"$remote_addr","r":"$request","s":$status}"#).unwrap();
        let l = format
            .read(
                br#"{"t":"2000-10-10T20:55:36+00:00","a":"192.0.2.7","r":"GET /x HTTP/2.0","s":200}"#,
                &mut LastCommon::default(),
            )
            .unwrap();
        assert_eq!((l.at_ms, &*l.target), (971_211_336_000, &b"/x"[..]));
    }

    #[test]
    fn a_format_that_cannot_be_read_back_says_why() {
        for (bad, why) in [
            ("$remote_addr$time_local $request $status", "side by side"),
            ("$time_local $request $status", "address"),
            ("$remote_addr $request $status", "the time"),
            ("$remote_addr $time_local $status", "request"),
            ("$remote_addr $time_local $request", "status"),
            ("$remote_addr ${status", "no `}`"),
            ("$ x", "no name"),
            ("log_format main '$remote_addr", "not closed"),
        ] {
            assert!(compile(bad).unwrap_err().contains(why), "{bad}");
        }
    }

    #[test]
    fn a_line_of_another_format_is_not_read() {
        let format = compile(r#"$remote_addr [$time_local] "$request" $status"#).unwrap();
        let read = |line: &str| format.read(line.as_bytes(), &mut LastCommon::default()).map(|_| ()).unwrap_err();
        assert_eq!(read("hello"), Skip::UnknownFormat);
        assert_eq!(read(r#"192.0.2.7 [x] "GET / HTTP/1.1" 200"#), Skip::NoTime);
        assert_eq!(read(r#"192.0.2.7 [10/Oct/2000:13:55:36 -0700] "" 400"#), Skip::NoRequest);
        assert_eq!(read(r#"- [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.1" 200"#), Skip::NoAddress);
    }

    proptest! {
        #[test]
        fn neither_formats_nor_lines_make_it_panic(format in "(\\$(remote_addr|time_local|request|status|args|uri|x)|\\PC){0,12}", line in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(t) = compile(&format) { let _ = t.read(&line, &mut LastCommon::default()); }
            let t = compile(r#"$remote_addr [$time_local] "$request" $status "$http_user_agent""#).unwrap();
            let _ = t.read(&line, &mut LastCommon::default());
        }
    }
}
