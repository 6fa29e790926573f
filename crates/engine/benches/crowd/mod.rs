//! A site and its visitors for what is measured: the bench of verdicts and the example about memory.

use std::net::{IpAddr, Ipv4Addr};

use hedgerow_engine::doors::{AddressSource, Identity, Lane, NetworkKind, Pseudonym};
use hedgerow_engine::policy::{FieldSet, Site};
use serde_json::Value;
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

/// The site of the judge's tests, changed first.
pub fn site(change: impl FnOnce(&mut Value)) -> Site {
    let mut json: Value = serde_json::from_str(include_str!("../../tests/judged_site.json")).expect("a site");
    change(&mut json);
    serde_json::from_value(json).expect("a site")
}
