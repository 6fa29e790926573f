//! Who would be hit: the visitors behind an address, a network or a software, as the last hours' ledger and the state
//! know them.
//!
//! The state keeps no links between principals; the ledger's entries have all their names. So the entries of the last
//! hours say who belongs to a principal, and the state says how each of them behaves now.

use std::collections::{HashMap, HashSet};

use hedgerow_engine::doors::{Level, Pseudonym};
use hedgerow_engine::record::{Entry, Item, Query, select};
use serde_json::{Value, json};

use crate::sites::SiteRuntime;

/// Most entries that are looked at: a network that fills more is answered for in part, and says so.
const MOST_ENTRIES: usize = 500_000;

/// Longest look back, hours.
const MOST_HOURS: u32 = 72;

/// One visitor: the innermost name it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Visitor {
    Account(Pseudonym),
    Session(Pseudonym),
    /// No cookie of ours: the software at an address.
    Unnamed(Pseudonym, Pseudonym),
}

/// Counts who is behind a principal.
///
/// # Errors
/// A sentence: another level, a name that is none, a ledger that cannot be read.
pub fn reach(runtime: &SiteRuntime, level: Level, name: &str, hours: u32, now_ms: u64) -> Result<Value, String> {
    if !hedgerow_engine::measures::LEVELS.contains(&level) {
        return Err("reach is counted for an account, a session, an address, a network or a client".to_owned());
    }
    let digits = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if !matches!(name.len(), 16 | 24) || !name.bytes().all(digits) {
        return Err("a name has 24 lower-case hexadecimal digits as in the ledger, or the first 16".to_owned());
    }
    let hours = hours.clamp(1, MOST_HOURS);
    let since_ms = now_ms.saturating_sub(u64::from(hours) * 3_600_000);
    let query = Query { since_ms, principal: Some(name.to_owned()), ..Query::default() };
    let mut found = Found::default();
    for item in select(runtime.memory.ledger.dir(), query).map_err(|e| e.to_string())? {
        if found.entries == MOST_ENTRIES {
            found.partial = true;
            break;
        }
        match item {
            Ok(Item::Entry(e)) => found.note(&e, level, name),
            Ok(Item::Header(_)) => {}
            Err(e) => {
                tracing::warn!(site = runtime.site.name, error = %e, "a damaged part of the ledger was passed over");
                found.partial = true;
            }
        }
    }
    Ok(found.told(runtime, since_ms, now_ms))
}

#[derive(Default)]
struct Found {
    entries: usize,
    partial: bool,
    addresses: HashSet<Pseudonym>,
    sessions: HashSet<Pseudonym>,
    accounts: HashSet<Pseudonym>,
    /// Each visitor, and whether one of its entries tells of a suspicion.
    visitors: HashMap<Visitor, bool>,
}

impl Found {
    fn note(&mut self, e: &Entry, level: Level, name: &str) {
        let at_level = match level {
            Level::Address => e.address,
            Level::Network => e.network,
            Level::Session => e.session,
            Level::Account => e.account,
            _ => e.client,
        };
        if !at_level.is_some_and(|n| n.hex().starts_with(name)) {
            return;
        }
        self.entries += 1;
        self.addresses.extend(e.address);
        self.sessions.extend(e.session);
        self.accounts.extend(e.account);
        let visitor = match (e.account, e.session, e.address, e.client) {
            (Some(a), ..) => Visitor::Account(a),
            (None, Some(s), ..) => Visitor::Session(s),
            (None, None, Some(a), Some(c)) => Visitor::Unnamed(a, c),
            _ => return,
        };
        let suspected = e.reasons.iter().any(|r| r.starts_with("signal.") || r.starts_with("beyond."));
        *self.visitors.entry(visitor).or_default() |= suspected;
    }

    fn told(&self, runtime: &SiteRuntime, since_ms: u64, now_ms: u64) -> Value {
        let (state, site) = (&runtime.memory.state, &runtime.site);
        let (mut held, mut ordinary) = (0u64, 0u64);
        for (visitor, suspected) in &self.visitors {
            let look = match visitor {
                Visitor::Account(n) => state.look(site, Level::Account, *n, now_ms),
                Visitor::Session(n) => state.look(site, Level::Session, *n, now_ms),
                Visitor::Unnamed(a, c) => state.look_unnamed(site, *a, *c, now_ms),
            };
            held += u64::from(look.is_some());
            ordinary += u64::from(!suspected && look.is_none_or(|l| !l.suspected && !l.spent));
        }
        json!({
            "site": site.name,
            "since_ms": since_ms,
            "addresses": self.addresses.len(),
            "sessions": self.sessions.len(),
            "accounts": self.accounts.len(),
            "visitors": self.visitors.len(),
            "ordinary": ordinary,
            "held": held,
            "partial": self.partial,
            "caveat": "Only visitors who were shown people, or were stopped, since then: whoever read other pages is not \
                       counted. A visitor without our cookie counts once for each software at an address. Ordinary: no \
                       signal, nobody asked for beyond a budget, no budget of its own spent within a day.",
        })
    }
}
