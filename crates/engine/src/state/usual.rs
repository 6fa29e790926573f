//! What is usual: the figures of past calm hours or days, and how high they go on all but the odd one.
//!
//! Of hours the 95th percentile counts: a busy hour a day is usual. Of days it is the 80th: a few figures have no 95th
//! but the largest of them, and one unnoticed day of a harvest would be the measure of the next, which could double.
//! Weekends are two days of seven, and count.

/// Figures of the past, the oldest replaced first.
#[derive(Debug)]
pub(super) struct Usual {
    kept: Vec<u32>,
    most: usize,
    /// In percent.
    percentile: usize,
    next: usize,
    /// That percentile of the figures kept.
    high: u32,
}

impl Usual {
    /// Of hours: four weeks are kept, four bytes each.
    pub(super) fn of_hours() -> Self {
        Self { kept: Vec::new(), most: 24 * 28, percentile: 95, next: 0, high: 0 }
    }

    /// Of days: four weeks.
    pub(super) fn of_days() -> Self {
        Self { kept: Vec::new(), most: 28, percentile: 80, next: 0, high: 0 }
    }

    /// Notes the figure of one hour or day.
    pub(super) fn note(&mut self, figure: u32) {
        if self.kept.len() < self.most {
            self.kept.push(figure);
        } else {
            self.kept[self.next % self.most] = figure;
        }
        self.next += 1;
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        self.high = sorted.get((sorted.len() * self.percentile / 100).min(sorted.len() - 1)).copied().unwrap_or(0);
    }

    /// How many figures there are.
    pub(super) fn figures(&self) -> usize {
        self.kept.len()
    }

    /// What is seldom exceeded.
    pub(super) fn high(&self) -> u32 {
        self.high
    }

    /// So many times that.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a number of people"
    )]
    pub(super) fn times(&self, factor: f32) -> u32 {
        (self.high as f32 * factor) as u32
    }
}
