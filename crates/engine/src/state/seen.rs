//! Whom a principal was shown: an exact set over sliding windows.
//!
//! For each person the last time of each sensitivity is kept. The people of a window are then those whose last time lies
//! in it: exactly the distinct people shown in the last so many seconds, and reading somebody again costs nothing.
//! A fixed window would be smaller and let twice the budget through around its border. The set never grows beyond the
//! largest limit, because what is over a budget is not added.

use smallvec::SmallVec;

use crate::doors::Sensitivity;
use crate::policy::{Limits, Window};

/// Columns of the set: basic, personal, contact. Special fields are so few that they share the contact column.
pub(super) const COLUMNS: usize = 3;

pub(super) fn column(s: Sensitivity) -> usize {
    (s as usize).min(COLUMNS - 1)
}

/// One person, and when each column was last shown (Unix seconds; 0 = never).
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    person: u64,
    last_s: [u32; COLUMNS],
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
    person: u64,
    column: usize,
    was_s: u32,
    showings: u8,
}

impl Undo {
    /// Whether the person had not been shown within the day before.
    pub(super) fn new_in_a_day(&self, now_s: u32) -> bool {
        !inside(self.was_s, Window::Day, now_s)
    }
}

/// The set. Most principals are shown one person and never come again: that one stands in the record itself, and neither
/// showing it nor forgetting it touches memory anywhere else.
#[derive(Debug, Default)]
pub(super) enum Seen {
    #[default]
    Nobody,
    One(Mark),
    Many {
        /// How many, so that eviction does not wait for the rest.
        people: u32,
        all: Box<Many>,
    },
}

/// More than one person, in the order of their keys.
#[derive(Debug, Default)]
pub(super) struct Many {
    marks: SmallVec<[Mark; FIRST]>,
    /// Only for sets of more than [`FEW`] people.
    counts: Option<Box<Counts>>,
}

type Counts = [[Count; 3]; COLUMNS];

/// Where in a set somebody is (`Ok`), or would be.
type Place = Result<usize, usize>;

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

fn inside(last_s: u32, window: Window, now_s: u32) -> bool {
    last_s != 0 && now_s.saturating_sub(last_s) < window.seconds()
}

impl Mark {
    fn of(person: u64) -> Self {
        Self { person, last_s: [0; COLUMNS], showings: [0; COLUMNS], _here: Here::Yes }
    }

    /// Notes a showing; when the last one was, and the number of this one.
    fn show(&mut self, column: usize, now_s: u32) -> (u32, u8) {
        let was_s = self.last_s[column];
        // Threads may be a second apart; a set's time never goes back.
        self.last_s[column] = now_s.max(was_s).max(1);
        self.showings[column] = self.showings[column].wrapping_add(1);
        (was_s, self.showings[column])
    }

    /// Takes a showing back; whether it was the last one.
    fn undo(&mut self, undo: Undo) -> bool {
        let last = self.showings[undo.column] == undo.showings;
        if last {
            self.last_s[undo.column] = undo.was_s;
            self.showings[undo.column] = undo.showings.wrapping_sub(1);
        }
        last
    }

    fn never_shown(&self) -> bool {
        self.last_s == [0; COLUMNS]
    }

    /// Last shown longer ago than any window.
    fn old(&self, now_s: u32) -> bool {
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
    fn find(&self, person: u64) -> Place {
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

    fn people(&mut self, column: usize, window: Window, now_s: u32) -> u32 {
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
    fn show(&mut self, place: Place, person: u64, column: usize, now_s: u32) -> (u32, u8) {
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

    fn undo(&mut self, undo: Undo) {
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
    fn forget_old(&mut self, now_s: u32) -> bool {
        let before = self.marks.len();
        self.marks.retain(|m| !m.old(now_s));
        self.marks.len() < before
    }

    fn heap_bytes(&self) -> usize {
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

impl Seen {
    /// Distinct people of a column in a window that ends now.
    pub(super) fn people(&mut self, column: usize, window: Window, now_s: u32) -> u32 {
        match self {
            Self::Nobody => 0,
            Self::One(m) => u32::from(inside(m.last_s[column], window, now_s)),
            Self::Many { all, .. } => all.people(column, window, now_s),
        }
    }

    /// The same of all columns and windows, in one go.
    pub(super) fn all_people(&mut self, now_s: u32) -> [[u32; 3]; COLUMNS] {
        let mut all = [[0; 3]; COLUMNS];
        if matches!(self, Self::Nobody) {
            return all;
        }
        for (c, windows) in all.iter_mut().enumerate() {
            for w in Window::ALL {
                windows[w as usize] = self.people(c, w, now_s);
            }
        }
        all
    }

    fn place(&self, person: u64) -> Place {
        match self {
            Self::Nobody => Err(0),
            Self::One(m) => [m.person].binary_search(&person),
            Self::Many { all, .. } => all.find(person),
        }
    }

    /// When whoever is at a place was last shown, of one column; 0 = never.
    fn last_s(&self, place: Place, column: usize) -> u32 {
        match (self, place) {
            (Self::One(m), Ok(_)) => m.last_s[column],
            (Self::Many { all, .. }, Ok(at)) => all.marks[at].last_s[column],
            _ => 0,
        }
    }

    /// Reads around where these people would be, so that memory brings all those places at once instead of each when it
    /// is its turn.
    pub(super) fn read_ahead(&self, people: &[u64]) {
        let Self::Many { all, .. } = self else { return };
        if all.marks.len() <= FEW {
            return;
        }
        let mut read = 0;
        for person in people {
            let even = all.even(*person);
            let around = (0..=4).map(|n| (even + n * APART).wrapping_sub(2 * APART));
            read ^= around.filter_map(|at| all.marks.get(at)).fold(0, |read, m| read ^ m.person);
        }
        // Nobody asks for it, and yet it must be read.
        std::hint::black_box(read);
    }

    /// Whether the person was shown in the window.
    pub(super) fn has(&self, person: u64, column: usize, window: Window, now_s: u32) -> bool {
        inside(self.last_s(self.place(person), column), window, now_s)
    }

    /// Notes that the person is shown now, if that fits.
    ///
    /// # Errors
    /// The window whose limit one more showing of this person would break.
    pub(super) fn show_within(
        &mut self,
        limits: &Limits,
        person: u64,
        column: usize,
        now_s: u32,
    ) -> Result<Undo, Window> {
        let place = self.place(person);
        let last = self.last_s(place, column);
        let broken = Window::ALL.into_iter().find(|w| {
            limits.get(*w).is_some_and(|limit| !inside(last, *w, now_s) && self.people(column, *w, now_s) >= limit)
        });
        broken.map_or_else(|| Ok(self.show_at(place, person, column, now_s)), Err)
    }

    /// Notes that the person is shown now.
    pub(super) fn show(&mut self, person: u64, column: usize, now_s: u32) -> Undo {
        self.show_at(self.place(person), person, column, now_s)
    }

    fn show_at(&mut self, place: Place, person: u64, column: usize, now_s: u32) -> Undo {
        match self {
            Self::Nobody => *self = Self::One(Mark::of(person)),
            Self::One(m) if m.person == person => {}
            Self::One(m) if m.old(now_s) => *m = Mark::of(person),
            Self::One(m) => {
                let mut all = Box::new(Many::default());
                all.marks.push(*m);
                *self = Self::Many { people: 1, all };
            }
            Self::Many { .. } => {}
        }
        let (was_s, showings) = match self {
            Self::Nobody => (0, 0),
            Self::One(m) => m.show(column, now_s),
            Self::Many { people, all } => {
                let shown = all.show(place, person, column, now_s);
                *people = u32::try_from(all.marks.len()).unwrap_or(u32::MAX);
                shown
            }
        };
        Undo { person, column, was_s, showings }
    }

    /// Takes back a showing that did not take place. If the person was shown again since, by a thread that got through
    /// where this one did not, it stays: forgetting it would give its place to one more person.
    pub(super) fn undo(&mut self, undo: Undo) {
        let emptied = match self {
            Self::Nobody => false,
            Self::One(m) => m.person == undo.person && m.undo(undo) && m.never_shown(),
            Self::Many { people, all } => {
                all.undo(undo);
                *people = u32::try_from(all.marks.len()).unwrap_or(u32::MAX);
                false
            }
        };
        if emptied {
            *self = Self::Nobody;
        }
    }

    /// People in the set, of any window.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Nobody => 0,
            Self::One(_) => 1,
            Self::Many { people, .. } => *people as usize,
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Many { all, .. } => all.heap_bytes(),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_undo_does_not_take_back_what_another_thread_showed_since() {
        let mut seen = Seen::default();
        let mine = seen.show(7, 0, 1_000);
        let theirs = seen.show(7, 0, 1_000);
        seen.undo(mine);
        assert_eq!(seen.people(0, Window::Hour, 1_000), 1);
        seen.undo(theirs);
        let (mine, theirs) = (seen.show(8, 0, 1_000), seen.show(8, 0, 1_000));
        seen.undo(theirs);
        seen.undo(mine);
        assert!(!seen.has(8, 0, Window::Hour, 1_000));
    }

    #[test]
    fn an_undo_takes_back_its_column_though_another_was_shown_since() {
        let mut seen = Seen::default();
        let mine = seen.show(7, 1, 1_000);
        let theirs = seen.show(7, 0, 1_000);
        seen.undo(mine);
        assert_eq!([0, 1].map(|c| seen.people(c, Window::Hour, 1_000)), [1, 0]);
        seen.undo(theirs);
        assert_eq!(seen.len(), 0);
    }

    #[test]
    fn a_person_takes_twenty_four_bytes_and_so_does_a_set_of_one() {
        assert_eq!((size_of::<Mark>(), size_of::<Seen>()), (24, 24));
    }

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

        #[test]
        fn the_set_counts_as_a_list_of_all_showings_would(
            steps in proptest::collection::vec((0u64..12, 0usize..COLUMNS, prop_oneof![0u32..50, 1000u32..90_000, 1_000_000u32..3_000_000]), 1..60),
            hour in 1u32..6, day in 1u32..9,
        ) {
            let mut seen = Seen::default();
            let mut shown: Vec<(u32, u64, usize)> = Vec::new();
            let limits = Limits { hour: Some(hour), day: Some(day), month: None };
            let mut now = 1_000_000u32;
            for (person, column, pause) in steps {
                now += pause;
                let distinct = |w: Window, also: Option<u64>| {
                    let mut people: Vec<u64> = shown.iter().filter(|(t, _, c)| *c == column && now - t < w.seconds()).map(|(_, p, _)| *p).chain(also).collect();
                    people.sort_unstable();
                    people.dedup();
                    u32::try_from(people.len()).unwrap()
                };
                for w in Window::ALL {
                    prop_assert_eq!(seen.people(column, w, now), distinct(w, None));
                }
                let fits = distinct(Window::Hour, Some(person)) <= hour.max(distinct(Window::Hour, None))
                    && distinct(Window::Day, Some(person)) <= day.max(distinct(Window::Day, None));
                let done = seen.show_within(&limits, person, column, now);
                prop_assert_eq!(done.is_ok(), fits);
                if let Ok(undo) = done {
                    if pause % 3 == 0 { seen.undo(undo); } else { shown.push((now, person, column)); }
                }
            }
        }
    }
}
