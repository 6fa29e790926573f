//! People nobody usually visits: how many of those whom strangers were shown within a day had not been shown to any stranger
//! in the days before.
//!
//! Ordinary visitors come for the same people again and again (listed first, newly joined, talked about); whoever wants
//! everybody spends most of the time on people whom nobody asks for. So a harvest far too slow for the thresholds of
//! volume still shows. Both the number and its share are compared with the site's own history.

use super::sketch::Ring;
use super::usual::Usual;
use crate::policy::UnusualPolicy;

/// Bits of a filter: 2^20. With four probes it takes 170,000 people before one in twenty strangers to it looks known.
const BITS: u64 = 1 << 20;
const PROBES: u64 = 4;

/// Beyond this share of bits set a filter takes everybody for known, and nothing is concluded from it.
const MOST_SET: u32 = (BITS / 2) as u32;

/// Days of figures before anything is concluded.
const LEARN_DAYS: usize = 7;

/// A day's seconds.
const DAY_S: u32 = 86_400;

/// Whom strangers were shown in a stretch of days: a Bloom filter (Bloom, 1970) of 128 KiB.
#[derive(Debug)]
struct Filter {
    words: Box<[u64]>,
    set: u32,
}

impl Filter {
    fn new() -> Self {
        Self { words: vec![0; usize::try_from(BITS / 64).unwrap_or(0)].into_boxed_slice(), set: 0 }
    }

    /// Places of a person, by double hashing (Kirsch and Mitzenmacher, 2006); the key is a keyed hash already.
    fn places(person: u64) -> impl Iterator<Item = (usize, u64)> {
        let step = (person >> 32) | 1;
        (0..PROBES).map(move |i| {
            let bit = person.wrapping_add(i.wrapping_mul(step)) % BITS;
            (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
        })
    }

    fn has(&self, person: u64) -> bool {
        Self::places(person).all(|(word, bit)| self.words[word] & bit != 0)
    }

    fn add(&mut self, person: u64) {
        for (word, bit) in Self::places(person) {
            self.set += u32::from(self.words[word] & bit == 0);
            self.words[word] |= bit;
        }
    }

    fn full(&self) -> bool {
        self.set > MOST_SET
    }
}

/// One family's: two filters and a ring of sketches, 357 KiB.
#[derive(Debug)]
pub(super) struct Unusual {
    current: Filter,
    previous: Filter,
    /// Whether `previous` covers a whole stretch.
    ready: bool,
    /// Day (from the epoch) on which the current stretch began.
    began: u32,
    /// The last day that was noted.
    noted: u32,
    /// Distinct people of the last day who were unusual when they were shown.
    seen: Ring,
    /// How many such people a day usually has, and which share of all (in thousandths).
    people: Usual,
    share: Usual,
}

/// The numbers of a family, for the posture and the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct UnusualNow {
    /// Distinct people of the last day whom nobody usually visits.
    pub people: u32,
    /// Their share of everybody whom strangers were shown in the day, in percent.
    pub share_percent: u32,
    /// How many they may be before the posture is raised; absent while there is too little history, or too much to tell.
    pub raised_people: Option<u32>,
    /// Which share they must be as well, in percent.
    pub raised_share_percent: Option<u32>,
}

impl Unusual {
    pub(super) fn new(now_s: u32) -> Self {
        Self {
            current: Filter::new(),
            previous: Filter::new(),
            ready: false,
            began: now_s / DAY_S,
            noted: now_s / DAY_S,
            seen: Ring::new(24, 3_600),
            people: Usual::of_days(),
            share: Usual::of_days(),
        }
    }

    /// Lets time pass. `everybody` is how many people strangers were shown in the last day, `calm` whether the whole day
    /// was: an attack must not teach us what is usual, nor push what was usual before it out of the filters.
    pub(super) fn tick(&mut self, policy: &UnusualPolicy, everybody: u32, calm: bool, now_s: u32) {
        let today = now_s / DAY_S;
        if today > self.noted {
            if calm && self.ready {
                self.people.note(self.seen.people());
                self.share.note(thousandths(self.seen.people(), everybody));
            }
            self.noted = today;
        }
        self.seen.move_to(now_s);
        let age = today.saturating_sub(self.began);
        if calm && age >= policy.days {
            let old = std::mem::replace(&mut self.current, Filter::new());
            (self.previous, self.ready) = (old, true);
            self.began = today;
        }
    }

    /// A stranger was shown somebody.
    pub(super) fn shown(&mut self, person: u64, calm: bool) {
        let known = self.current.has(person) || self.previous.has(person);
        if !known {
            self.seen.add(person);
        }
        if calm {
            self.current.add(person);
        }
    }

    /// The numbers now.
    pub(super) fn now(&self, policy: &UnusualPolicy, everybody: u32) -> UnusualNow {
        let people = self.seen.people();
        let told = self.told();
        let usual_share = self.share.high().min(1_000);
        // Twice as many is the measure; the share only has to rise at all, which it does not when more people come for
        // the same: a tenth of the way from what is usual to all.
        let share = (usual_share + (1_000 - usual_share) / 10).max(10 * policy.share_percent.min(100));
        UnusualNow {
            people,
            share_percent: thousandths(people, everybody) / 10,
            raised_people: told.then(|| self.threshold(policy)),
            raised_share_percent: told.then_some(share / 10),
        }
    }

    /// By how many times the threshold is reached; 0 = not. Asked with every charge, so the cheap questions come first.
    pub(super) fn over(&self, policy: &UnusualPolicy, everybody: impl FnOnce() -> u32) -> u32 {
        if !self.told() || self.seen.people() < self.threshold(policy) {
            return 0;
        }
        let now = self.now(policy, everybody());
        match (now.raised_people, now.raised_share_percent) {
            (Some(people), Some(share)) if now.share_percent >= share => now.people / people.max(1),
            _ => 0,
        }
    }

    /// Whether there is history enough, and not too many people to tell them apart.
    fn told(&self) -> bool {
        self.ready && self.people.figures() >= LEARN_DAYS && !self.current.full() && !self.previous.full()
    }

    fn threshold(&self, policy: &UnusualPolicy) -> u32 {
        policy.people.max(self.people.times(policy.factor))
    }
}

fn thousandths(part: u32, whole: u32) -> u32 {
    // Both are estimates, and one is of a part of the other.
    u32::try_from((u64::from(part) * 1_000).checked_div(u64::from(whole)).unwrap_or(0)).unwrap_or(1_000).min(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::test_site::person_key;

    #[test]
    fn a_filter_forgets_nobody_and_takes_few_strangers_for_known() {
        let mut f = Filter::new();
        (0..20_000).for_each(|n| f.add(person_key(n)));
        assert!((0..20_000).all(|n| f.has(person_key(n))));
        let mistaken = (1_000_000..1_020_000).filter(|n| f.has(person_key(*n))).count();
        assert!(mistaken < 40, "{mistaken} of 20000");
        assert!(!f.full());
    }

    #[test]
    fn a_family_takes_so_many_bytes_and_no_more() {
        let u = Unusual::new(0);
        let filters = 2 * size_of_val(&*u.current.words);
        let ring = 25 * 4_096;
        assert_eq!(filters + ring, 364_544);
        assert!(size_of::<Unusual>() < 1_024);
    }
}
