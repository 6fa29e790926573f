//! What was worked out a moment ago for the same bytes: a small table that forgets by overwriting.

use hashbrown::DefaultHashBuilder;
use parking_lot::Mutex;
use smallvec::SmallVec;
use std::hash::BuildHasher;

/// Longest key that is remembered, in bytes; what is longer is worked out each time.
const LONGEST: usize = 512;

/// A key and its value; addresses fit in place.
type Slot<V> = Mutex<Option<(SmallVec<[u8; 16]>, V)>>;

/// A table with one place for each hash. The hash has a seed of its own, so that nobody can choose keys that drive out
/// those of others, and nobody ever waits: a place that is busy is worked around.
pub(super) struct Memo<V> {
    slots: Box<[Slot<V>]>,
    hasher: DefaultHashBuilder,
}

impl<V: Copy> Memo<V> {
    /// A table of `2^bits` places.
    pub(super) fn new(bits: u32) -> Self {
        Self { slots: (0..1u32 << bits).map(|_| Mutex::default()).collect(), hasher: DefaultHashBuilder::default() }
    }

    /// The value of `key`: remembered, or else worked out and remembered.
    pub(super) fn get(&self, key: &[u8], work: impl FnOnce() -> V) -> V {
        let hash = usize::try_from(self.hasher.hash_one(key) & 0xffff_ffff).unwrap_or(0);
        let Some(slot) = self.slots.get(hash & (self.slots.len() - 1)).filter(|_| key.len() <= LONGEST) else {
            return work();
        };
        if let Some(held) = slot.try_lock()
            && let Some((known, value)) = &*held
            && **known == *key
        {
            return *value;
        }
        let value = work();
        if let Some(mut held) = slot.try_lock() {
            match &mut *held {
                Some((known, old)) => {
                    known.clear();
                    known.extend_from_slice(key);
                    *old = value;
                }
                None => *held = Some((SmallVec::from_slice(key), value)),
            }
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_was_asked_before_the_value_is_the_one_of_this_key(
            keys in proptest::collection::vec(proptest::collection::vec(0u8..3, 0..600), 1..40),
        ) {
            let memo = Memo::new(2);
            for key in &keys {
                let sum: usize = key.iter().map(|b| usize::from(*b)).sum();
                prop_assert_eq!(memo.get(key, || (key.len(), sum)), (key.len(), sum));
            }
        }
    }

    #[test]
    fn the_same_key_is_worked_out_once() {
        let memo = Memo::new(4);
        assert_eq!(memo.get(b"a", || 1), 1);
        assert_eq!(memo.get(b"a", || 2), 1);
    }
}
