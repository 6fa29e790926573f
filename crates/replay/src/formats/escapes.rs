//! Quoted values, and the escapes servers write inside them.

use std::borrow::Cow;

/// Splits off a quoted value: `text` begins behind the opening quote. The closing quote is the first one that is not
/// escaped and behind which `follows` holds; old servers write a visitor's own quotes as they came.
#[must_use]
pub fn quoted(text: &[u8], follows: impl Fn(&[u8]) -> bool) -> Option<(&[u8], &[u8])> {
    for at in memchr::memchr_iter(b'"', text) {
        let slashes = text[..at].iter().rev().take_while(|b| **b == b'\\').count();
        if slashes % 2 == 0 && follows(&text[at + 1..]) {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

fn hex(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Undoes a server's escapes: `\xHH`, `\"`, `\\`, and the letters of C. What is no escape stays as it is.
#[must_use]
pub fn undone(value: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', value) else { return Cow::Borrowed(value) };
    let mut out = Vec::with_capacity(value.len());
    out.extend_from_slice(&value[..first]);
    let mut rest = &value[first..];
    while let Some((b, after)) = rest.split_first() {
        rest = after;
        if *b != b'\\' {
            out.push(*b);
            continue;
        }
        match rest {
            [b'x' | b'X', h, l, tail @ ..] => match (hex(*h), hex(*l)) {
                (Some(h), Some(l)) => {
                    out.push(h << 4 | l);
                    rest = tail;
                }
                _ => out.push(b'\\'),
            },
            [c @ (b'"' | b'\\' | b'/'), tail @ ..] => {
                out.push(*c);
                rest = tail;
            }
            [c @ (b'n' | b't' | b'r' | b'b' | b'f' | b'v'), tail @ ..] => {
                out.push(match c {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'f' => 12,
                    _ => 11,
                });
                rest = tail;
            }
            _ => out.push(b'\\'),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_of_nginx_and_apache_are_undone() {
        assert_eq!(&*undone(br#"a\x22b"#), br#"a"b"#);
        assert_eq!(&*undone(br#"a\"b\\c"#), br#"a"b\c"#);
        assert_eq!(&*undone(br"a\xZZ\q"), br"a\xZZ\q");
        assert_eq!(&*undone(br"end\"), br"end\");
        assert!(matches!(undone(b"plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_quote_ends_a_value_only_where_it_may() {
        let space = |rest: &[u8]| rest.is_empty() || rest[0] == b' ';
        assert_eq!(quoted(br#"a\"b" c"#, space), Some((&br#"a\"b"#[..], &b" c"[..])));
        assert_eq!(quoted(br#"a\\" c"#, space), Some((&br"a\\"[..], &b" c"[..])));
        assert_eq!(quoted(br#"a"b" c"#, space), Some((&br#"a"b"#[..], &b" c"[..])));
        assert_eq!(quoted(b"open", space), None);
    }

    proptest! {
        #[test]
        fn what_nginx_escapes_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            // ngx_http_log_escape: everything below 32, above 126, the quote and the backslash.
            let escaped: Vec<u8> = bytes.iter().flat_map(|b| match b {
                32..=126 if *b != b'"' && *b != b'\\' => vec![*b],
                b => format!("\\x{b:02X}").into_bytes(),
            }).collect();
            prop_assert_eq!(&*undone(&escaped), &bytes[..]);
        }
    }
}
