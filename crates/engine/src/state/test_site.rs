//! A site and visitors for the tests of the rooms state and judge.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;
use smallvec::SmallVec;

use crate::doors::{
    Account, AddressSource, Allowance, Identity, Lane, NetworkKind, Pseudonym, SensitivitySet, Session, Standing,
};
use crate::measures::Cuts;
use crate::policy::{FieldSet, Site};

/// 2026-01-01T00:00:00Z, in milliseconds.
pub(crate) const START_MS: u64 = 1_767_225_600_000;

pub(crate) const NAME: usize = 0;
pub(crate) const TOWN: usize = 2;
pub(crate) const EMAIL: usize = 4;
pub(crate) const FAITH: usize = 5;

/// The site of `tests/judged_site.json`.
pub(crate) fn site() -> Site {
    site_with(|_| {})
}

/// The same, its compiled JSON changed first.
pub(crate) fn site_with(change: impl FnOnce(&mut Value)) -> Site {
    let mut json: Value = serde_json::from_str(include_str!("../../tests/judged_site.json")).unwrap();
    change(&mut json);
    serde_json::from_value(json).unwrap()
}

/// A keyed hash, as the gateway's keys give.
pub(crate) fn hash(what: &str, n: u64) -> [u8; 32] {
    *blake3::hash(format!("{what} {n}").as_bytes()).as_bytes()
}

pub(crate) fn name(what: &str, n: u64) -> Pseudonym {
    Pseudonym(hash(what, n)[..12].try_into().unwrap())
}

pub(crate) fn person_key(n: u64) -> u64 {
    u64::from_le_bytes(hash("person", n)[..8].try_into().unwrap())
}

/// A visitor from one address of one network, with a browser like everybody's and no cookie.
pub(crate) fn visitor(address: u64, network: u64) -> Identity {
    Identity {
        address_raw: IpAddr::V4(Ipv4Addr::from(0x0a00_0000 | u32::try_from(address & 0x00ff_ffff).unwrap())),
        address_source: AddressSource::Connection,
        address: name("address", address),
        network: name("network", network),
        asn: None,
        network_kind: NetworkKind::Unknown,
        session: None,
        account: None,
        client: name("client", 0),
        licence: None,
        lane: Lane::Visitor,
        agent: None,
        evidence: SmallVec::new(),
        wants_html: true,
        navigation: true,
    }
}

impl Identity {
    /// With our cookie, brought back.
    pub(crate) fn keeps_cookie(mut self, n: u64) -> Self {
        let since_s = START_MS / 1000;
        self.session = Some(Session { name: name("session", n), since_s, returned: true, proven_until_s: 0 });
        self
    }

    /// With a pass that holds for a year.
    pub(crate) fn has_pass(mut self, n: u64) -> Self {
        self = self.keeps_cookie(n);
        if let Some(s) = &mut self.session {
            s.proven_until_s = START_MS / 1000 + 365 * 86_400;
        }
        self
    }

    /// Signed in, with an account made so many seconds before the start.
    pub(crate) fn signed_in(mut self, n: u64, age_s: u64) -> Self {
        self.account =
            Some(Account { name: name("account", n), confirmed: true, since_s: Some(START_MS / 1000 - age_s) });
        self.lane = Lane::Member;
        self
    }
}

/// What may be shown to a standing of this site.
pub(crate) fn allowance(site: &Site, standing: Standing) -> Allowance {
    Allowance {
        standing,
        never: site.never(standing),
        on_request: site.on_request(standing),
        cuts: Cuts::NONE,
        everybody: Default::default(),
    }
}

/// Everything that is not forbidden may be shown at once.
pub(crate) fn open_allowance(standing: Standing) -> Allowance {
    Allowance {
        standing,
        never: SensitivitySet::NONE,
        on_request: SensitivitySet::NONE,
        cuts: Cuts::NONE,
        everybody: Default::default(),
    }
}

pub(crate) fn fields(of: &[usize]) -> FieldSet {
    of.iter().fold(FieldSet::NONE, |set, f| set.union(FieldSet::of(*f)))
}
