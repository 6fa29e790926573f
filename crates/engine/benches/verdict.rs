//! What judging one request costs, without reading its answer: noting it, deciding, charging one person. Seen for the
//! first time and again, with a rule of the operator, with a full table, with budgets spent, and for the fifty people of a list.
//! `cargo bench -p hedgerow-engine --bench verdict`.

mod crowd;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, criterion_group, criterion_main};
use crowd::{START_MS, WANT, name, site};
use hedgerow_engine::doors::{Identity, Request, SensitivitySet, Session, Standing, Transport};
use hedgerow_engine::judge::Judge;
use hedgerow_engine::policy::FieldSet;
use hedgerow_engine::state::{Ask, State, Visit};
use http::{HeaderMap, HeaderValue};
use serde_json::json;

/// The allocator the gateway runs with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A visitor that keeps our cookie.
fn visitor(n: u64) -> Identity {
    let session = Session { name: name("session", n), since_s: START_MS / 1000, returned: true, proven_until_s: 0 };
    Identity { session: Some(session), ..crowd::visitor(n) }
}

fn headers() -> HeaderMap {
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

fn verdict(c: &mut Criterion) {
    let transport = Transport { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), tls: true, ja4: None, h2_print: None };
    let headers = headers();
    let request = Request {
        method: "GET",
        host: "members.example",
        path: "/members/4711",
        query: None,
        headers: &headers,
        header_order: None,
        transport: &transport,
        version: 20,
        now_ms: START_MS,
    };
    let page = Visit { navigation: true, ..Visit::default() };
    let plain = site(|_| {});
    let ruled = site(|j| {
        j["rules"] = json!([{"name": "old", "when": "request.user_agent.contains('MSIE') && state.beyond > 5", "then": "prove"}]);
    });
    let mut group = c.benchmark_group("verdict");

    // The same few visitors read on: sets are warm, people are seen already.
    for (what, site) in [("seen again", &plain), ("seen again, one rule", &ruled)] {
        let judge = Judge::new(site).expect("a judge");
        let state = State::new(64 << 20);
        let visitors: Vec<Identity> = (0..64).map(visitor).collect();
        let mut n = 0usize;
        group.bench_function(what, |b| {
            b.iter(|| {
                n += 1;
                let id = &visitors[n % visitors.len()];
                let now_ms = START_MS + n as u64 / 100;
                let route = site.route("GET", request.path);
                let snap = state.arrive(site, id, route.as_ref(), &page, now_ms);
                let v = judge.decide(site, &request, id, route.as_ref(), &snap, now_ms);
                black_box(state.charge(site, id, &v.allowance, &Ask::of(0, (n % 7) as u64 * 0x9e37_79b9, WANT), now_ms))
            });
        });
    }

    // Fresh visitors without end: every one is let in, and the table is full.
    let judge = Judge::new(&plain).expect("a judge");
    let state = State::new(32 << 20);
    let mut n = 0u64;
    group.bench_function("fresh visitor, full table", |b| {
        b.iter_batched(
            || {
                n += 1;
                (n, visitor(n))
            },
            |(n, id)| {
                let now_ms = START_MS + n;
                let route = plain.route("GET", request.path);
                let snap = state.arrive(&plain, &id, route.as_ref(), &page, now_ms);
                let v = judge.decide(&plain, &request, &id, route.as_ref(), &snap, now_ms);
                let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                black_box(state.charge(&plain, &id, &v.allowance, &Ask::of(0, key, WANT), now_ms))
            },
            criterion::BatchSize::SmallInput,
        );
    });

    // One visitor asks on and on: the sets are as full as they get, and nobody more is shown.
    let state = State::new(64 << 20);
    let allowance = hedgerow_engine::doors::Allowance {
        standing: Standing::Stranger,
        never: SensitivitySet::NONE,
        on_request: SensitivitySet::NONE,
        cuts: hedgerow_engine::measures::Cuts::NONE,
        everybody: Default::default(),
    };
    let id = visitor(1);
    let mut n = 0u64;
    group.bench_function("budget spent", |b| {
        b.iter(|| {
            n += 1;
            let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            black_box(state.charge(&plain, &id, &allowance, &Ask::of(0, key, WANT), START_MS + n / 100))
        });
    });

    // Fifty people of a list page, as one answer charges them.
    let list = State::new(64 << 20);
    group.bench_function("list of fifty, seen again", |b| {
        b.iter(|| {
            for p in 0..50u64 {
                let key = p.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                black_box(list.charge(&plain, &id, &allowance, &Ask::of(1, key, FieldSet(1)), START_MS));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, verdict);
criterion_main!(benches);
