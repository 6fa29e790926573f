//! The answer room at work on one response: who is on it, what of them may leave, and how the rest is masked.

use std::sync::Arc;

use hedgerow_engine::answer::{Media, NamedPerson, Reader, coding, named_people};
use hedgerow_engine::policy::{Mode, OnFailure};
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_RANGE,
    RANGE, TE, TRAILER, UPGRADE, VARY,
};
use http::{Method, Response, StatusCode, Version};

use crate::body::{Body, BodyError, Passing};
use crate::counters::Counters;
use crate::disclose::Account;
use crate::faults::Cause;
use crate::path::Passage;
use crate::reading::{ReadBody, Reading, SHORT, whole};
use crate::{caching, headers, respond};

/// The header, or trailer, that says that something was masked; its value is the reference of the request.
pub const MASKED: HeaderName = HeaderName::from_static("hedgerow-masked");

/// What the visitor takes, as far as we need it after its request has gone on.
pub struct Accepts {
    coding: Option<coding::Coding>,
    trailers: bool,
}

impl Accepts {
    /// Reads `Accept-Encoding`, and whether trailers can be sent: always in HTTP/2, else to who said `TE: trailers`
    /// (RFC 9110, section 6.5.1).
    #[must_use]
    pub fn of(request: &http::request::Parts) -> Self {
        let headers = &request.headers;
        Self {
            coding: coding::accepts(headers.get(ACCEPT_ENCODING).and_then(|v| v.to_str().ok())),
            trailers: request.version == Version::HTTP_2
                || headers.get(TE).is_some_and(|v| v.as_bytes().eq_ignore_ascii_case(b"trailers")),
        }
    }
}

/// Asks the site for an answer that can be read: whole, and without a content coding.
pub fn ask_readable(to: &mut HeaderMap) {
    to.remove(RANGE);
    to.remove(IF_RANGE);
    to.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// The answer on a route that shows people.
pub async fn people(
    passage: &Passage,
    (account, path_person): (Account, Option<String>),
    method: &Method,
    parts: &http::response::Parts,
    mut to: HeaderMap,
    passing: Passing,
    accepts: &Accepts,
) -> Response<Body> {
    let site = &passage.site;
    let route = &site.site.routes[account.occasion().route];
    caching::private(&mut to);
    let bodiless = *method == Method::HEAD
        || parts.status == StatusCode::NO_CONTENT
        || parts.status == StatusCode::NOT_MODIFIED
        || parts.status.is_informational();
    if bodiless {
        return respond::passing(parts.status, to, passing);
    }
    // First trust: what the application itself says of its answer.
    let mut named: Option<Vec<NamedPerson>> = None;
    if let Some(header) = one_line(&parts.headers, &site.people_header) {
        match named_people(&header) {
            Ok(people) => {
                let all = site.plans[account.occasion().route].declared();
                let mut hidden = false;
                for p in &people {
                    let want = p.field_set(&site.site).unwrap_or(all);
                    hidden |= account.charge(&p.person, want) != want;
                }
                if !hidden {
                    return match passage.worker.commits().record(&account).await {
                        Ok(()) => respond::passing(parts.status, to, passing),
                        Err(e) => on_ledger_failure(passage, &account, &e, parts.status, to, passing),
                    };
                }
                named = Some(people);
            }
            Err(e) => {
                tracing::warn!(site = site.site.name, route = route.name, error = %e, "the application's header of people cannot be read; the body is read instead");
            }
        }
    }

    let plan = &site.plans[account.occasion().route];
    let decide = Box::new(account.clone());
    let media = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).and_then(Media::of_content_type);
    let reader = match (media, named) {
        (None, _) => Err("its media type is neither HTML nor JSON".to_owned()),
        (Some(media), Some(people)) => {
            Reader::for_named(plan, &site.site, media, people, decide).map_err(|e| e.to_string())
        }
        (Some(media), None) => Reader::new(plan, &site.site, media, path_person, decide).map_err(|e| e.to_string()),
    };
    let decoder = match parts.headers.get(CONTENT_ENCODING) {
        None => Ok(None),
        Some(c) if c.as_bytes().eq_ignore_ascii_case(b"identity") => Ok(None),
        Some(c) => match c.to_str().ok().and_then(coding::Coding::of_name) {
            Some(known) => Ok(Some(coding::Decoder::new(known, route.max_body_bytes))),
            None => Err("its content coding is not one that can be undone".to_owned()),
        },
    };
    let (reader, decoder) = match (reader, decoder) {
        (Ok(r), Ok(d)) => (r, d),
        (Err(why), _) | (_, Err(why)) => return unreadable(passage, &account, &why, parts.status, to, passing),
    };
    to.remove(CONTENT_ENCODING);
    if decoder.is_some() {
        headers::coding_changed(&mut to);
    }
    let length = parts.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let reading = Reading::new(reader, decoder, account.clone(), route.on_unreadable);
    match length {
        Some(n) if n <= SHORT => {
            match whole(passing, reading, usize::try_from(n).unwrap_or(0), passage.worker.commits()).await {
                Ok(bytes) => short(&account, parts.status, to, bytes, accepts),
                Err(e) => failed(passage, &account, &e),
            }
        }
        _ => {
            headers::bytes_changed(&mut to);
            // Without a coder the answer leaves as it is, which every visitor takes.
            let encoder = accepts.coding.and_then(|c| coding::Encoder::new(c).ok().map(|e| (c, e)));
            if let Some((c, _)) = &encoder {
                coded(&mut to, *c);
            }
            let encoder = encoder.map(|(_, e)| e);
            // Whoever waits for the end of a long answer may wait long, and its head cannot be called back: where
            // something may still be masked, nobody stores it.
            if account.occasion().mode == Mode::Enforce && !plan.declared().is_empty() {
                caching::stored_by_nobody(&mut to);
            }
            let mut body =
                match ReadBody::new(passing, reading, encoder, Arc::clone(&passage.worker.shared)).begin().await {
                    Ok(body) => body,
                    Err(e) => return failed(passage, &account, &e),
                };
            // The site's own trailers were about its own bytes.
            to.remove(TRAILER);
            if account.withheld() {
                masked(&mut to, &account);
            } else if accepts.trailers && account.occasion().mode == Mode::Enforce {
                to.insert(TRAILER, HeaderValue::from_static("hedgerow-masked"));
                body.tell_at_the_end();
            }
            let mut response = Response::new(Body::Read(Box::new(body)));
            *response.status_mut() = parts.status;
            *response.headers_mut() = to;
            response
        }
    }
}

fn short(
    account: &Account,
    status: StatusCode,
    mut to: HeaderMap,
    mut bytes: Vec<u8>,
    accepts: &Accepts,
) -> Response<Body> {
    if account.withheld() {
        headers::bytes_changed(&mut to);
        caching::stored_by_nobody(&mut to);
        masked(&mut to, account);
    }
    // Below this a coding costs more than it saves.
    if let (Some(c), true) = (accepts.coding, bytes.len() >= 1024)
        && let Ok(smaller) = encoded(c, &bytes)
    {
        bytes = smaller;
        coded(&mut to, c);
    }
    to.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    let mut response = Response::new(Body::Whole(bytes.into()));
    *response.status_mut() = status;
    *response.headers_mut() = to;
    response
}

/// Says that something is masked, and under which number the reasons are found.
pub fn masked(to: &mut HeaderMap, account: &Account) {
    let o = account.occasion();
    if account.tells_of_nobody() {
        let (faults, route) = (&o.runtime.memory.faults, &o.runtime.site.routes[o.route]);
        faults.note(o.reference, o.now_ms, Cause::NobodyNamed, Some(&route.name), &"");
    }
    if let Ok(v) = HeaderValue::try_from(o.reference.to_string()) {
        to.insert(MASKED, v);
    }
}

fn coded(to: &mut HeaderMap, coding: coding::Coding) {
    to.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    to.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    headers::coding_changed(to);
}

/// All lines of a header as one list (RFC 9651, section 3.1): whoever is named in a second line counts too.
fn one_line(headers: &HeaderMap, name: &http::HeaderName) -> Option<HeaderValue> {
    let mut lines = headers.get_all(name).iter();
    let first = lines.next()?;
    let rest: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    if rest.is_empty() {
        return Some(first.clone());
    }
    let all: Vec<&[u8]> = std::iter::once(first.as_bytes()).chain(rest).collect();
    HeaderValue::from_bytes(&all.join(&b", "[..])).ok()
}

fn encoded(c: coding::Coding, bytes: &[u8]) -> Result<Vec<u8>, hedgerow_engine::answer::AnswerError> {
    let mut encoder = coding::Encoder::new(c)?;
    let mut out = Vec::with_capacity(bytes.len() / 3);
    encoder.write(bytes, &mut out)?;
    encoder.end(&mut out)?;
    Ok(out)
}

/// An answer that cannot be read: the route's declared failure.
fn unreadable(
    passage: &Passage,
    account: &Account,
    why: &str,
    status: StatusCode,
    to: HeaderMap,
    passing: Passing,
) -> Response<Body> {
    // Pages about errors and redirects are often of another kind than the route's pages; they show nobody, unless the
    // application's header says that they do.
    if status.is_success() || account.withheld() {
        if let Some(instead) = unread(passage, account, Cause::Unreadable, why) {
            return instead;
        }
        if let Err(e) = account.record() {
            return on_ledger_failure(passage, account, &e, status, to, passing);
        }
    }
    respond::passing(status, to, passing)
}

/// A tunnel on a route that shows people is an answer that nobody reads: told in the ledger where the route's declared
/// failure lets it pass. Else what the visitor gets instead.
pub fn tunnel(passage: &Passage, account: &Account, answered: &HeaderMap) -> Option<Response<Body>> {
    let protocol = answered.get(UPGRADE).and_then(|v| v.to_str().ok()).unwrap_or("another protocol");
    let protocol: String = protocol.chars().take(40).collect();
    let why = format!("the connection became a tunnel ({protocol}); what flows in it is read by nobody");
    unread(passage, account, Cause::TunnelUnread, &why)
}

/// Counts and tells of what nobody could read; what the visitor gets instead, where it may not pass.
fn unread(passage: &Passage, account: &Account, cause: Cause, why: &str) -> Option<Response<Body>> {
    let site = &passage.site;
    let route = &site.site.routes[account.occasion().route];
    Counters::add(&site.memory.counters.unreadable, 1);
    tracing::warn!(site = site.site.name, route = route.name, reference = %passage.reference, why, "an answer that shows people could not be read");
    // Whoever the application's header named beyond the budget would leave unmasked: no declared failure allows that.
    if account.occasion().mode == Mode::Enforce && (route.on_unreadable == OnFailure::Refuse || account.withheld()) {
        return Some(respond::failure(passage, cause, &why, account.occasion().identity.wants_html));
    }
    account.note_gap(why);
    None
}

fn on_ledger_failure(
    passage: &Passage,
    account: &Account,
    why: &str,
    status: StatusCode,
    to: HeaderMap,
    passing: Passing,
) -> Response<Body> {
    match account.on_ledger() {
        OnFailure::Refuse => failed(passage, account, &BodyError::Ledger(why.to_owned())),
        OnFailure::Pass => {
            tracing::error!(error = why, "people are shown without a record, as `failures.ledger: pass` says");
            respond::passing(status, to, passing)
        }
    }
}

fn failed(passage: &Passage, account: &Account, error: &BodyError) -> Response<Body> {
    tracing::warn!(site = passage.site.site.name, reference = %passage.reference, error = %error, "an answer was not passed on");
    respond::failure(passage, error.into(), error, account.occasion().identity.wants_html)
}
