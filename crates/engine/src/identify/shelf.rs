//! Maps that forget: what was not used for longest goes when there is no more room.

use std::collections::VecDeque;
use std::hash::Hash;

use hashbrown::HashMap;

/// Locks a table is spread over.
pub(super) const SHARDS: usize = 16;

/// The shard of a keyed name, from any of its bytes.
pub(super) fn shard(byte: u8) -> usize {
    usize::from(byte) % SHARDS
}

/// A map that forgets: second chance, first in.
#[derive(Debug)]
pub(super) struct Shelf<K, V> {
    map: HashMap<K, (V, bool)>,
    order: VecDeque<K>,
    capacity: usize,
}

impl<K: Eq + Hash + Copy, V: Copy> Shelf<K, V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self { map: HashMap::new(), order: VecDeque::new(), capacity }
    }

    pub(super) fn get(&mut self, key: &K) -> Option<V> {
        let (value, used) = self.map.get_mut(key)?;
        *used = true;
        Some(*value)
    }

    pub(super) fn put(&mut self, key: K, value: V) {
        if let Some(slot) = self.map.get_mut(&key) {
            slot.0 = value;
            return;
        }
        while self.map.len() >= self.capacity
            && let Some(oldest) = self.order.pop_front()
        {
            match self.map.get_mut(&oldest) {
                Some((_, used)) if *used => {
                    *used = false;
                    self.order.push_back(oldest);
                }
                _ => {
                    self.map.remove(&oldest);
                }
            }
        }
        self.map.insert(key, (value, false));
        self.order.push_back(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    pub(super) fn each(&self, mut told: impl FnMut(&K, &V)) {
        self.map.iter().for_each(|(k, (v, _))| told(k, v));
    }

    pub(super) fn remove(&mut self, key: &K) {
        if self.map.remove(key).is_some() {
            // Few people sign out at once, and a shelf is small: the search is cheaper than a second index.
            self.order.retain(|k| k != key);
        }
    }
}
