//! Reading the `Cookie` header, bounded.

use http::HeaderMap;

/// Most bytes of `Cookie` that are read.
const MAX_BYTES: usize = 16 * 1024;
/// Most cookies that are looked at.
const MAX_COOKIES: usize = 200;

/// The values of all cookies called `name`, in the order sent. HTTP/2 may split the header into several lines
/// (RFC 9113, section 8.2.3).
pub fn named<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    let mut budget = MAX_BYTES;
    headers
        .get_all(http::header::COOKIE)
        .iter()
        .map_while(move |line| {
            budget = budget.checked_sub(line.len())?;
            Some(line)
        })
        .filter_map(|line| std::str::from_utf8(line.as_bytes()).ok())
        .flat_map(|line| line.split(';'))
        .take(MAX_COOKIES)
        .filter_map(move |pair| {
            let (n, value) = pair.split_once('=')?;
            (n.trim() == name).then(|| unquoted(value.trim()))
        })
        .filter(|value| !value.is_empty())
}

/// The value a `Set-Cookie` line of an answer gives to the cookie `name`; the empty string when it is deleted.
pub fn given<'h>(answer: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let mut last = None;
    for line in answer.get_all(http::header::SET_COOKIE).iter().take(MAX_COOKIES) {
        let Some((n, value)) = line.to_str().ok().and_then(|l| l.split(';').next()).and_then(|p| p.split_once('='))
        else {
            continue;
        };
        if n.trim() == name && line.len() <= MAX_BYTES {
            last = Some(unquoted(value.trim()));
        }
    }
    last
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cookies_are_found_by_name_over_several_lines_in_order() {
        let mut h = HeaderMap::new();
        h.append("cookie", "a=1; sid=x; sidecar=no".parse().unwrap());
        h.append("cookie", "sid=\"y=z\"; sid=".parse().unwrap());
        assert_eq!(named(&h, "sid").collect::<Vec<_>>(), ["x", "y=z"]);
    }

    #[test]
    fn a_flood_of_cookies_is_cut() {
        let mut h = HeaderMap::new();
        h.append("cookie", "a=1;".repeat(500).parse().unwrap());
        assert_eq!(named(&h, "a").count(), MAX_COOKIES);
        h.append("cookie", format!("b={}", "x".repeat(MAX_BYTES)).parse().unwrap());
        assert_eq!(named(&h, "b").count(), 0);
    }

    #[test]
    fn the_last_cookie_an_answer_sets_counts() {
        let mut h = HeaderMap::new();
        h.append("set-cookie", "sid=old; Path=/".parse().unwrap());
        h.append("set-cookie", "sid=new; Path=/; HttpOnly".parse().unwrap());
        assert_eq!(given(&h, "sid"), Some("new"));
        assert_eq!(given(&h, "other"), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(value) = http::HeaderValue::from_bytes(&bytes) {
                let mut h = HeaderMap::new();
                h.append("cookie", value.clone());
                h.append("set-cookie", value);
                let _ = (named(&h, "a").count(), given(&h, "a"));
            }
        }
    }
}
