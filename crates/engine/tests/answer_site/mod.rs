//! A site with one route of each shape, and a `Decide` that shows what it is told to and remembers what it was asked.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use hedgerow_engine::answer::{AnswerError, Decide, Media, NamedPerson, Plan, Reader};
use hedgerow_engine::policy::{FieldSet, Site};
use serde_json::{Value, json};

/// `name`, `email`, `photo`, `town`, by index.
pub const NAME: usize = 0;
pub const EMAIL: usize = 1;
pub const PHOTO: usize = 2;
pub const TOWN: usize = 3;

/// A site whose only route reads its people from `person` and its fields from `fields`.
pub fn site(person: Value, fields: Value) -> Site {
    site_of_size(person, fields, 4 << 20)
}

pub fn site_of_size(person: Value, fields: Value, max_body_bytes: usize) -> Site {
    let site = json!({
        "name": "directory", "hosts": ["*"], "mode": "enforce", "contact": "privacy@riverbend.example", "title": "Riverbend",
        "upstream": {"scheme": "http", "host": "127.0.0.1", "port": 1, "http2": false, "host_header": null,
            "connect_timeout_s": 1.0, "answer_timeout_s": 1.0, "idle_timeout_s": 1.0, "keep_idle": 1, "ca_file": null},
        "tls": null,
        "headers": {"people": "hedgerow-people", "account": "hedgerow-account", "account_since": "since", "ja4": null},
        "account": {"cookie": null, "trust": "confirmed", "new_for_s": 1, "sign_in_url": null},
        "fields": [
            {"name": "name", "sensitivity": "basic"}, {"name": "email", "sensitivity": "contact"},
            {"name": "photo", "sensitivity": "basic"}, {"name": "town & county", "sensitivity": "personal"}
        ],
        "routes": [{"name": "r", "path": "/members/{person}", "kind": "profile", "family": "f", "person": person,
            "fields": fields, "on_unreadable": "refuse", "max_body_bytes": max_body_bytes}],
        "budgets": [],
        "posture": {"raised": [], "high": [], "learn_after_hours": 0, "learned_factor": 1.0, "newcomer_age_s": 1,
            "newcomer_raised": [], "newcomer_high": [], "calm_after_s": 1},
        "signals": [],
        "ladder": {"prove_at": 1, "slow_at": 1, "refuse_at": 1, "prove_beyond": 1, "sign_in_beyond": 1,
            "refuse_beyond": 1, "slow_ms": 1, "refuse_for_s": 1},
        "enforcement": {"never": [], "on_request": []},
        "proof": {"easy_work": 1, "hard_work": 1, "easy_wait_s": 1, "hard_wait_s": 1, "answer_within_s": 1,
            "holds_s": 1, "shared_networks": 1},
        "robots": null,
        "failures": {"ledger": "refuse", "rule": "pass"},
        "privacy": {"sealed_address_days": 0, "honour_gpc": true}
    });
    serde_json::from_value(site).unwrap()
}

pub fn html_field(field: usize, selector: &str) -> Value {
    json!({"field": field, "at": [{"html": {"selector": selector, "attribute": null}}]})
}

pub fn html_attribute(field: usize, selector: &str, attribute: &str) -> Value {
    json!({"field": field, "at": [{"html": {"selector": selector, "attribute": attribute}}]})
}

/// A path written as in the policy, for the few forms there are.
pub fn path(text: &str) -> Value {
    let mut steps = Vec::new();
    for part in text.trim_start_matches('$').split(['.', '[']).filter(|p| !p.is_empty()) {
        steps.push(match part.strip_suffix(']') {
            Some("*") => json!("each"),
            Some(n) => json!({"index": n.parse::<usize>().unwrap()}),
            None => json!({"name": part}),
        });
    }
    Value::Array(steps)
}

pub fn json_field(field: usize, at: &str) -> Value {
    json!({"field": field, "at": [{"json": {"path": path(at)}}]})
}

/// What was asked: person (`None` = could not be read) to fields.
pub type Asked = BTreeMap<Option<String>, BTreeSet<usize>>;

#[derive(Clone)]
pub struct Rule {
    /// Fields nobody sees.
    pub never: FieldSet,
    /// People shown before everything is masked.
    pub people: usize,
    /// Whether there is a link in the mask.
    pub links: bool,
    seen: Arc<Mutex<Vec<String>>>,
    pub asked: Arc<Mutex<Asked>>,
}

impl Rule {
    pub fn masking(fields: &[usize]) -> Self {
        Self {
            never: fields.iter().fold(FieldSet::NONE, |s, f| s.union(FieldSet::of(*f))),
            people: usize::MAX,
            links: false,
            seen: Arc::default(),
            asked: Arc::default(),
        }
    }
    pub fn showing_all() -> Self {
        Self::masking(&[])
    }
    pub fn budget(people: usize) -> Self {
        Self { people, ..Self::masking(&[]) }
    }
    pub fn asked(&self) -> Asked {
        self.asked.lock().unwrap().clone()
    }
    pub fn people_in_order(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Decide for Rule {
    fn decide(&mut self, person: &str, fields: FieldSet) -> FieldSet {
        self.asked.lock().unwrap().entry(Some(person.to_owned())).or_default().extend(fields.iter());
        let mut seen = self.seen.lock().unwrap();
        if !seen.iter().any(|p| p == person) {
            seen.push(person.to_owned());
        }
        let place = seen.iter().position(|p| p == person).unwrap();
        if place < self.people { fields.minus(self.never) } else { FieldSet::NONE }
    }
    fn reveal_link(&mut self, person: &str, fields: FieldSet) -> Option<String> {
        self.links.then(|| format!("/.hedgerow/reveal?p={person}&f={}", fields.0))
    }
    fn unread(&mut self, fields: FieldSet) -> FieldSet {
        self.asked.lock().unwrap().entry(None).or_default().extend(fields.iter());
        if self.never.is_empty() && self.people == usize::MAX { fields } else { FieldSet::NONE }
    }
}

pub fn html() -> Media {
    Media::Html { charset: Some("utf-8".to_owned()) }
}

fn run(mut reader: Reader, pieces: &[&[u8]]) -> Result<Vec<u8>, AnswerError> {
    let mut out = Vec::new();
    for p in pieces {
        reader.write(p, &mut out)?;
    }
    reader.end(&mut out)?;
    Ok(out)
}

/// What leaves, though the page may be an error in the end, and whether it is.
pub fn read_so_far(site: &Site, media: Media, person: Option<&str>, rule: &Rule, pieces: &[&[u8]]) -> (Vec<u8>, bool) {
    let plan = Plan::compile(site, 0).unwrap();
    let mut reader = Reader::new(&plan, site, media, person.map(str::to_owned), Box::new(rule.clone())).unwrap();
    let mut out = Vec::new();
    let done = pieces.iter().try_for_each(|p| reader.write(p, &mut out)).and_then(|()| reader.end(&mut out));
    (out, done.is_ok())
}

pub fn read(
    site: &Site,
    media: Media,
    person: Option<&str>,
    rule: &Rule,
    pieces: &[&[u8]],
) -> Result<Vec<u8>, AnswerError> {
    let plan = Plan::compile(site, 0).unwrap();
    let reader =
        |rule: &Rule| Reader::new(&plan, site, media.clone(), person.map(str::to_owned), Box::new(rule.clone()));
    let afresh = Rule { seen: Arc::default(), asked: Arc::default(), ..rule.clone() };
    let untouched = rule.asked().is_empty();
    let done = run(reader(rule)?, pieces);
    if untouched {
        at_once(reader(&afresh)?, (&afresh, rule), pieces, &done);
    }
    done
}

/// A body that is read at once says and asks the same as one that is read in pieces.
fn at_once(mut reader: Reader, rules: (&Rule, &Rule), pieces: &[&[u8]], done: &Result<Vec<u8>, AnswerError>) {
    let mut out = Vec::new();
    let whole = reader.whole(pieces.concat(), &mut out);
    assert_eq!(whole.is_ok(), done.is_ok(), "{whole:?}, but in pieces {done:?}");
    match done {
        Ok(done) => {
            assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(done));
            assert_eq!(rules.0.asked(), rules.1.asked());
            assert_eq!(rules.0.people_in_order(), rules.1.people_in_order());
        }
        Err(_) => assert!(out.is_empty(), "nothing leaves of a body that cannot be read"),
    }
}

pub fn read_named(
    site: &Site,
    media: Media,
    people: Vec<NamedPerson>,
    rule: &Rule,
    body: &[u8],
) -> Result<Vec<u8>, AnswerError> {
    let plan = Plan::compile(site, 0).unwrap();
    run(Reader::for_named(&plan, site, media, people, Box::new(rule.clone()))?, &[body])
}

/// The same as text, in one piece.
pub fn text(site: &Site, media: Media, person: Option<&str>, rule: &Rule, body: &str) -> String {
    String::from_utf8(read(site, media, person, rule, &[body.as_bytes()]).unwrap()).unwrap()
}

/// Cuts `body` at the given places (taken modulo its length).
pub fn cut<'b>(body: &'b [u8], places: &[usize]) -> Vec<&'b [u8]> {
    let mut at: Vec<usize> = places.iter().map(|p| p % (body.len() + 1)).collect();
    at.push(body.len());
    at.sort_unstable();
    let mut from = 0;
    at.into_iter()
        .map(|to| {
            let piece = &body[from..to];
            from = to;
            piece
        })
        .collect()
}
