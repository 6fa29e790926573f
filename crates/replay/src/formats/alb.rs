//! AWS load balancers: application (ALB), and the classic ones (ELB), whose lines begin with the time.

use super::escapes::{quoted, undone};
use super::{Found, moment};
use crate::line::{Agent, Line, Skip, given, status};

/// Kinds of connection an ALB's line begins with.
const KINDS: [&[u8]; 6] = [b"http", b"https", b"h2", b"grpcs", b"ws", b"wss"];

/// Whether a line may be one of these.
#[must_use]
pub fn looks_like(line: &[u8]) -> bool {
    let first = &line[..memchr::memchr(b' ', line).unwrap_or(0)];
    KINDS.contains(&first) || is_time(first)
}

/// `2026-11-26T17:57:27.123456Z`.
fn is_time(text: &[u8]) -> bool {
    text.len() >= 20 && text[4] == b'-' && text[10] == b'T' && text.ends_with(b"Z")
}

/// Reads a line.
///
/// # Errors
/// [`Skip`].
pub fn read(line: &[u8]) -> Result<(Found, Line<'_>), Skip> {
    let quote = memchr::memmem::find(line, b" \"").ok_or(Skip::UnknownFormat)?;
    let mut columns = line[..quote].split(|b| *b == b' ');
    let mut next = || columns.next().ok_or(Skip::UnknownFormat);
    let mut time = next()?;
    if !is_time(time) {
        time = next()?;
    }
    let at_ms = moment::rfc3339(time)?;
    let _balancer = next()?;
    let client = next()?;
    let (_target, _waited, _worked, _answered) = (next()?, next()?, next()?, next()?);
    let status = status(next()?)?;
    let space = |r: &[u8]| r.is_empty() || r[0] == b' ';
    let (asked, rest) = quoted(&line[quote + 2..], space).ok_or(Skip::UnknownFormat)?;
    let agent = match rest.strip_prefix(b" \"").and_then(|r| quoted(r, space)) {
        None => Agent::Unlogged,
        Some((said, _)) => given(said).map_or(Agent::Absent, |a| Agent::Said(undone(a))),
    };
    // A connection without a request is logged as `- http://name:80- -`.
    if asked.starts_with(b"- ") {
        return Err(Skip::NoRequest);
    }
    let host = host_of(asked);
    let (method, target) = super::clf::request_of(asked)?;
    Ok((
        Found::Alb,
        Line {
            at_ms,
            address: given(client).ok_or(Skip::NoAddress)?.into(),
            forwarded_for: None,
            user: None,
            method,
            target,
            status,
            host: host.map(Into::into),
            agent,
        },
    ))
}

fn host_of(asked: &[u8]) -> Option<&[u8]> {
    let at = memchr::memmem::find(asked, b"://")?;
    let rest = &asked[at + 3..];
    let end = memchr::memchr3(b'/', b':', b' ', rest).unwrap_or(rest.len());
    given(&rest[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALB: &str = r#"h2 2000-10-10T20:55:36.186641Z app/my-loadbalancer/50dc6c495c0c9188 198.51.100.7:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET https://www.example:443/members/7?a=b HTTP/2.0" "Mozilla/5.0 (X11)" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:x "Root=1-58337262" "www.example" "-" 0 2018-07-02T22:22:48.364000Z "forward" "-" "-""#;

    #[test]
    fn lines_of_both_kinds_are_read() {
        let (found, l) = read(ALB.as_bytes()).unwrap();
        assert_eq!((found, l.at_ms, l.status), (Found::Alb, 971_211_336_186, 200));
        assert_eq!((&*l.address, &*l.target), (&b"198.51.100.7:2817"[..], &b"/members/7?a=b"[..]));
        assert_eq!(
            (l.host.as_deref(), l.agent),
            (Some(&b"www.example"[..]), Agent::Said(b"Mozilla/5.0 (X11)"[..].into()))
        );
        let elb = r#"2000-10-10T20:55:36.186641Z my-lb 198.51.100.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 404 404 0 29 "GET http://www.example:80/x HTTP/1.1" "curl/7.38.0" - -"#;
        let (_, l) = read(elb.as_bytes()).unwrap();
        assert_eq!((l.status, &*l.target), (404, &b"/x"[..]));
        assert!(looks_like(ALB.as_bytes()) && looks_like(elb.as_bytes()));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let with = |a: &str, b: &str| read(ALB.replacen(a, b, 1).as_bytes()).unwrap_err();
        assert_eq!(
            with("GET https://www.example:443/members/7?a=b HTTP/2.0", "- http://www.example:80- -"),
            Skip::NoRequest
        );
        assert_eq!(with("2000-10-10T", "2000-13-10T"), Skip::ImpossibleTime);
        assert_eq!(with(" 200 200 ", " x 200 "), Skip::NoStatus);
        assert_eq!(read(&ALB.as_bytes()[..80]).unwrap_err(), Skip::UnknownFormat);
        assert!(!looks_like(b"192.0.2.7 - - [") && !looks_like(b""));
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..400, put in any::<u8>()) {
            let _ = (read(&bytes), looks_like(&bytes));
            let mut near = ALB.as_bytes().to_vec();
            let at = cut % near.len();
            near[at] = put;
            let _ = (read(&near), read(&near[..at]));
        }
    }
}
