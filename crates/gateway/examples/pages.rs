//! Shows the gateway's pages without a gateway, for the browser tests and for eyes.
//!
//!     cargo run -p hedgerow-gateway --example pages -- render target/pages
//!     cargo run -p hedgerow-gateway --example pages -- serve 8790
//!
//! `serve 0` takes any free port and prints it. The challenge at `/challenge` is real: it is issued to a session named
//! by a cookie, and `/.hedgerow/prove` checks the answer and leads to `/passed/work` or `/passed/wait`. With
//! `?cookie=no` no cookie is set, as in a browser that keeps none; with `?hard` the challenge is the hardest.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use hedgerow_engine::doors::{Action, Pseudonym, Reference};
use hedgerow_engine::judge::proof::{Challenge, ProofError, Proofs, Terms};
use hedgerow_engine::policy::{FieldSet, ProofPolicy};
use hedgerow_gateway::pages::{self, BadRequest, ChallengePage, Fault, Letter, PageContext, ProblemKind, Resend, Why};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const SIGN_IN: Option<&str> = Some("/sign-in");
const VISITOR: Pseudonym = Pseudonym([7; 12]);
const STRANGER: Pseudonym = Pseudonym([8; 12]);

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let proofs = Proofs::new(fresh()?.repeat(2).try_into().unwrap_or([0; 32]), [2; 32], "pages", &policy());
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["render", folder] => {
            std::fs::create_dir_all(folder)?;
            for (name, html) in gallery(&proofs)? {
                // Opened from the disk, the address of the style sheet has no host to start from.
                let html = html.replace("/.hedgerow/assets/", "../../crates/gateway/assets/");
                std::fs::write(format!("{folder}/{name}.html"), html)?;
            }
            Ok(())
        }
        ["serve", port] => serve(port.parse()?, proofs),
        _ => Err("say `render FOLDER` or `serve PORT`".into()),
    }
}

fn policy() -> ProofPolicy {
    ProofPolicy {
        easy_work: 50_000,
        hard_work: 1_000_000,
        easy_wait_s: 3,
        hard_wait_s: 20,
        answer_within_s: 600,
        holds_s: 3600,
        shared_networks: 4,
    }
}

/// Every page there is, by name.
fn gallery(proofs: &Proofs) -> Result<Vec<(&'static str, String)>, Failure> {
    let page =
        PageContext::new("Riverbend members", "privacy@riverbend.example", Some(Reference(0x00A1_B2C3_D4E5_F607)));
    let challenge = proofs.issue(VISITOR, 0.0, now_ms()?, fresh()?)?;
    let sentences = [
        "Many people's pages were opened one after the other, in the order of their numbers.",
        "The pages were opened without their pictures and styles, as programs do.",
    ];
    let terms = Terms { route: 0, fields: FieldSet::of(0), meaning: [0; 16] };
    let token = proofs.reveal_token(VISITOR, terms, "42", "/members/42", now_ms()?);
    let changed = ProofError::Changed { back: "/members/42".to_owned() };
    let told = Why {
        reference: Reference(0x00A1_B2C3_D4E5_F607),
        at_s: 1_795_468_260,
        action: Action::Refuse,
        fault: None,
        sentences: &sentences,
        retry_after_s: Some(1800),
    };
    // Standing pictures of the challenge: what it looks like while it works is at `/challenge`.
    let still = Challenge { widget: "{}".to_owned(), ..challenge };
    let shown = ChallengePage { challenge: &still, back: "/members/42", agent: None, resend: Resend::Nothing };
    let without_script = |html: String| html.replace(" type=\"module\" src=", " type=\"text/plain\" data-src=");
    Ok(vec![
        ("challenge-still", without_script(pages::challenge(&page, &shown))),
        (
            "challenge-lost-post",
            without_script(pages::challenge(&page, &ChallengePage { resend: Resend::Lost, ..shown })),
        ),
        ("too-early", pages::too_early(&page, &still.token, 4, "/members/42", Resend::Nothing)),
        ("proof-not-taken", pages::proof_not_taken(&page, &ProofError::Expired, "/members/42")),
        ("cookies-needed", pages::cookies_needed(&page, "/members/42", SIGN_IN)),
        ("reveal", pages::reveal(&page, &token, &["email"], "/members/42")),
        ("reveal-not-taken", pages::reveal_not_taken(&page, &ProofError::Expired)),
        ("reveal-of-another-map", pages::reveal_not_taken(&page, &changed)),
        ("sign-in", pages::sign_in(&page, SIGN_IN, Some(3000))),
        ("sign-in-by-rule", pages::sign_in(&page, SIGN_IN, None)),
        ("budget-spent", pages::budget_spent(&page, Some(2400), SIGN_IN)),
        ("refuse", pages::refuse(&page, &sentences, Some(1800))),
        ("upstream-unreachable", pages::upstream_error(&page, Fault::Unreachable, Some("/members/42"))),
        ("upstream-garbled", pages::upstream_error(&page, Fault::Garbled, Some("/members/42"))),
        ("not-recorded", pages::upstream_error(&page, Fault::NotRecorded, None)),
        ("upstream-busy", pages::upstream_error(&page, Fault::Unavailable, Some("/members/42"))),
        ("upstream-slow", pages::upstream_error(&page, Fault::TimedOut, None)),
        ("bad-request", pages::bad_request(&page, BadRequest::Malformed)),
        ("too-large", pages::bad_request(&page, BadRequest::TooLarge)),
        ("headers-too-large", pages::bad_request(&page, BadRequest::HeadersTooLarge)),
        ("no-websockets", pages::bad_request(&page, BadRequest::NoWebsockets)),
        ("broken-off", pages::bad_request(&page, BadRequest::BrokenOff)),
        ("not-found", pages::not_found(&PageContext { reference: None, ..page })),
        ("why", pages::why(&page, &told)),
        ("why-unknown", pages::why_unknown(&PageContext { reference: None, ..page })),
        ("stopped", pages::stopped(&page, 1_795_468_260, Some(86_400))),
        ("closed", pages::closed(&page, Some(1_795_468_260), Some(86_400))),
        ("closed-without-end", pages::closed(&page, None, None)),
        ("appeal", pages::letter_form(&page, Letter::Appeal, "token", &[], None)),
        (
            "appeal-again",
            pages::letter_form(&page, Letter::Appeal, "token", &[], Some("Please tell us what happened.")),
        ),
        ("report", pages::letter_form(&page, Letter::Report, "token", &[], None)),
        ("appeal-kept", pages::letter_kept(&page, Letter::Appeal, Reference(77), page.reference, false)),
        ("report-kept", pages::letter_kept(&page, Letter::Report, Reference(77), None, true)),
        ("decoy", pages::decoy(&page, 7, &["/members/archive"])),
    ])
}

fn serve(port: u16, proofs: Proofs) -> Result<(), Failure> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("listening on http://{}", listener.local_addr()?);
    let proofs = Arc::new(proofs);
    for stream in listener.incoming() {
        let proofs = Arc::clone(&proofs);
        std::thread::spawn(move || {
            if let Err(error) = stream.map_err(Failure::from).and_then(|s| answer(s, &proofs)) {
                eprintln!("a request was not answered: {error}");
            }
        });
    }
    Ok(())
}

struct Reply {
    status: u16,
    content_type: &'static str,
    more: String,
    body: Vec<u8>,
}

impl Reply {
    fn page(status: u16, html: String) -> Self {
        Self { status, content_type: pages::HTML, more: String::new(), body: html.into_bytes() }
    }
}

fn answer(mut stream: TcpStream, proofs: &Proofs) -> Result<(), Failure> {
    let mut reader = BufReader::new(stream.try_clone()?).take(64 * 1024);
    let (mut line, mut cookie, mut length) = (String::new(), false, 0u64);
    reader.read_line(&mut line)?;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header == "\r\n" {
            break;
        }
        let header = header.to_ascii_lowercase();
        cookie |= header.starts_with("cookie:") && header.contains("hedgerow=visitor");
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = String::new();
    reader.take(length).read_to_string(&mut body)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(()) };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let reply = reply(method, path, query, &body, cookie, proofs)?;
    write!(
        stream,
        "HTTP/1.1 {} -\r\ncontent-type: {}\r\ncontent-length: {}\r\ncontent-security-policy: {}\r\n\
         x-content-type-options: nosniff\r\nreferrer-policy: same-origin\r\ncache-control: no-store\r\n{}connection: close\r\n\r\n",
        reply.status,
        reply.content_type,
        reply.body.len(),
        pages::CSP,
        reply.more
    )?;
    stream.write_all(&reply.body)?;
    Ok(())
}

fn reply(method: &str, path: &str, query: &str, body: &str, cookie: bool, proofs: &Proofs) -> Result<Reply, Failure> {
    let page = PageContext::new("Riverbend members", "privacy@riverbend.example", Some(Reference(77)));
    if let Some(asset) = path.strip_prefix("/.hedgerow/assets/").and_then(pages::assets) {
        let more = format!("etag: {}\r\n", asset.etag);
        return Ok(Reply { status: 200, content_type: asset.content_type, more, body: asset.bytes.to_vec() });
    }
    Ok(match (method, path) {
        ("GET", "/challenge") => {
            let risk = if query.contains("hard") { 1.0 } else { 0.0 };
            let challenge = proofs.issue(VISITOR, risk, now_ms()?, fresh()?)?;
            let carried = [("q".to_owned(), "Ann \"the\" Fern".to_owned())];
            let resend = if query.contains("post") { Resend::Fields(&carried) } else { Resend::Nothing };
            let agent = query.contains("examined").then_some("Somebody (elsewhere) Else/1.0");
            let html =
                pages::challenge(&page, &ChallengePage { challenge: &challenge, back: "/passed", agent, resend });
            let more = if query.contains("cookie=no") {
                String::new()
            } else {
                "set-cookie: hedgerow=visitor; Path=/; HttpOnly; SameSite=Lax\r\n".to_owned()
            };
            Reply { more, ..Reply::page(403, html) }
        }
        ("POST", "/.hedgerow/prove") => prove(&page, &form(body), cookie, proofs)?,
        ("GET" | "POST", "/passed/work" | "/passed/wait") => {
            Reply { content_type: "text/plain", ..Reply::page(200, format!("{method} {path} {body}")) }
        }
        ("GET", "/problem") => {
            let document = pages::problem(ProblemKind::Refused, "", page.reference, serde_json::Map::new());
            Reply { content_type: pages::PROBLEM_JSON, ..Reply::page(403, document.to_string()) }
        }
        ("GET", "/") => {
            let names: Vec<_> = gallery(proofs)?.into_iter().map(|(name, _)| format!("/page/{name}\n")).collect();
            Reply { content_type: "text/plain", ..Reply::page(200, names.concat()) }
        }
        _ => match gallery(proofs)?.into_iter().find(|(name, _)| path.strip_prefix("/page/") == Some(name)) {
            Some((_, html)) => Reply::page(200, html),
            None => Reply::page(404, pages::not_found(&page)),
        },
    })
}

/// What the gateway does with an answer, in short.
fn prove(page: &PageContext<'_>, form: &[(String, String)], cookie: bool, proofs: &Proofs) -> Result<Reply, Failure> {
    let field = |name: &str| form.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
    let (work, wait, back) = (field(pages::FIELD_WORK), field(pages::FIELD_WAIT), field(pages::FIELD_BACK));
    let others: Vec<_> = form.iter().filter(|(n, _)| !pages::CARRIER_FIELDS.contains(&n.as_str())).cloned().collect();
    let resend = if others.is_empty() { Resend::Nothing } else { Resend::Fields(&others) };
    let session = if cookie { VISITOR } else { STRANGER };
    let (way, result) = if work.is_empty() {
        ("wait", proofs.verify_wait(wait, session, now_ms()?))
    } else {
        ("work", proofs.verify_work(work, session, now_ms()?))
    };
    Ok(match result {
        Ok(()) => {
            let status = if others.is_empty() { 303 } else { 307 };
            let odd = field(pages::FIELD_ODD).replace(' ', "+");
            Reply { more: format!("location: {back}/{way}?odd={odd}\r\n"), ..Reply::page(status, String::new()) }
        }
        Err(ProofError::Foreign) if !cookie => Reply::page(403, pages::cookies_needed(page, back, SIGN_IN)),
        Err(ProofError::Early { wait_s }) => {
            let more = format!("retry-after: {wait_s}\r\n");
            Reply { more, ..Reply::page(403, pages::too_early(page, wait, wait_s, back, resend)) }
        }
        Err(error) => Reply::page(403, pages::proof_not_taken(page, &error, back)),
    })
}

/// Reads a form (`application/x-www-form-urlencoded`).
fn form(body: &str) -> Vec<(String, String)> {
    let plain = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(b) = rest.next() {
            let code = [rest.clone().next(), rest.clone().nth(1)];
            let hex = |d: Option<u8>| d.and_then(|d| (d as char).to_digit(16)).and_then(|d| u8::try_from(d).ok());
            match (b, code.map(hex)) {
                (b'%', [Some(high), Some(low)]) => {
                    bytes.push(high << 4 | low);
                    rest.nth(1);
                }
                (b'+', _) => bytes.push(b' '),
                _ => bytes.push(b),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    body.split('&').filter_map(|pair| pair.split_once('=')).map(|(n, v)| (plain(n), plain(v))).collect()
}

fn now_ms() -> Result<u64, Failure> {
    Ok(u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis())?)
}

fn fresh() -> Result<[u8; 16], Failure> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
