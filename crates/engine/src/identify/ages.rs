//! How old the site's accounts are: as the application told, else since they were first seen.
//!
//! The process may end; an account must not become new by that. Whoever keeps a file of it asks for [`Ages::take_fresh`]
//! now and then, and gives back what it kept with [`Ages::restore`].

use parking_lot::Mutex;

use super::shelf::{SHARDS, Shelf, shard};
use crate::doors::Pseudonym;

/// An account that has not been seen for so long is forgotten: longer than any account can count as new (a year), and
/// not for ever, because names are not kept that nobody needs.
pub const KEPT_S: u64 = 400 * 86_400;

/// How much later an account has to be seen again for that to be worth keeping.
const AGAIN_S: u64 = 7 * 86_400;

/// The age of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Age {
    /// Since when it is known, or was made (Unix seconds).
    pub since_s: u64,
    /// When it was seen last, to a week.
    pub seen_s: u64,
}

/// The ages of accounts. Bounded: when it is full, those not used since the last round are forgotten first.
#[derive(Debug)]
pub struct Ages {
    shelves: Vec<Mutex<Shelf<Pseudonym, Age>>>,
    /// Accounts whose age has to be kept anew, where any is kept. Never more than there are accounts.
    fresh: Option<Mutex<Vec<Pseudonym>>>,
    capacity: usize,
}

impl Ages {
    /// Keeps at most about `capacity` accounts, at about 80 bytes each.
    #[must_use]
    pub(super) fn new(capacity: usize) -> Self {
        let each = (capacity / SHARDS).max(1);
        Self {
            shelves: (0..SHARDS).map(|_| Mutex::new(Shelf::new(each))).collect(),
            fresh: Some(Mutex::default()),
            capacity: each * SHARDS,
        }
    }

    /// As [`Ages::new`], for ages that end with the process.
    #[must_use]
    pub(super) fn unkept(capacity: usize) -> Self {
        Self { fresh: None, ..Self::new(capacity) }
    }

    /// Most accounts that are kept.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Since when an account is known; from now on, if it was not.
    pub(super) fn first_seen(&self, account: Pseudonym, now_s: u64) -> u64 {
        self.meet(account, now_s, |known| known.map_or(now_s, |k| k.since_s))
    }

    /// The application told when an account was made. Its word counts more than what we saw.
    pub(super) fn told(&self, account: Pseudonym, since_s: u64, now_s: u64) -> u64 {
        self.meet(account, now_s, |_| since_s)
    }

    /// What was kept of an account.
    pub fn restore(&self, account: Pseudonym, age: Age) {
        if let Some(shelf) = self.shelves.get(shard(account.0[0])) {
            shelf.lock().put(account, age);
        }
    }

    /// What the ledger tells of an account: it is at least this old.
    pub(super) fn learn(&self, account: Pseudonym, age: Age) {
        let Some(shelf) = self.shelves.get(shard(account.0[0])) else { return };
        let mut shelf = shelf.lock();
        let known = shelf.get(&account);
        let older =
            known.map_or(age, |k| Age { since_s: k.since_s.min(age.since_s), seen_s: k.seen_s.max(age.seen_s) });
        shelf.put(account, older);
        if known.is_none_or(|k| k.since_s != older.since_s) {
            self.is_fresh(account);
        }
    }

    fn meet(&self, account: Pseudonym, now_s: u64, since: impl FnOnce(Option<Age>) -> u64) -> u64 {
        let Some(shelf) = self.shelves.get(shard(account.0[0])) else { return now_s };
        let mut shelf = shelf.lock();
        let known = shelf.get(&account);
        let since_s = since(known);
        if known.is_none_or(|k| k.since_s != since_s || k.seen_s + AGAIN_S < now_s) {
            shelf.put(account, Age { since_s, seen_s: now_s });
            self.is_fresh(account);
        }
        since_s
    }

    fn is_fresh(&self, account: Pseudonym) {
        let Some(fresh) = &self.fresh else { return };
        let mut fresh = fresh.lock();
        // Of accounts invented faster than they can be kept, some are not.
        if fresh.len() < self.capacity {
            fresh.push(account);
        }
    }

    /// Ages to be kept anew since the last call.
    #[must_use]
    pub fn take_fresh(&self) -> Vec<(Pseudonym, Age)> {
        let fresh = self.fresh.as_ref().map(|f| std::mem::take(&mut *f.lock())).unwrap_or_default();
        fresh.into_iter().filter_map(|a| Some((a, self.shelves.get(shard(a.0[0]))?.lock().get(&a)?))).collect()
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> Vec<(Pseudonym, Age)> {
        let mut all = Vec::new();
        for shelf in &self.shelves {
            shelf.lock().each(|account, age| all.push((*account, *age)));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(n: u32) -> Pseudonym {
        let mut bytes = [0u8; 12];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        Pseudonym(bytes)
    }

    #[test]
    fn what_is_kept_makes_no_old_account_new_and_no_new_one_old() {
        let (before, after) = (Ages::new(100), Ages::new(100));
        before.first_seen(name(1), 1_000);
        before.first_seen(name(2), 900_000);
        assert_eq!(before.first_seen(name(1), 900_001), 1_000);
        before.take_fresh().into_iter().for_each(|(a, age)| after.restore(a, age));
        assert_eq!(after.first_seen(name(1), 1_000_000), 1_000);
        assert_eq!(after.first_seen(name(2), 1_000_000), 900_000);
        assert_eq!(after.first_seen(name(3), 1_000_000), 1_000_000);
    }

    #[test]
    fn the_ledger_makes_accounts_older_and_never_younger() {
        let ages = Ages::new(100);
        ages.restore(name(1), Age { since_s: 5, seen_s: 10 });
        for at_s in [700, 600, 800] {
            ages.learn(name(1), Age { since_s: at_s, seen_s: at_s });
            ages.learn(name(2), Age { since_s: at_s, seen_s: at_s });
        }
        assert_eq!((ages.first_seen(name(1), 900), ages.first_seen(name(2), 900)), (5, 600));
        // What only the ledger knows is to be kept before the ledger forgets it.
        let fresh = ages.take_fresh();
        assert!(fresh.iter().all(|f| *f == (name(2), Age { since_s: 600, seen_s: 800 })) && !fresh.is_empty());
    }

    #[test]
    fn only_what_is_news_is_to_be_kept() {
        let ages = Ages::new(100);
        ages.first_seen(name(1), 1_000);
        assert_eq!(ages.take_fresh().len(), 1);
        ages.first_seen(name(1), 2_000);
        assert_eq!(ages.take_fresh(), vec![]);
        ages.first_seen(name(1), 2_000 + AGAIN_S);
        assert_eq!(ages.take_fresh(), vec![(name(1), Age { since_s: 1_000, seen_s: 2_000 + AGAIN_S })]);
        ages.told(name(1), 5, 2_001 + AGAIN_S);
        assert_eq!(ages.take_fresh(), vec![(name(1), Age { since_s: 5, seen_s: 2_001 + AGAIN_S })]);
    }

    #[test]
    fn invented_accounts_take_no_more_room_than_there_is_and_push_out_none_in_use() {
        let ages = Ages::new(SHARDS * 8);
        ages.first_seen(name(0), 1);
        for i in 1..5_000 {
            assert_eq!(ages.first_seen(name(0), 2), 1, "forgotten at {i}");
            ages.first_seen(name(i), 2);
        }
        assert!(ages.all().len() <= ages.capacity());
        assert!(ages.take_fresh().len() <= ages.capacity());
    }
}
