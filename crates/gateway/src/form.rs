//! Form posts: those to our own addresses, and those that a challenge met on their way.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use crate::forward::{VisitorBody, VisitorBodyError};
use crate::pages::CARRIER_FIELDS;

/// Longest form that is read, in bytes.
pub const LONGEST: usize = 64 * 1024;

/// Longest form that comes back from a challenge: a browser may write every byte of a carried value as three, and our
/// own fields come on top.
pub const LONGEST_CARRIER: usize = 3 * LONGEST + 16 * 1024;

/// Most fields of a form that are read; a challenge carries no form with more, ours are six.
const MOST_FIELDS: usize = 1_000;
const MOST_CARRIED: usize = MOST_FIELDS - CARRIER_FIELDS.len();

/// What became of a form that was challenged.
pub enum Carried {
    /// The request was no form post.
    Nothing,
    /// Its fields.
    Fields(Vec<(String, String)>),
    /// An upload, or too long.
    Lost,
}

/// Why the body of a form was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// It is longer than it may be.
    TooLong,
    /// It broke off, or did not come in time.
    BrokenOff,
}

/// Reads the body of a small form, which has to be there within a time as a whole.
///
/// # Errors
/// When it is longer than `longest`, breaks off, or is late.
pub async fn read(body: Incoming, longest: usize, within: Duration) -> Result<Bytes, Unread> {
    match tokio::time::timeout(within, Limited::new(body, longest).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(Unread::TooLong),
        Ok(Err(_)) | Err(_) => Err(Unread::BrokenOff),
    }
}

/// Fields of `application/x-www-form-urlencoded` text (URL Standard, section 5.1); at most 1,000.
#[must_use]
pub fn fields(text: &[u8]) -> Vec<(String, String)> {
    String::from_utf8_lossy(text)
        .split('&')
        .filter(|p| !p.is_empty())
        .take(MOST_FIELDS)
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

/// The value of a field.
#[must_use]
pub fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).filter(|v| !v.is_empty())
}

/// What a challenged request carried, so that it survives the challenge.
pub async fn carry(request: Request<Incoming>, within: Duration) -> Carried {
    if matches!(*request.method(), http::Method::GET | http::Method::HEAD) {
        return Carried::Nothing;
    }
    if !urlencoded(request.headers()) {
        return Carried::Lost;
    }
    match read(request.into_body(), LONGEST, within).await {
        Ok(body) if can_be_carried(&body) => Carried::Fields(fields(&body)),
        _ => Carried::Lost,
    }
}

/// Whether a page of ours, which is UTF-8, can hold every field as it is. What would change on its way is not sent on.
fn can_be_carried(body: &[u8]) -> bool {
    let pairs = body.split(|b| *b == b'&').filter(|p| !p.is_empty());
    pairs.clone().count() <= MOST_CARRIED
        && pairs
            .flat_map(|p| p.splitn(2, |b| *b == b'='))
            .all(|part| percent_encoding::percent_decode(part).decode_utf8().is_ok_and(|text| !text.contains('\0')))
}

fn urlencoded(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded"))
}

/// Whether a request may be a form that a challenge carried: the browser that has just been given its pass posts the
/// whole form on (307), ours and the visitor's fields together. Others are not read.
#[must_use]
pub fn may_hold_ours(headers: &HeaderMap, proven: bool) -> bool {
    proven
        && urlencoded(headers)
        && headers
            .get(CONTENT_LENGTH)
            .and_then(|v| v.to_str().ok()?.parse::<usize>().ok())
            .is_some_and(|n| n <= LONGEST_CARRIER)
}

/// A form as the site is to have it: without the fields of ours that a challenge added, every other byte as it came.
///
/// # Errors
/// When the visitor breaks off.
pub async fn for_site(body: VisitorBody, headers: &mut HeaderMap) -> Result<VisitorBody, VisitorBodyError> {
    let came = body.collect().await?.to_bytes();
    let Some(kept) = without_ours(&came) else { return Ok(VisitorBody::whole(came)) };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(kept.len()));
    Ok(VisitorBody::whole(kept.into()))
}

/// A carried form without our fields; `None` when it is none. A page of ours writes its own fields first, so a form that
/// does not begin with one was never carried, whatever its fields are called.
fn without_ours(form: &[u8]) -> Option<Vec<u8>> {
    let ours = |pair: &[u8]| {
        let name = pair.split(|b| *b == b'=').next().unwrap_or(pair);
        CARRIER_FIELDS.iter().any(|f| f.as_bytes() == name)
    };
    let mut pairs = form.split(|b| *b == b'&');
    if !pairs.clone().next().is_some_and(ours) {
        return None;
    }
    let mut kept = Vec::with_capacity(form.len());
    for pair in pairs.by_ref().filter(|p| !ours(p)) {
        if !kept.is_empty() {
            kept.push(b'&');
        }
        kept.extend_from_slice(pair);
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let f = fields(b"q=Ada+Quill%26feather&page=2&&flag&q=second");
        assert_eq!(value(&f, "q"), Some("Ada Quill&feather"));
        assert_eq!(value(&f, "page"), Some("2"));
        assert_eq!(value(&f, "flag"), None);
        assert_eq!(f.len(), 4);
    }

    #[test]
    fn exactly_our_fields_are_taken_out_of_a_carried_form() {
        let out = |form: &[u8]| without_ours(form).map(|f| String::from_utf8(f).unwrap());
        assert_eq!(
            out(b"hedgerow-work=a%3D&hedgerow-back=%2Fx&hedgerow-form=1&sum=12&note=a+%26+b&hedgerow-altcha=z")
                .as_deref(),
            Some("sum=12&note=a+%26+b")
        );
        assert_eq!(out(b"hedgerow-wait=a&hedgerow-form=1").as_deref(), Some(""));
        assert_eq!(
            out(b"hedgerow-wait=a&hedgerow-colour=red&flag&x=%e9").as_deref(),
            Some("hedgerow-colour=red&flag&x=%e9")
        );
        assert_eq!(out(b"sum=12&hedgerow-wait=mine"), None, "no page of ours makes this form");
        assert_eq!(out(b""), None);
    }

    #[test]
    fn a_form_that_would_change_on_its_way_is_not_carried() {
        assert!(can_be_carried(b"") && can_be_carried("a=é&b=%C3%A9&&c".as_bytes()));
        assert!(!can_be_carried(b"name=caf%E9"), "not UTF-8: the page would put another letter there");
        assert!(!can_be_carried(&b"a=1&".repeat(MOST_CARRIED + 1)));
        assert!(can_be_carried(&b"a=1&".repeat(MOST_CARRIED)));
    }

    #[test]
    fn only_a_proven_visitors_form_of_known_length_is_looked_into() {
        let headers = |length: &'static str, kind: &'static str| {
            HeaderMap::from_iter([
                (CONTENT_LENGTH, HeaderValue::from_static(length)),
                (CONTENT_TYPE, HeaderValue::from_static(kind)),
            ])
        };
        let form = "application/x-www-form-urlencoded; charset=utf-8";
        assert!(may_hold_ours(&headers("99", form), true));
        assert!(!may_hold_ours(&headers("99", form), false));
        assert!(!may_hold_ours(&headers("99000000", form), true));
        assert!(!may_hold_ours(&headers("99", "multipart/form-data; boundary=x"), true));
    }
}
