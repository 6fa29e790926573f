//! One person's field on request: the question behind the link, and the button that shows it.
//!
//! Both are judged as a request for the page that the link stands on would be judged now: a link that was made before is
//! no way past the ladder. The field itself is charged and recorded here, and seen on the page the visitor comes back to.

use hedgerow_engine::doors::{Action, Request as Asked};
use hedgerow_engine::judge::proof::{MAX_LOCAL_PATH, ProofError, Reveal};
use hedgerow_engine::policy::{FieldSet, Mode, RouteMatch};
use hedgerow_engine::record::EntryKind;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::body::Body;
use crate::counters::Counters;
use crate::disclose;
use crate::faults::Cause;
use crate::form::{self, Carried};
use crate::own::{BASE, cookies_needed, redirect};
use crate::pages::{self, FIELD_REVEAL, ProblemKind};
use crate::path::{Judged, Passage};
use crate::respond::{self, Stopped, context, context_without_number, page, problem, unread};

/// The page behind the link: asks whether to show the field.
pub fn question(passage: &Passage, judged: Judged, request: &Request<Incoming>) -> Response<Body> {
    let query = request.uri().query().unwrap_or("");
    let token = form::fields(query.as_bytes()).into_iter().find(|(n, _)| n == "t").map(|(_, v)| v).unwrap_or_default();
    let asked = match open(passage, &judged, &token) {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    let judged = judge_as_page(passage, judged, request.headers(), &asked);
    // The question costs the site nothing: nobody is slowed who only reads it.
    if judged.action > Action::Mask && judged.action != Action::Slow {
        passage.site.memory.counters.verdict(judged.verdict.action);
        let own = request.uri().path_and_query().map_or("/", |p| p.as_str());
        // A link to a long address is longer than what a challenge leads back to; its page then is where to go on.
        let back = if own.len() <= MAX_LOCAL_PATH { own } else { &asked.back };
        let at = Stopped::at(passage, &judged, request.headers(), back);
        return respond::stopped(passage, &judged, judged.action, at);
    }
    let names = field_names(passage, asked.fields);
    page(StatusCode::OK, pages::reveal(&context_without_number(passage), &token, &names, &asked.back))
}

/// The button: shows one person's field, charged and recorded.
pub async fn button(passage: &Passage, judged: Judged, request: Request<Incoming>) -> Response<Body> {
    // Whoever is refused everywhere is refused here, whatever the link says.
    if judged.action == Action::Refuse {
        passage.site.memory.counters.verdict(judged.verdict.action);
        return respond::verdict(passage, &judged, Action::Refuse, request).await;
    }
    let (parts, body) = request.into_parts();
    // It may come back from a challenge, with the fields of that.
    let fields = match form::read(body, form::LONGEST_CARRIER, passage.patience()).await {
        Ok(body) => form::fields(&body),
        Err(why) => return unread(passage, why),
    };
    let token = form::value(&fields, FIELD_REVEAL).unwrap_or("").to_owned();
    let asked = match open(passage, &judged, &token) {
        Ok(asked) => asked,
        Err(answer) => return *answer,
    };
    let judged = judge_as_page(passage, judged, &parts.headers, &asked);
    Counters::add(&passage.site.memory.counters.people_requests, 1);
    passage.site.memory.counters.verdict(judged.verdict.action);
    match judged.action {
        Action::Allow | Action::Mask | Action::Slow => {}
        action => {
            let carried = Carried::Fields(vec![(FIELD_REVEAL.to_owned(), token)]);
            let back = format!("{BASE}reveal");
            let at = Stopped { carried, ..Stopped::at(passage, &judged, &parts.headers, &back) };
            return respond::stopped(passage, &judged, action, at);
        }
    }
    if judged.verdict.action > Action::Mask {
        disclose::note_verdict(passage, &judged, judged.verdict.action);
    }
    if judged.action == Action::Slow {
        passage.slow_down().await;
    }
    show(passage, judged, &asked)
}

fn show(passage: &Passage, judged: Judged, asked: &Reveal) -> Response<Body> {
    let site = &passage.site;
    let html = judged.identity.wants_html;
    let everybody = judged.verdict.allowance.everybody;
    let account =
        passage.account(judged, asked.route, &Method::POST, StatusCode::SEE_OTHER, &asked.back, EntryKind::Reveal);
    let visible = account.reveal(&asked.person, asked.fields);
    if let Err(e) = account.record() {
        tracing::error!(error = e, "a reveal could not be recorded, so it was not done");
        return respond::failure(passage, Cause::NotRecorded, &e, html);
    }
    if visible.is_empty() && asked.fields.minus(everybody.masked).is_empty() && site.mode() == Mode::Enforce {
        return respond::closed(passage, html, None);
    }
    if visible.is_empty() && site.mode() == Mode::Enforce {
        let retry = account.occasion().runtime.site.ladder.refuse_for_s;
        let sign_in = site.site.account.sign_in_url.as_deref();
        let mut r = if html {
            page(StatusCode::TOO_MANY_REQUESTS, pages::budget_spent(&context(passage), Some(retry), sign_in))
        } else {
            problem(passage, ProblemKind::BudgetSpent, "too many different people were asked for", Some(retry))
        };
        r.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry));
        return r;
    }
    redirect(StatusCode::SEE_OTHER, &asked.back, None)
}

/// Judges a request as one for the page the link stands on would be judged now. Who asked is known already.
fn judge_as_page(passage: &Passage, judged: Judged, headers: &HeaderMap, link: &Reveal) -> Judged {
    let (s, now_ms) = (&*passage.site, passage.now_ms);
    passage.concerns(link.route);
    let route = &s.site.routes[link.route];
    let (path, query) = link.back.split_once('?').map_or((&*link.back, None), |(p, q)| (p, Some(q)));
    // An address too long to come back to is not in the link: rules about paths then get the route's own.
    let own = route.path.as_str().replace("{person}", &link.person);
    let is_page = s.site.route(Method::GET.as_str(), path).is_some_and(|r| r.index == link.route);
    let (path, query) = if is_page { (path, query) } else { (own.as_str(), None) };
    let asked = Asked {
        method: Method::GET.as_str(),
        host: &passage.asked_for.bare,
        path,
        query,
        headers,
        header_order: None,
        transport: passage.connection.transport(),
        version: 11,
        now_ms,
    };
    let page = RouteMatch { index: link.route, route, person: Some(link.person.clone()) };
    let identity = judged.identity;
    let ruling = passage.ruling(&identity, Some(&page));
    let snapshot = s.memory.state.consider_under(&ruling, &s.site, &identity, &page, now_ms);
    let verdict = s.judge.decide(&s.site, &asked, &identity, Some(&page), &snapshot, now_ms);
    let action = s.carried_out(verdict.action);
    Judged { identity, verdict, action, route: Some(link.route), person: page.person, ..judged }
}

/// What a link asks for; or the answer, where it is none of this visitor's.
fn open(passage: &Passage, judged: &Judged, token: &str) -> Result<Reveal, Box<Response<Body>>> {
    let session =
        judged.identity.session.filter(|s| s.returned).ok_or_else(|| Box::new(cookies_needed(passage, "/")))?;
    let site = &passage.site;
    site.proofs
        .open_reveal(token, session.name, &site.site, passage.now_ms)
        .map_err(|e| Box::new(not_taken(passage, judged, &e)))
}

fn field_names(passage: &Passage, fields: FieldSet) -> Vec<&str> {
    fields.iter().filter_map(|i| passage.site.site.fields.get(i)).map(|f| f.name.as_str()).collect()
}

fn not_taken(passage: &Passage, judged: &Judged, error: &ProofError) -> Response<Body> {
    tracing::info!(site = passage.site.site.name, reference = %passage.reference, error = %error, "a reveal was not taken");
    passage.note(Cause::RevealNotTaken, error);
    if judged.identity.wants_html {
        page(StatusCode::FORBIDDEN, pages::reveal_not_taken(&context(passage), error))
    } else {
        problem(passage, ProblemKind::RevealNotTaken, "", None)
    }
}
