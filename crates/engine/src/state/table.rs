//! The principals: sharded, bounded in bytes, the least valuable evicted first.

use hashbrown::HashTable;
use parking_lot::Mutex;

use super::behaviour::Behaviour;
use super::habit::Habit;
use super::seen::Seen;
use crate::doors::Level;

const SHARDS: usize = 64;

/// How many are looked at to find one to evict. They are neighbours, because one wait for memory brings them all, and they
/// are no worse a sample: whoever comes takes the place of whoever goes, so that age and place have nothing to do with each
/// other.
const SAMPLE: usize = 8;

/// So many samples are looked at when all of the one before would be missed more than a newcomer: old acquaintances who stand
/// together must not be each other's only choice.
const LOOKS: usize = 4;

/// What it costs to forget somebody who has been shown one person just now. It has 24 bits.
const NEWCOMER: u64 = 60 * 86_400 + 600;

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

/// One line of the processor's cache: finding, judging and replacing a principal waits for it once.
#[derive(Debug)]
#[repr(align(64))]
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
    /// Where the next sample begins.
    hand: usize,
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
        let mut shard = self.shard(hash).lock();
        let at = match shard.find(hash, key, level) {
            Some(at) => at,
            None => shard.admit(hash, Slot { key, principal: Principal::new(level, now_s) }, self.shard_bytes, now_s),
        };
        shard.act(at, self.shard_bytes, now_s, act)
    }

    /// Does something with one principal, if it is known.
    pub(super) fn with_known(&self, key: u64, level: Level, now_s: u32, act: impl FnOnce(&mut Principal)) {
        let hash = mix(key, level);
        let mut shard = self.shard(hash).lock();
        if let Some(at) = shard.find(hash, key, level) {
            shard.act(at, self.shard_bytes, now_s, act);
        }
    }

    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        &self.shards[usize::try_from(hash >> 32).unwrap_or(0) % SHARDS]
    }

    /// Does something with one principal, if it is known; nothing is made or touched.
    pub(super) fn peek<T>(&self, key: u64, level: Level, act: impl FnOnce(&Principal) -> T) -> Option<T> {
        let hash = mix(key, level);
        let shard = self.shard(hash).lock();
        shard.find(hash, key, level).map(|at| act(&shard.slots[at].principal))
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
        self.slots.capacity() * size_of::<Slot>() + self.index_bytes(self.index.len()) + self.heap_bytes
    }

    /// What the index takes with so many in it. Over half full, removals alone may double it, at any insertion: what is not
    /// counted before would drive everybody out when it comes.
    fn index_bytes(&self, len: usize) -> usize {
        let full = self.index.num_buckets() / 8 * 7;
        self.index.allocation_size() * if len > full / 2 { 2 } else { 1 }
    }

    fn find(&self, hash: u64, key: u64, level: Level) -> Option<usize> {
        let found = self.index.find(hash, |i| {
            let s = &self.slots[*i as usize];
            s.key == key && s.principal.level == level
        });
        found.map(|i| *i as usize)
    }

    fn act<T>(&mut self, at: usize, limit: usize, now_s: u32, act: impl FnOnce(&mut Principal) -> T) -> T {
        let slot = &mut self.slots[at].principal;
        let before = slot.heap_bytes();
        slot.last_s = slot.last_s.max(now_s);
        let result = act(slot);
        let after = slot.heap_bytes();
        self.heap_bytes = self.heap_bytes + after - before;
        if after > before {
            // Principals grow after they were let in; the bound holds for that too.
            while self.slots.len() > SAMPLE && self.bytes() > limit {
                let least = self.least(now_s);
                self.evict(least);
            }
        }
        result
    }

    /// Lets one more in; where it now is. While all is within the bound it comes last; then it takes the place of the least
    /// valuable one.
    fn admit(&mut self, hash: u64, new: Slot, limit: usize, now_s: u32) -> usize {
        let limit = limit.saturating_sub(size_of::<Behaviour>());
        while self.bytes_with_one_more() > limit && self.slots.len() > SAMPLE {
            let least = self.least(now_s);
            if self.bytes() - self.slots[least].principal.heap_bytes() > limit {
                self.evict(least);
                continue;
            }
            self.forget(least);
            self.slots[least] = new;
            self.enter(hash, least);
            return least;
        }
        let at = self.slots.len();
        if at == self.slots.capacity() {
            // By an eighth: the slack of a doubling vector would be half the memory.
            self.slots.reserve_exact(growth(at));
        }
        self.slots.push(new);
        self.enter(hash, at);
        at
    }

    /// What vector and index would grow by is counted before they grow.
    fn bytes_with_one_more(&self) -> usize {
        let slots =
            if self.slots.len() == self.slots.capacity() { growth(self.slots.len()) * size_of::<Slot>() } else { 0 };
        self.bytes() + slots + self.index_bytes(self.index.len() + 1) - self.index_bytes(self.index.len())
    }

    /// The least valuable of a few. The hand goes through all of them, so that nobody is looked at again before everybody else
    /// was.
    fn least(&mut self, now_s: u32) -> usize {
        let mut least = u64::MAX;
        for _ in 0..LOOKS {
            if self.hand + SAMPLE > self.slots.len() {
                // xorshift64 (Marsaglia, 2003): each round begins elsewhere, so that the same ones do not always meet.
                self.dice ^= self.dice << 13;
                self.dice ^= self.dice >> 7;
                self.dice ^= self.dice << 17;
                let beginnings = (self.slots.len() - SAMPLE + 1).min(SAMPLE) as u64;
                self.hand = usize::try_from(self.dice % beginnings).unwrap_or(0);
            }
            let from = self.hand;
            self.hand += SAMPLE;
            // No branch between them: all are waited for together, and one comparison sees to worth and place.
            let sample = self.slots[from..from + SAMPLE].iter().zip(from as u64..);
            let worst = sample.map(|(s, at)| s.principal.worth(now_s) << 32 | at).min();
            least = least.min(worst.unwrap_or(u64::MAX));
            if least >> 32 <= NEWCOMER {
                break;
            }
        }
        usize::try_from(least & 0xffff_ffff).unwrap_or(0)
    }

    fn enter(&mut self, hash: u64, at: usize) {
        let slots = &self.slots;
        self.index.insert_unique(hash, u32::try_from(at).unwrap_or(0), |i| {
            let s = &slots[*i as usize];
            mix(s.key, s.principal.level)
        });
    }

    /// Takes one out of all but its place.
    fn forget(&mut self, at: usize) {
        let slot = &self.slots[at];
        if let Ok(entry) = self.index.find_entry(mix(slot.key, slot.principal.level), |i| *i as usize == at) {
            entry.remove();
        }
        self.heap_bytes -= slot.principal.heap_bytes();
        self.evicted += 1;
    }

    fn evict(&mut self, at: usize) {
        self.forget(at);
        let last = self.slots.len() - 1;
        if at != last {
            let moved = mix(self.slots[last].key, self.slots[last].principal.level);
            if let Some(i) = self.index.find_mut(moved, |i| *i as usize == last) {
                *i = u32::try_from(at).unwrap_or(0);
            }
        }
        self.slots.swap_remove(at);
    }
}

const _: () = assert!(size_of::<Slot>() == 64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Window;

    /// Bytes of a shard in the smallest table.
    const LEAST_BYTES: usize = 64 * 1024;

    #[test]
    fn who_is_found_is_who_was_asked_for_whoever_took_whose_place() {
        let table = Table::new(0);
        let mut dice = 1u64;
        let (mut found, mut made) = (0, 0);
        for now_s in 1..40_000 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // So small that all of them fall into one shard.
            let (key, people) = (dice >> 33 & 0x7ff, dice >> 60);
            let level = if key % 2 == 0 { Level::Session } else { Level::Address };
            table.with(key, level, now_s, |p| {
                match p.seen.len() {
                    0 => made += 1,
                    _ => found += usize::from(p.seen.has(key, 0, Window::Month, now_s)),
                }
                assert!(p.seen.len() == 0 || p.seen.has(key, 0, Window::Month, now_s), "{key} is somebody else");
                for n in 0..=people {
                    p.seen.show(key + n, 0, now_s);
                }
                if people > 7 {
                    p.behaviour.get_or_insert_default().beyond(key, now_s);
                }
            });
            table.with_known(key + 1, level, now_s, |_| panic!("the other level has no such key"));
        }
        let shard = table.shards.iter().map(|s| s.lock()).max_by_key(|s| s.slots.len()).unwrap();
        assert!(found > 1_000 && shard.evicted > 1_000 && made > 1_000, "{found} {made} {}", shard.evicted);
        assert_eq!(shard.index.len(), shard.slots.len());
        assert_eq!(shard.heap_bytes, shard.slots.iter().map(|s| s.principal.heap_bytes()).sum::<usize>());
        assert!(shard.bytes() <= LEAST_BYTES, "{} bytes", shard.bytes());
    }

    #[test]
    fn whoever_would_be_missed_most_stays() {
        let table = Table::new(0);
        let kept = || (0..20).filter(|k| table.peek(*k, Level::Address, |p| p.seen.len()) == Some(40)).count();
        for key in 0..20 {
            table.with(key, Level::Address, 1, |p| {
                for n in 0..40 {
                    p.seen.show(n, 0, 1);
                }
            });
        }
        for key in 1_000..100_000 {
            table.with(key, Level::Address, 3_600, |p| p.seen.show(key, 0, 3_600));
        }
        assert_eq!(kept(), 20, "a flood of newcomers drove them out");
    }
}
