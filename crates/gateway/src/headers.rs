//! Headers between hops: what is removed, what is added, by the book.

use std::fmt::Write as _;
use std::net::IpAddr;

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, TE, TRANSFER_ENCODING,
    UPGRADE, VIA,
};

/// Always removed between hops (RFC 9110, section 7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 7] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    TRANSFER_ENCODING,
    UPGRADE,
];

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.iter().any(|h| h == name)
}

/// Names listed by `Connection` fields.
fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    if !headers.contains_key(CONNECTION) {
        return Vec::new();
    }
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(','))
        .map(str::trim)
        .filter(|n| !n.is_empty() && !n.eq_ignore_ascii_case("close") && !n.eq_ignore_ascii_case("keep-alive"))
        .filter_map(|n| HeaderName::try_from(n).ok())
        .collect()
}

/// The protocol a request asks to change to: `Upgrade`, when `Connection` names it (RFC 9110, section 7.8).
#[must_use]
pub fn upgrade_wanted(headers: &HeaderMap) -> Option<HeaderValue> {
    let value = headers.get(UPGRADE)?;
    nominated(headers).contains(&UPGRADE).then(|| value.clone())
}

/// What the site is told of the visitor's side.
#[derive(Debug)]
pub struct Hop<'a> {
    /// The other end of the visitor's connection.
    pub peer: IpAddr,
    /// Whether the peer's forwarding headers are believed (and so continued) or replaced.
    pub peer_trusted: bool,
    /// `https` or `http`, on the visitor's side.
    pub scheme: &'a str,
    /// The `Host` the visitor sent.
    pub host: &'a HeaderValue,
    /// The `Host` to send, when the policy names one.
    pub host_override: Option<&'a HeaderValue>,
    /// `1.1 hedgerow` or `2.0 hedgerow`, for the version the visitor spoke.
    pub via: &'static str,
    /// Headers that only we may set: the site's and ours never pass from a visitor.
    pub private: &'a [HeaderName],
}

/// Headers of a request as the site gets them: rebuilt one by one, never copied through.
#[must_use]
pub fn for_site(from: &HeaderMap, hop: &Hop<'_>, upgrade: Option<&HeaderValue>) -> HeaderMap {
    let nominated = nominated(from);
    let mut to = HeaderMap::with_capacity(from.len() + 6);
    to.insert(HOST, hop.host_override.unwrap_or(hop.host).clone());
    let mut forwarded = String::new();
    let mut forwarded_for = String::new();
    let mut via = String::new();
    for (name, value) in from {
        if is_hop_by_hop(name) || nominated.contains(name) || hop.private.contains(name) {
            continue;
        }
        match *name {
            HOST | EXPECT => {}
            // Only `trailers` may be passed on: it promises that the visitor takes trailer fields.
            TE => {
                if value.as_bytes().eq_ignore_ascii_case(b"trailers") {
                    to.insert(TE, value.clone());
                }
            }
            FORWARDED => continue_list(&mut forwarded, value, hop.peer_trusted),
            VIA => continue_list(&mut via, value, true),
            _ if *name == X_FORWARDED_FOR => continue_list(&mut forwarded_for, value, hop.peer_trusted),
            _ if *name == X_FORWARDED_PROTO || *name == X_FORWARDED_HOST || *name == X_REAL_IP => {
                if hop.peer_trusted {
                    to.append(name.clone(), value.clone());
                }
            }
            _ => {
                to.append(name.clone(), value.clone());
            }
        }
    }
    let peer = hop.peer.to_canonical();
    separate(&mut forwarded_for);
    let _ = write!(forwarded_for, "{peer}");
    separate(&mut forwarded);
    let host = hop.host.to_str().unwrap_or("");
    let quote = |s: &str| s.replace(['"', '\\'], "");
    let _ = match peer {
        IpAddr::V4(a) => write!(forwarded, "for={a};host=\"{}\";proto={}", quote(host), hop.scheme),
        IpAddr::V6(a) => write!(forwarded, "for=\"[{a}]\";host=\"{}\";proto={}", quote(host), hop.scheme),
    };
    separate(&mut via);
    via.push_str(hop.via);
    for (name, text) in [(X_FORWARDED_FOR, forwarded_for), (FORWARDED, forwarded), (VIA, via)] {
        if let Ok(v) = HeaderValue::try_from(text) {
            to.insert(name, v);
        }
    }
    if !to.contains_key(&X_FORWARDED_PROTO) {
        to.insert(X_FORWARDED_PROTO, HeaderValue::from_static(if hop.scheme == "https" { "https" } else { "http" }));
    }
    if !to.contains_key(&X_FORWARDED_HOST) {
        to.insert(X_FORWARDED_HOST, hop.host.clone());
    }
    if let Some(u) = upgrade {
        to.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        to.insert(UPGRADE, u.clone());
    }
    to
}

fn continue_list(list: &mut String, value: &HeaderValue, believed: bool) {
    if let (true, Ok(text)) = (believed, value.to_str()) {
        separate(list);
        list.push_str(text);
    }
}

fn separate(list: &mut String) {
    if !list.is_empty() {
        list.push_str(", ");
    }
}

/// Headers of an answer as the visitor gets them. `private` are the names between the site and us.
#[must_use]
pub fn for_visitor(from: &HeaderMap, private: &[HeaderName], via: &'static str, upgraded: bool) -> HeaderMap {
    let nominated = nominated(from);
    let mut to = HeaderMap::with_capacity(from.len() + 4);
    for (name, value) in from {
        if private.contains(name) {
            continue;
        }
        if is_hop_by_hop(name) || nominated.contains(name) {
            if upgraded && (*name == UPGRADE || *name == CONNECTION) {
                to.append(name.clone(), value.clone());
            }
            continue;
        }
        to.append(name.clone(), value.clone());
    }
    to.append(VIA, HeaderValue::from_static(via));
    to
}

/// Takes away what no longer holds once the bytes of an answer are changed.
pub fn bytes_changed(headers: &mut HeaderMap) {
    for name in [
        CONTENT_LENGTH,
        http::header::ETAG,
        http::header::LAST_MODIFIED,
        http::header::ACCEPT_RANGES,
        HeaderName::from_static("content-md5"),
        HeaderName::from_static("digest"),
        HeaderName::from_static("content-digest"),
        HeaderName::from_static("repr-digest"),
    ] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut m = HeaderMap::new();
        for (n, v) in pairs {
            m.append(HeaderName::try_from(*n).unwrap(), HeaderValue::from_str(v).unwrap());
        }
        m
    }

    fn sent(from: &[(&str, &str)], trusted: bool) -> HeaderMap {
        let host = HeaderValue::from_static("members.example");
        let private = [HeaderName::from_static("hedgerow-account")];
        let hop = Hop {
            peer: "198.51.100.7".parse().unwrap(),
            peer_trusted: trusted,
            scheme: "https",
            host: &host,
            host_override: None,
            via: "1.1 hedgerow",
            private: &private,
        };
        for_site(&map(from), &hop, None)
    }

    #[test]
    fn headers_that_connection_names_stay_behind() {
        let h = sent(&[("connection", "close, X-Secret"), ("x-secret", "1"), ("x-kept", "2"), ("te", "gzip")], false);
        assert!(h.get("x-secret").is_none() && h.get("connection").is_none() && h.get("te").is_none());
        assert_eq!(h["x-kept"], "2");
    }

    #[test]
    fn a_visitor_cannot_say_where_it_comes_from() {
        let from = [
            ("x-forwarded-for", "10.0.0.1"),
            ("forwarded", "for=10.0.0.1"),
            ("x-real-ip", "10.0.0.1"),
            ("x-forwarded-proto", "ftp"),
        ];
        let h = sent(&from, false);
        assert_eq!(h["x-forwarded-for"], "198.51.100.7");
        assert_eq!(h["forwarded"], "for=198.51.100.7;host=\"members.example\";proto=https");
        assert!(h.get("x-real-ip").is_none());
        assert_eq!(h["x-forwarded-proto"], "https");
        let h = sent(&from, true);
        assert_eq!(h["x-forwarded-for"], "10.0.0.1, 198.51.100.7");
    }

    #[test]
    fn a_visitor_cannot_speak_for_the_application() {
        assert!(sent(&[("hedgerow-account", "root")], false).get("hedgerow-account").is_none());
    }

    #[test]
    fn even_a_nominated_forwarding_header_arrives() {
        let h = sent(&[("connection", "x-forwarded-for, host, forwarded")], false);
        assert_eq!(h["x-forwarded-for"], "198.51.100.7");
        assert_eq!(h["host"], "members.example");
    }
}
