//! How tense the site is: moved by how many different people all strangers together are shown.
//!
//! Addresses rotate, so the last line is the class of all strangers. The number is up to date with every single
//! charge: fifty harvesters together make thousands of charges a second, and a posture that looked once a second
//! would let them all through.

use serde::{Deserialize, Serialize};

use super::seen::{COLUMNS, column};
use super::sketch::Ring;
use crate::doors::Sensitivity;
use crate::policy::{PostureLimits, PosturePolicy, Window};

/// How tense.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Posture {
    /// As usual.
    Calm,
    /// Strangers together are shown unusually many people: newcomers' allowance shrinks.
    Raised,
    /// Far too many: newcomers are shown next to nobody more.
    High,
}

/// How tense a family is, and since when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tension {
    pub(super) posture: Posture,
    /// When this wave began, Unix seconds: whoever was not known before it is a newcomer for as long as it lasts.
    pub(super) since_s: u32,
}

impl Tension {
    pub(super) const NONE: Self = Self { posture: Posture::Calm, since_s: 0 };

    /// Whether somebody first seen at `first_s` is a newcomer. Age counts up to the beginning of the wave: fifty
    /// addresses that wait for their first birthday would otherwise read everybody on the second day. Who has been
    /// known for a month is none, however long the wave lasts.
    pub(super) fn newcomer(self, policy: &PosturePolicy, first_s: u32, now_s: u32) -> bool {
        let known_by_s = self.since_s.max(now_s.saturating_sub(Window::Month.seconds()));
        known_by_s.saturating_sub(first_s) < policy.newcomer_age_s
    }
}

/// Hours of history kept for learning what is usual: four weeks.
const HISTORY: usize = 24 * 28;

/// One family of routes.
#[derive(Debug)]
pub(super) struct FamilyPosture {
    posture: Posture,
    /// When the numbers were last over the threshold of the posture in force.
    last_over_s: u32,
    /// When the wave began, and when the last one ended.
    since_s: u32,
    ended_s: u32,
    hour: [Ring; COLUMNS],
    day: [Ring; COLUMNS],
    usual: [Usual; COLUMNS],
}

/// What is usual: estimates of past calm hours.
#[derive(Debug, Default)]
struct Usual {
    hours: Vec<u32>,
    next: usize,
    /// 95th percentile of the hours kept.
    high: u32,
}

impl Usual {
    fn note(&mut self, people: u32) {
        if self.hours.len() < HISTORY {
            self.hours.push(people);
        } else {
            self.hours[self.next % HISTORY] = people;
        }
        self.next += 1;
        let mut sorted = self.hours.clone();
        sorted.sort_unstable();
        self.high = sorted.get((sorted.len() * 95 / 100).min(sorted.len() - 1)).copied().unwrap_or(0);
    }
}

/// The numbers of a family, for the status.
#[derive(Debug, Serialize)]
pub struct PostureNow {
    /// The family.
    pub family: String,
    /// How tense.
    pub posture: Posture,
    /// Distinct people all strangers were shown in the last hour: basic, personal, contact.
    pub people_hour: [u32; COLUMNS],
    /// ... in the last day.
    pub people_day: [u32; COLUMNS],
    /// Threshold for `raised` in an hour as it is used now, for personal fields.
    pub raised_hour_personal: Option<u32>,
    /// A sentence when the written threshold no longer fits what is usual.
    pub stale: Option<String>,
}

impl FamilyPosture {
    pub(super) fn new() -> Self {
        Self {
            posture: Posture::Calm,
            last_over_s: 0,
            since_s: 0,
            ended_s: 0,
            hour: std::array::from_fn(|_| Ring::new(6, 600)),
            day: std::array::from_fn(|_| Ring::new(24, 3_600)),
            usual: Default::default(),
        }
    }

    /// Moves the windows on, learns, and lets the posture fall when its time has come.
    pub(super) fn tick(&mut self, policy: &PosturePolicy, now_s: u32) -> Posture {
        for c in 0..COLUMNS {
            self.hour[c].move_to(now_s);
            let before = self.hour[c].people();
            let passed = self.day[c].move_to(now_s);
            // Frozen while tense: an attack must not teach us that it is usual.
            if passed > 0 && self.posture == Posture::Calm {
                self.usual[c].note(before);
            }
        }
        let wanted = self.wanted(policy);
        if wanted >= self.posture {
            self.rise(policy, wanted, now_s);
        } else if now_s.saturating_sub(self.last_over_s) >= policy.calm_after_s {
            self.posture = if self.posture == Posture::High { Posture::Raised.max(wanted) } else { wanted };
            self.last_over_s = now_s;
            if self.posture == Posture::Calm {
                self.ended_s = now_s;
            }
        }
        self.posture
    }

    fn rise(&mut self, policy: &PosturePolicy, wanted: Posture, now_s: u32) {
        // A wave soon after another is the same one: those who made the first have only waited.
        if self.posture == Posture::Calm
            && wanted > Posture::Calm
            && now_s.saturating_sub(self.ended_s) >= policy.newcomer_age_s
        {
            self.since_s = now_s;
        }
        self.posture = wanted;
        self.last_over_s = now_s;
    }

    /// [`FamilyPosture::tick`], with when the wave began.
    pub(super) fn tension(&mut self, policy: &PosturePolicy, now_s: u32) -> Tension {
        Tension { posture: self.tick(policy, now_s), since_s: self.since_s }
    }

    /// How tense it is as last looked at.
    pub(super) fn standing(&self) -> Tension {
        Tension { posture: self.posture, since_s: self.since_s }
    }

    /// When the posture falls next, if nothing more is shown until then; `None` when it is calm.
    pub(super) fn falls_at(&self, policy: &PosturePolicy) -> Option<u32> {
        (self.posture != Posture::Calm).then(|| self.last_over_s.saturating_add(policy.calm_after_s))
    }

    /// A stranger was shown somebody.
    pub(super) fn shown(&mut self, policy: &PosturePolicy, person: u64, s: Sensitivity, now_s: u32) {
        let c = column(s);
        self.hour[c].move_to(now_s);
        self.hour[c].add(person);
        self.day[c].add(person);
        let wanted = self.wanted(policy);
        if wanted >= self.posture {
            self.rise(policy, wanted, now_s);
        }
    }

    fn wanted(&self, policy: &PosturePolicy) -> Posture {
        if self.over(policy, &policy.high) {
            Posture::High
        } else if self.over(policy, &policy.raised) {
            Posture::Raised
        } else {
            Posture::Calm
        }
    }

    fn over(&self, policy: &PosturePolicy, limits: &[PostureLimits]) -> bool {
        limits.iter().any(|l| {
            let c = column(l.sensitivity);
            l.hour.is_some_and(|h| self.hour[c].people() >= self.threshold(policy, c, h))
                || l.day.is_some_and(|d| self.day[c].people() >= self.threshold(policy, c, d).max(d))
        })
    }

    /// The written threshold, or the learned one where it is higher and there is history enough.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a number of people"
    )]
    fn threshold(&self, policy: &PosturePolicy, column: usize, written: u32) -> u32 {
        let usual = &self.usual[column];
        if policy.learn_after_hours == 0 || usual.hours.len() < policy.learn_after_hours as usize {
            return written;
        }
        written.max((usual.high as f32 * policy.learned_factor) as u32)
    }

    /// The numbers now.
    pub(super) fn now(&self, family: &str, policy: &PosturePolicy) -> PostureNow {
        let personal = column(Sensitivity::Personal);
        let written = policy.raised.iter().find(|l| column(l.sensitivity) == personal).and_then(|l| l.hour);
        let usual = &self.usual[personal];
        let stale = written.filter(|w| usual.hours.len() >= 24 * 7 && usual.high.saturating_mul(20) < *w).map(|w| {
            format!(
                "the written threshold ({w} people an hour) is more than twenty times what is usual here ({}); lower `posture.raised`",
                usual.high
            )
        });
        PostureNow {
            family: family.to_owned(),
            posture: self.posture,
            people_hour: std::array::from_fn(|c| self.hour[c].people()),
            people_day: std::array::from_fn(|c| self.day[c].people()),
            raised_hour_personal: written.map(|w| self.threshold(policy, personal, w)),
            stale,
        }
    }
}
