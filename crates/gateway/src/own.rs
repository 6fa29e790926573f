//! Our own addresses below `/.hedgerow/`: the challenge's answer, the reveal, the reason behind a reference, the files.

use std::sync::Arc;

use hedgerow_engine::doors::{Action, Reference, Session};
use hedgerow_engine::judge::proof::{ProofError, is_local_path};
use hedgerow_engine::record::Entry;
use hedgerow_engine::state::Oddities;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::Semaphore;

use crate::body::Body;
use crate::counters::Counters;
use crate::disclose::{self, Way};
use crate::faults::{Cause, Fault};
use crate::form::{self, Carried};
use crate::pages::{self, ChallengePage, FIELD_BACK, FIELD_WAIT, FIELD_WORK, Letter, ProblemKind, Resend, Why};
use crate::path::{Judged, Passage};
use crate::respond::{context, context_without_number, page, problem_without_number, unread, visitor_sentences};
use crate::{intake, revealing, self_test};

/// Where our own addresses live, with the slash.
pub const BASE: &str = "/.hedgerow/";

/// Answers a request to one of our own addresses.
pub async fn serve(passage: &Passage, judged: Judged, request: Request<Incoming>) -> Response<Body> {
    let path = request.uri().path().strip_prefix(BASE).unwrap_or("").to_owned();
    let query = request.uri().query().unwrap_or("").to_owned();
    let get = matches!(*request.method(), Method::GET | Method::HEAD);
    match (path.as_str(), get) {
        ("prove", false) => prove(passage, judged, request).await,
        ("reveal", true) => revealing::question(passage, judged, &request),
        ("reveal", false) => revealing::button(passage, judged, request).await,
        (p, true) if p.starts_with("why/") => why(passage, &judged, &p[4..]).await,
        (p, true) if p.starts_with("assets/") => asset(passage, &judged, &p[7..], &request),
        ("appeal", _) => intake::serve(passage, &judged, Letter::Appeal, request).await,
        ("report", _) => intake::serve(passage, &judged, Letter::Report, request).await,
        ("address", true) => {
            self_test::answer(passage, &judged, request.headers(), query.strip_prefix("t=").unwrap_or(""))
                .unwrap_or_else(|| not_found(passage, &judged))
        }
        _ => not_found(passage, &judged),
    }
}

/// Nothing of ours is there.
#[must_use]
pub fn not_found(passage: &Passage, judged: &Judged) -> Response<Body> {
    if judged.identity.wants_html {
        page(StatusCode::NOT_FOUND, pages::not_found(&context_without_number(passage)))
    } else {
        problem_without_number(passage, ProblemKind::NotFound, "", None)
    }
}

fn asset(passage: &Passage, judged: &Judged, name: &str, request: &Request<Incoming>) -> Response<Body> {
    let Some(asset) = pages::assets(name) else { return not_found(passage, judged) };
    let unchanged = request.headers().get(IF_NONE_MATCH).is_some_and(|t| t.as_bytes() == asset.etag.as_bytes());
    let mut response = Response::new(if unchanged { Body::Empty } else { Body::Whole(asset.bytes.into()) });
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let h = response.headers_mut();
    h.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    h.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    if let Ok(v) = HeaderValue::try_from(asset.etag.as_str()) {
        h.insert(ETAG, v);
    }
    h.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// The challenge in place of the page that was asked for.
pub fn challenge(
    passage: &Passage,
    judged: &Judged,
    back: &str,
    agent: Option<&str>,
    carried: Carried,
) -> Response<Body> {
    let site = &passage.site;
    let Some(session) = &judged.identity.session else { return cookies_needed(passage, back) };
    let span = f32::from(site.site.ladder.refuse_at.max(1));
    let risk = (f32::from(judged.verdict.risk) / span).clamp(0.0, 1.0);
    let challenge = match site.proofs.issue(session.name, risk, passage.now_ms, passage.worker.fresh()) {
        Ok(c) => c,
        Err(e) => {
            tracing::error!(site = site.site.name, error = %e, "a challenge could not be made");
            passage.note(Cause::NoChallenge, &e);
            return page(StatusCode::FORBIDDEN, pages::refuse(&context(passage), &[], None));
        }
    };
    site.memory.state.challenged(&judged.identity, passage.now_ms);
    let resend = match &carried {
        Carried::Nothing => Resend::Nothing,
        Carried::Fields(f) => Resend::Fields(f),
        Carried::Lost => Resend::Lost,
    };
    let html = pages::challenge(&context(passage), &ChallengePage { challenge: &challenge, back, agent, resend });
    page(StatusCode::FORBIDDEN, html)
}

/// Nothing binds what was asked to anybody: the cookie did not come back.
pub fn cookies_needed(passage: &Passage, back: &str) -> Response<Body> {
    passage.note(Cause::NoCookie, &"");
    let sign_in = passage.site.site.account.sign_in_url.as_deref();
    page(StatusCode::FORBIDDEN, pages::cookies_needed(&context(passage), back, sign_in))
}

/// A challenge's answer.
async fn prove(passage: &Passage, judged: Judged, request: Request<Incoming>) -> Response<Body> {
    let fields = match form::read(request.into_body(), form::LONGEST_CARRIER, passage.patience()).await {
        Ok(body) => form::fields(&body),
        Err(why) => return unread(passage, why),
    };
    let back = form::value(&fields, FIELD_BACK).filter(|b| is_local_path(b)).unwrap_or("/").to_owned();
    let carried: Vec<(String, String)> =
        fields.iter().filter(|(n, _)| !pages::CARRIER_FIELDS.contains(&n.as_str())).cloned().collect();
    let carries = form::value(&fields, pages::FIELD_FORM).is_some();
    // The cookie came with the challenge; without it nothing binds the answer to anybody, and asking again would loop.
    let Some(session) = judged.identity.session.filter(|s| s.returned) else { return cookies_needed(passage, &back) };
    let site = &passage.site;
    let way = if form::value(&fields, FIELD_WORK).is_some() { Way::Work } else { Way::Wait };
    let checked = match (form::value(&fields, FIELD_WORK), form::value(&fields, FIELD_WAIT)) {
        (Some(work), _) => site.proofs.verify_work(work, session.name, passage.now_ms),
        (None, Some(token)) => site.proofs.verify_wait(token, session.name, passage.now_ms),
        (None, None) => Err(ProofError::Malformed),
    };
    match checked {
        Ok(()) => {
            let odd = Oddities::read(form::value(&fields, pages::FIELD_ODD).unwrap_or(""));
            if !odd.is_empty() {
                site.memory.state.odd(&judged.identity, odd, passage.now_ms);
            }
            proven(passage, &judged, &session, &back, carries, way)
        }
        Err(ProofError::Early { wait_s }) => {
            passage.note(Cause::ProofEarly, &format!("{wait_s} s too early"));
            let token = form::value(&fields, FIELD_WAIT).unwrap_or("");
            let resend = if carries { Resend::Fields(&carried) } else { Resend::Nothing };
            let mut r = page(StatusCode::FORBIDDEN, pages::too_early(&context(passage), token, wait_s, &back, resend));
            r.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_s));
            r
        }
        Err(e) => {
            tracing::info!(site = site.site.name, reference = %passage.reference, error = %e, "a proof was not taken");
            passage.note(Cause::ProofNotTaken, &e);
            page(StatusCode::FORBIDDEN, pages::proof_not_taken(&context(passage), &e, &back))
        }
    }
}

fn proven(passage: &Passage, judged: &Judged, session: &Session, back: &str, resend: bool, way: Way) -> Response<Body> {
    let site = &passage.site;
    let until_s = passage.now_ms / 1000 + u64::from(site.site.proof.holds_s);
    site.memory.state.solved(&judged.identity, passage.now_ms);
    Counters::add(&site.memory.counters.solved, 1);
    if way == Way::Wait {
        Counters::add(&site.memory.counters.solved_by_waiting, 1);
    }
    disclose::note_proof(passage, judged, way);
    let cookie = site.identifier.proven_cookie(session, until_s);
    // 307 posts a form on to where it was going; 303 fetches the page.
    redirect(if resend { StatusCode::TEMPORARY_REDIRECT } else { StatusCode::SEE_OTHER }, back, Some(&cookie))
}

/// Sends a visitor elsewhere on the site.
pub fn redirect(status: StatusCode, to: &str, cookie: Option<&str>) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    let h = response.headers_mut();
    h.insert(LOCATION, HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/")));
    h.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(c) = cookie.and_then(|c| HeaderValue::try_from(c).ok()) {
        h.append(SET_COOKIE, c);
    }
    response
}

/// Looks for a reference in the ledger, beside the requests: for a number that does not exist all of it is read. Two are
/// looked for at a time, whoever asks; the others wait, and nobody who reads pages waits for them.
async fn look_up(passage: &Passage, reference: Reference) -> Option<Vec<Entry>> {
    static TURNS: Semaphore = Semaphore::const_new(2);
    let turn = TURNS.acquire().await.ok()?;
    let site = Arc::clone(&passage.site);
    let looked = tokio::task::spawn_blocking(move || {
        let found = site.find(reference);
        drop(turn);
        found
    });
    looked.await.unwrap_or_else(|e| {
        tracing::error!(error = %e, "looking for a reference failed");
        None
    })
}

/// What happened under a reference, in the visitor's words. Whoever holds the number may ask; it tells of no person.
async fn why(passage: &Passage, judged: &Judged, text: &str) -> Response<Body> {
    let reference = text.parse::<Reference>().ok();
    let fault = reference.and_then(|r| passage.site.memory.faults.find(r));
    let entries = match reference {
        // What went wrong has a number of its own; where a verdict came before it, the page of that was not shown. But of
        // an answer that has begun it is told what its beginning held: later pieces may have named people.
        Some(r) if fault.as_ref().is_none_or(|f| f.cause == Cause::NobodyNamed) => look_up(passage, r).await,
        _ => None,
    };
    let entries = entries.filter(|e| fault.as_ref().is_none_or(|f| f.cause.yields_to(e)));
    let fault = fault.filter(|_| entries.is_none());
    let own = context_without_number(passage);
    let (Some(reference), true) = (reference, fault.is_some() || entries.is_some()) else {
        return if judged.identity.wants_html {
            page(StatusCode::NOT_FOUND, pages::why_unknown(&own))
        } else {
            problem_without_number(passage, ProblemKind::NotFound, "no record has this reference", None)
        };
    };
    let told = entries.unwrap_or_default();
    let codes: Vec<&str> = told.iter().flat_map(|e| e.reasons.iter().map(String::as_str)).collect();
    let sentences = visitor_sentences(codes.into_iter());
    let (at_ms, action) = told.first().map_or((0, Action::Allow), |e| (e.at_ms, e.action.unwrap_or(Action::Allow)));
    let at_ms = fault.as_ref().map_or(at_ms, |f: &Fault| f.at_ms);
    let fault = fault.map(|f| f.cause.visitor());
    page(
        StatusCode::OK,
        pages::why(
            &own,
            &Why { reference, at_s: at_ms / 1000, action, fault, sentences: &sentences, retry_after_s: None },
        ),
    )
}
