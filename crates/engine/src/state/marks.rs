//! The people that a principal was shown, each with when, in the order of their keys.

use smallvec::SmallVec;

use crate::policy::Window;

/// Columns of the set: basic, personal, contact. Special fields are so few that they share the contact column.
pub(super) const COLUMNS: usize = 3;

/// One person, and when each column was last shown (Unix seconds; 0 = never).
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) person: u64,
    pub(super) last_s: [u32; COLUMNS],
    /// Showings of each column so far, wrapping: tells an undo whether the person was shown again since, within the instant
    /// that a charge takes. Fits where the compiler would leave a gap.
    showings: [u8; COLUMNS],
    _here: Here,
}

/// A byte with one value: by the others the compiler tells a single person from none and from many, in the same 24 bytes.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Here {
    Yes,
}

/// A count that holds until the oldest person in it leaves the window.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    people: u32,
    until_s: u32,
}

/// What has to be put back when a charge does not go through.
#[derive(Debug, Clone, Copy)]
pub(super) struct Undo {
    pub(super) person: u64,
    pub(super) column: usize,
    pub(super) was_s: u32,
    pub(super) showings: u8,
}

impl Undo {
    /// Whether the person had not been shown within the day before.
    pub(super) fn new_in_a_day(&self, now_s: u32) -> bool {
        !inside(self.was_s, Window::Day, now_s)
    }
}

/// More than one person, in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Many {
    pub(super) marks: SmallVec<[Mark; FIRST]>,
    /// Only for sets of more than [`FEW`] people.
    counts: Option<Box<Counts>>,
}

type Counts = [[Count; 3]; COLUMNS];

/// Where in a set somebody is (`Ok`), or would be.
pub(super) type Place = Result<usize, usize>;

/// How [`Many::find`] goes on from where somebody should be: to each neighbour at first, which are read ahead, then in
/// ever wider steps.
#[derive(Default)]
struct Pace {
    steps: u32,
    /// People passed over by the next step.
    step: usize,
}

impl Pace {
    fn on(&mut self) {
        self.steps += 1;
        if self.steps > NEIGHBOURS {
            self.step = self.step * 2 + 1;
        }
    }
}

/// So many people lie between places that are read ahead; what is between them comes with them.
const APART: usize = 6;

/// So many people beside the expected place are looked at one by one.
const NEIGHBOURS: u32 = 24;

/// So many people have room before there is a second allocation.
const FIRST: usize = 3;

/// So few people are counted anew each time: a million principals of three people each need no memory of counts.
const FEW: usize = 8;

pub(super) fn inside(last_s: u32, window: Window, now_s: u32) -> bool {
    last_s != 0 && now_s.saturating_sub(last_s) < window.seconds()
}

impl Mark {
    pub(super) fn of(person: u64) -> Self {
        Self { person, last_s: [0; COLUMNS], showings: [0; COLUMNS], _here: Here::Yes }
    }

    /// Notes a showing; when the last one was, and the number of this one.
    pub(super) fn show(&mut self, column: usize, now_s: u32) -> (u32, u8) {
        let was_s = self.last_s[column];
        // Threads may be a second apart; a set's time never goes back.
        self.last_s[column] = now_s.max(was_s).max(1);
        self.showings[column] = self.showings[column].wrapping_add(1);
        (was_s, self.showings[column])
    }

    /// Takes a showing back; whether it was the last one.
    pub(super) fn undo(&mut self, undo: Undo) -> bool {
        let last = self.showings[undo.column] == undo.showings;
        if last {
            self.last_s[undo.column] = undo.was_s;
            self.showings[undo.column] = undo.showings.wrapping_sub(1);
        }
        last
    }

    pub(super) fn never_shown(&self) -> bool {
        self.last_s == [0; COLUMNS]
    }

    /// Last shown longer ago than any window.
    pub(super) fn old(&self, now_s: u32) -> bool {
        !self.last_s.iter().any(|l| inside(*l, Window::Month, now_s))
    }
}

impl Many {
    /// Where a person would be if all were spread evenly.
    fn even(&self, person: u64) -> usize {
        usize::try_from((u128::from(person) * self.marks.len() as u128) >> 64).unwrap_or(0)
    }

    /// Where a person is, or would be. Keys are keyed hashes and so spread evenly: a set of `n` people has somebody within
    /// about `sqrt(n) / 2` places of where an even spread would. That is one place in memory to wait for, where halving
    /// the set waits for one after the other, and a list asks this fifty times of sets that no cache holds.
    pub(super) fn find(&self, person: u64) -> Place {
        let marks = self.marks.as_slice();
        let even = self.even(person);
        let (mut least, mut most) = (0, marks.len());
        let mut pace = Pace::default();
        if marks.get(even).is_some_and(|m| m.person < person) {
            least = even + 1;
            while let Some(m) = marks.get(least + pace.step) {
                if m.person >= person {
                    most = least + pace.step;
                    break;
                }
                least += pace.step + 1;
                pace.on();
            }
        } else {
            most = even;
            while let Some(m) = most.checked_sub(pace.step + 1).map(|i| &marks[i]) {
                if m.person < person {
                    least = most - pace.step;
                    break;
                }
                most -= pace.step + 1;
                pace.on();
            }
        }
        let at = least + marks[least..most].partition_point(|m| m.person < person);
        if marks.get(at).is_some_and(|m| m.person == person) { Ok(at) } else { Err(at) }
    }

    /// Reads around where these people would be, so that memory brings all those places at once instead of each when it
    /// is its turn.
    pub(super) fn read_ahead(&self, people: &[u64]) {
        if self.marks.len() <= FEW {
            return;
        }
        let mut read = 0;
        for person in people {
            let even = self.even(*person);
            let around = (0..=4).map(|n| (even + n * APART).wrapping_sub(2 * APART));
            read ^= around.filter_map(|at| self.marks.get(at)).fold(0, |read, m| read ^ m.person);
        }
        // Nobody asks for it, and yet it must be read.
        std::hint::black_box(read);
    }

    pub(super) fn people(&mut self, column: usize, window: Window, now_s: u32) -> u32 {
        if self.marks.len() <= FEW && self.counts.is_none() {
            return count(&self.marks, column, window, now_s).people;
        }
        let known = self.counts.get_or_insert_default()[column][window as usize];
        if now_s < known.until_s {
            return known.people;
        }
        let count = count(&self.marks, column, window, now_s);
        self.counts.get_or_insert_default()[column][window as usize] = count;
        count.people
    }

    /// Notes a showing of a person who is, or would be, at a place.
    pub(super) fn show(&mut self, place: Place, person: u64, column: usize, now_s: u32) -> (u32, u8) {
        let at = place.unwrap_or_else(|at| {
            let at = if self.marks.len() == self.marks.capacity() && self.forget_old(now_s) {
                self.find(person).unwrap_or_else(|at| at)
            } else {
                at
            };
            // Grows by half, not by double: a million small sets are mostly their slack.
            if self.marks.len() == self.marks.capacity() {
                self.marks.reserve_exact((self.marks.len() / 2).max(2));
            }
            self.marks.insert(at, Mark::of(person));
            at
        });
        let (was_s, showings) = self.marks[at].show(column, now_s);
        for (w, count) in Window::ALL.into_iter().zip(self.counts.iter_mut().flat_map(|c| &mut c[column])) {
            if now_s < count.until_s && !inside(was_s, w, now_s) {
                count.people += 1;
                count.until_s = count.until_s.min(now_s.saturating_add(w.seconds()));
            }
        }
        (was_s, showings)
    }

    pub(super) fn undo(&mut self, undo: Undo) {
        if let Ok(i) = self.find(undo.person) {
            if !self.marks[i].undo(undo) {
                return;
            }
            if self.marks[i].never_shown() {
                self.marks.remove(i);
            }
        }
        if let Some(counts) = &mut self.counts {
            counts[undo.column] = [Count::default(); 3];
        }
    }

    /// Drops people last shown longer ago than any window; whether there were any.
    pub(super) fn forget_old(&mut self, now_s: u32) -> bool {
        let before = self.marks.len();
        self.marks.retain(|m| !m.old(now_s));
        self.marks.len() < before
    }

    pub(super) fn heap_bytes(&self) -> usize {
        let spilled = if self.marks.spilled() { self.marks.capacity() * size_of::<Mark>() } else { 0 };
        size_of::<Self>() + spilled + self.counts.as_ref().map_or(0, |_| size_of::<Counts>())
    }
}

fn count(marks: &[Mark], column: usize, window: Window, now_s: u32) -> Count {
    let mut count = Count { people: 0, until_s: u32::MAX };
    for m in marks {
        let last = m.last_s[column];
        if inside(last, window, now_s) {
            count.people += 1;
            count.until_s = count.until_s.min(last.saturating_add(window.seconds()));
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn somebody_is_found_wherever_the_keys_crowd(
            spread in proptest::collection::btree_set(any::<u64>(), 0..300),
            crowd in proptest::collection::btree_set(0u64..400, 0..300), base in any::<u64>(), sought in any::<u64>(),
        ) {
            let people: std::collections::BTreeSet<u64> =
                spread.into_iter().chain(crowd.iter().map(|n| base.wrapping_add(*n))).collect();
            let all = Many { marks: people.iter().map(|p| Mark::of(*p)).collect(), counts: None };
            let near = people.iter().flat_map(|p| [*p, p.wrapping_sub(1), p.wrapping_add(1)]);
            for person in near.chain([sought, 0, u64::MAX]) {
                prop_assert_eq!(all.find(person), all.marks.binary_search_by_key(&person, |m| m.person));
            }
        }
    }
}
