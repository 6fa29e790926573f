//! Reading `X-Forwarded-For` and `Forwarded` (RFC 7239), from the right.
//!
//! Both are read backwards, because only the right end was written by somebody we trust. A list parser that starts at
//! the left can be derailed by what a visitor sent (an opened quotation mark swallows every hop after it); one that
//! starts at the right reads the trusted hop's own element first and never needs the rest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName};

use super::address_set::canonical;
use super::names::{X_FORWARDED_FOR, X_FORWARDED_PROTO};

/// Most bytes of a forwarding header that are read, from the right.
pub const MAX_BYTES: usize = 8 * 1024;
/// Most hops that are walked.
pub const MAX_HOPS: usize = 64;

/// One hop as a forwarding header names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hop {
    /// An address; a port is dropped.
    Address(IpAddr),
    /// `unknown`, an obfuscated identifier (`_x`), or no `for` at all: somebody, nameless (RFC 7239, section 6).
    Nameless,
    /// Not of the grammar.
    Malformed,
}

/// The hops of `X-Forwarded-For`, nearest first. At most [`MAX_HOPS`] and [`MAX_BYTES`].
pub fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    elements(headers, &X_FORWARDED_FOR, false).map(|e| e.map_or(Hop::Malformed, node))
}

/// The hops of `Forwarded`, nearest first. At most [`MAX_HOPS`] and [`MAX_BYTES`].
pub fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    elements(headers, &FORWARDED, true).map(|e| e.map_or(Hop::Malformed, forwarded_for))
}

/// Whether the nearest hop says that the visitor came by https; `None` when it does not say.
#[must_use]
pub fn https(headers: &HeaderMap) -> Option<bool> {
    if let Some(Some(element)) = elements(headers, &X_FORWARDED_PROTO, false).next() {
        return Some(element.eq_ignore_ascii_case("https"));
    }
    let element = elements(headers, &FORWARDED, true).next().flatten()?;
    parameter(element, "proto").map(|p| p.trim_matches('"').eq_ignore_ascii_case("https"))
}

/// Elements of a comma list over all lines of a header, right-most first. `None` is an element that is not text or does
/// not fit in the bounds; nothing follows it.
fn elements<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
    quoted: bool,
) -> impl Iterator<Item = Option<&'h str>> + use<'h> {
    let mut lines = headers.get_all(name).iter().rev();
    let mut rest: Option<&'h [u8]> = None;
    let (mut bytes, mut hops, mut over) = (0usize, 0usize, false);
    std::iter::from_fn(move || {
        loop {
            if over {
                return None;
            }
            let Some(text) = rest else {
                rest = Some(lines.next()?.as_bytes());
                continue;
            };
            let room = MAX_BYTES.saturating_sub(bytes);
            let seen = text.get(text.len().saturating_sub(room)..).unwrap_or_default();
            let cut = if quoted { last_comma_outside_quotes(seen) } else { memchr::memrchr(b',', seen) };
            let (element, remaining) = match cut {
                Some(at) => {
                    let start = text.len() - seen.len() + at;
                    (text.get(start + 1..).unwrap_or_default(), text.get(..start))
                }
                None if seen.len() < text.len() => {
                    over = true;
                    return Some(None);
                }
                None => (text, None),
            };
            bytes += element.len() + 1;
            rest = remaining;
            let element = std::str::from_utf8(element).map(|t| t.trim_matches([' ', '\t']));
            // Empty list elements are allowed and mean nothing (RFC 9110, section 5.6.1.2).
            if element == Ok("") {
                continue;
            }
            hops += 1;
            if hops > MAX_HOPS {
                over = true;
                return Some(None);
            }
            return Some(element.ok());
        }
    })
}

/// Position of the last comma outside quotation marks, counted from the right. A quotation mark after an odd number of
/// backslashes is part of the text.
fn last_comma_outside_quotes(text: &[u8]) -> Option<usize> {
    let mut quoted = false;
    for (i, c) in text.iter().enumerate().rev() {
        match c {
            b'"' => {
                let before = text.get(..i).unwrap_or_default();
                let backslashes = before.iter().rev().take_while(|b| **b == b'\\').count();
                if backslashes % 2 == 0 {
                    quoted = !quoted;
                }
            }
            b',' if !quoted => return Some(i),
            _ => {}
        }
    }
    None
}

/// The value of one parameter of a `Forwarded` element, quotation marks kept.
fn parameter<'e>(element: &'e str, wanted: &str) -> Option<&'e str> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

fn forwarded_for(element: &str) -> Hop {
    match parameter(element, "for") {
        Some(value) => node(value),
        None => Hop::Nameless,
    }
}

/// A node: an address with or without port, brackets and quotation marks, `unknown`, or `_name` (RFC 7239, section 6).
fn node(text: &str) -> Hop {
    let text = match text.strip_prefix('"') {
        Some(rest) => match rest.strip_suffix('"') {
            Some(inner) => inner.trim(),
            None => return Hop::Malformed,
        },
        None => text,
    };
    if let Some(name) = text.strip_prefix('_') {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b':');
        return if !name.is_empty() && name.bytes().all(fits) { Hop::Nameless } else { Hop::Malformed };
    }
    if text.split(':').next().is_some_and(|t| t.eq_ignore_ascii_case("unknown")) {
        return Hop::Nameless;
    }
    if let Some(rest) = text.strip_prefix('[') {
        let Some((inside, after)) = rest.split_once(']') else {
            return Hop::Malformed;
        };
        if !(after.is_empty() || after.strip_prefix(':').is_some_and(is_port)) {
            return Hop::Malformed;
        }
        return inside.parse::<Ipv6Addr>().map_or(Hop::Malformed, |a| Hop::Address(canonical(IpAddr::V6(a))));
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Hop::Address(canonical(address));
    }
    match text.split_once(':') {
        Some((address, port)) if is_port(port) => {
            address.parse::<Ipv4Addr>().map_or(Hop::Malformed, |a| Hop::Address(IpAddr::V4(a)))
        }
        _ => Hop::Malformed,
    }
}

/// A port, or an obfuscated one.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
        None => text.parse::<u16>().is_ok() && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn headers(name: &'static str, lines: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for line in lines {
            map.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        map
    }

    fn address(text: &str) -> Hop {
        Hop::Address(text.parse().unwrap())
    }

    #[test]
    fn every_form_of_a_node_is_read() {
        for (text, hop) in [
            ("192.0.2.1", address("192.0.2.1")),
            ("192.0.2.1:4711", address("192.0.2.1")),
            ("\"192.0.2.1:4711\"", address("192.0.2.1")),
            ("\"[2001:db8:cafe::17]:4711\"", address("2001:db8:cafe::17")),
            ("[2001:db8::1]", address("2001:db8::1")),
            ("2001:db8::1", address("2001:db8::1")),
            ("::ffff:192.0.2.9", address("192.0.2.9")),
            ("\"[::ffff:192.0.2.9]:_p\"", address("192.0.2.9")),
            ("unknown", Hop::Nameless),
            ("Unknown", Hop::Nameless),
            ("_hidden", Hop::Nameless),
            ("_SEVKISEK", Hop::Nameless),
            ("_", Hop::Malformed),
            ("", Hop::Malformed),
            ("\"192.0.2.1", Hop::Malformed),
            ("[2001:db8::1", Hop::Malformed),
            ("[2001:db8::1]:x", Hop::Malformed),
            ("192.0.2.1:+5", Hop::Malformed),
            ("192.0.2.1:99999", Hop::Malformed),
            ("192.0.2.01", Hop::Malformed),
            ("example.org", Hop::Malformed),
            ("fe80::1%eth0", Hop::Malformed),
        ] {
            assert_eq!(node(text), hop, "{text}");
        }
    }

    #[test]
    fn hops_come_nearest_first_over_several_lines() {
        let map = headers("x-forwarded-for", &["1.1.1.1, 2.2.2.2", "", " 3.3.3.3 ,,4.4.4.4"]);
        let hops: Vec<_> = x_forwarded_for(&map).collect();
        assert_eq!(hops, ["4.4.4.4", "3.3.3.3", "2.2.2.2", "1.1.1.1"].map(address));
    }

    #[test]
    fn the_examples_of_rfc_7239_are_read() {
        let map = headers(
            "forwarded",
            &["for=\"_gazonk\"", "For=\"[2001:db8:cafe::17]:4711\"", "for=192.0.2.60;proto=http;by=203.0.113.43"],
        );
        let hops: Vec<_> = forwarded(&map).collect();
        assert_eq!(hops, [address("192.0.2.60"), address("2001:db8:cafe::17"), Hop::Nameless]);
        let map =
            headers("forwarded", &["for=192.0.2.43, for=198.51.100.17;by=203.0.113.60;proto=https;host=example.com"]);
        assert_eq!(forwarded(&map).next(), Some(address("198.51.100.17")));
        assert_eq!(https(&map), Some(true));
    }

    #[test]
    fn a_quotation_mark_opened_by_the_visitor_does_not_swallow_the_trusted_hop() {
        let map = headers("forwarded", &["for=\"1.1.1.1, for=203.0.113.9"]);
        assert_eq!(forwarded(&map).next(), Some(address("203.0.113.9")));
        let map = headers("forwarded", &["for=\"a\\\", for=\"[2001:db8::9]:80\""]);
        assert_eq!(forwarded(&map).next(), Some(address("2001:db8::9")));
    }

    #[test]
    fn an_endless_list_is_read_from_the_right_and_cut() {
        let long = format!("{}, 203.0.113.9", "1.1.1.1,".repeat(3000));
        let map = headers("x-forwarded-for", &[&long]);
        assert_eq!(x_forwarded_for(&map).next(), Some(address("203.0.113.9")));
        assert_eq!(x_forwarded_for(&map).count(), MAX_HOPS + 1);
        assert_eq!(x_forwarded_for(&map).last(), Some(Hop::Malformed));
        let map = headers("x-forwarded-for", &[&"9".repeat(MAX_BYTES + 1)]);
        assert_eq!(x_forwarded_for(&map).collect::<Vec<_>>(), [Hop::Malformed]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_make_the_readers_panic_or_run_on(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(value) = HeaderValue::from_bytes(&bytes) {
                for name in ["forwarded", "x-forwarded-for", "x-forwarded-proto"] {
                    let mut map = HeaderMap::new();
                    map.append(name, value.clone());
                    prop_assert!(forwarded(&map).count() + x_forwarded_for(&map).count() <= 302);
                    let _ = https(&map);
                }
            }
        }

        #[test]
        fn whatever_stands_before_it_the_last_element_is_what_the_trusted_hop_wrote(
            junk in "[ -~]{0,80}", a in any::<u32>(),
        ) {
            let ours = IpAddr::V4(Ipv4Addr::from(a));
            let map = headers("x-forwarded-for", &[&format!("{junk}, {ours}")]);
            prop_assert_eq!(x_forwarded_for(&map).next(), Some(Hop::Address(ours)));
            let map = headers("forwarded", &[&format!("{junk}, for=\"{ours}:80\"")]);
            prop_assert_eq!(forwarded(&map).next(), Some(Hop::Address(ours)));
        }
    }
}
