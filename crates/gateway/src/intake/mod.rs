//! What visitors write to us: appeals below `/.hedgerow/appeal`, reports of leaked information below `/.hedgerow/report`.
//!
//! In comes a form; out goes a page with a number, once a line of JSON is safely on the disk. Writing is never charged,
//! never challenged and never judged. What is written may be about people: it goes into the spool and nowhere else, into
//! no log and no ledger.

mod rate;
mod reading;
mod spool;
mod token;

pub use reading::{NotTaken, Written, read};
pub use spool::{MOST_BYTES, MOST_LETTERS, Spool, SpoolError};
pub use token::{HOLDS_S, Token, TokenError};

use hedgerow_engine::doors::{Identity, Reference};
use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Value, json};

use crate::body::Body;
use crate::counters::Counters;
use crate::faults::Cause;
use crate::pages::{self, FIELD_TOKEN, Letter};
use crate::path::{Judged, Passage};
use crate::respond::{context, context_without_number, page, unread};
use crate::{form, own};
use rate::Rates;

/// Where letters wait, and how many may come.
pub struct Intake {
    spool: Spool,
    rates: Rates,
}

impl Intake {
    /// Letters are kept below a state folder.
    #[must_use]
    pub fn new(state: &std::path::Path) -> Self {
        Self { spool: Spool::new(state.join("intake")), rates: Rates::default() }
    }
}

/// Answers a request for a form, or for taking one.
pub async fn serve(passage: &Passage, judged: &Judged, letter: Letter, request: Request<Incoming>) -> Response<Body> {
    match *request.method() {
        Method::GET | Method::HEAD => {
            let given = form::fields(request.uri().query().unwrap_or("").as_bytes());
            let reference = form::value(&given, "ref").and_then(|r| r.parse::<Reference>().ok());
            let values: Vec<_> = reference.iter().map(|r| ("reference".to_owned(), r.to_string())).collect();
            again(passage, judged, letter, StatusCode::OK, &values, None)
        }
        Method::POST => take(passage, judged, letter, request).await,
        _ => own::not_found(passage, judged),
    }
}

/// The form, with what was written.
fn again(
    passage: &Passage,
    judged: &Judged,
    letter: Letter,
    status: StatusCode,
    values: &[(String, String)],
    problem: Option<&str>,
) -> Response<Body> {
    let keys = &passage.site.memory.keys;
    let token = Token::new(passage.worker.fresh(), passage.now_ms).sealed(keys, letter, judged.identity.address);
    page(status, pages::letter_form(&context_without_number(passage), letter, &token, values, problem))
}

async fn take(passage: &Passage, judged: &Judged, letter: Letter, request: Request<Incoming>) -> Response<Body> {
    let body = match form::read(request.into_body(), reading::longest_body(letter), passage.patience()).await {
        Ok(body) => body,
        Err(why) => return unread(passage, why),
    };
    let fields = form::fields(&body);
    let problem = |status, values: &[(String, String)], sentence: &str| {
        again(passage, judged, letter, status, values, Some(sentence))
    };
    let written = match read(letter, &fields) {
        Ok(w) => w,
        Err((kept, sentence)) => return problem(StatusCode::BAD_REQUEST, &kept, sentence),
    };
    let keys = &passage.site.memory.keys;
    let sealed = form::value(&fields, FIELD_TOKEN).unwrap_or("");
    let token = match Token::open(sealed, keys, letter, judged.identity.address, passage.now_ms) {
        Ok(t) => t,
        Err(_) => {
            let sentence = "The form was open for a long time, or your connection has changed. Nothing is lost: please \
                            press the button again.";
            return problem(StatusCode::FORBIDDEN, written.values(), sentence);
        }
    };
    let intake = &passage.worker.shared.intake;
    let counters = &passage.site.memory.counters;
    let site = passage.site.site.name.as_str();
    if let Err(wait_s) = intake.rates.admit(site, judged.identity.address, passage.now_ms) {
        Counters::add(&counters.letters_not_taken, 1);
        let sentence = "Many letters have come just now, so we could not take this one. Please try again in an hour, or \
                        write to the address below.";
        let mut r = problem(StatusCode::TOO_MANY_REQUESTS, written.values(), sentence);
        r.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait_s));
        return r;
    }
    let id = token.id_of(&written);
    let line = line(passage, &judged.identity, letter, &written, &id);
    let (spool, at_ms, shown) = (intake.spool.clone(), passage.now_ms, id.clone());
    // The thanks are only said when the disk has it.
    let kept = tokio::task::spawn_blocking(move || spool.keep(at_ms, &shown, &line)).await;
    let failure = match kept {
        Ok(Ok(())) => None,
        Ok(Err(e)) => Some(e.to_string()),
        Err(e) => Some(e.to_string()),
    };
    if let Some(e) = failure {
        Counters::add(&counters.letters_not_taken, 1);
        tracing::error!(site, error = e, "a letter of a visitor could not be kept; the visitor was told to write");
        let sentence = "We could not keep your letter. The fault is ours. Please write to the address below instead.";
        return problem(StatusCode::SERVICE_UNAVAILABLE, written.values(), sentence);
    }
    Counters::add(&counters.letters, 1);
    let answered = !written.get("reply").is_empty();
    passage.note(Cause::LetterKept, &letter.action());
    page(StatusCode::OK, pages::letter_kept(&context(passage), letter, passage.reference, written.reference, answered))
}

/// What is kept of a letter. An appeal has the keyed names of whoever wrote, so that it can be released; of whoever
/// reports a leak nothing is kept but the letter.
fn line(passage: &Passage, who: &Identity, letter: Letter, written: &Written, id: &str) -> Value {
    let mut line = json!({
        "format": 1,
        "kind": letter.action(),
        "id": id,
        "site": passage.site.site.name,
        "at_ms": passage.now_ms,
        "number": passage.reference.to_string(),
    });
    let Some(object) = line.as_object_mut() else { return line };
    for (name, value) in written.values() {
        object.insert(name.clone(), json!(value));
    }
    if letter == Letter::Appeal {
        object.insert("reference".to_owned(), json!(written.reference.map(|r| r.to_string())));
        let names = json!({
            "address": who.address.hex(),
            "network": who.network.hex(),
            "session": who.session.filter(|s| s.returned).map(|s| s.name.hex()),
            "account": who.account.map(|a| a.name.hex()),
            "client": who.client.hex(),
        });
        object.insert("names".to_owned(), names);
        object.insert("lane".to_owned(), json!(who.lane));
        object.insert("asn".to_owned(), json!(who.asn));
        object.insert("network_kind".to_owned(), json!(who.network_kind));
    }
    line
}
