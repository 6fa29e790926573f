//! Counts of a replay that add up over its parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of one day, UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// Requests.
    pub requests: u64,
    /// ... for routes that show people.
    pub people_requests: u64,
    /// ... on which the verdict was more than to let it pass.
    pub acted_on: u64,
}

/// Counts of a group, which add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// ... whose path names one person.
    pub requests_people: u64,
    /// ... for lists and searches, of which a log cannot say whom they showed.
    pub requests_lists: u64,
    /// Actors.
    pub actors: u64,
    /// The first and the last request, milliseconds; 0 when there is none.
    pub first_ms: u64,
    /// The last.
    pub last_ms: u64,
    /// Requests by the verdict.
    pub verdicts: BTreeMap<String, u64>,
    /// Requests by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Requests by route.
    pub routes: BTreeMap<String, u64>,
    /// By day, counted from 1970-01-01.
    pub days: BTreeMap<u32, Day>,
    /// Most actors of one group that were remembered at once.
    pub most_live_actors: u64,
}

impl Totals {
    /// Adds the counts of another group.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.requests_people += other.requests_people;
        self.requests_lists += other.requests_lists;
        self.actors += other.actors;
        self.most_live_actors = self.most_live_actors.max(other.most_live_actors);
        if other.requests > 0 {
            self.first_ms = if self.first_ms == 0 { other.first_ms } else { self.first_ms.min(other.first_ms) };
        }
        self.last_ms = self.last_ms.max(other.last_ms);
        for (mine, theirs) in [
            (&mut self.verdicts, &other.verdicts),
            (&mut self.reasons, &other.reasons),
            (&mut self.routes, &other.routes),
        ] {
            for (k, n) in theirs {
                *mine.entry(k.clone()).or_default() += n;
            }
        }
        for (day, d) in &other.days {
            let mine = self.days.entry(*day).or_default();
            mine.requests += d.requests;
            mine.people_requests += d.people_requests;
            mine.acted_on += d.acted_on;
        }
    }
}

/// Counts one more of a kind.
pub fn count(counts: &mut BTreeMap<String, u64>, code: &str) {
    match counts.get_mut(code) {
        Some(n) => *n += 1,
        None => {
            counts.insert(code.to_owned(), 1);
        }
    }
}
