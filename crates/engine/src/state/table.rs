//! The principals: sharded, bounded in bytes, the least valuable evicted first.

use hashbrown::HashTable;
use parking_lot::Mutex;

use super::behaviour::Behaviour;
use super::habit::Habit;
use super::seen::Seen;
use crate::doors::Level;

const SHARDS: usize = 64;

/// How many are looked at to find one to evict: so many neighbours in so many places. A place costs a wait for memory, its
/// neighbours next to none; and they are no worse a sample, for eviction has mixed them: whoever comes last fills the gap.
const PLACES: usize = 3;
const NEIGHBOURS: usize = 4;
const SAMPLE: usize = PLACES * NEIGHBOURS;

/// What is known of one principal.
#[derive(Debug)]
pub(super) struct Principal {
    level: Level,
    /// Fits where the compiler would leave a gap.
    pub(super) habit: Habit,
    pub(super) first_s: u32,
    pub(super) last_s: u32,
    /// Whether a budget was found spent lately: such a record is worth keeping.
    pub(super) spent_s: u32,
    pub(super) seen: Seen,
    /// Only addresses, sessions and accounts behave; networks and clients are too many people for that.
    pub(super) behaviour: Option<Box<Behaviour>>,
}

#[derive(Debug)]
struct Slot {
    key: u64,
    principal: Principal,
}

#[derive(Debug, Default)]
struct Shard {
    index: HashTable<u32>,
    slots: Vec<Slot>,
    heap_bytes: usize,
    evicted: u64,
    dice: u64,
}

/// All principals of a site.
#[derive(Debug)]
pub(super) struct Table {
    shards: Box<[Mutex<Shard>]>,
    shard_bytes: usize,
}

/// How many more slots a full vector gets.
fn growth(slots: usize) -> usize {
    (slots / 8).max(16)
}

fn mix(key: u64, level: Level) -> u64 {
    // Keys are keyed hashes already; the level only has to keep equal keys of two levels apart.
    key ^ (level as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

impl Principal {
    fn new(level: Level, now_s: u32) -> Self {
        Self {
            level,
            habit: Habit::default(),
            first_s: now_s,
            last_s: now_s,
            spent_s: 0,
            seen: Seen::default(),
            behaviour: None,
        }
    }

    fn heap_bytes(&self) -> usize {
        self.seen.heap_bytes() + self.behaviour.as_ref().map_or(0, |b| size_of::<Behaviour>() + b.heap_bytes())
    }

    /// What it would cost to forget this one: people shown, a spent budget; all of it fades with time.
    fn worth(&self, now_s: u32) -> u64 {
        let idle = u64::from(now_s.saturating_sub(self.last_s));
        let people = u64::try_from(self.seen.len()).unwrap_or(u64::MAX).min(2_000);
        let kept = 600 * people + if now_s.saturating_sub(self.spent_s) < 86_400 { 7 * 86_400 } else { 0 };
        (60 * 86_400 + kept).saturating_sub(idle)
    }
}

impl Table {
    pub(super) fn new(memory_bytes: usize) -> Self {
        let shards = (0..SHARDS).map(|i| Mutex::new(Shard { dice: i as u64 + 1, ..Shard::default() })).collect();
        Self { shards, shard_bytes: (memory_bytes / SHARDS).max(64 * 1024) }
    }

    /// Does something with one principal, made now if it is not known.
    pub(super) fn with<T>(&self, key: u64, level: Level, now_s: u32, act: impl FnOnce(&mut Principal) -> T) -> T {
        let hash = mix(key, level);
        let mut shard = self.shards[usize::try_from(hash >> 32).unwrap_or(0) % SHARDS].lock();
        let shard = &mut *shard;
        let found = shard.index.find(hash, |i| {
            let s = &shard.slots[*i as usize];
            s.key == key && s.principal.level == level
        });
        let at = match found {
            Some(i) => *i as usize,
            None => {
                shard.make_room(self.shard_bytes, now_s);
                let at = shard.slots.len();
                if at == shard.slots.capacity() {
                    // By an eighth: the slack of a doubling vector would be half the memory.
                    shard.slots.reserve_exact(growth(at));
                }
                shard.slots.push(Slot { key, principal: Principal::new(level, now_s) });
                let slots = &shard.slots;
                shard.index.insert_unique(hash, u32::try_from(at).unwrap_or(0), |i| {
                    let s = &slots[*i as usize];
                    mix(s.key, s.principal.level)
                });
                at
            }
        };
        let slot = &mut shard.slots[at].principal;
        let before = slot.heap_bytes();
        slot.last_s = slot.last_s.max(now_s);
        let result = act(slot);
        let after = slot.heap_bytes();
        shard.heap_bytes = shard.heap_bytes + after - before;
        if after > before {
            // Principals grow after they were let in; the bound holds for that too.
            shard.shrink_to(self.shard_bytes, now_s);
        }
        result
    }

    /// Does something with one principal, if it is known; nothing is made or touched.
    pub(super) fn peek<T>(&self, key: u64, level: Level, act: impl FnOnce(&Principal) -> T) -> Option<T> {
        let hash = mix(key, level);
        let shard = self.shards[usize::try_from(hash >> 32).unwrap_or(0) % SHARDS].lock();
        let at = *shard.index.find(hash, |i| {
            let s = &shard.slots[*i as usize];
            s.key == key && s.principal.level == level
        })?;
        Some(act(&shard.slots[at as usize].principal))
    }

    /// Visits every principal, shard by shard.
    pub(super) fn each(&self, mut visit: impl FnMut(u64, Level, &mut Principal)) {
        for shard in &self.shards {
            for s in &mut shard.lock().slots {
                visit(s.key, s.principal.level, &mut s.principal);
            }
        }
    }

    /// Principals known, and those evicted so far.
    pub(super) fn sizes(&self) -> (usize, u64) {
        self.shards.iter().fold((0, 0), |(n, e), s| {
            let s = s.lock();
            (n + s.slots.len(), e + s.evicted)
        })
    }

    /// Bytes in use.
    pub(super) fn memory_bytes(&self) -> usize {
        self.shards.iter().map(|s| s.lock().bytes()).sum()
    }
}

impl Shard {
    fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>() + self.index.allocation_size() + self.heap_bytes
    }

    /// Makes room for one more: what vector and index would grow by is counted before they grow.
    fn make_room(&mut self, limit: usize, now_s: u32) {
        let slots =
            if self.slots.len() == self.slots.capacity() { growth(self.slots.len()) * size_of::<Slot>() } else { 0 };
        let index = if self.index.len() == self.index.capacity() { self.index.allocation_size() } else { 0 };
        if self.bytes() + slots + index + size_of::<Behaviour>() > limit {
            let least = self.slots.len();
            self.shrink_to(limit.saturating_sub(size_of::<Behaviour>()), now_s);
            if self.slots.len() == least && least > SAMPLE {
                // All is within the bound, only growing is not: one goes, and its place is taken.
                self.evict_one(now_s);
            }
        }
    }

    fn shrink_to(&mut self, limit: usize, now_s: u32) {
        while self.slots.len() > SAMPLE && self.bytes() > limit {
            self.evict_one(now_s);
        }
    }

    fn evict_one(&mut self, now_s: u32) {
        let beginnings = (self.slots.len() - NEIGHBOURS + 1) as u64;
        let places: [usize; PLACES] = std::array::from_fn(|_| {
            // xorshift64 (Marsaglia, 2003): which ones are looked at need not be unpredictable, only spread.
            self.dice ^= self.dice << 13;
            self.dice ^= self.dice >> 7;
            self.dice ^= self.dice << 17;
            usize::try_from(self.dice % beginnings).unwrap_or(0)
        });
        // The first of each place before the second of any, and no branch between: the places are waited for together. A
        // worth has 24 bits and a slot's number 32, so that one comparison sees to both.
        let mut worst = u64::MAX;
        for n in 0..NEIGHBOURS {
            for place in places {
                worst = worst.min(self.slots[place + n].principal.worth(now_s) << 32 | (place + n) as u64);
            }
        }
        self.evict(usize::try_from(worst & 0xffff_ffff).unwrap_or(0));
    }

    fn evict(&mut self, at: usize) {
        let last = self.slots.len() - 1;
        let gone = mix(self.slots[at].key, self.slots[at].principal.level);
        if let Ok(entry) = self.index.find_entry(gone, |i| *i as usize == at) {
            entry.remove();
        }
        if at != last {
            let moved = mix(self.slots[last].key, self.slots[last].principal.level);
            if let Some(i) = self.index.find_mut(moved, |i| *i as usize == last) {
                *i = u32::try_from(at).unwrap_or(0);
            }
        }
        let slot = self.slots.swap_remove(at);
        self.heap_bytes -= slot.principal.heap_bytes();
        self.evicted += 1;
    }
}

const _: () = assert!(size_of::<Slot>() == 72);
