//! A site and its visitors for what is measured: the bench of verdicts and the examples about memory and traffic.
#![allow(dead_code, reason = "each user uses its part")]

use std::net::{IpAddr, Ipv4Addr};

use hedgerow_engine::doors::{AddressSource, Identity, Lane, NetworkKind, Pseudonym, Request, Session, Transport};
use hedgerow_engine::policy::{FieldSet, Site};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use smallvec::SmallVec;

/// 2026-01-01T00:00:00Z, in milliseconds.
pub const START_MS: u64 = 1_767_225_600_000;

/// Name and town: fields of two sensitivities, both counted.
pub const WANT: FieldSet = FieldSet(0b101);

/// A keyed name, as good as any.
pub fn name(what: &str, n: u64) -> Pseudonym {
    let mut short = [0u8; 12];
    short.copy_from_slice(&blake3::hash(format!("{what} {n}").as_bytes()).as_bytes()[..12]);
    Pseudonym(short)
}

/// The n-th visitor: an address of its own, 256 to a network, one of 200 browsers, no cookie.
pub fn visitor(n: u64) -> Identity {
    Identity {
        address_raw: IpAddr::V4(Ipv4Addr::from(u32::try_from(n & 0xffff_ffff).unwrap_or(0))),
        address_source: AddressSource::Connection,
        address: name("address", n),
        network: name("network", n / 256),
        asn: None,
        network_kind: NetworkKind::Unknown,
        session: None,
        account: None,
        client: name("client", n % 200),
        licence: None,
        lane: Lane::Visitor,
        agent: None,
        evidence: SmallVec::new(),
        wants_html: true,
        navigation: true,
    }
}

/// What an ordinary browser sends.
pub fn headers() -> HeaderMap {
    let mut h = HeaderMap::new();
    h.insert(
        "user-agent",
        HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    );
    h.insert("accept", HeaderValue::from_static("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
    h.insert("accept-language", HeaderValue::from_static("en-GB,en;q=0.7"));
    h.insert("accept-encoding", HeaderValue::from_static("gzip, deflate, br, zstd"));
    h
}

/// One profile, asked for by an ordinary browser.
pub fn request<'a>(headers: &'a HeaderMap, transport: &'a Transport) -> Request<'a> {
    Request {
        method: "GET",
        host: "members.example",
        path: "/members/4711",
        query: None,
        headers,
        header_order: None,
        transport,
        version: 20,
        now_ms: START_MS,
    }
}

/// The site of the judge's tests, changed first.
pub fn site(change: impl FnOnce(&mut Value)) -> Site {
    let mut json: Value = serde_json::from_str(include_str!("../../tests/judged_site.json")).expect("a site");
    change(&mut json);
    serde_json::from_value(json).expect("a site")
}

/// The same with our cookie, which it gives back.
pub fn returning(n: u64) -> Identity {
    let session = Session { name: name("session", n), since_s: START_MS / 1000, returned: true, proven_until_s: 0 };
    Identity { session: Some(session), ..visitor(n) }
}

/// The site on an ordinary day: nothing that a crowd does makes it tense, and no network is so full that it is spent.
pub fn calm_site() -> Site {
    site(|j| {
        j["posture"]["raised"] = json!([]);
        j["posture"]["high"] = json!([]);
        if let Some(budgets) = j["budgets"].as_array_mut() {
            budgets.retain(|b| b["level"] != "network");
        }
    })
}

/// Of a hundred requests of [`Traffic`], so many are of somebody never seen before.
pub const FRESH_PERCENT: u64 = 10;

/// Visitors who come again and again in [`Traffic`].
pub const REGULARS: usize = 100_000;

/// People whom they visit.
pub const PEOPLE: usize = 5_000;

/// Requests as a site gets them: [`FRESH_PERCENT`] of them from addresses never seen before that bring no cookie, the others
/// from [`REGULARS`] visitors, each as often as its rank says (Zipf, exponent 1); [`PEOPLE`] are asked for likewise. Two
/// hundred requests a second.
pub struct Traffic {
    dice: u64,
    visitors: Vec<f64>,
    people: Vec<f64>,
    fresh: u64,
    now_ms: u64,
}

impl Traffic {
    pub fn new() -> Self {
        let fresh = 1 << 31;
        Self { dice: 7, visitors: sums(REGULARS), people: sums(PEOPLE), fresh, now_ms: START_MS }
    }

    /// A number from 0 to 1 (xorshift64, Marsaglia, 2003).
    fn chance(&mut self) -> f64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Who asks next, for whom (by keyed hash), and when.
    pub fn next_request(&mut self) -> (Identity, u64, u64) {
        self.now_ms += 5;
        let (whom, fresh, who) = (self.chance(), self.chance(), self.chance());
        let person = rank(&self.people, whom);
        let id = if fresh * 100.0 < FRESH_PERCENT as f64 {
            self.fresh += 1;
            visitor(self.fresh)
        } else {
            returning(rank(&self.visitors, who))
        };
        (id, (person + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15), self.now_ms)
    }
}

/// Sums of the harmonic weights of so many ranks, ending at 1.
fn sums(ranks: usize) -> Vec<f64> {
    let mut sum = 0.0;
    let mut all: Vec<f64> = (1..=ranks)
        .map(|r| {
            sum += 1.0 / r as f64;
            sum
        })
        .collect();
    all.iter_mut().for_each(|s| *s /= sum);
    all
}

fn rank(sums: &[f64], chance: f64) -> u64 {
    sums.partition_point(|s| *s < chance) as u64
}
