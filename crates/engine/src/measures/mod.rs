//! Measures: what a person decided about one principal, or about a site for everybody, for a time.
//!
//! In come the bytes of `measures.json` and, request by request, an [`Identity`] and a route; out goes a [`Ruling`], which
//! the judge reads like any other fact. Nothing here looks at a clock or a file. Every measure ends by itself.
//!
//! What holds for everybody ([`everybody`]) is about routes that show people: a posture that does not fall below a step,
//! fields that nobody is shown, a route that answers nobody. No release frees from it.
//!
//! A request can be under several measures at once: its account's, its session's, its address's, its network's, its
//! client's. They are read from the narrowest principal to the widest:
//!
//! 1. A `release` ends the reading: nothing that was decided about a wider principal holds for this request, and nothing
//!    else that was decided about the released one itself. So the release of an address beats the refusal of its network,
//!    and a refused session stays refused at a released address.
//! 2. Of what was read before that, the strictest holds: `refuse`, then `prove`; every `budget` lowers its levels, the
//!    largest factor counts; every `watch` marks.
//! 3. A release only frees from verdicts. Budgets stay: nothing removes them.

mod everybody;
mod reading;
mod ruling;

#[cfg(test)]
mod tests;

pub use everybody::{Everybody, Floor};
pub use reading::{Book, FORMAT, LONGEST_LIFE_S, MOST, MOST_BYTES, MOST_OF_EVERYBODY, MeasuresError};
pub use ruling::{Cuts, Ruling};

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hashbrown::HashMap;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::doors::{Identity, Level};
use crate::state::{Posture, principals};

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Its requests are marked, and nothing else.
    Watch,
    /// Its budgets are divided by a factor.
    Budget,
    /// It is challenged until it has proved itself.
    Prove,
    /// It is refused.
    Refuse,
    /// No verdict beyond `mask`: no signal, rule or earlier step counts, budgets do.
    Release,
    /// For everybody: the posture is at least so tense.
    Posture,
    /// For everybody: a field is masked.
    Mask,
    /// For everybody: a route shows nobody.
    Close,
}

impl Act {
    /// What can be decided about a principal.
    pub const OF_PRINCIPALS: [Self; 5] = [Self::Watch, Self::Budget, Self::Prove, Self::Refuse, Self::Release];

    /// What can be decided for everybody.
    pub const OF_EVERYBODY: [Self; 3] = [Self::Posture, Self::Mask, Self::Close];

    /// Whether it is about a site, and not about a principal.
    #[must_use]
    pub fn of_everybody(self) -> bool {
        Self::OF_EVERYBODY.contains(&self)
    }

    /// The code of its reason, from the closed list in `judge::reasons`.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Watch => "measure_watch",
            Self::Budget => "measure_budget",
            Self::Prove => "measure_prove",
            Self::Refuse => "measure_refuse",
            Self::Release => "measure_release",
            Self::Posture => "measure_posture",
            Self::Mask => "measure_mask",
            Self::Close => "measure_close",
        }
    }
}

/// Levels a measure can be taken at, the narrowest principal first.
pub const LEVELS: [Level; 5] = [Level::Account, Level::Session, Level::Address, Level::Network, Level::Client];

/// Whom a measure is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// A principal.
    Principal {
        /// At which level.
        level: Level,
        /// Its keyed name as it was written: 16 or 24 hexadecimal digits, of which the first 16 tell.
        name: String,
    },
    /// Everybody.
    Everybody {
        /// The route, by the name the people map gives it; absent: every route that shows people.
        route: Option<String>,
        /// The field that is masked.
        field: Option<String>,
        /// How tense it is at least.
        posture: Option<Posture>,
    },
}

/// One measure in force or to come, and how often it has met a request.
#[derive(Debug)]
pub struct Measure {
    /// Its identifier.
    pub id: String,
    /// Whom it is about.
    pub about: About,
    /// What is done.
    pub act: Act,
    /// What budgets are divided by; 1 unless it is a `budget`.
    pub factor: u8,
    /// From when, Unix seconds.
    pub from_s: u64,
    /// Until when, Unix seconds.
    pub until_s: u64,
    hits: AtomicU64,
    last_ms: AtomicU64,
}

impl Measure {
    /// Whether it holds at a time.
    #[must_use]
    pub fn holds(&self, now_ms: u64) -> bool {
        (self.from_s..self.until_s).contains(&(now_ms / 1000))
    }

    /// Requests it has met, and when it met the last one (milliseconds; 0 = none).
    #[must_use]
    pub fn met(&self) -> (u64, u64) {
        (self.hits.load(Relaxed), self.last_ms.load(Relaxed))
    }

    fn meet(&self, now_ms: u64) {
        self.hits.fetch_add(1, Relaxed);
        self.last_ms.fetch_max(now_ms, Relaxed);
    }

    fn same_as(&self, other: &Self) -> bool {
        (&self.id, &self.about, self.act) == (&other.id, &other.about, other.act)
    }
}

/// The measures of one site, compiled; swapped whole.
#[derive(Debug, Default)]
pub struct Measures {
    all: Vec<Measure>,
    by_principal: HashMap<(Level, u64), SmallVec<[u32; 2]>>,
    /// Levels at which there are any, as bits.
    levels: u8,
    /// Places of what holds for everybody; few, so that they are gone through.
    for_everybody: Vec<u32>,
}

impl Measures {
    fn new(all: Vec<(u64, Measure)>) -> Self {
        let mut new = Self::default();
        for (key, m) in all {
            let place = u32::try_from(new.all.len()).unwrap_or(u32::MAX);
            match m.about {
                About::Principal { level, .. } => {
                    new.by_principal.entry((level, key)).or_default().push(place);
                    new.levels |= 1 << level as u8;
                }
                About::Everybody { .. } => new.for_everybody.push(place),
            }
            new.all.push(m);
        }
        new
    }

    /// Whether there are none: then nothing is looked up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// All measures, in the order in which they are written.
    #[must_use]
    pub fn all(&self) -> &[Measure] {
        &self.all
    }

    /// What was decided about whoever makes this request.
    #[must_use]
    pub fn ruling(&self, id: &Identity, now_ms: u64) -> Ruling {
        self.walk(id, now_ms, |_| {})
    }

    /// As [`Measures::ruling`], and every measure that holds for the request counts it.
    pub fn meet(&self, id: &Identity, now_ms: u64) -> Ruling {
        self.walk(id, now_ms, |m| m.meet(now_ms))
    }

    fn walk(&self, id: &Identity, now_ms: u64, note: impl Fn(&Measure)) -> Ruling {
        let mut ruling = Ruling::default();
        if self.levels == 0 {
            return ruling;
        }
        // The principals of a request come from the narrowest to the widest.
        for (level, name) in principals(id) {
            if self.levels & 1 << level as u8 == 0 {
                continue;
            }
            let Some(places) = self.by_principal.get(&(level, name.key())) else { continue };
            let here = || places.iter().filter_map(|i| self.all.get(*i as usize)).filter(|m| m.holds(now_ms));
            if let Some(release) = here().find(|m| m.act == Act::Release) {
                ruling.release(level);
                note(release);
                break;
            }
            for m in here() {
                ruling.add(m, level);
                note(m);
            }
        }
        ruling
    }

    /// Takes over the counts of measures that were in the table before.
    pub fn take_counts(&self, before: &Self) {
        let known: HashMap<&str, &Measure> = before.all.iter().map(|m| (m.id.as_str(), m)).collect();
        for m in &self.all {
            if let Some(old) = known.get(m.id.as_str()).filter(|old| m.same_as(old)) {
                let (hits, last_ms) = old.met();
                m.hits.fetch_add(hits, Relaxed);
                m.last_ms.fetch_max(last_ms, Relaxed);
            }
        }
    }
}
