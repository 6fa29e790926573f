//! What a million address principals cost: each of one address is shown three people. One JSON line.
//! `cargo run --release -p hedgerow-engine --example memory [ADDRESSES]`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

use hedgerow_engine::doors::{AddressSource, Allowance, Identity, Lane, Pseudonym, SensitivitySet, Standing};
use hedgerow_engine::policy::{FieldSet, Site};
use hedgerow_engine::state::{State, Visit};
use smallvec::SmallVec;

/// 2026-01-01T00:00:00Z, in milliseconds.
const START_MS: u64 = 1_767_225_600_000;

/// People of the site.
const PEOPLE: u64 = 5_000;

/// Name and town: fields of two sensitivities, both counted.
const WANT: FieldSet = FieldSet(0b101);

fn hash(what: &str, n: u64) -> [u8; 32] {
    *blake3::hash(format!("{what} {n}").as_bytes()).as_bytes()
}

fn name(what: &str, n: u64) -> Pseudonym {
    let mut short = [0u8; 12];
    short.copy_from_slice(&hash(what, n)[..12]);
    Pseudonym(short)
}

fn person_key(n: u64) -> u64 {
    let mut key = [0u8; 8];
    key.copy_from_slice(&hash("person", n)[..8]);
    u64::from_le_bytes(key)
}

fn visitor(address: u32) -> Identity {
    let n = u64::from(address);
    Identity {
        address_raw: IpAddr::V4(Ipv4Addr::from(address)),
        address_source: AddressSource::Connection,
        address: name("address", n),
        network: name("network", n / 256),
        asn: None,
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

/// Resident memory of this process in bytes, where the system tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let addresses: u32 = std::env::args().nth(1).map_or(Ok(1_000_000), |a| a.parse())?;
    let mut json: serde_json::Value = serde_json::from_str(include_str!("../tests/judged_site.json"))?;
    // Nobody is masked for the crowd: the question is what they cost, not whether they get in.
    json["posture"]["raised"] = serde_json::json!([]);
    json["posture"]["high"] = serde_json::json!([]);
    json["budgets"].as_array_mut().ok_or("the site has no budgets")?.retain(|b| b["level"] != "network");
    let site: Site = serde_json::from_value(json)?;
    let people: Vec<u64> = (0..PEOPLE).map(person_key).collect();
    let before = resident_bytes();
    let state = State::new(4 << 30);
    let allowance =
        Allowance { standing: Standing::Stranger, never: SensitivitySet::NONE, on_request: SensitivitySet::NONE };
    let profile = site.route("GET", "/members/7");
    let page = Visit { navigation: true, ..Visit::default() };
    let started = Instant::now();
    let mut shown = 0u64;
    for address in 0..addresses {
        let id = visitor(address);
        let n = u64::from(address);
        let now_ms = START_MS + n;
        for i in 0..3u64 {
            state.arrive(&site, &id, profile.as_ref(), &page, now_ms);
            let key = people[usize::try_from((n * 7 + i * 1_201) % PEOPLE)?];
            shown += u64::from(!state.charge(&site, &id, &allowance, 0, "", key, WANT, now_ms).shown.is_empty());
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let resident = resident_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
    println!(
        "{}",
        serde_json::json!({
            "addresses": addresses, "people_each": 3, "shown": shown, "principals": state.principals(),
            "memory_bytes": state.memory_bytes(), "memory_mb": state.memory_bytes() / 1_000_000,
            "resident_bytes": resident, "seconds": (seconds * 10.0).round() / 10.0,
        })
    );
    Ok(())
}
