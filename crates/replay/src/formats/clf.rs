//! The common log format and what grew out of it: `common`, `combined`, a virtual host in front, further columns behind
//! (Traefik's, and most that people add to nginx's).
//!
//! One reader for all of them, so that what a line means depends on the line alone.

use std::borrow::Cow;

use super::Found;
use super::escapes::{quoted, undone};
use super::moment::LastCommon;
use crate::line::{Agent, Line, Skip, given, request, status};

/// Whether text can be an IP address, by its letters alone.
fn like_address(text: &[u8]) -> bool {
    text.first().is_some_and(|b| b.is_ascii_hexdigit() || *b == b':' || *b == b'[')
        && std::str::from_utf8(text).is_ok_and(|t| t.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok())
}

/// Where the bracket of the time opens: the first ` [` that is not part of the first column.
fn time_at(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'[', line).find(|at| *at > 0 && line[at - 1] == b' ')
}

/// Reads a line.
///
/// # Errors
/// [`Skip`].
pub fn read<'l>(line: &'l [u8], clock: &mut LastCommon) -> Result<(Found, Line<'l>), Skip> {
    let open = time_at(line).ok_or(Skip::UnknownFormat)?;
    let head = &line[..open - 1];
    let mut columns = head.splitn(3, |b| *b == b' ');
    let (Some(first), Some(second), Some(third)) = (columns.next(), columns.next(), columns.next()) else {
        return Err(Skip::UnknownFormat);
    };
    let (mut host, mut address, mut user) = (None, first, third);
    // Four columns: a virtual host stands in front of the address, or somebody's name has a space in it.
    if let Some(at) = memchr::memchr(b' ', third)
        && like_address(second)
        && !like_address(first)
    {
        (host, address, user) = (Some(first), second, &third[at + 1..]);
    }
    let close = memchr::memchr(b']', &line[open..]).map(|i| open + i).ok_or(Skip::NoTime)?;
    let at_ms = clock.read(&line[open + 1..close])?;
    let rest = line[close + 1..].strip_prefix(b" \"").ok_or(Skip::UnknownFormat)?;
    // Behind the request stand a status and a length.
    let (asked, rest) = quoted(rest, |r| matches!(r, [b' ', b'0'..=b'9' | b'-', ..])).ok_or(Skip::UnknownFormat)?;
    let rest = &rest[1..];
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let status = status(&rest[..end])?;
    let rest = rest.get(end + 1..).unwrap_or_default();
    // The length is not needed, but a line without one is not of this format.
    let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
    let length = &rest[..end];
    if length != b"-" && (length.is_empty() || !length.iter().all(u8::is_ascii_digit)) {
        return Err(Skip::UnknownFormat);
    }
    let rest = rest.get(end..).unwrap_or_default();
    let space = |r: &[u8]| r.is_empty() || r[0] == b' ';
    let mut agent = Agent::Unlogged;
    let mut found = Found::Common;
    if let Some((_, rest)) = rest.strip_prefix(b" \"").and_then(|r| quoted(r, space)) {
        let Some((said, rest)) = rest.strip_prefix(b" \"").and_then(|r| quoted(r, space)) else {
            return Err(Skip::UnknownFormat);
        };
        agent = given(said).map_or(Agent::Absent, |a| Agent::Said(undone(a)));
        found = if rest.is_empty() { Found::Combined } else { Found::CombinedAndMore };
    }
    if host.is_some() && found != Found::Common {
        found = Found::VhostCombined;
    }
    let (method, target) = request_of(asked)?;
    Ok((
        found,
        Line {
            at_ms,
            address: given(address).ok_or(Skip::NoAddress)?.into(),
            forwarded_for: None,
            user: given(user).map(undone),
            method,
            target,
            status,
            host: host.and_then(given).map(Into::into),
            agent,
        },
    ))
}

pub(super) type MethodAndTarget<'l> = (Cow<'l, [u8]>, Cow<'l, [u8]>);

/// Method and target of a request line as logged, escapes undone.
pub(super) fn request_of(asked: &[u8]) -> Result<MethodAndTarget<'_>, Skip> {
    match undone(asked) {
        Cow::Borrowed(text) => request(text).map(|(m, t)| (Cow::Borrowed(m), Cow::Borrowed(t))),
        Cow::Owned(text) => request(&text).map(|(m, t)| (Cow::Owned(m.to_vec()), Cow::Owned(t.to_vec()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> Result<(Found, Line<'_>), Skip> {
        read(text.as_bytes(), &mut LastCommon::default())
    }

    const COMBINED: &str = r#"192.0.2.7 - ada [10/Oct/2000:13:55:36 -0700] "GET /members/7?x=1 HTTP/1.1" 200 2326 "https://s.example/" "Mozilla/5.0 (X11)""#;

    #[test]
    fn a_combined_line_is_read() {
        let (found, l) = line(COMBINED).unwrap();
        assert_eq!(found, Found::Combined);
        assert_eq!(&*l.address, b"192.0.2.7");
        assert_eq!(l.user.as_deref(), Some(&b"ada"[..]));
        assert_eq!((&*l.method, &*l.target, l.status), (&b"GET"[..], &b"/members/7?x=1"[..], 200));
        assert_eq!(l.agent, Agent::Said(b"Mozilla/5.0 (X11)"[..].into()));
        assert_eq!(l.at_ms, 971_211_336_000);
    }

    #[test]
    fn its_relatives_are_told_apart() {
        let found = |text: &str| line(text).map(|(f, _)| f);
        assert_eq!(found(r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 -"#), Ok(Found::Common));
        assert_eq!(found(&format!("www.example:443 {COMBINED}")), Ok(Found::VhostCombined));
        assert_eq!(found(&format!(r#"{COMBINED} 12 "web@docker" "http://10.0.0.1" 3ms"#)), Ok(Found::CombinedAndMore));
        assert_eq!(
            found(r#"[2001:db8::7] - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 304 -"#),
            Ok(Found::Common)
        );
    }

    #[test]
    fn odd_values_do_not_shift_the_columns() {
        let l =
            line(r#"2001:db8::7 - John Doe [10/Oct/2000:13:55:36 +0000] "GET /a\x22b HTTP/1.1" 404 0 "-" "a \"b\" c""#)
                .unwrap()
                .1;
        assert_eq!(l.user.as_deref(), Some(&b"John Doe"[..]));
        assert_eq!(&*l.target, br#"/a"b"#);
        assert_eq!(l.agent, Agent::Said(br#"a "b" c"#[..].into()));
        let l = line(r#"192.0.2.7 - - [10/Oct/2000:13:55:36 +0000] "GET /a"b HTTP/1.1" 200 5 "-" "-""#).unwrap().1;
        assert_eq!(&*l.target, br#"/a"b"#);
        assert_eq!(l.agent, Agent::Absent);
        let l = line(r#"pm3.dialup.example - - [10/Oct/1995:13:55:36 -0400] "GET /a" 200 5"#).unwrap().1;
        assert_eq!((&*l.address, l.agent), (&b"pm3.dialup.example"[..], Agent::Unlogged));
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said() {
        let wrong = |text: &str| line(text).unwrap_err();
        assert_eq!(wrong("hello"), Skip::UnknownFormat);
        assert_eq!(wrong(""), Skip::UnknownFormat);
        assert_eq!(wrong(r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 2000 -"#), Skip::NoStatus);
        assert_eq!(wrong(r#"192.0.2.7 - - [yesterday] "GET / HTTP/1.0" 200 -"#), Skip::NoTime);
        assert_eq!(wrong(r#"192.0.2.7 - - [31/Feb/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 -"#), Skip::ImpossibleTime);
        assert_eq!(wrong(r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "\x16\x03\x01" 400 166"#), Skip::NoRequest);
        assert_eq!(wrong(r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "-" 408 -"#), Skip::NoRequest);
        assert_eq!(wrong(r#"- - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 -"#), Skip::NoAddress);
        assert_eq!(wrong(r#"192.0.2.7 - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 "#), Skip::UnknownFormat);
    }

    proptest! {
        #[test]
        fn no_line_makes_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..200, put in any::<u8>()) {
            let _ = read(&bytes, &mut LastCommon::default());
            let mut near = COMBINED.as_bytes().to_vec();
            let at = cut % near.len();
            near[at] = put;
            let _ = read(&near, &mut LastCommon::default());
            let _ = read(&near[..at], &mut LastCommon::default());
        }
    }
}
