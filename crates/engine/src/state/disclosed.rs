//! How many distinct people were shown to anybody: the first figure anyone asks for, and no sum of the principals' own,
//! because one person shown to ten visitors is one person.

use parking_lot::Mutex;
use serde::Serialize;

use super::seconds;
use super::sketch::Ring;

/// Distinct people shown in the last hour and the last day, whoever they were shown to. 132 KiB.
#[derive(Debug)]
pub struct Disclosed(Mutex<[Ring; 2]>);

/// [`Disclosed`] at one moment; exact for a few dozen people, else within about 2 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DisclosedNow {
    /// Distinct people of the last hour.
    pub hour: u32,
    /// ... of the last day.
    pub day: u32,
}

impl Default for Disclosed {
    fn default() -> Self {
        Self(Mutex::new([Ring::new(6, 600), Ring::new(24, 3_600)]))
    }
}

impl Disclosed {
    /// People, by their keyed hashes, were shown.
    pub fn add(&self, people: impl IntoIterator<Item = u64>, at_ms: u64) {
        let mut rings = self.0.lock();
        for r in rings.iter_mut() {
            r.move_to(seconds(at_ms));
        }
        for person in people {
            rings.iter_mut().for_each(|r| r.add(person));
        }
    }

    /// How many they are.
    #[must_use]
    pub fn now(&self, now_ms: u64) -> DisclosedNow {
        let mut rings = self.0.lock();
        for r in rings.iter_mut() {
            r.move_to(seconds(now_ms));
        }
        DisclosedNow { hour: rings[0].people(), day: rings[1].people() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_counts_once_and_leaves_with_the_window() {
        let (disclosed, begun_ms) = (Disclosed::default(), 1_800_000_000_000);
        let person = |n: u64| n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        for _ in 0..3 {
            disclosed.add((1..=10).map(person), begun_ms);
        }
        assert_eq!(disclosed.now(begun_ms), DisclosedNow { hour: 10, day: 10 });
        assert_eq!(disclosed.now(begun_ms + 2 * 3_600_000), DisclosedNow { hour: 0, day: 10 });
        assert_eq!(disclosed.now(begun_ms + 25 * 3_600_000), DisclosedNow { hour: 0, day: 0 });
    }
}
