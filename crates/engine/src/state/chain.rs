//! The order in which people are asked for, by the numbers in their identifiers.

use std::num::NonZeroU32;

use super::ordinal::Ordinal;

/// How many people are remembered: whoever compares so few asks for nobody new, in whatever order.
const REMEMBERED: usize = 5;

/// Numbers are kept as what they leave of this prime, the largest below 2^32: steps can be told from that, too, and two
/// that differ are seldom taken for the same.
const PRIME: u32 = 4_294_967_291;

/// What is known of the people asked for, one after the other.
#[derive(Debug, Default)]
pub(super) struct Chain {
    /// What stands around the numbers.
    around: Option<NonZeroU32>,
    /// The last people asked for, the latest first: one more than the rest of the number.
    recent: [Option<NonZeroU32>; REMEMBERED],
    steps: u8,
    even_steps: u8,
    alternating_steps: u8,
    /// Short steps upwards, less what was no such step.
    rising: u8,
}

impl Chain {
    /// Whether the last number stood in the same place.
    pub(super) fn follows(&self, id: Ordinal) -> bool {
        self.around == Some(id.around)
    }

    /// Notes that somebody was asked for; whether it was somebody new.
    ///
    /// Only who is not among the last few is a step: to look at the same ones again, or at a few in turn, is free and
    /// says nothing of going through all of them.
    pub(super) fn asked(&mut self, id: Ordinal) -> bool {
        let one = one_of(id.number);
        if self.around != Some(id.around) {
            self.around = Some(id.around);
            self.recent = [None; REMEMBERED];
        } else if self.recent.contains(&Some(one)) {
            return false;
        }
        let [last, before, third, ..] = self.recent;
        self.recent.rotate_right(1);
        self.recent[0] = Some(one);
        let Some(last) = last else { return true };
        let step = step(last, one);
        if self.steps >= 32 {
            self.steps /= 2;
            self.even_steps /= 2;
            self.alternating_steps /= 2;
        }
        self.steps += 1;
        let like = |from: Option<NonZeroU32>, to: Option<NonZeroU32>| {
            from.zip(to).is_some_and(|(from, to)| self::step(from, to) == step)
        };
        self.even_steps += u8::from(step == 1 || like(before, Some(last)));
        // Two fetchers side by side leave two steps in turn.
        self.alternating_steps += u8::from(like(third, before));
        self.rising = if (1..=50).contains(&step) { (self.rising + 1).min(64) } else { self.rising.saturating_sub(4) };
        true
    }

    /// Whether people are asked for in order, and how that was seen.
    ///
    /// Whoever goes through a list and opens some of its entries asks for rising numbers, too, with gaps of any size: that
    /// alone is no order before it is more than anybody reads at a sitting.
    pub(super) fn order(&self) -> Option<String> {
        let rising = self.rising;
        self.even(8).or_else(|| {
            (rising >= 24)
                .then(|| format!("{rising} more identifiers followed the one before at a short step upwards than not"))
        })
    }

    /// Whether most of at least so many steps were even ones.
    pub(super) fn even(&self, least: u16) -> Option<String> {
        let (steps, even) = (u16::from(self.steps), u16::from(self.even_steps.max(self.alternating_steps)));
        // A share of eight, and a laxer one once there are more.
        let most = even * 10 >= steps * if steps >= 16 { 7 } else { 9 };
        (steps >= least && most)
            .then(|| format!("{even} of the last {steps} identifiers followed the ones before at even steps"))
    }
}

/// The rest of a number, and one.
fn one_of(number: u64) -> NonZeroU32 {
    let rest = u32::try_from(number % u64::from(PRIME)).unwrap_or(0);
    NonZeroU32::MIN.saturating_add(rest)
}

/// How far it is upwards from one to the other, round the prime.
fn step(from: NonZeroU32, to: NonZeroU32) -> u32 {
    let (from, to) = (from.get(), to.get());
    if to >= from { to - from } else { PRIME - (from - to) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_step_is_told_from_numbers_of_any_size() {
        for n in [0, 1, u64::from(PRIME) - 1, u64::from(PRIME), u64::from(u32::MAX), u64::MAX - 7] {
            assert_eq!(step(one_of(n), one_of(n + 7)), 7, "{n}");
            assert_eq!(step(one_of(n + 7), one_of(n)), PRIME - 7, "{n}");
        }
    }

    proptest! {
        #[test]
        fn whoever_goes_round_among_a_handful_is_never_in_order(
            few in prop::collection::hash_set(any::<u64>(), 1..=REMEMBERED), rounds in prop::collection::vec(any::<prop::sample::Index>(), 1..200)
        ) {
            let few: Vec<u64> = few.into_iter().collect();
            let mut chain = Chain::default();
            for n in rounds {
                chain.asked(Ordinal { number: few[n.index(few.len())], around: NonZeroU32::MIN });
            }
            prop_assert!(usize::from(chain.steps) < REMEMBERED);
        }
    }
}
