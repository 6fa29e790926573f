//! What judging one request costs, without reading its answer: noting it, deciding, charging one person. Seen for the
//! first time and again, with a rule of the operator, with a full table, with budgets spent, for the fifty people of a list,
//! and in the mixture of `crowd::Traffic`. `cargo bench -p hedgerow-engine --bench verdict`. What one request of that mixture
//! takes, not the mean of many: `cargo run --release -p hedgerow-engine --example traffic`.

mod crowd;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use criterion::{Criterion, criterion_group, criterion_main};
use crowd::{START_MS, Traffic, WANT, calm_site, headers, request, returning, site};
use hedgerow_engine::doors::{Allowance, Identity, SensitivitySet, Standing, Transport};
use hedgerow_engine::judge::Judge;
use hedgerow_engine::measures::{Cuts, Everybody};
use hedgerow_engine::policy::{FieldSet, Site};
use hedgerow_engine::state::{Ask, State, Visit};
use serde_json::json;

/// The allocator the gateway runs with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the principals may take: about a million of them.
const TABLE_BYTES: usize = 128 << 20;

/// Lets visitors in until some had to go; how many there were.
fn fill(state: &State, site: &Site) -> u64 {
    let page = Visit { navigation: true, ..Visit::default() };
    let route = site.route("GET", "/members/4711");
    let mut n = 0;
    while n % 65_536 != 0 || state.overview(site, START_MS, 0).evicted == 0 {
        n += 1;
        let id = returning(n);
        state.arrive(site, &id, route.as_ref(), &page, START_MS + n);
        let ask = Ask::of(0, n.wrapping_mul(0x9e37_79b9_7f4a_7c15), WANT);
        state.charge(site, &id, &ALLOWANCE, &ask, START_MS + n);
    }
    n
}

const ALLOWANCE: Allowance = Allowance {
    standing: Standing::Stranger,
    never: SensitivitySet::NONE,
    on_request: SensitivitySet::NONE,
    cuts: Cuts::NONE,
    everybody: Everybody { floor: None, masked: FieldSet::NONE, closed_until_s: None },
};

fn verdict(c: &mut Criterion) {
    let transport = Transport { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), tls: true, ja4: None, h2_print: None };
    let headers = headers();
    let request = request(&headers, &transport);
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
        let visitors: Vec<Identity> = (0..64).map(returning).collect();
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

    // Fresh visitors without end: every one is let in, and the table is full of those before. They bring a cookie that we do
    // not know any more, so that each is four principals at once. Together they are a harvest, and the posture is high; then
    // the same on a calm day.
    let calm = calm_site();
    for (what, site) in [("fresh visitor, full table", &plain), ("fresh visitor, full table, calm", &calm)] {
        let judge = Judge::new(site).expect("a judge");
        let state = State::new(TABLE_BYTES);
        let mut n = fill(&state, site);
        group.bench_function(what, |b| {
            b.iter_batched(
                || {
                    n += 1;
                    (n, returning(n))
                },
                |(n, id)| {
                    let now_ms = START_MS + n;
                    let route = site.route("GET", request.path);
                    let snap = state.arrive(site, &id, route.as_ref(), &page, now_ms);
                    let v = judge.decide(site, &request, &id, route.as_ref(), &snap, now_ms);
                    let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                    black_box(state.charge(site, &id, &v.allowance, &Ask::of(0, key, WANT), now_ms))
                },
                criterion::BatchSize::SmallInput,
            );
        });
    }

    // Requests as a site gets them, with a table that is full.
    let judge = Judge::new(&calm).expect("a judge");
    let state = State::new(TABLE_BYTES);
    fill(&state, &calm);
    let mut traffic = Traffic::new();
    group.bench_function("traffic, a tenth fresh, full table", |b| {
        b.iter_batched(
            || traffic.next_request(),
            |(id, person, now_ms)| {
                let route = calm.route("GET", request.path);
                let snap = state.arrive(&calm, &id, route.as_ref(), &page, now_ms);
                let v = judge.decide(&calm, &request, &id, route.as_ref(), &snap, now_ms);
                black_box(state.charge(&calm, &id, &v.allowance, &Ask::of(0, person, WANT), now_ms))
            },
            criterion::BatchSize::SmallInput,
        );
    });

    // One visitor asks on and on: the sets are as full as they get, and nobody more is shown.
    let state = State::new(64 << 20);
    let id = returning(1);
    let mut n = 0u64;
    group.bench_function("budget spent", |b| {
        b.iter(|| {
            n += 1;
            let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            black_box(state.charge(&plain, &id, &ALLOWANCE, &Ask::of(0, key, WANT), START_MS + n / 100))
        });
    });

    // Fifty people of a list page, as one answer charges them.
    let list = State::new(64 << 20);
    group.bench_function("list of fifty, seen again", |b| {
        b.iter(|| {
            for p in 0..50u64 {
                let key = p.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                black_box(list.charge(&plain, &id, &ALLOWANCE, &Ask::of(1, key, FieldSet(1)), START_MS));
            }
        });
    });

    // The same, of one list and visitor after another: each has been shown ten lists, and no cache holds whom they saw.
    let wide = site(|j| {
        for budget in j["budgets"].as_array_mut().expect("budgets") {
            for window in ["hour", "day", "month"] {
                budget[window] = json!(100_000);
            }
        }
        j["posture"]["raised"] = json!([]);
        j["posture"]["high"] = json!([]);
    });
    let state = State::new(1 << 30);
    let readers: Vec<Identity> = (0..4096).map(|n| returning(n * 256)).collect();
    let show = |n: u64| {
        let reader = &readers[(n % 4096) as usize];
        let page = n / 4096 % 10 * 7 + n % 7;
        let people = std::array::from_fn::<u64, 50, _>(|i| (page * 50 + i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        state.read_ahead(reader, &people);
        for key in people {
            let charged = state.charge(&wide, reader, &ALLOWANCE, &Ask::of(1, key, FieldSet(1)), START_MS);
            assert!(charged.masked.is_empty(), "a list within the budgets");
            black_box(charged);
        }
    };
    (0..40_960).for_each(show);
    let mut n = 0;
    group.bench_function("list of fifty, many visitors", |b| {
        b.iter(|| {
            n += 1;
            show(n);
        });
    });
    group.finish();
}

criterion_group!(benches, verdict);
criterion_main!(benches);
