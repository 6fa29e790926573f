//! How long one request's verdict takes in traffic as a site gets it. One JSON line.
//!
//!     cargo run --release -p hedgerow-engine --example traffic
//!
//! Every request is timed by itself (noting it, deciding, charging one person; the clock's own cost is taken off), because
//! visitors who were never seen cost more than others, and a mean of many requests hides both.

#[path = "../benches/crowd/mod.rs"]
mod crowd;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use crowd::{FRESH_PERCENT, PEOPLE, REGULARS, Traffic, WANT, calm_site, headers, request};
use hedgerow_engine::doors::Transport;
use hedgerow_engine::judge::Judge;
use hedgerow_engine::state::{Ask, State, Visit};
use serde_json::{Value, json};

/// The allocator the gateway runs with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Memory for principals, in bytes.
const BOUND: usize = 128 << 20;

/// Requests before any is timed, and those that are.
const BEFORE: usize = 6_000_000;
const TIMED: usize = 1_000_000;

/// What the clock itself takes, in nanoseconds: the median of asking it twice.
fn clock_ns() -> u128 {
    let mut all: Vec<u128> = (0..10_001).map(|_| Instant::now().elapsed().as_nanos()).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

fn figures(mut all: Vec<u128>) -> Value {
    all.sort_unstable();
    let at = |share: usize| all[(all.len() - 1) * share / 1000];
    json!({"requests": all.len(), "p50_ns": at(500), "p90_ns": at(900), "p99_ns": at(990)})
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let site = calm_site();
    let judge = Judge::new(&site)?;
    let state = State::new(BOUND);
    let mut traffic = Traffic::new();
    let transport = Transport { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), tls: true, ja4: None, h2_print: None };
    let headers = headers();
    let request = request(&headers, &transport);
    let page = Visit { navigation: true, ..Visit::default() };
    let clock_ns = clock_ns();
    let (mut seen, mut fresh) = (Vec::new(), Vec::new());
    for n in 0..BEFORE + TIMED {
        let (id, person, now_ms) = traffic.next_request();
        let started = Instant::now();
        let route = site.route("GET", request.path);
        let snap = state.arrive(&site, &id, route.as_ref(), &page, now_ms);
        let v = judge.decide(&site, &request, &id, route.as_ref(), &snap, now_ms);
        black_box(state.charge(&site, &id, &v.allowance, &Ask::of(0, person, WANT), now_ms));
        let took = started.elapsed().as_nanos().saturating_sub(clock_ns);
        if n >= BEFORE {
            if id.session.is_some() { &mut seen } else { &mut fresh }.push(took);
        }
    }
    let overview = state.overview(&site, crowd::START_MS, 0);
    let told = json!({
        "regulars": REGULARS, "people": PEOPLE, "fresh_percent": FRESH_PERCENT, "bound_bytes": BOUND,
        "principals": overview.principals, "evicted": overview.evicted, "clock_ns": clock_ns,
        "all": figures([seen.clone(), fresh.clone()].concat()), "regular": figures(seen), "fresh": figures(fresh),
    });
    println!("{told}");
    Ok(())
}
