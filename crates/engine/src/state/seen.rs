//! Whom a principal was shown: an exact set over sliding windows.
//!
//! For each person the last time of each sensitivity is kept. The people of a window are then those whose last time lies
//! in it: exactly the distinct people shown in the last so many seconds, and reading somebody again costs nothing.
//! A fixed window would be smaller and let twice the budget through around its border. The set never grows beyond the
//! largest limit, because what is over a budget is not added.

use super::marks::{Many, Mark, Place, inside};
use crate::doors::Sensitivity;
use crate::policy::{Limits, Window};

pub(super) use super::marks::{COLUMNS, Undo};

pub(super) fn column(s: Sensitivity) -> usize {
    (s as usize).min(COLUMNS - 1)
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

    /// These people are about to be looked for.
    pub(super) fn read_ahead(&self, people: &[u64]) {
        if let Self::Many { all, .. } = self {
            all.read_ahead(people);
        }
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
