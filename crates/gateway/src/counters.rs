//! Counters for the live status, one set per site, shared by the workers.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hedgerow_engine::doors::{ACTIONS, Action};
use serde::Serialize;

/// What happened since the edge started.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests that arrived.
    pub requests: AtomicU64,
    /// Requests on routes that show people.
    pub people_requests: AtomicU64,
    /// Disclosures recorded: a person in an answer, as often as that happens. Distinct people are `state::Disclosed`.
    pub disclosures: AtomicU64,
    /// Fields masked, or that would have been in watch mode.
    pub masked: AtomicU64,
    /// Verdicts, by the step of the ladder.
    verdicts: [AtomicU64; ACTIONS],
    /// The site gave no answer, or a broken one.
    pub site_failures: AtomicU64,
    /// Answers on people routes that could not be read.
    pub unreadable: AtomicU64,
    /// Entries the ledger did not take.
    pub ledger_failures: AtomicU64,
    /// Challenges solved.
    pub solved: AtomicU64,
    /// Of these, on the way without JavaScript.
    pub solved_by_waiting: AtomicU64,
    /// Appeals and claims that were kept for a person to read.
    pub letters: AtomicU64,
    /// ... that could not be taken: too many, or the disk failed.
    pub letters_not_taken: AtomicU64,
}

/// [`Counters`] at one moment.
#[derive(Debug, Serialize)]
pub struct Counted {
    requests: u64,
    people_requests: u64,
    disclosures: u64,
    masked: u64,
    verdicts: std::collections::BTreeMap<&'static str, u64>,
    site_failures: u64,
    unreadable: u64,
    ledger_failures: u64,
    solved: u64,
    solved_by_waiting: u64,
    letters: u64,
    letters_not_taken: u64,
}

impl Counters {
    /// One more of a counter.
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Relaxed);
    }

    /// One more verdict.
    pub fn verdict(&self, action: Action) {
        if let Some(c) = self.verdicts.get(action as usize) {
            c.fetch_add(1, Relaxed);
        }
    }

    /// All of them now.
    #[must_use]
    pub fn now(&self) -> Counted {
        Counted {
            requests: self.requests.load(Relaxed),
            people_requests: self.people_requests.load(Relaxed),
            disclosures: self.disclosures.load(Relaxed),
            masked: self.masked.load(Relaxed),
            verdicts: Action::ALL.map(|a| (a.word(), self.verdicts[a as usize].load(Relaxed))).into(),
            site_failures: self.site_failures.load(Relaxed),
            unreadable: self.unreadable.load(Relaxed),
            ledger_failures: self.ledger_failures.load(Relaxed),
            solved: self.solved.load(Relaxed),
            solved_by_waiting: self.solved_by_waiting.load(Relaxed),
            letters: self.letters.load(Relaxed),
            letters_not_taken: self.letters_not_taken.load(Relaxed),
        }
    }
}
