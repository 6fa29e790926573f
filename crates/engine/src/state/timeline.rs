//! The postures of a past that is known already: a list of changes, made once from all that strangers were shown.
//!
//! A gateway's posture moves with every person shown. A replay cannot do so and be divided among workers: so a first pass
//! over what strangers were shown makes the list, and the replay of each part reads it. The posture that applies to a
//! second is made of everything before that second, so neither order nor division within a second changes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::posture::{FamilyPosture, Posture, Tension};
use crate::doors::SensitivitySet;
use crate::policy::PosturePolicy;

/// Sketches move on at these seconds; between them only a person shown or time over the threshold changes a posture.
const STEP_S: u32 = 600;

/// After this long without a person shown every window is empty.
const QUIET_S: u32 = 2 * 86_400;

/// From a second on, a family is as tense as this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The first second to which it applies.
    pub from_s: u32,
    /// How tense.
    pub posture: Posture,
    /// When the wave began.
    pub since_s: u32,
}

/// Postures of all families over a past.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline(BTreeMap<String, Vec<Change>>);

impl Timeline {
    pub(super) fn at(&self, family: &str, now_s: u32) -> Tension {
        let Some(changes) = self.0.get(family) else { return Tension::NONE };
        let after = changes.partition_point(|c| c.from_s <= now_s);
        match after.checked_sub(1).and_then(|i| changes.get(i)) {
            Some(c) => Tension { posture: c.posture, since_s: c.since_s },
            None => Tension::NONE,
        }
    }

    /// The changes, family by family.
    pub fn changes(&self) -> impl Iterator<Item = (&str, &[Change])> {
        self.0.iter().map(|(family, changes)| (family.as_str(), changes.as_slice()))
    }
}

/// Makes the timeline of one family from its sightings, in the order of time.
pub struct TimelineMaker<'p> {
    policy: &'p PosturePolicy,
    family: FamilyPosture,
    now_s: u32,
    changes: Vec<Change>,
}

impl<'p> TimelineMaker<'p> {
    /// A family of which nothing is known.
    #[must_use]
    pub fn new(policy: &'p PosturePolicy) -> Self {
        Self { policy, family: FamilyPosture::new(), now_s: 0, changes: Vec::new() }
    }

    /// A stranger was shown somebody. `person` is the person's keyed hash. Seconds must not go back.
    pub fn shown(&mut self, person: u64, sensitivities: SensitivitySet, at_s: u32) {
        self.pass_to(at_s);
        for s in sensitivities.iter() {
            self.family.shown(self.policy, super::charge::key_in_column(person, s), s, at_s);
        }
        self.note(at_s.saturating_add(1));
    }

    /// Lets time pass, as if somebody asked for the posture every second.
    fn pass_to(&mut self, to_s: u32) {
        if self.now_s == 0 || to_s <= self.now_s {
            if self.now_s == 0 {
                self.now_s = to_s;
                self.tick(to_s);
            }
            return;
        }
        let quiet_from = self.now_s.saturating_add(QUIET_S);
        while self.now_s < to_s {
            let next_step = (self.now_s / STEP_S + 1).saturating_mul(STEP_S);
            // The last second before the sketches move on, then the one at which they do.
            let next = if self.now_s + 1 < next_step { next_step - 1 } else { next_step };
            let falls = self.family.falls_at(self.policy).filter(|f| *f > self.now_s);
            let next = falls.map_or(next, |f| f.min(next)).min(to_s);
            let next = if next >= quiet_from && falls.is_none() { to_s } else { next };
            self.tick(next);
        }
    }

    fn tick(&mut self, at_s: u32) {
        self.now_s = at_s;
        self.family.tick(self.policy, at_s);
        self.note(at_s);
    }

    fn note(&mut self, from_s: u32) {
        let tension = self.family.standing();
        let (posture, since_s) = (tension.posture, tension.since_s);
        if let Some(last) = self.changes.last_mut() {
            if (last.posture, last.since_s) == (posture, since_s) {
                return;
            }
            if last.from_s == from_s {
                (last.posture, last.since_s) = (posture, since_s);
                return;
            }
        } else if posture == Posture::Calm {
            return;
        }
        self.changes.push(Change { from_s, posture, since_s });
    }

    /// The end of the past; afterwards the posture falls as it would when nobody is shown anybody.
    #[must_use]
    pub fn finish(mut self) -> Vec<Change> {
        let end = self.now_s.saturating_add(QUIET_S);
        if self.now_s > 0 {
            self.pass_to(end);
        }
        self.changes
    }
}

impl FromIterator<(String, Vec<Change>)> for Timeline {
    fn from_iter<I: IntoIterator<Item = (String, Vec<Change>)>>(families: I) -> Self {
        Self(families.into_iter().filter(|(_, changes)| !changes.is_empty()).collect())
    }
}
