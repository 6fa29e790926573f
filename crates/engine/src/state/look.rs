//! A look at one visitor that changes nothing: whether it behaves as ordinary visitors do.

use super::actor::unnamed_key;
use super::{State, seconds};
use crate::doors::{Level, Pseudonym, Signal};
use crate::policy::{Site, Window};

/// What the state holds of one visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// A signal of behaviour that the policy weighs is seen.
    pub suspected: bool,
    /// A budget of its own was found spent within the last day.
    pub spent: bool,
}

impl State {
    /// Looks at a visitor by account or session; `None` when it is not held (any more).
    #[must_use]
    pub fn look(&self, site: &Site, level: Level, name: Pseudonym, now_ms: u64) -> Option<Look> {
        self.look_at(site, level, name.key(), now_ms)
    }

    /// Looks at whoever comes from an address with this software and brings no cookie of ours.
    #[must_use]
    pub fn look_unnamed(&self, site: &Site, address: Pseudonym, client: Pseudonym, now_ms: u64) -> Option<Look> {
        self.look_at(site, Level::Address, unnamed_key(address, client), now_ms)
    }

    fn look_at(&self, site: &Site, level: Level, key: u64, now_ms: u64) -> Option<Look> {
        let now_s = seconds(now_ms);
        self.table.peek(key, level, |p| Look {
            suspected: p.behaviour.as_ref().is_some_and(|b| {
                // Whether a pass is shared depends on the request; that signal stands in the ledger's entries.
                !b.evidence(|s: Signal| site.weight(s) > 0, 0, u8::MAX).is_empty() || b.people_beyond(now_s) > 0
            }),
            spent: p.spent_s != 0 && now_s.saturating_sub(p.spent_s) < Window::Day.seconds(),
        })
    }
}
