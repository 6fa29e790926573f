//! One entry of the ledger, and its short JSON keys.
//!
//! | key | what |
//! |---|---|
//! | `n` | number in its writer's chain, from 1 |
//! | `t` | time, milliseconds since the Unix epoch, UTC |
//! | `k` | kind |
//! | `ref`, `part` | reference of the request; number of this entry among those of the reference, from 0 |
//! | `a`, `net`, `s`, `acc`, `c`, `lic` | keyed names of address, network, session, account, client, licence |
//! | `asn` | number of the autonomous system, where a table is given |
//! | `nk` | kind of the network; absent: unknown |
//! | `lane`, `st` | lane and standing |
//! | `r`, `f` | name and family of the route |
//! | `m`, `code` | method and status |
//! | `act`, `mode` | the verdict's action; whether verdicts were carried out |
//! | `why` | codes of the reasons |
//! | `det` | reasons with numbers: `[code, points, what was seen]` |
//! | `p` | people: `[identifier, fields that left, fields that were masked]`, fields as bits of the header's list |
//! | `note` | a sentence, for gaps |

use std::sync::Arc;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::doors::{Action, Disclosure, Identity, Lane, NetworkKind, Pseudonym, Reason, Reference, Standing};
use crate::policy::{FieldSet, Mode};

/// What an entry tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// People in an answer.
    Disclosure,
    /// A field shown on request.
    Reveal,
    /// A request that did not pass, or would not have.
    Verdict,
    /// A challenge was solved.
    Proof,
    /// Something may be missing here; `note` says why.
    Gap,
    /// A site was switched to watch or enforce.
    Mode,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Number in its writer's chain; filled in by the ledger.
    #[serde(rename = "n")]
    pub seq: u64,
    /// When, in milliseconds since the Unix epoch.
    #[serde(rename = "t")]
    pub at_ms: u64,
    /// What it tells of.
    #[serde(rename = "k")]
    pub kind: EntryKind,
    /// Reference of the request.
    #[serde(rename = "ref", with = "reference", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Number of this entry among those of its reference.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub part: u32,
    /// Address.
    #[serde(rename = "a", with = "name", default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Pseudonym>,
    /// Network.
    #[serde(rename = "net", with = "name", default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Pseudonym>,
    /// Session.
    #[serde(rename = "s", with = "name", default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Pseudonym>,
    /// Account.
    #[serde(rename = "acc", with = "name", default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Pseudonym>,
    /// Client.
    #[serde(rename = "c", with = "name", default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Pseudonym>,
    /// Licence.
    #[serde(rename = "lic", with = "name", default, skip_serializing_if = "Option::is_none")]
    pub licence: Option<Pseudonym>,
    /// Number of the autonomous system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// Kind of the network.
    #[serde(rename = "nk", default, skip_serializing_if = "NetworkKind::is_unknown")]
    pub network_kind: NetworkKind,
    /// Lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<Lane>,
    /// Standing.
    #[serde(rename = "st", default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// Route.
    #[serde(rename = "r", default, skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Family of the route.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Method.
    #[serde(rename = "m", default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Status of the answer.
    #[serde(rename = "code", default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The verdict.
    #[serde(rename = "act", default, skip_serializing_if = "Option::is_none")]
    pub action: Option<Action>,
    /// Watch or enforce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// Codes of the reasons.
    #[serde(rename = "why", default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Reasons with numbers: code, points, what was seen.
    #[serde(rename = "det", default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, u16, String)>,
    /// People.
    #[serde(rename = "p", with = "people", default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<Disclosure>,
    /// A sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The fields its bits stand for, where that is not said by the header: an answer that was under way when a policy
    /// was replaced still has those of its own. Not written; the ledger has the bits follow the names.
    #[serde(skip)]
    pub fields: Option<Arc<[String]>>,
}

impl Entry {
    /// An entry that tells of nobody yet.
    #[must_use]
    pub fn new(kind: EntryKind, at_ms: u64) -> Self {
        Self {
            seq: 0,
            at_ms,
            kind,
            reference: None,
            part: 0,
            address: None,
            network: None,
            session: None,
            account: None,
            client: None,
            licence: None,
            asn: None,
            network_kind: NetworkKind::Unknown,
            lane: None,
            standing: None,
            route: None,
            family: None,
            method: None,
            status: None,
            action: None,
            mode: None,
            reasons: Vec::new(),
            details: Vec::new(),
            people: Vec::new(),
            note: None,
            fields: None,
        }
    }

    /// Notes reasons: their codes, and their numbers where they have any.
    pub fn reason_with<'r>(&mut self, reasons: impl IntoIterator<Item = &'r Reason>) {
        for r in reasons {
            if !self.reasons.contains(&r.code) {
                self.reasons.push(r.code.clone());
                if !r.detail.is_empty() {
                    self.details.push((r.code.clone(), r.weight, r.detail.clone()));
                }
            }
        }
    }

    /// An entry about somebody's request: their keyed names and lane filled in.
    #[must_use]
    pub fn about(kind: EntryKind, identity: &Identity, at_ms: u64) -> Self {
        Self {
            address: Some(identity.address),
            network: Some(identity.network),
            // A session that was only just handed out has not been seen again: it names nobody yet.
            session: identity.session.filter(|s| s.returned).map(|s| s.name),
            account: identity.account.map(|a| a.name),
            client: Some(identity.client),
            licence: identity.licence,
            asn: identity.asn,
            network_kind: identity.network_kind,
            lane: Some(identity.lane),
            ..Self::new(kind, at_ms)
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Keyed names as hexadecimal text.
mod name {
    use super::{Deserializer, Error, Pseudonym, Serializer, Visitor};

    #[expect(clippy::ref_option, reason = "serde asks for a reference")]
    pub fn serialize<S: Serializer>(v: &Option<Pseudonym>, s: S) -> Result<S::Ok, S::Error> {
        match v {
            None => s.serialize_none(),
            Some(p) => {
                let mut text = [0u8; 24];
                for (i, b) in p.0.iter().enumerate() {
                    text[2 * i] = b"0123456789abcdef"[usize::from(b >> 4)];
                    text[2 * i + 1] = b"0123456789abcdef"[usize::from(b & 15)];
                }
                s.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
            }
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Pseudonym>, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Option<Pseudonym>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("24 hexadecimal digits")
            }
            fn visit_str<E: Error>(self, v: &str) -> Result<Self::Value, E> {
                Pseudonym::from_hex(v).map(Some).ok_or_else(|| E::custom("not 24 hexadecimal digits"))
            }
        }
        d.deserialize_str(Text)
    }
}

/// References as visitors read them.
mod reference {
    use super::{Deserialize, Deserializer, Error, Reference, Serializer};

    #[expect(clippy::ref_option, reason = "serde asks for a reference")]
    pub fn serialize<S: Serializer>(v: &Option<Reference>, s: S) -> Result<S::Ok, S::Error> {
        match v {
            None => s.serialize_none(),
            Some(r) => s.collect_str(r),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Reference>, D::Error> {
        String::deserialize(d)?.parse().map(Some).map_err(|()| D::Error::custom("not a reference"))
    }
}

/// People as short arrays.
mod people {
    use super::{Deserialize, Deserializer, Disclosure, FieldSet, Serializer};
    use serde::ser::SerializeSeq;

    pub fn serialize<S: Serializer>(v: &[Disclosure], s: S) -> Result<S::Ok, S::Error> {
        let mut seq = s.serialize_seq(Some(v.len()))?;
        for d in v {
            seq.serialize_element(&(&d.person, d.shown.0, d.masked.0))?;
        }
        seq.end()
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Disclosure>, D::Error> {
        let rows: Vec<(String, u64, u64)> = Vec::deserialize(d)?;
        Ok(rows
            .into_iter()
            .map(|(person, shown, masked)| Disclosure { person, shown: FieldSet(shown), masked: FieldSet(masked) })
            .collect())
    }
}
