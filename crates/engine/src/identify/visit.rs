//! What kind of visit a request is: a page view, a sub-resource, a call for data.

use http::HeaderMap;

use crate::doors::Request;

/// The kind of a visit, as the request says. It is the client's word: a route that shows people is never treated as a
/// sub-resource, whatever is claimed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitKind {
    /// A picture, style, script or the like.
    pub asset: bool,
    /// A top-level page view.
    pub navigation: bool,
    /// Whether an error or challenge should be a page (`true`) or a problem document.
    pub wants_html: bool,
}

const ASSET_EXTENSIONS: [&str; 34] = [
    "css",
    "js",
    "mjs",
    "map",
    "png",
    "jpg",
    "jpeg",
    "gif",
    "webp",
    "avif",
    "svg",
    "ico",
    "bmp",
    "woff",
    "woff2",
    "ttf",
    "otf",
    "eot",
    "mp4",
    "webm",
    "mp3",
    "ogg",
    "oga",
    "ogv",
    "wav",
    "flac",
    "m4a",
    "m4v",
    "mov",
    "aac",
    "opus",
    "wasm",
    "webmanifest",
    "jxl",
];

/// Request destinations of the Fetch standard (section 2.2.7, "script-like" and sub-resources).
const ASSET_DESTINATIONS: [&str; 18] = [
    "image",
    "style",
    "script",
    "font",
    "audio",
    "video",
    "track",
    "manifest",
    "worker",
    "sharedworker",
    "serviceworker",
    "audioworklet",
    "paintworklet",
    "xslt",
    "embed",
    "object",
    "json",
    "report",
];

/// Reads the kind of a visit from Fetch Metadata (`Sec-Fetch-Dest`, `Sec-Fetch-Mode`), from `Accept`, and from the
/// extension of the path, in this order.
#[must_use]
pub fn visit(req: &Request<'_>) -> VisitKind {
    let accept = text(req.headers, "accept");
    let script = is_script_call(req.headers);
    let accepts_html = accept.is_some_and(|a| a.contains("text/html") || a.contains("application/xhtml+xml"));
    let mode = text(req.headers, "sec-fetch-mode");
    let named_asset = has_asset_extension(req.path);
    match text(req.headers, "sec-fetch-dest") {
        Some("document") => {
            VisitKind { asset: false, navigation: mode.is_none_or(|m| m == "navigate"), wants_html: true }
        }
        Some("iframe" | "frame" | "fencedframe") => VisitKind { asset: false, navigation: false, wants_html: true },
        Some("empty") => VisitKind { asset: false, navigation: false, wants_html: false },
        Some(dest) if ASSET_DESTINATIONS.contains(&dest) => {
            VisitKind { asset: true, navigation: false, wants_html: false }
        }
        // Older browsers, text browsers and tools send no Fetch Metadata; an invented destination says nothing.
        _ => {
            let wants_html = accepts_html && !script;
            let any = accept.is_none_or(|a| a.is_empty() || a.starts_with("*/*"));
            let navigation = !named_asset && !script && (accepts_html || any) && mode.is_none_or(|m| m == "navigate");
            VisitKind { asset: named_asset && !accepts_html, navigation, wants_html }
        }
    }
}

/// The kind of a visit of which only the path is known: what [`visit`] says of a request without headers.
#[must_use]
pub fn visit_by_path(path: &str) -> VisitKind {
    let asset = has_asset_extension(path);
    VisitKind { asset, navigation: !asset, wants_html: false }
}

/// Whether a script asks, by the header most libraries add (`X-Requested-With: XMLHttpRequest`) or by WebSocket upgrade.
#[must_use]
pub fn is_script_call(headers: &HeaderMap) -> bool {
    text(headers, "x-requested-with").is_some_and(|v| v.eq_ignore_ascii_case("xmlhttprequest"))
        || text(headers, "upgrade").is_some_and(|v| v.eq_ignore_ascii_case("websocket"))
}

/// A header as text; `None` if it is absent or not text.
pub(super) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

fn has_asset_extension(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    let Some((stem, extension)) = last.rsplit_once('.') else {
        return false;
    };
    !stem.is_empty() && extension.len() <= 11 && ASSET_EXTENSIONS.iter().any(|e| e.eq_ignore_ascii_case(extension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::test_request::Made;

    fn kind(path: &str, fields: &[(&'static str, &str)]) -> (bool, bool, bool) {
        let made = Made::new("192.0.2.1", fields).path(path);
        let k = visit(&made.request());
        (k.asset, k.navigation, k.wants_html)
    }

    const HTML: (&str, &str) = ("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8");

    #[test]
    fn fetch_metadata_decides_where_it_is_sent() {
        assert_eq!(kind("/a", &[("sec-fetch-dest", "document"), ("sec-fetch-mode", "navigate")]), (false, true, true));
        assert_eq!(kind("/a", &[("sec-fetch-dest", "image"), ("sec-fetch-mode", "no-cors")]), (true, false, false));
        assert_eq!(kind("/a", &[("sec-fetch-dest", "empty"), ("sec-fetch-mode", "cors"), HTML]), (false, false, false));
        assert_eq!(kind("/a", &[("sec-fetch-dest", "invented"), HTML]), (false, true, true));
        assert_eq!(kind("/a", &[("sec-fetch-dest", "iframe"), HTML]), (false, false, true));
    }

    #[test]
    fn without_it_accept_and_the_path_decide() {
        assert_eq!(kind("/members/1", &[HTML]), (false, true, true));
        assert_eq!(kind("/style.css", &[("accept", "text/css,*/*;q=0.1")]), (true, false, false));
        assert_eq!(kind("/photo.JPG", &[HTML]), (false, false, true));
        assert_eq!(kind("/members/1", &[("accept", "*/*")]), (false, true, false));
        assert_eq!(kind("/members/1", &[]), (false, true, false));
        assert_eq!(kind("/api/members", &[("accept", "application/json")]), (false, false, false));
        assert_eq!(kind("/members/1", &[HTML, ("x-requested-with", "XMLHttpRequest")]), (false, false, false));
        assert_eq!(kind("/.css", &[("accept", "*/*")]), (false, true, false));
    }
}
