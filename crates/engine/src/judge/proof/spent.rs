//! The memory of proofs that have been used: bounded, and never the reason that one is taken twice.

use std::collections::BTreeSet;

use parking_lot::Mutex;

use super::ProofError;

const SHARDS: usize = 16;

/// Used proofs, until they expire by themselves. Sharded by identifier so that workers rarely wait for each other.
pub(super) struct Spent {
    shards: [Mutex<Shard>; SHARDS],
    per_shard: usize,
}

#[derive(Default)]
struct Shard {
    /// By end of validity, then identifier: the first are the first to go, and one lookup serves both questions.
    /// The end is signed into the proof, so the same identifier always comes with the same end.
    used: BTreeSet<(u64, [u8; 16])>,
    /// Up to when entries have been dropped. Whatever ends before it is refused even if the clock was set back since.
    dropped_until_ms: u64,
}

impl Spent {
    /// A memory for `capacity` used proofs.
    pub(super) fn new(capacity: usize) -> Self {
        Self { shards: Default::default(), per_shard: (capacity / SHARDS).max(1) }
    }

    /// Uses a proof up. `id` and `until_ms` have been authenticated by the caller.
    pub(super) fn spend(&self, id: [u8; 16], until_ms: u64, now_ms: u64) -> Result<(), ProofError> {
        let mut shard = self.shards[usize::from(id[0]) % SHARDS].lock();
        if now_ms >= until_ms || until_ms <= shard.dropped_until_ms {
            return Err(ProofError::Expired);
        }
        if shard.used.contains(&(until_ms, id)) {
            return Err(ProofError::Spent);
        }
        while shard.used.first().is_some_and(|(until, _)| *until <= now_ms) {
            if let Some((until, _)) = shard.used.pop_first() {
                shard.dropped_until_ms = until;
            }
        }
        if shard.used.len() >= self.per_shard {
            return Err(ProofError::Full { remembered: shard.used.len() * SHARDS });
        }
        shard.used.insert((until_ms, id));
        Ok(())
    }

    /// How many are remembered now.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|s| s.lock().used.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(n: u8) -> [u8; 16] {
        // All in one shard, so that the bound is met.
        let mut id = [0; 16];
        id[15] = n;
        id
    }

    #[test]
    fn a_full_memory_refuses_new_proofs_and_forgets_only_expired_ones() {
        let spent = Spent::new(2 * SHARDS);
        assert_eq!(spent.spend(id(1), 100, 0), Ok(()));
        assert_eq!(spent.spend(id(2), 200, 0), Ok(()));
        assert_eq!(spent.spend(id(3), 300, 50), Err(ProofError::Full { remembered: 32 }));
        assert_eq!(spent.spend(id(1), 100, 50), Err(ProofError::Spent));
        assert_eq!(spent.spend(id(3), 300, 100), Ok(()));
        assert_eq!(spent.len(), 2);
    }

    #[test]
    fn a_clock_set_back_does_not_revive_a_used_proof() {
        let spent = Spent::new(2 * SHARDS);
        assert_eq!(spent.spend(id(1), 100, 0), Ok(()));
        assert_eq!(spent.spend(id(2), 500, 200), Ok(()));
        assert_eq!(spent.spend(id(1), 100, 50), Err(ProofError::Expired));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_order_of_uses_takes_a_proof_twice(
            uses in prop::collection::vec((0u8..12, 0u64..60), 1..200), capacity in 1usize..8,
        ) {
            let spent = Spent::new(capacity * SHARDS);
            let mut taken = std::collections::HashSet::new();
            for (n, now_ms) in uses {
                // The end belongs to the proof, the clock to nobody: it jumps back and forth here.
                if spent.spend(id(n), 10 + u64::from(n) * 4, now_ms).is_ok() {
                    prop_assert!(taken.insert(n), "{n} was taken twice");
                }
            }
        }
    }
}
