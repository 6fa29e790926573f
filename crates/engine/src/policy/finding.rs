//! Which route a path belongs to.

use super::route::RouteMatch;
use super::site::Site;

/// A path as most sites read it before they choose a page (RFC 3986, 5.2.4 and 6.2.2); `None` when that is the same path.
fn as_sites_read(path: &str) -> Option<String> {
    let mut before = b'x';
    let odd = path.bytes().any(|b| {
        let pair = before == b'/' && matches!(b, b'/' | b'.');
        before = b;
        pair || matches!(b, b'%' | b'\\' | b';' | b'A'..=b'Z')
    });
    if !odd {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy().replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    for part in decoded.split('/') {
        // A parameter (`members;a=b`) is no part of a segment's name for some sites.
        match part.split(';').next().unwrap_or("") {
            "" | "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(part),
        }
    }
    Some(format!("/{}", kept.join("/")))
}

impl Site {
    /// The route of a path and method: of all that fit, the one with most literal parts; the first of equals.
    ///
    /// The path fits as it was received, or else as sites read it: percent-decoded, without empty and dot segments, in
    /// any case. Otherwise `/%6Dembers/7` would be a page of the site that shows people, and no route of ours.
    #[must_use]
    pub fn route(&self, method: &str, path: &str) -> Option<RouteMatch<'_>> {
        let raw = || self.fitting(method, path, true);
        let Some(as_read) = as_sites_read(path) else { return raw() };
        let read = || self.fitting(method, &as_read, false);
        // `/files/../members/7` fits `/files/{rest...}` as received, and is not what the site will show.
        let dots = ["/.", "%2e", "%2E"].iter().any(|d| path.contains(d));
        if dots { read().or_else(raw) } else { raw().or_else(read) }
    }

    fn fitting(&self, method: &str, path: &str, encoded: bool) -> Option<RouteMatch<'_>> {
        let mut best: Option<(usize, usize, Option<&str>)> = None;
        for (i, r) in self.routes.iter().enumerate() {
            // HEAD shows what GET shows, minus the body: it belongs to the same route.
            let fits_method =
                r.methods.is_empty() || r.methods.iter().any(|m| m == method || (m == "GET" && method == "HEAD"));
            if !fits_method {
                continue;
            }
            let person = if encoded { r.path.matches(path) } else { r.path.matches_any_case(path) };
            if let Some(person) = person {
                let l = r.path.literalness();
                if best.is_none_or(|(b, _, _)| l > b) {
                    best = Some((l, i, person));
                }
            }
        }
        best.map(|(_, index, person)| RouteMatch {
            index,
            route: &self.routes[index],
            person: person.map(|p| {
                if encoded {
                    percent_encoding::percent_decode_str(p).decode_utf8_lossy().into_owned()
                } else {
                    p.to_owned()
                }
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::state::test_site::site;

    #[test]
    fn a_page_is_the_same_page_however_its_path_is_written() {
        let site = site();
        for path in [
            "/members/7",
            "/members/7/",
            "/%6Dembers/7",
            "/members%2F7",
            "//members/7",
            "/members//7",
            "/./members/7",
            "/about/../members/7",
            "/about/%2e%2e/members/%37",
            "/.well-known/../members/7",
            "/Members/7",
            "/members;a=b/7",
            "/members\\7",
        ] {
            let found = site.route("GET", path);
            let found = found.as_ref().map(|r| (r.index, r.person.as_deref()));
            assert_eq!(found, Some((0, Some("7"))), "{path}");
        }
        assert!(site.route("GET", "/About/7").is_none());
        assert_eq!(site.route("GET", "/members/Ada%20L").and_then(|r| r.person).as_deref(), Some("Ada L"));
    }
}
