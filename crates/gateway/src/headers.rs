//! Headers between hops: what is removed, what is added, by the book.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONNECTION, CONTENT_LENGTH, COOKIE, ETAG, EXPECT, FORWARDED, GetAll, HOST, HeaderMap, HeaderName,
    HeaderValue, LAST_MODIFIED, MAX_FORWARDS, TE, TRANSFER_ENCODING, UPGRADE, VIA,
};
use smallvec::SmallVec;

/// Always removed between hops (RFC 9110, section 7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("proxy-authenticate"),
    HeaderName::from_static("proxy-authorization"),
    TRANSFER_ENCODING,
    UPGRADE,
    // RFC 7540, section 3.2.1.
    HeaderName::from_static("http2-settings"),
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

/// The protocol a request asks to change to: `Upgrade`, when `Connection` names it (RFC 9110, section 7.8). None where
/// it is one by which further requests could come (`h2c`, another HTTP, TLS): they would pass unseen, with whom they show.
#[must_use]
pub fn upgrade_wanted(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(UPGRADE).iter();
    let value = values.next().filter(|_| values.next().is_none())?;
    let carries_requests = |protocol: &str| {
        let name = protocol.split('/').next().unwrap_or("").trim().to_ascii_lowercase();
        matches!(name.as_str(), "http" | "https" | "tls") || name.starts_with("h2") || name.starts_with("h3")
    };
    let passes = !value.to_str().ok()?.split(',').any(carries_requests);
    (passes && nominated(headers).contains(&UPGRADE)).then(|| value.clone())
}

/// How many steps an OPTIONS request may still go (RFC 9110, section 7.6.2); `None` where it does not say, or says
/// nothing that can be read. More than we count to is as many as we count to.
#[must_use]
pub fn steps_left(headers: &HeaderMap) -> Option<u64> {
    let mut values = headers.get_all(MAX_FORWARDS).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    let digits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| value.parse().unwrap_or(u64::MAX))
}

/// What the site is told of the visitor's side of a connection; the same for all its requests to one host.
#[derive(Debug)]
pub struct Side {
    host: HeaderValue,
    /// The other end of the connection, as text.
    peer: HeaderValue,
    /// Our element of `Forwarded` (RFC 7239).
    forwarded: HeaderValue,
    /// `https` or `http`.
    scheme: HeaderValue,
}

impl Side {
    /// The visitor's side: the other end of its connection, whether it ended in TLS here, and the `Host` it sent.
    #[must_use]
    pub fn new(peer: IpAddr, tls: bool, host: &HeaderValue) -> Self {
        let scheme = if tls { "https" } else { "http" };
        let quoted = host.to_str().unwrap_or("").replace(['"', '\\'], "");
        let (peer, element) = match peer.to_canonical() {
            IpAddr::V4(a) => (a.to_string(), format!("for={a};host=\"{quoted}\";proto={scheme}")),
            IpAddr::V6(a) => (a.to_string(), format!("for=\"[{a}]\";host=\"{quoted}\";proto={scheme}")),
        };
        // Digits, colons and what `to_str` let through: both are header values.
        let value = |text: String| HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("unknown"));
        Self {
            host: host.clone(),
            peer: value(peer),
            forwarded: value(element),
            scheme: HeaderValue::from_static(scheme),
        }
    }

    /// The `Host` it is about.
    #[must_use]
    pub fn host(&self) -> &HeaderValue {
        &self.host
    }
}

/// What a request of the visitor becomes on its way to the site.
#[derive(Debug)]
pub struct Hop<'a> {
    /// The visitor's side.
    pub side: &'a Side,
    /// Whether the peer's forwarding headers are believed (and so continued) or replaced.
    pub peer_trusted: bool,
    /// The `Host` to send, when the policy names one.
    pub host_override: Option<&'a HeaderValue>,
    /// `1.1 hedgerow` or `2.0 hedgerow`, for the version the visitor spoke.
    pub via: &'static str,
    /// Headers that only we may set: the site's and ours never pass from a visitor.
    pub private: &'a [HeaderName],
}

/// Headers of a request as the site gets them: each one is looked at, and what may not pass is taken out.
#[must_use]
pub fn for_site(from: &HeaderMap, hop: &Hop<'_>, upgrade: Option<&HeaderValue>) -> HeaderMap {
    let nominated = nominated(from);
    let mut unwanted: SmallVec<[&HeaderName; 8]> = SmallVec::new();
    let (mut forwarded, mut forwarded_for, mut via) = (false, false, false);
    let (mut proto, mut host, mut has_te) = (false, false, false);
    for name in from.keys() {
        if is_hop_by_hop(name) || nominated.contains(name) || hop.private.contains(name) || *name == EXPECT {
            unwanted.push(name);
        } else if *name == FORWARDED {
            forwarded = true;
        } else if *name == VIA {
            via = true;
        } else if *name == TE {
            has_te = true;
        } else if *name == X_FORWARDED_FOR {
            forwarded_for = true;
        } else if *name == X_FORWARDED_PROTO || *name == X_FORWARDED_HOST || *name == X_REAL_IP {
            if hop.peer_trusted {
                proto |= *name == X_FORWARDED_PROTO;
                host |= *name == X_FORWARDED_HOST;
            } else {
                unwanted.push(name);
            }
        }
    }
    // One copy of the whole, which is cheap, and then what differs: a map built anew hashes every name once more.
    let mut to = from.clone();
    for name in unwanted {
        to.remove(name);
    }
    // More values than names: some header has several.
    if from.len() > from.keys_len() {
        join_cookies(&mut to);
    }
    // Only `trailers` may be passed on: it promises that the visitor takes trailer fields.
    if has_te {
        to.remove(TE);
        if from.get_all(TE).iter().any(|v| v.as_bytes().eq_ignore_ascii_case(b"trailers")) {
            to.insert(TE, HeaderValue::from_static("trailers"));
        }
    }
    to.insert(HOST, hop.host_override.unwrap_or(&hop.side.host).clone());
    let before = |present: bool, believed: bool, name: &HeaderName| (present && believed).then(|| from.get_all(name));
    continued(&mut to, X_FORWARDED_FOR, before(forwarded_for, hop.peer_trusted, &X_FORWARDED_FOR), &hop.side.peer);
    continued(&mut to, FORWARDED, before(forwarded, hop.peer_trusted, &FORWARDED), &hop.side.forwarded);
    continued(&mut to, VIA, before(via, true, &VIA), &HeaderValue::from_static(hop.via));
    if !proto {
        to.insert(X_FORWARDED_PROTO, hop.side.scheme.clone());
    }
    if !host {
        to.insert(X_FORWARDED_HOST, hop.side.host.clone());
    }
    if let Some(u) = upgrade {
        to.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        to.insert(UPGRADE, u.clone());
    }
    to
}

/// HTTP/2 visitors may send each cookie in a field of its own; what speaks HTTP/1.1 knows one field only, and such
/// crumbs must be joined before they are passed to it (RFC 9113, section 8.2.3).
fn join_cookies(to: &mut HeaderMap) {
    let crumbs: SmallVec<[&[u8]; 8]> = to.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if crumbs.len() < 2 {
        return;
    }
    // Made of bytes that were header values, it is one.
    let whole = HeaderValue::from_maybe_shared(Bytes::from(crumbs.join(&b"; "[..])));
    drop(crumbs);
    if let Ok(whole) = whole {
        to.insert(COOKIE, whole);
    }
}

/// Sets a list header to what hops before us wrote, where it is believed, and our own element.
fn continued(to: &mut HeaderMap, name: HeaderName, before: Option<GetAll<'_, HeaderValue>>, own: &HeaderValue) {
    let mut list: Vec<u8> = Vec::new();
    // An element that is not text is nobody's address.
    for text in before.iter().flatten().filter_map(|v| v.to_str().ok()).filter(|t| !t.is_empty()) {
        list.reserve(text.len() + own.len() + 4);
        list.extend_from_slice(text.as_bytes());
        list.extend_from_slice(b", ");
    }
    if list.is_empty() {
        to.insert(name, own.clone());
        return;
    }
    list.extend_from_slice(own.as_bytes());
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(list)) {
        to.insert(name, value);
    }
}

/// Headers of an answer as the visitor gets them. `private` are the names between the site and us.
#[must_use]
pub fn for_visitor(from: &HeaderMap, private: &[HeaderName], via: &'static str, upgraded: bool) -> HeaderMap {
    let mut to = from.clone();
    trim_for_visitor(&mut to, private, via, upgraded);
    to
}

/// As [`for_visitor`], in place.
pub fn trim_for_visitor(headers: &mut HeaderMap, private: &[HeaderName], via: &'static str, upgraded: bool) {
    let nominated = nominated(headers);
    let unwanted: SmallVec<[HeaderName; 4]> = headers
        .keys()
        .filter(|name| {
            let hop = is_hop_by_hop(name) || nominated.contains(name);
            let kept = upgraded && (**name == UPGRADE || **name == CONNECTION);
            private.contains(name) || (hop && !kept)
        })
        .cloned()
        .collect();
    for name in &unwanted {
        headers.remove(name);
    }
    headers.append(VIA, HeaderValue::from_static(via));
}

/// Fields that give a sum of the bytes, content coding included (RFC 9530, sections 2 and 3, and what came before it).
const SUMS: [HeaderName; 4] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-md5"),
];

/// Takes away what no longer holds once the bytes of an answer are changed.
pub fn bytes_changed(headers: &mut HeaderMap) {
    for name in [CONTENT_LENGTH, ETAG, LAST_MODIFIED, ACCEPT_RANGES].iter().chain(&SUMS) {
        headers.remove(name);
    }
}

/// Takes away what no longer holds once the same content is sent in another coding, or in none.
pub fn coding_changed(headers: &mut HeaderMap) {
    for name in [ACCEPT_RANGES].iter().chain(&SUMS) {
        headers.remove(name);
    }
    // Other bytes are another representation: a strong validator would promise otherwise (RFC 9110, 8.8.1).
    let weak = headers
        .get(ETAG)
        .filter(|e| e.as_bytes().starts_with(b"\""))
        .and_then(|e| HeaderValue::from_bytes(&[b"W/", e.as_bytes()].concat()).ok());
    if let Some(w) = weak {
        headers.insert(ETAG, w);
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
            side: &Side::new("198.51.100.7".parse().unwrap(), true, &host),
            peer_trusted: trusted,
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
    fn cookies_in_several_fields_become_one_and_other_fields_stay_as_they_are() {
        let h = sent(
            &[("cookie", "a=1"), ("accept", "x"), ("cookie", "b=2"), ("accept", "y"), ("cookie", "c=\"3\"")],
            false,
        );
        assert_eq!(h.get_all("cookie").iter().collect::<Vec<_>>(), ["a=1; b=2; c=\"3\""]);
        assert_eq!(h.get_all("accept").iter().count(), 2);
        assert_eq!(sent(&[("cookie", "a=1; b=2")], false)["cookie"], "a=1; b=2");
        let named = sent(&[("connection", "cookie"), ("cookie", "a=1"), ("cookie", "b=2")], false);
        assert!(named.get("cookie").is_none());
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
