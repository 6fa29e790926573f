//! What caches on the way may keep of an answer that shows people: nothing that another visitor could be served. Their
//! reading would not be counted, and a page masked for one would be masked for all.

use http::HeaderValue;
use http::header::{CACHE_CONTROL, HeaderMap, HeaderName};

/// Fields that overrule `Cache-Control` for one cache or another. Those that end in `-cache-control` (RFC 9213, section
/// 2.1, `CDN-Cache-Control` first of all) are found by their ending.
const OVERRULING: [HeaderName; 3] = [
    HeaderName::from_static("surrogate-control"),
    HeaderName::from_static("edge-control"),
    HeaderName::from_static("x-accel-expires"),
];

/// Leaves the answer to the visitor's own cache. What the site said of that one stays.
pub fn private(to: &mut HeaderMap) {
    untargeted(to);
    let Some(said) = directives(to) else {
        // Each cache would read it its own way. Whatever it was meant to say, this is no laxer.
        to.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
        return;
    };
    let is = |d: &str, name: &str| d.eq_ignore_ascii_case(name);
    let closed = said.iter().any(|d| is(d, "private") || is(d, "no-store"));
    let kept: Vec<&String> = said.iter().filter(|d| !for_others(d)).collect();
    if closed && kept.len() == said.len() {
        return;
    }
    let mut value = kept.iter().map(|d| d.as_str()).collect::<Vec<_>>().join(", ");
    if !closed {
        value.push_str(if value.is_empty() { "private" } else { ", private" });
    }
    to.insert(CACHE_CONTROL, HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static("private")));
}

/// Lets nobody keep the answer: something in it is masked, or may be by its end.
pub fn stored_by_nobody(to: &mut HeaderMap) {
    untargeted(to);
    // `private` for the caches that know `no-store` and do not honour it alone.
    to.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
}

fn untargeted(to: &mut HeaderMap) {
    let overruling: Vec<HeaderName> =
        to.keys().filter(|n| n.as_str().ends_with("-cache-control") || OVERRULING.contains(n)).cloned().collect();
    for name in overruling {
        to.remove(name);
    }
}

/// Directives that open the answer to shared caches, or close it by halves: `private="set-cookie"` keeps back only the
/// field it names (RFC 9111, section 5.2.2.7).
fn for_others(directive: &str) -> bool {
    let (name, argument) = directive.split_once('=').map_or((directive, false), |(n, _)| (n, true));
    let is = |n: &str| name.trim_end().eq_ignore_ascii_case(n);
    is("public") || is("s-maxage") || (argument && is("private"))
}

/// The directives of all lines; a comma inside quotes parts nothing. `None` where they cannot be told apart: a line that
/// is no text, a quote that is not closed, or an escape inside one, which not everybody undoes.
fn directives(of: &HeaderMap) -> Option<Vec<String>> {
    let mut found = Vec::new();
    for line in of.get_all(CACHE_CONTROL) {
        let line = line.to_str().ok().filter(|l| !l.contains('\\'))?;
        let mut quoted = false;
        for d in line.split(|c| {
            quoted ^= c == '"';
            c == ',' && !quoted
        }) {
            found.push(d.trim().to_owned());
        }
        if quoted {
            return None;
        }
    }
    found.retain(|d| !d.is_empty());
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(act: fn(&mut HeaderMap), from: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut h = HeaderMap::new();
        for (n, v) in from {
            h.append(*n, HeaderValue::from_static(v));
        }
        act(&mut h);
        h
    }

    fn privately(said: &'static str) -> String {
        after(private, &[("cache-control", said)])["cache-control"].to_str().unwrap().to_owned()
    }

    #[test]
    fn no_shared_cache_may_keep_a_page_with_people() {
        assert_eq!(after(private, &[])["cache-control"], "private");
        assert_eq!(privately("public, max-age=60, s-maxage=600"), "max-age=60, private");
        assert_eq!(privately("Public"), "private");
    }

    #[test]
    fn what_the_site_said_of_the_visitors_own_cache_stays() {
        assert_eq!(privately("private, max-age=60"), "private, max-age=60");
        assert_eq!(privately("no-store"), "no-store");
        assert_eq!(privately("max-age=0, must-revalidate"), "max-age=0, must-revalidate, private");
    }

    #[test]
    fn private_for_one_field_only_is_not_private() {
        assert_eq!(privately("private=\"set-cookie, x\", max-age=9"), "max-age=9, private");
        assert_eq!(privately("private, s-maxage=9"), "private");
        assert_eq!(privately("no-cache=\"a, private\""), "no-cache=\"a, private\", private");
    }

    #[test]
    fn what_cannot_be_told_apart_is_kept_by_nobody() {
        for said in ["x=\"a, private", "max-age=60, x=\", private, s-maxage=600", "x=\"\\\", private, y=\"\\\"\""] {
            assert_eq!(privately(said), "private, no-store", "{said}");
        }
        let mut h = HeaderMap::new();
        h.append(CACHE_CONTROL, HeaderValue::from_static("private"));
        h.append(CACHE_CONTROL, HeaderValue::from_bytes(b"s-maxage=600, x=\xff").unwrap());
        private(&mut h);
        assert_eq!(h.get_all(CACHE_CONTROL).iter().collect::<Vec<_>>(), ["private, no-store"]);
    }

    #[test]
    fn fields_that_overrule_it_for_one_cache_go() {
        for name in ["cdn-cache-control", "cloudflare-cdn-cache-control", "surrogate-control", "x-accel-expires"] {
            for act in [private as fn(&mut HeaderMap), stored_by_nobody] {
                let h = after(act, &[(name, "max-age=600"), ("cache-control", "public")]);
                assert!(h.get(name).is_none(), "{name}");
            }
        }
    }

    #[test]
    fn a_masked_answer_is_kept_by_nobody() {
        let h = after(stored_by_nobody, &[("cache-control", "public"), ("cache-control", "max-age=60")]);
        assert_eq!(h.get_all("cache-control").iter().collect::<Vec<_>>(), ["private, no-store"]);
    }
}
