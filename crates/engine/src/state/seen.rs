//! Whom a principal was shown: an exact set over sliding windows.
//!
//! For each person the last time of each sensitivity is kept. The people of a window are then those whose last time lies
//! in it: exactly the distinct people shown in the last so many seconds, and reading somebody again costs nothing.
//! A fixed window would be smaller and let twice the budget through around its border. The set never grows beyond the
//! largest limit, because what is over a budget is not added.

use crate::doors::Sensitivity;
use crate::policy::{Limits, Window};

/// Columns of the set: basic, personal, contact. Special fields are so few that they share the contact column.
pub(super) const COLUMNS: usize = 3;

pub(super) fn column(s: Sensitivity) -> usize {
    (s as usize).min(COLUMNS - 1)
}

/// One person, and when each column was last shown (Unix seconds; 0 = never).
#[derive(Debug, Clone, Copy)]
struct Mark {
    person: u64,
    last_s: [u32; COLUMNS],
    /// Showings of each column so far, wrapping: tells an undo whether the person was shown again since, within the instant
    /// that a charge takes. Fits where the compiler would leave a gap.
    showings: [u8; COLUMNS],
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

/// The set.
#[derive(Debug, Default)]
pub(super) struct Seen {
    marks: Vec<Mark>,
    /// Only for sets of more than [`FEW`] people; most principals never have one.
    counts: Option<Box<Counts>>,
}

type Counts = [[Count; 3]; COLUMNS];

/// So few people are counted anew each time: a million principals of three people each need no memory of counts.
const FEW: usize = 8;

fn inside(last_s: u32, window: Window, now_s: u32) -> bool {
    last_s != 0 && now_s.saturating_sub(last_s) < window.seconds()
}

impl Seen {
    /// Distinct people of a column in a window that ends now.
    pub(super) fn people(&mut self, column: usize, window: Window, now_s: u32) -> u32 {
        if self.marks.len() <= FEW && self.counts.is_none() {
            return self.count(column, window, now_s).people;
        }
        let known = self.counts.get_or_insert_default()[column][window as usize];
        if now_s < known.until_s {
            return known.people;
        }
        let count = self.count(column, window, now_s);
        self.counts.get_or_insert_default()[column][window as usize] = count;
        count.people
    }

    fn count(&self, column: usize, window: Window, now_s: u32) -> Count {
        let mut count = Count { people: 0, until_s: u32::MAX };
        for m in &self.marks {
            let last = m.last_s[column];
            if inside(last, window, now_s) {
                count.people += 1;
                count.until_s = count.until_s.min(last.saturating_add(window.seconds()));
            }
        }
        count
    }

    /// Whether the person was shown in the window.
    pub(super) fn has(&self, person: u64, column: usize, window: Window, now_s: u32) -> bool {
        self.find(person).is_ok_and(|i| inside(self.marks[i].last_s[column], window, now_s))
    }

    fn find(&self, person: u64) -> Result<usize, usize> {
        self.marks.binary_search_by_key(&person, |m| m.person)
    }

    /// The window whose limit one more showing of this person would break; `None` when it fits.
    pub(super) fn breaks(&mut self, person: u64, column: usize, limits: &Limits, now_s: u32) -> Option<Window> {
        let last = self.find(person).map_or(0, |i| self.marks[i].last_s[column]);
        Window::ALL.into_iter().find(|w| {
            limits.get(*w).is_some_and(|limit| !inside(last, *w, now_s) && self.people(column, *w, now_s) >= limit)
        })
    }

    /// Notes that the person is shown now.
    pub(super) fn show(&mut self, person: u64, column: usize, now_s: u32) -> Undo {
        let at = self.find(person).unwrap_or_else(|at| {
            let at = if self.marks.len() == self.marks.capacity() && self.forget_old(now_s) {
                self.find(person).unwrap_or_else(|at| at)
            } else {
                at
            };
            // Grows by half, not by double: a million small sets are mostly their slack.
            if self.marks.len() == self.marks.capacity() {
                self.marks.reserve_exact((self.marks.len() / 2).max(2));
            }
            self.marks.insert(at, Mark { person, last_s: [0; COLUMNS], showings: [0; COLUMNS] });
            at
        });
        let mark = &mut self.marks[at];
        let was_s = mark.last_s[column];
        // Threads may be a second apart; a set's time never goes back.
        mark.last_s[column] = now_s.max(was_s).max(1);
        let showings = mark.showings[column].wrapping_add(1);
        mark.showings[column] = showings;
        for (w, count) in Window::ALL.into_iter().zip(self.counts.iter_mut().flat_map(|c| &mut c[column])) {
            if now_s < count.until_s && !inside(was_s, w, now_s) {
                count.people += 1;
                count.until_s = count.until_s.min(now_s.saturating_add(w.seconds()));
            }
        }
        Undo { person, column, was_s, showings }
    }

    /// Takes back a showing that did not take place. If the person was shown again since, by a thread that got through
    /// where this one did not, it stays: forgetting it would give its place to one more person.
    pub(super) fn undo(&mut self, undo: Undo) {
        if let Ok(i) = self.find(undo.person) {
            let mark = &mut self.marks[i];
            if mark.showings[undo.column] != undo.showings {
                return;
            }
            mark.last_s[undo.column] = undo.was_s;
            mark.showings[undo.column] = undo.showings.wrapping_sub(1);
            if self.marks[i].last_s == [0; COLUMNS] {
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
        self.marks.retain(|m| m.last_s.iter().any(|l| inside(*l, Window::Month, now_s)));
        self.marks.len() < before
    }

    /// People in the set, of any window.
    pub(super) fn len(&self) -> usize {
        self.marks.len()
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.marks.capacity() * size_of::<Mark>() + self.counts.as_ref().map_or(0, |_| size_of::<Counts>())
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
    fn a_person_takes_twenty_four_bytes() {
        assert_eq!(size_of::<Mark>(), 24);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

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
                let broken = seen.breaks(person, column, &limits, now);
                prop_assert_eq!(broken.is_none(), fits);
                if broken.is_none() {
                    let undo = seen.show(person, column, now);
                    if pause % 3 == 0 { seen.undo(undo); } else { shown.push((now, person, column)); }
                }
            }
        }
    }
}
