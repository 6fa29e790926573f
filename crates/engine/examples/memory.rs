//! What principals cost in memory. One JSON line.
//!
//!     cargo run --release -p hedgerow-engine --example memory
//!     cargo run --release -p hedgerow-engine --example memory -- --requests 10000000
//!
//! The first shows a million addresses three people each (`--addresses N`: so many), in a table without a bound that
//! matters. The second sends so many requests, each from an address never seen before, into a table of 64 MiB, and tells
//! what the process holds after each tenth of them: the figure must not grow.

#[path = "../benches/crowd/mod.rs"]
mod crowd;

use std::time::Instant;

use crowd::{START_MS, WANT, calm_site, visitor};
use hedgerow_engine::doors::{Allowance, SensitivitySet, Standing};
use hedgerow_engine::measures::Cuts;
use hedgerow_engine::policy::Site;
use hedgerow_engine::state::{Ask, State, Visit};
use serde_json::{Value, json};

/// People of the site.
const PEOPLE: u64 = 5_000;

/// Memory for principals where it is bounded, in bytes.
const BOUND: usize = 64 << 20;

type Failure = Box<dyn std::error::Error>;

fn person_key(n: u64) -> u64 {
    let mut key = [0u8; 8];
    key.copy_from_slice(&blake3::hash(format!("person {n}").as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(key)
}

/// Resident memory of this process in bytes.
fn resident_bytes() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).ok_or("this system does not tell resident memory")?;
    let kib = line.split_whitespace().nth(1).ok_or("VmRSS has no number")?;
    Ok(kib.parse::<u64>()? * 1024)
}

/// A site, its people, and a state, before anybody comes.
struct Crowd {
    site: Site,
    people: Vec<u64>,
    state: State,
}

impl Crowd {
    fn new(memory_bytes: usize) -> Self {
        // Nobody is masked for the crowd: the question is what they cost, not whether they get in.
        let site = calm_site();
        Self { site, people: (0..PEOPLE).map(person_key).collect(), state: State::new(memory_bytes) }
    }

    /// The n-th address asks for so many people; how many it was shown.
    fn comes(&self, n: u64, people: u64) -> Result<u64, Failure> {
        let id = visitor(n);
        let allowance = Allowance {
            standing: Standing::Stranger,
            never: SensitivitySet::NONE,
            on_request: SensitivitySet::NONE,
            cuts: Cuts::NONE,
            everybody: Default::default(),
        };
        let profile = self.site.route("GET", "/members/7");
        let page = Visit { navigation: true, ..Visit::default() };
        let now_ms = START_MS + n;
        let mut shown = 0;
        for i in 0..people {
            self.state.arrive(&self.site, &id, profile.as_ref(), &page, now_ms);
            let ask = Ask::of(0, self.people[usize::try_from((n * 7 + i * 1_201) % PEOPLE)?], WANT);
            shown += u64::from(!self.state.charge(&self.site, &id, &allowance, &ask, now_ms).shown.is_empty());
        }
        Ok(shown)
    }
}

/// So many addresses, each shown three people, all remembered.
fn remembered(addresses: u64) -> Result<Value, Failure> {
    let crowd = Crowd::new(4 << 30);
    let before = resident_bytes()?;
    let mut shown = 0;
    for n in 0..addresses {
        shown += crowd.comes(n, 3)?;
    }
    Ok(json!({
        "addresses": addresses, "people_each": 3, "shown": shown, "principals": crowd.state.principals(),
        "memory_bytes": crowd.state.memory_bytes(), "memory_mb": crowd.state.memory_bytes() / 1_000_000,
        "resident_bytes": resident_bytes()?.saturating_sub(before),
    }))
}

/// So many requests, each from a new address, in bounded memory.
fn flood(requests: u64) -> Result<Value, Failure> {
    let crowd = Crowd::new(BOUND);
    let mut resident_mb = Vec::new();
    for n in 0..requests {
        crowd.comes(n, 1)?;
        if (n + 1) % (requests / 10).max(1) == 0 {
            resident_mb.push(resident_bytes()? / 1_000_000);
        }
    }
    Ok(json!({
        "requests": requests, "bound_bytes": BOUND, "principals": crowd.state.principals(),
        "memory_bytes": crowd.state.memory_bytes(), "resident_mb_after_each_tenth": resident_mb,
    }))
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let started = Instant::now();
    let mut told = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => remembered(1_000_000)?,
        ["--addresses", n] => remembered(n.parse()?)?,
        ["--requests", n] => flood(n.parse()?)?,
        _ => return Err("say nothing, `--addresses N` or `--requests N`".into()),
    };
    told["seconds"] = json!((started.elapsed().as_secs_f64() * 10.0).round() / 10.0);
    println!("{told}");
    Ok(())
}
