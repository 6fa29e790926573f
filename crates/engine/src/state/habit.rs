//! What one principal usually reads: on how many days it was shown people, and how many on a usual day of its own.
//!
//! Under a high posture that is what somebody known is still given, so that addresses which were only let grow old
//! bring no more than new ones. Nothing is noted while the site is tense: a harvest must not become its own habit.

/// Days without a person shown after which a principal is as good as new.
const FORGET_DAYS: u16 = 30;

/// Six bytes a principal. Counts end at 255, which is over every budget as shipped.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Habit {
    /// The day under way, counted from the epoch.
    day: u16,
    today: u8,
    /// Different days, this one included.
    days: u8,
    /// Mean of the days before, the last one weighing a quarter.
    usual: u8,
}

fn day_of(now_s: u32) -> u16 {
    u16::try_from(now_s / 86_400).unwrap_or(u16::MAX)
}

impl Habit {
    /// Somebody was shown who had not been shown within a day.
    pub(super) fn note(&mut self, now_s: u32) {
        let day = day_of(now_s);
        if day > self.day {
            let gone = day - self.day > FORGET_DAYS;
            self.usual = if gone { 0 } else { self.usual() };
            self.days = if gone { 1 } else { self.days.saturating_add(1) };
            (self.day, self.today) = (day, 0);
        }
        self.today = self.today.saturating_add(1);
    }

    /// That showing did not take place after all.
    pub(super) fn take_back(&mut self) {
        self.today = self.today.saturating_sub(1);
    }

    /// On how many different days people were shown lately.
    pub(super) fn days(&self, now_s: u32) -> u32 {
        if day_of(now_s).saturating_sub(self.day) > FORGET_DAYS { 0 } else { u32::from(self.days) }
    }

    /// How many people on a usual day.
    pub(super) fn people(&self) -> u32 {
        u32::from(self.usual().max(self.usual))
    }

    fn usual(&self) -> u8 {
        if self.days <= 1 {
            return self.today;
        }
        u8::try_from((3 * u16::from(self.usual) + u16::from(self.today)).div_ceil(4)).unwrap_or(u8::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: u32 = 86_400;

    fn read(habit: &mut Habit, day: u32, people: u32) {
        (0..people).for_each(|n| habit.note(day * DAY + n));
    }

    #[test]
    fn a_habit_is_six_bytes() {
        assert_eq!(size_of::<Habit>(), 6);
    }

    #[test]
    fn who_reads_ten_a_day_has_a_usual_day_of_ten() {
        let mut h = Habit::default();
        for day in 20_000..20_010 {
            read(&mut h, day, 10);
        }
        assert_eq!((h.days(20_009 * DAY), h.people()), (10, 10));
        assert_eq!(h.days(20_045 * DAY), 0, "who was away for a month is new again");
    }

    #[test]
    fn one_busy_day_does_not_make_a_habit() {
        let mut h = Habit::default();
        for day in 20_000..20_005 {
            read(&mut h, day, 1);
        }
        read(&mut h, 20_005, 80);
        assert!(h.people() <= 21, "{}", h.people());
    }

    proptest! {
        #[test]
        fn no_habit_is_larger_than_the_busiest_day(days in proptest::collection::vec((0u32..40, 1u32..300), 1..30)) {
            let (mut h, mut day) = (Habit::default(), 20_000);
            for (pause, people) in &days {
                day += pause + 1;
                read(&mut h, day, *people);
            }
            let busiest = days.iter().map(|(_, people)| *people).max().unwrap();
            prop_assert!(h.people() <= busiest.min(255));
            prop_assert!(h.days(day * DAY) as usize <= days.len());
        }
    }
}
