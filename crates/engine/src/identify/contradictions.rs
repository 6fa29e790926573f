//! Headers that contradict the browser a request claims to be.
//!
//! Each check is one sentence for the operator. Absence is held against a client only where every copy of the browser it
//! claims sends the thing: Firefox and Safari have no client hints, and over plain http to a public host no browser sends
//! Fetch Metadata or client hints (both are limited to secure contexts). `Sec-GPC` and `DNT` are never looked at here.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_LANGUAGE, UPGRADE};
use smallvec::SmallVec;

use super::agents::{Agent, Family, Platform};
use super::client::Prints;
use super::names::{SEC_CH_UA, SEC_CH_UA_PLATFORM, SEC_FETCH_DEST, SEC_FETCH_MODE};
use super::visit::{is_script_call, text};
use crate::doors::Request;

/// One contradiction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contradiction {
    /// No client hints from a Chromium that always sends them.
    NoClientHints,
    /// No Fetch Metadata from a browser that always sends it.
    NoFetchMetadata,
    /// No `Accept-Language`.
    NoLanguage,
    /// No `Accept`.
    NoAccept,
    /// `Accept: */*` for a page.
    AcceptsAnythingForAPage,
    /// A page view and a script's call at once.
    NavigationByScript,
    /// HTTP/1.0 from a browser of this century.
    AncientProtocol,
    /// `Sec-CH-UA-Platform` names another system than the user agent.
    OtherPlatform,
    /// Client hints from a browser that has none.
    HintsFromNonChromium,
    /// `Sec-CH-UA` does not name the version the user agent does.
    OtherVersion,
    /// The order of HTTP/2 pseudo-headers is another family's.
    PseudoHeaderOrder,
    /// A handshake no version of that browser makes.
    OldHandshake,
}

impl Contradiction {
    /// What contradicts what.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoClientHints => "claims Chromium but sends no client hints",
            Self::NoFetchMetadata => "claims a current browser but sends no Sec-Fetch headers",
            Self::NoLanguage => "claims a browser but names no language",
            Self::NoAccept => "claims a browser but does not say what it accepts",
            Self::AcceptsAnythingForAPage => "claims a browser but accepts anything for a page",
            Self::NavigationByScript => "says page view and script call at once",
            Self::AncientProtocol => "claims a current browser but speaks HTTP/1.0",
            Self::OtherPlatform => "client hints and user agent name different systems",
            Self::HintsFromNonChromium => "sends client hints but claims a browser without them",
            Self::OtherVersion => "client hints and user agent name different versions",
            Self::PseudoHeaderOrder => "orders HTTP/2 pseudo-headers as another browser does",
            Self::OldHandshake => "claims a current browser but its TLS handshake has neither TLS 1.3 nor ALPN",
        }
    }
}

/// All contradictions of a request. `secure` is whether the visitor's own connection is a secure context: https, or a
/// loopback host.
#[must_use]
pub fn check(
    req: &Request<'_>,
    agent: &Agent,
    prints: &Prints<'_>,
    secure: bool,
    navigation: bool,
) -> SmallVec<[Contradiction; 4]> {
    let mut found = SmallVec::new();
    let headers = req.headers;
    let browser = matches!(agent.family, Family::Chromium | Family::Firefox | Family::Safari);
    if agent.named.is_some() || !browser {
        return found;
    }
    let modern = agent.major >= if agent.family == Family::Safari { 17 } else { 91 };
    // An HTTP/1.0 hop in front of us speaks for itself, not for the visitor; `prints` are empty then.
    if req.version == 10 && modern && prints.order.is_some() {
        found.push(Contradiction::AncientProtocol);
    }
    let fetch_mode = text(headers, &SEC_FETCH_MODE);
    let websocket = text(headers, &UPGRADE).is_some();
    if secure && modern && !agent.embedded && !websocket {
        if fetch_mode.is_none() && !headers.contains_key(&SEC_FETCH_DEST) {
            found.push(Contradiction::NoFetchMetadata);
        }
        if agent.family == Family::Chromium && !headers.contains_key(&SEC_CH_UA) {
            found.push(Contradiction::NoClientHints);
        }
    }
    // Sub-resources of some browsers go without these; pages never do.
    if navigation {
        if !headers.contains_key(&ACCEPT_LANGUAGE) && !agent.embedded {
            found.push(Contradiction::NoLanguage);
        }
        match text(headers, &ACCEPT) {
            None if !headers.contains_key(&ACCEPT) => found.push(Contradiction::NoAccept),
            Some(a) if a.trim() == "*/*" => found.push(Contradiction::AcceptsAnythingForAPage),
            _ => {}
        }
    }
    if fetch_mode == Some("navigate") && is_script_call(headers) && !websocket {
        found.push(Contradiction::NavigationByScript);
    }
    hints(headers, agent, &mut found);
    if let Some(order) = prints.h2.and_then(pseudo_header_order)
        && !orders_of(agent.family).contains(&order.as_slice())
    {
        found.push(Contradiction::PseudoHeaderOrder);
    }
    if modern && prints.ja4.is_some_and(old_handshake) {
        found.push(Contradiction::OldHandshake);
    }
    found
}

fn hints(headers: &HeaderMap, agent: &Agent, found: &mut SmallVec<[Contradiction; 4]>) {
    let Some(brands) = text(headers, &SEC_CH_UA) else {
        return;
    };
    if agent.family != Family::Chromium {
        found.push(Contradiction::HintsFromNonChromium);
        return;
    }
    // `"Chromium";v="126"`: every Chromium names its engine, whatever its own brand and version.
    let engine = brands
        .find("\"Chromium\";v=\"")
        .and_then(|at| brands.get(at + 14..))
        .and_then(|v| v.split(['"', '.']).next())
        .and_then(|v| v.parse::<u16>().ok());
    if let Some(engine) = engine
        && engine != agent.major
        && !agent.embedded
    {
        found.push(Contradiction::OtherVersion);
    }
    let said = match text(headers, &SEC_CH_UA_PLATFORM).map(|p| p.trim_matches('"')) {
        Some("Windows") => Platform::Windows,
        Some("macOS") => Platform::Mac,
        Some("Android") => Platform::Android,
        Some("Linux") => Platform::Linux,
        Some("Chrome OS" | "Chromium OS") => Platform::ChromeOs,
        _ => return,
    };
    // Android's "desktop site" says Linux in the user agent and may say either in the hint.
    let pair_of_linux = |p| matches!(p, Platform::Linux | Platform::Android | Platform::ChromeOs);
    if let Some(claimed) = agent.platform
        && claimed != said
        && !(pair_of_linux(claimed) && pair_of_linux(said))
    {
        found.push(Contradiction::OtherPlatform);
    }
}

/// The order of pseudo-headers in our HTTP/2 print: the last part, after `|`, four letters of `m`, `a`, `s`, `p`, with or
/// without commas. `None` when the print does not have it.
fn pseudo_header_order(print: &str) -> Option<[u8; 4]> {
    let mut order = [0u8; 4];
    let mut places = order.iter_mut();
    for b in print.rsplit('|').next()?.bytes().filter(|b| *b != b',') {
        if !matches!(b, b'm' | b'a' | b's' | b'p') {
            return None;
        }
        *places.next()? = b;
    }
    places.next().is_none().then_some(order)
}

/// Orders seen from a family's browsers. Safari changed its order over the years.
fn orders_of(family: Family) -> &'static [&'static [u8]] {
    match family {
        Family::Chromium => &[b"masp"],
        Family::Firefox => &[b"mpas"],
        _ => &[b"mspa", b"msap", b"masp", b"mpas"],
    }
}

/// JA4 begins with protocol, version, SNI, two counts, ALPN: `t12d1234h2`. No browser of the last years goes without both
/// TLS 1.3 and ALPN. One alone may be a company's inspecting proxy.
fn old_handshake(ja4: &str) -> bool {
    let version = ja4.get(1..3);
    matches!(version, Some("12" | "11" | "10" | "s3" | "s2")) && ja4.get(8..10) == Some("00")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::{agents, test_request::Made};

    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";
    const PAGE: [(&str, &str); 4] = [
        ("accept", "text/html,*/*;q=0.8"),
        ("accept-language", "en"),
        ("sec-fetch-mode", "navigate"),
        ("sec-fetch-dest", "document"),
    ];
    const HINTS: [(&str, &str); 2] = [
        ("sec-ch-ua", "\"Not/A)Brand\";v=\"8\", \"Chromium\";v=\"126\", \"Google Chrome\";v=\"126\""),
        ("sec-ch-ua-platform", "\"Windows\""),
    ];

    fn checked(ua: &str, fields: &[(&'static str, &str)], secure: bool, prints: &Prints<'_>) -> Vec<Contradiction> {
        let made = Made::new("192.0.2.1", fields);
        check(&made.request(), &agents::read(ua.as_bytes()), prints, secure, true).to_vec()
    }

    fn plain(ua: &str, fields: &[(&'static str, &str)], secure: bool) -> Vec<Contradiction> {
        checked(ua, fields, secure, &Prints::default())
    }

    #[test]
    fn real_browsers_contradict_nothing() {
        let chrome: Vec<_> = PAGE.iter().chain(&HINTS).copied().collect();
        assert_eq!(plain(CHROME, &chrome, true), []);
        assert_eq!(plain(FIREFOX, &PAGE, true), []);
        assert_eq!(plain(SAFARI, &PAGE, true), []);
    }

    #[test]
    fn over_plain_http_no_browser_sends_hints_and_none_is_blamed() {
        for ua in [CHROME, FIREFOX, SAFARI] {
            assert_eq!(plain(ua, &PAGE[..2], false), []);
        }
    }

    #[test]
    fn a_library_in_a_browsers_clothes_is_seen() {
        use Contradiction::{AcceptsAnythingForAPage, NoClientHints, NoFetchMetadata, NoLanguage};
        let found = plain(CHROME, &[("accept", "*/*")], true);
        assert_eq!(found, [NoFetchMetadata, NoClientHints, NoLanguage, AcceptsAnythingForAPage]);
        assert_eq!(plain(FIREFOX, &[], false), [NoLanguage, Contradiction::NoAccept]);
    }

    #[test]
    fn privacy_signals_are_never_evidence() {
        let mut fields: Vec<_> = PAGE.iter().chain(&HINTS).copied().collect();
        fields.extend([("sec-gpc", "1"), ("dnt", "1")]);
        assert_eq!(plain(CHROME, &fields, true), []);
    }

    #[test]
    fn hints_that_disagree_with_the_user_agent_are_seen() {
        let mut fields = PAGE.to_vec();
        fields.extend([("sec-ch-ua", "\"Chromium\";v=\"120\""), ("sec-ch-ua-platform", "\"Linux\"")]);
        assert_eq!(plain(CHROME, &fields, true), [Contradiction::OtherVersion, Contradiction::OtherPlatform]);
        assert_eq!(plain(FIREFOX, &fields, true), [Contradiction::HintsFromNonChromium]);
    }

    #[test]
    fn prints_of_another_family_are_seen_and_unknown_prints_are_not() {
        let h2 = |p| Prints { h2: Some(p), ..Prints::default() };
        let chrome: Vec<_> = PAGE.iter().chain(&HINTS).copied().collect();
        assert_eq!(checked(CHROME, &chrome, true, &h2("1:65536|m,a,s,p")), []);
        assert_eq!(checked(CHROME, &chrome, true, &h2("1:65536|0|mpas")), [Contradiction::PseudoHeaderOrder]);
        assert_eq!(checked(FIREFOX, &PAGE, true, &h2("x|masp")), [Contradiction::PseudoHeaderOrder]);
        assert_eq!(checked(CHROME, &chrome, true, &h2("whatever")), []);
        let tls = |j| Prints { ja4: Some(j), ..Prints::default() };
        assert_eq!(
            checked(CHROME, &chrome, true, &tls("t12d190900_aaaaaaaaaaaa_bbbbbbbbbbbb")),
            [Contradiction::OldHandshake]
        );
        assert_eq!(checked(CHROME, &chrome, true, &tls("t12d1909h1_aaaaaaaaaaaa_bbbbbbbbbbbb")), []);
        assert_eq!(checked(CHROME, &chrome, true, &tls("é")), []);
    }

    #[test]
    fn a_script_that_says_page_view_is_seen() {
        let mut fields: Vec<_> = PAGE.iter().chain(&HINTS).copied().collect();
        fields.push(("x-requested-with", "XMLHttpRequest"));
        assert_eq!(plain(CHROME, &fields, true), [Contradiction::NavigationByScript]);
    }

    #[test]
    fn robots_and_text_browsers_are_not_asked_to_be_browsers() {
        assert_eq!(plain("curl/8.5.0", &[("accept", "*/*")], true), []);
        assert_eq!(plain("w3m/0.5.3", &[], true), []);
    }
}
