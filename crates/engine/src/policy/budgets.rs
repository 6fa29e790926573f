//! How many distinct people a principal may be shown, and when everybody's allowance shrinks.

use serde::Deserialize;

use crate::doors::{LEVELS, Level, SENSITIVITIES, STANDINGS, Sensitivity, Standing};

/// The three windows of a budget. All slide: the count is of distinct people shown in the last so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// 3,600 s.
    Hour,
    /// 86,400 s.
    Day,
    /// 30 days.
    Month,
}

impl Window {
    /// All three, shortest first.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Month];
    /// Length in seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        match self {
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Month => 30 * 86_400,
        }
    }
}

/// Distinct people per window; `None` is no limit of its own.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// In any hour.
    pub hour: Option<u32>,
    /// In any day.
    pub day: Option<u32>,
    /// In any 30 days.
    pub month: Option<u32>,
}

impl Limits {
    /// The limit of one window.
    #[must_use]
    pub fn get(&self, w: Window) -> Option<u32> {
        match w {
            Window::Hour => self.hour,
            Window::Day => self.day,
            Window::Month => self.month,
        }
    }
}

/// One line of the compiled budget table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    standing: Standing,
    level: Level,
    sensitivity: Sensitivity,
    hour: Option<u32>,
    day: Option<u32>,
    month: Option<u32>,
}

/// The budget table: one [`Limits`] per standing, level and sensitivity.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Vec<Line>")]
pub struct Budgets {
    table: Box<[[[Limits; SENSITIVITIES]; LEVELS]; STANDINGS]>,
}

impl From<Vec<Line>> for Budgets {
    fn from(lines: Vec<Line>) -> Self {
        let mut table = Box::new([[[Limits::default(); SENSITIVITIES]; LEVELS]; STANDINGS]);
        for l in lines {
            table[l.standing as usize][l.level as usize][l.sensitivity as usize] =
                Limits { hour: l.hour, day: l.day, month: l.month };
        }
        Self { table }
    }
}

impl Budgets {
    /// The limits of one principal level for one sensitivity.
    #[must_use]
    pub fn limits(&self, standing: Standing, level: Level, sensitivity: Sensitivity) -> &Limits {
        &self.table[standing as usize][level as usize][sensitivity as usize]
    }
}

/// When all strangers together make the posture rise, per sensitivity.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PosturePolicy {
    /// Distinct people all strangers together are shown before the posture is `raised`.
    pub raised: Vec<PostureLimits>,
    /// ... and before it is `high`.
    pub high: Vec<PostureLimits>,
    /// Learned thresholds replace the written ones once there are this many hours of history; 0 = never.
    pub learn_after_hours: u32,
    /// A learned threshold is this many times the usual (95th percentile of past hours, 80th of past days), and never under the written one.
    pub learned_factor: f32,
    /// A principal first seen less than this long ago is a newcomer.
    pub newcomer_age_s: u32,
    /// What a newcomer may be shown in an hour while the posture is raised: standing × sensitivity, per principal.
    pub newcomer_raised: Vec<NewcomerLimit>,
    /// ... while it is high.
    pub newcomer_high: Vec<NewcomerLimit>,
    /// The posture falls one step after this long below the threshold.
    pub calm_after_s: u32,
    /// A principal that was shown people on fewer different days is a newcomer too.
    #[serde(default)]
    pub newcomer_days: u32,
    /// While the posture is high, somebody known is shown so many times what it is shown on a usual day of its own.
    #[serde(default = "unlimited")]
    pub known_factor: f32,
    /// People nobody usually visits.
    #[serde(default)]
    pub unusual: UnusualPolicy,
}

fn unlimited() -> f32 {
    f32::INFINITY
}

/// When strangers together are shown too many people whom nobody usually visits.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnusualPolicy {
    /// Whoever was shown to no stranger for one to two times so many days is such a person; 0 = never looked at.
    pub days: u32,
    /// Distinct such people in any day before the posture is raised; twice as many make it high.
    pub people: u32,
    /// ... and this many times what is usual (80th percentile of past days).
    pub factor: f32,
    /// ... and at least this share, in percent, of everybody strangers are shown in the day.
    pub share_percent: u32,
}

/// Threshold of one sensitivity for the class of all strangers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostureLimits {
    /// Which fields.
    pub sensitivity: Sensitivity,
    /// Distinct people in any hour.
    pub hour: Option<u32>,
    /// Distinct people in any day.
    pub day: Option<u32>,
}

/// What one newcomer may still be shown while the site is tense, in any day.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewcomerLimit {
    /// Which standing.
    pub standing: Standing,
    /// Which fields.
    pub sensitivity: Sensitivity,
    /// Distinct people in any day, at every level the newcomer has.
    pub people: u32,
}
