//! What several targets need: a site to read for, requests out of lines of text, bodies in pieces.
#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::path::PathBuf;

use hedgerow_engine::doors::{Request, Transport};
use hedgerow_engine::policy::{FieldSet, Site};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

/// The clock of every target: milliseconds since the Unix epoch.
pub const NOW_MS: u64 = 1_800_000_000_000;

/// Indices of the fields of [`site`].
pub const NAME: usize = 0;
/// Contact.
pub const EMAIL: usize = 1;
/// Basic, usually in an attribute.
pub const PHOTO: usize = 2;
/// Personal.
pub const TOWN: usize = 3;

/// A site with one route, which reads its people from `person` and its fields from `fields`; all signals are on.
pub fn site(person: Value, fields: Value) -> Site {
    let site = json!({
        "name": "directory", "hosts": ["*"], "mode": "enforce", "contact": "privacy@riverbend.example", "title": "Riverbend",
        "upstream": {"scheme": "http", "host": "127.0.0.1", "port": 1, "connect_timeout_s": 1.0,
            "answer_timeout_s": 1.0, "idle_timeout_s": 1.0, "keep_idle": 1},
        "trusted_hops": ["127.0.0.0/8", "10.0.0.0/8", "::1/128"],
        "headers": {"people": "hedgerow-people", "account": "hedgerow-account", "account_since": "hedgerow-account-since",
            "ja4": "x-ja4"},
        "account": {"cookie": "sid", "trust": "present", "new_for_s": 1},
        "fields": [
            {"name": "name", "sensitivity": "basic"}, {"name": "email", "sensitivity": "contact"},
            {"name": "photo", "sensitivity": "basic"}, {"name": "town & county", "sensitivity": "personal"}
        ],
        "routes": [{"name": "r", "path": "/members/{person}", "kind": "profile", "family": "f", "person": person,
            "fields": fields, "on_unreadable": "refuse", "max_body_bytes": 1 << 20}],
        "budgets": [],
        "posture": {"raised": [], "high": [], "learn_after_hours": 0, "learned_factor": 1.0, "newcomer_age_s": 1,
            "newcomer_raised": [], "newcomer_high": [], "calm_after_s": 1},
        "signals": [["declared_automation", 10], ["library_client", 10], ["header_contradiction", 10],
            ["forged_crawler", 10]],
        "ladder": {"prove_at": 1, "slow_at": 1, "refuse_at": 1, "prove_beyond": 1, "sign_in_beyond": 1,
            "refuse_beyond": 1, "slow_ms": 1, "refuse_for_s": 1},
        "enforcement": {"never": [], "on_request": []},
        "proof": {"easy_work": 1, "hard_work": 1, "easy_wait_s": 5, "hard_wait_s": 5, "answer_within_s": 600,
            "holds_s": 3600, "shared_networks": 4},
        "robots": "user-agent: *\ndisallow: /private\nallow: /private/*/open$\n",
        "failures": {"ledger": "refuse", "rule": "pass"},
        "privacy": {"sealed_address_days": 0, "honour_gpc": true}
    });
    serde_json::from_value(site).expect("the site of the targets is of the shape")
}

/// A field in HTML, as the compiled policy has it.
pub fn html_field(field: usize, selector: &str, attribute: Option<&str>) -> Value {
    json!({"field": field, "at": [{"html": {"selector": selector, "attribute": attribute}}]})
}

/// The fields of a set of indices.
pub fn fields(indices: &[usize]) -> FieldSet {
    indices.iter().fold(FieldSet::NONE, |set, i| set.union(FieldSet::of(*i)))
}

/// A request that owns its parts, read from lines: the first is the path, the others are `name: value`. The names `:ja4`,
/// `:h2`, `:host` and `:query` set what is not a header.
pub struct Made {
    pub transport: Transport,
    pub headers: HeaderMap,
    pub path: String,
    pub query: Option<String>,
    pub host: String,
    pub order: String,
    pub version: u8,
}

impl Made {
    /// Reads lines; what cannot be a header is left out, as no HTTP library hands it on.
    pub fn read(peer: IpAddr, flags: u8, text: &[u8]) -> Self {
        let mut lines = text.split(|b| *b == b'\n');
        let path = String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned();
        let mut made = Self {
            transport: Transport { peer, tls: flags & 1 != 0, ja4: None, h2_print: None },
            headers: HeaderMap::new(),
            path: format!("/{}", path.trim_start_matches('/')),
            query: None,
            host: "members.example".to_owned(),
            order: String::new(),
            version: [10, 11, 20, 11][usize::from(flags >> 1 & 3)],
        };
        for line in lines.take(100) {
            let Some(colon) = line.iter().skip(1).position(|b| *b == b':').map(|i| i + 1) else { continue };
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            let text = || String::from_utf8_lossy(value).into_owned();
            match name {
                b":ja4" => made.transport.ja4 = Some(text()),
                b":h2" => made.transport.h2_print = Some(text()),
                b":host" => made.host = text(),
                b":query" => made.query = Some(text()),
                _ => {
                    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                        made.order.push_str(name.as_str());
                        made.order.push(',');
                        made.headers.append(name, value);
                    }
                }
            }
        }
        made
    }

    /// The request.
    pub fn request(&self) -> Request<'_> {
        Request {
            method: "GET",
            host: &self.host,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
            header_order: Some(self.order.trim_end_matches(',')),
            transport: &self.transport,
            version: self.version,
            now_ms: NOW_MS,
        }
    }
}

/// Cuts a body into pieces whose lengths follow a pattern of `seed`: some of one byte, some longer.
pub fn pieces(body: &[u8], seed: u8) -> Vec<&[u8]> {
    let mut rest = body;
    let mut out = Vec::new();
    let mut state = u32::from(seed) + 1;
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let long = usize::try_from(state >> 16 & 31).unwrap_or(0);
        let (piece, after) = rest.split_at((if state >> 24 & 3 == 0 { 1 } else { long.max(1) }).min(rest.len()));
        out.push(piece);
        rest = after;
    }
    out
}

/// A folder for this process's files, made once and emptied by nobody: the targets overwrite what they put there. In memory
/// where the machine has such a place.
pub fn folder(name: &str) -> PathBuf {
    let base = PathBuf::from("/dev/shm");
    let base = if base.is_dir() { base } else { std::env::temp_dir() };
    let dir = base.join(format!("hedgerow-fuzz-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a folder for the target's files");
    dir
}

/// Runs `act` although a panic in a source file whose path contains `file` is known and cannot happen in a release build: a
/// debug assertion of a library that stands before a typed error. Any other panic ends the target, as without this.
pub fn despite_assertions_of(file: &'static str, act: impl FnOnce() + std::panic::UnwindSafe) {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let fatal = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !panic.location().is_some_and(|at| at.file().contains(file)) {
                fatal(panic);
            }
        }));
    });
    let _ = std::panic::catch_unwind(act);
}
