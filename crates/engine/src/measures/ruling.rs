//! What a person's decisions come to for one request.

use super::{Act, Everybody, Measure};
use crate::doors::{LEVELS, Level};
use crate::policy::Limits;

/// By what the budgets of each level are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cuts([u8; LEVELS]);

impl Default for Cuts {
    fn default() -> Self {
        Self::NONE
    }
}

impl Cuts {
    /// Budgets as they are written.
    pub const NONE: Self = Self([1; LEVELS]);

    /// Divides the budgets of a principal and of those within it. What it shares with others stays whole: a harvester's
    /// session must not use up its neighbours' address by having a smaller one.
    pub(super) fn lower(&mut self, level: Level, factor: u8) {
        let within: &[Level] = match level {
            Level::Session => &[Level::Session],
            Level::Account => &[Level::Session, Level::Account],
            Level::Address => &[Level::Session, Level::Account, Level::Address],
            Level::Network => &[Level::Session, Level::Account, Level::Address, Level::Network],
            Level::Client => &[Level::Session, Level::Account, Level::Client],
            Level::Licence | Level::Strangers => &[],
        };
        for l in within {
            let known = &mut self.0[*l as usize];
            *known = (*known).max(factor);
        }
    }

    /// Limits of a level as they are for this request: rounded down, and never below one person where there was one.
    #[must_use]
    pub fn of(&self, level: Level, l: Limits) -> Limits {
        let by = u32::from(self.0[level as usize]);
        if by <= 1 {
            return l;
        }
        let cut = |n: Option<u32>| n.map(|n| (n / by).max(n.min(1)));
        Limits { hour: cut(l.hour), day: cut(l.day), month: cut(l.month) }
    }
}

/// What holds for one request. Made anew for each; nothing in it has to be checked against the clock again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ruling {
    watched: Option<Level>,
    lowered: Option<Level>,
    prove: Option<Level>,
    refused: Option<Level>,
    refused_until_s: u64,
    released: Option<Level>,
    /// What the budgets are divided by.
    pub cuts: Cuts,
    /// What holds for everybody who asks for this route.
    pub everybody: Everybody,
}

impl Ruling {
    pub(super) fn add(&mut self, m: &Measure, level: Level) {
        // The narrowest comes first and is the one that is told.
        let place = match m.act {
            Act::Watch => &mut self.watched,
            Act::Budget => {
                self.cuts.lower(level, m.factor);
                &mut self.lowered
            }
            Act::Prove => &mut self.prove,
            Act::Refuse => {
                self.refused_until_s = self.refused_until_s.max(m.until_s);
                &mut self.refused
            }
            Act::Release | Act::Posture | Act::Mask | Act::Close => return,
        };
        place.get_or_insert(level);
    }

    pub(super) fn release(&mut self, level: Level) {
        // A narrower decision that stops a request stands.
        if self.refused.is_none() && self.prove.is_none() {
            self.released = Some(level);
        }
    }

    /// The same, with what holds for everybody.
    #[must_use]
    pub fn and(self, everybody: Everybody) -> Self {
        Self { everybody, ..self }
    }

    /// Whether nobody decided anything about this request.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it is released.
    #[must_use]
    pub fn released(&self) -> bool {
        self.released.is_some()
    }

    /// Until when it is refused (Unix seconds).
    #[must_use]
    pub fn refused_until_s(&self) -> Option<u64> {
        self.refused.map(|_| self.refused_until_s)
    }

    /// Whether it has to prove itself.
    #[must_use]
    pub fn must_prove(&self) -> bool {
        self.prove.is_some()
    }

    /// What was decided about its principals, and at which level.
    pub fn acts(&self) -> impl Iterator<Item = (Act, Level)> {
        [
            (Act::Watch, self.watched),
            (Act::Budget, self.lowered),
            (Act::Prove, self.prove),
            (Act::Refuse, self.refused),
            (Act::Release, self.released),
        ]
        .into_iter()
        .filter_map(|(act, level)| Some((act, level?)))
    }
}
