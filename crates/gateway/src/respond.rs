//! Answers of our own: the ladder's pages, problem documents for programs, and the site's failures.

use std::fmt::Display;

use hedgerow_engine::doors::{Action, Reason, Reference};
use hedgerow_engine::judge::reasons;
use hedgerow_engine::measures::Act;
use http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER, USER_AGENT,
};
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Map, Value};

use crate::body::{Body, Passing};
use crate::disclose;
use crate::faults::Cause;
use crate::form::Carried;
use crate::pages::{self, BadRequest, Fault, PageContext, ProblemKind};
use crate::path::{Judged, Passage};
use crate::{form, own};

/// The site's answer, untouched.
#[must_use]
pub fn passing(status: StatusCode, headers: HeaderMap, body: Passing) -> Response<Body> {
    let mut response = Response::new(Body::Passing(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A sentence, for requests that reach no site at all.
#[must_use]
pub fn plain(status: StatusCode, sentence: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::Whole(sentence.as_bytes().into()));
    *response.status_mut() = status;
    let h = response.headers_mut();
    h.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    h.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// To an OPTIONS request that may go no further than to us: we answer, and know nothing of the site's methods.
#[must_use]
pub fn options() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A page of ours: never stored, nothing loaded from elsewhere, nothing told to other sites.
#[must_use]
pub fn page(status: StatusCode, html: String) -> Response<Body> {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let h = response.headers_mut();
    h.insert(CONTENT_TYPE, HeaderValue::from_static(pages::HTML));
    h.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(pages::CSP));
    own_headers(h);
    response
}

fn own_headers(h: &mut HeaderMap) {
    h.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    h.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    h.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("same-origin"));
    h.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
}

/// A problem document (RFC 9457), with the number of the request.
#[must_use]
pub fn problem(passage: &Passage, kind: ProblemKind, detail: &str, retry_after_s: Option<u32>) -> Response<Body> {
    document(passage, kind, detail, retry_after_s, Some(passage.reference))
}

/// A problem document where nothing happened that a record could tell of.
#[must_use]
pub fn problem_without_number(
    passage: &Passage,
    kind: ProblemKind,
    detail: &str,
    retry_after_s: Option<u32>,
) -> Response<Body> {
    document(passage, kind, detail, retry_after_s, None)
}

fn document(
    passage: &Passage,
    kind: ProblemKind,
    detail: &str,
    retry_after_s: Option<u32>,
    reference: Option<Reference>,
) -> Response<Body> {
    let mut extra = Map::new();
    extra.insert("contact".to_owned(), Value::from(passage.site.site.contact.clone()));
    if let Some(s) = retry_after_s {
        extra.insert("retry_after_s".to_owned(), Value::from(s));
    }
    let stopped = [
        ProblemKind::ProofNeeded,
        ProblemKind::SignInNeeded,
        ProblemKind::Refused,
        ProblemKind::BudgetSpent,
        ProblemKind::Closed,
    ];
    if stopped.contains(&kind)
        && let Some(form) = context(passage).appeal_href()
    {
        extra.insert("appeal".to_owned(), Value::from(form));
    }
    let document = pages::problem(kind, detail, reference, extra);
    let mut response = Response::new(Body::from(document.to_string()));
    *response.status_mut() = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::FORBIDDEN);
    let h = response.headers_mut();
    h.insert(CONTENT_TYPE, HeaderValue::from_static(pages::PROBLEM_JSON));
    own_headers(h);
    response
}

/// What a request's pages have in common.
#[must_use]
pub fn context(passage: &Passage) -> PageContext<'_> {
    PageContext::new(&passage.site.site.title, &passage.site.site.contact, Some(passage.reference))
}

/// What a page of ours is told where nothing has happened: there is no record, and no number to quote.
#[must_use]
pub fn context_without_number(passage: &Passage) -> PageContext<'_> {
    PageContext { reference: None, ..context(passage) }
}

/// Status of the page about a fault.
fn status_of(cause: Cause) -> StatusCode {
    StatusCode::from_u16(cause.status()).unwrap_or(StatusCode::BAD_GATEWAY)
}

/// The site failed, or we did, or the request is no good: a page or a problem document, remembered under its number.
#[must_use]
pub fn failure(passage: &Passage, cause: Cause, detail: &dyn Display, wants_html: bool) -> Response<Body> {
    passage.note(cause, detail);
    let (wrong, kind, said) = match cause {
        Cause::SiteSilent => (Err(Fault::TimedOut), ProblemKind::UpstreamTimedOut, ""),
        Cause::NotRecorded => (Err(Fault::NotRecorded), ProblemKind::NotRecorded, ""),
        Cause::SiteUnreachable => (Err(Fault::Unreachable), ProblemKind::UpstreamUnreachable, ""),
        Cause::SiteBrokeOff | Cause::Unreadable | Cause::TunnelUnread => {
            (Err(Fault::Garbled), ProblemKind::UpstreamGarbled, "")
        }
        Cause::NoWebsockets => {
            (Ok(BadRequest::NoWebsockets), ProblemKind::NoWebsockets, "there are no websockets at this site")
        }
        _ => (Ok(BadRequest::Malformed), ProblemKind::BadRequest, "the request cannot be passed on"),
    };
    if !wants_html {
        return problem(passage, kind, said, None);
    }
    let context = context(passage);
    let html = match wrong {
        Err(ours) => pages::upstream_error(&context, ours, None),
        Ok(theirs) => pages::bad_request(&context, theirs),
    };
    page(status_of(cause), html)
}

/// A form of ours that could not be read.
pub fn unread(passage: &Passage, why: form::Unread) -> Response<Body> {
    let cause = Cause::from(why);
    passage.note(cause, &"");
    let said = match why {
        form::Unread::TooLong => BadRequest::TooLarge,
        form::Unread::BrokenOff => BadRequest::BrokenOff,
    };
    page(status_of(cause), pages::bad_request(&context(passage), said))
}

/// Where and how a request was stopped.
pub struct Stopped {
    /// A page is wanted and taken, not a problem document.
    pub html: bool,
    /// Where the visitor was going.
    pub back: String,
    /// The agent that the page of a challenge compares with its browser's own word.
    pub agent: Option<String>,
    /// What the request carried.
    pub carried: Carried,
}

impl Stopped {
    /// A request with nothing to carry on.
    #[must_use]
    pub fn at(passage: &Passage, judged: &Judged, headers: &HeaderMap, back: &str) -> Self {
        let html = judged.identity.wants_html && accepts_html(headers);
        let agent = (html && judged.action == Action::Prove).then(|| examined_agent(passage, headers)).flatten();
        Self { html, back: back.to_owned(), agent, carried: Carried::Nothing }
    }
}

/// The ladder's step for a request that does not pass. Recorded with its reasons before it is told.
pub async fn verdict(passage: &Passage, judged: &Judged, action: Action, request: Request<Incoming>) -> Response<Body> {
    disclose::note_verdict(passage, judged, action);
    let back = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let mut at = Stopped::at(passage, judged, request.headers(), back);
    if at.html && action == Action::Prove {
        at.carried = form::carry(request, passage.patience()).await;
    }
    told(passage, judged, action, at)
}

/// As [`verdict`], for a request whose body was read.
#[must_use]
pub fn stopped(passage: &Passage, judged: &Judged, action: Action, at: Stopped) -> Response<Body> {
    disclose::note_verdict(passage, judged, action);
    told(passage, judged, action, at)
}

fn told(passage: &Passage, judged: &Judged, action: Action, at: Stopped) -> Response<Body> {
    let site = &passage.site.site;
    let context = context(passage);
    let Stopped { html, back, agent, carried } = at;
    let retry = judged.verdict.retry_after_s;
    let budget = spent_budget(&judged.verdict.reasons);
    let until_s = passage.now_ms / 1000 + u64::from(retry.unwrap_or(0));
    let refused_until_s = decided(&judged.verdict.reasons, Act::Refuse).then_some(until_s);
    let closed_until_s = decided(&judged.verdict.reasons, Act::Close).then_some(until_s);
    let mut response = match action {
        Action::Prove if html => own::challenge(passage, judged, &back, agent.as_deref(), carried),
        Action::Prove => problem(passage, ProblemKind::ProofNeeded, "open this address in a browser to go on", retry),
        Action::SignIn if html => {
            page(StatusCode::FORBIDDEN, pages::sign_in(&context, site.account.sign_in_url.as_deref(), retry))
        }
        Action::SignIn => problem(passage, ProblemKind::SignInNeeded, "sign in to go on", retry),
        Action::Decoy => {
            let seed = u64::from_le_bytes(judged.identity.address.0[..8].try_into().unwrap_or_default());
            let links: Vec<&str> = site.bait.paths.iter().map(String::as_str).collect();
            page(StatusCode::OK, pages::decoy(&context, seed, &links))
        }
        Action::Refuse if html && let Some(until_s) = refused_until_s => {
            page(StatusCode::FORBIDDEN, pages::stopped(&context, until_s, retry))
        }
        Action::Refuse if closed_until_s.is_some() => closed(passage, html, closed_until_s),
        _ if budget && html => page(
            StatusCode::TOO_MANY_REQUESTS,
            pages::budget_spent(&context, retry, site.account.sign_in_url.as_deref()),
        ),
        _ if budget => problem(passage, ProblemKind::BudgetSpent, "too many different people were asked for", retry),
        _ if html => {
            let sentences = visitor_sentences(judged.verdict.reasons.iter().map(|r| r.code.as_str()));
            page(StatusCode::FORBIDDEN, pages::refuse(&context, &sentences, retry))
        }
        _ => problem(
            passage,
            ProblemKind::Refused,
            &visitor_sentences(judged.verdict.reasons.iter().map(|r| r.code.as_str())).join(" "),
            retry,
        ),
    };
    if let Some(s) = retry {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(s));
    }
    if let Some(c) = judged.set_cookie.as_deref().and_then(|c| HeaderValue::try_from(c).ok()) {
        response.headers_mut().append(http::header::SET_COOKIE, c);
    }
    response
}

/// Whether a person's decision, not the ladder, is why.
fn decided(reasons: &[Reason], act: Act) -> bool {
    reasons.iter().any(|r| r.code == act.code())
}

/// What was closed, or masked, for everybody. It is not about the visitor, so it is no 403; and 503 with `Retry-After` keeps
/// search engines from forgetting the page (RFC 9110, section 15.6.4).
#[must_use]
pub fn closed(passage: &Passage, html: bool, until_s: Option<u64>) -> Response<Body> {
    let retry = until_s.and_then(|s| u32::try_from(s.saturating_sub(passage.now_ms / 1000)).ok());
    let mut response = if html {
        page(StatusCode::SERVICE_UNAVAILABLE, pages::closed(&context(passage), until_s, retry))
    } else {
        let sentence = "somebody of the site decided to show this to nobody for a while; it is not about you";
        problem(passage, ProblemKind::Closed, sentence, retry)
    };
    if let Some(s) = retry {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(s));
    }
    response
}

/// Longest `User-Agent` that is given to the page of a challenge to compare.
const LONGEST_AGENT: usize = 512;

/// The agent that the page of a challenge compares with its browser's own word; `None` when nobody looks.
fn examined_agent(passage: &Passage, headers: &HeaderMap) -> Option<String> {
    let agent = headers.get(USER_AGENT)?.to_str().ok()?;
    (agent.len() <= LONGEST_AGENT && passage.site.identifier.examines(headers)).then(|| agent.to_owned())
}

/// Whether a budget, not a signal or a rule, is why: that is 429 and not 403.
fn spent_budget(reasons: &[Reason]) -> bool {
    reasons.iter().any(|r| r.code.starts_with("budget.") || r.code.starts_with("beyond"))
        && !reasons.iter().any(|r| r.code.starts_with("rule.") || r.code == Act::Refuse.code())
}

/// What the visitor is told, one sentence a reason, from the closed list.
#[must_use]
pub fn visitor_sentences<'a>(codes: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let mut sentences: Vec<&'static str> = Vec::new();
    for code in codes {
        if let Some(s) = reasons::visitor_sentence(code)
            && !sentences.contains(&s)
        {
            sentences.push(s);
        }
    }
    sentences
}

/// Whether the visitor takes a page at all.
fn accepts_html(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).is_none_or(|a| {
        let a = a.as_bytes();
        memchr::memmem::find(a, b"text/html").is_some() || memchr::memmem::find(a, b"*/*").is_some()
    })
}
