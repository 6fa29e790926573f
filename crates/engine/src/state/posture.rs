//! How tense the site is: moved by how many different people all strangers together are shown, and by how many of them
//! are people whom nobody usually visits ([`super::unusual`]).
//!
//! Addresses rotate, so the last line is the class of all strangers. The number is up to date with every single
//! charge: fifty harvesters together make thousands of charges a second, and a posture that looked once a second
//! would let them all through.

use serde::{Deserialize, Serialize};

use super::seen::{COLUMNS, column};
use super::sketch::Ring;
use super::unusual::{Unusual, UnusualNow};
use super::usual::Usual;
use crate::doors::Sensitivity;
use crate::measures::Floor;
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

impl Posture {
    /// `calm`, `raised` or `high`, as it is written everywhere.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Raised => "raised",
            Self::High => "high",
        }
    }
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

    /// The same, where somebody decided that it is at least so tense. The wave of a decision begins with it; one that is on
    /// already goes on, and whoever came with it stays a newcomer.
    pub(super) fn at_least(self, floor: Option<Floor>) -> Self {
        let Some(floor) = floor.filter(|f| f.posture > self.posture) else { return self };
        let since_s = if self.posture == Posture::Calm { floor.since_s } else { self.since_s.min(floor.since_s) };
        Self { posture: floor.posture, since_s }
    }

    /// Whether somebody first seen at `first_s` is a newcomer. Age counts up to the beginning of the wave: fifty
    /// addresses that wait for their first birthday would otherwise read everybody on the second day. Who has been
    /// known for a month is none, however long the wave lasts.
    pub(super) fn newcomer(self, policy: &PosturePolicy, first_s: u32, now_s: u32) -> bool {
        let known_by_s = self.since_s.max(now_s.saturating_sub(Window::Month.seconds()));
        known_by_s.saturating_sub(first_s) < policy.newcomer_age_s
    }
}

/// One family of routes. At most 750 KiB: sketches of three columns (6 + 24 slots and two unions, 4 KiB each), figures of
/// the past, and 357 KiB for people nobody usually visits.
#[derive(Debug)]
pub(super) struct FamilyPosture {
    posture: Posture,
    /// When the numbers were last over the threshold of the posture in force.
    last_over_s: u32,
    /// When the wave began, and when the last one ended.
    since_s: u32,
    ended_s: u32,
    /// When the windows were last looked at.
    looked_s: u32,
    ticked_s: u32,
    hour: [Ring; COLUMNS],
    day: [Ring; COLUMNS],
    /// What is usual in an hour, and in a day: learned each from its own kind.
    usual_hour: [Usual; COLUMNS],
    usual_day: [Usual; COLUMNS],
    /// Made when somebody is shown and the policy asks.
    unusual: Option<Box<Unusual>>,
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
    /// ... in a day.
    pub raised_day_personal: Option<u32>,
    /// People nobody usually visits; absent when the policy does not ask, or nobody was shown yet.
    pub unusual: Option<UnusualNow>,
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
            looked_s: 0,
            ticked_s: 0,
            hour: std::array::from_fn(|_| Ring::new(6, 600)),
            day: std::array::from_fn(|_| Ring::new(24, 3_600)),
            usual_hour: std::array::from_fn(|_| Usual::of_hours()),
            usual_day: std::array::from_fn(|_| Usual::of_days()),
            unusual: None,
        }
    }

    /// Moves the windows on, learns, and lets the posture fall when its time has come. Within one second only who is
    /// shown can change anything, and [`FamilyPosture::shown`] sees to that.
    pub(super) fn tick(&mut self, policy: &PosturePolicy, now_s: u32) -> Posture {
        if self.ticked_s == now_s && now_s != 0 {
            return self.posture;
        }
        self.ticked_s = now_s;
        self.learn(now_s);
        for c in 0..COLUMNS {
            self.hour[c].move_to(now_s);
            self.day[c].move_to(now_s);
        }
        self.unusual_tick(policy, now_s);
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

    /// Notes the figures of the hour and the day that have just ended, before the windows move on. Frozen while tense, and
    /// for as long as the window still holds people of the wave: an attack must not teach us that it is usual.
    fn learn(&mut self, now_s: u32) {
        let ended = |window: Window| {
            let length = window.seconds();
            (self.looked_s != 0 && now_s / length > self.looked_s / length).then_some(length)
        };
        for (window, hourly) in [(Window::Hour, true), (Window::Day, false)] {
            let Some(length) = ended(window) else { continue };
            if !self.calm_for(length, now_s) {
                continue;
            }
            // Hours in which nobody came are figures as well, but not those of a stop of the whole gateway.
            let quiet = (now_s / length - self.looked_s / length - 1).min(24);
            for c in 0..COLUMNS {
                let (usual, ring) = if hourly {
                    (&mut self.usual_hour[c], &self.hour[c])
                } else {
                    (&mut self.usual_day[c], &self.day[c])
                };
                usual.note(ring.people());
                (0..quiet).for_each(|_| usual.note(0));
            }
        }
        self.looked_s = self.looked_s.max(now_s);
    }

    /// Whether no wave lay in the last so many seconds.
    fn calm_for(&self, length_s: u32, now_s: u32) -> bool {
        self.posture == Posture::Calm && (self.ended_s == 0 || now_s.saturating_sub(self.ended_s) >= length_s)
    }

    fn unusual_tick(&mut self, policy: &PosturePolicy, now_s: u32) {
        let calm = self.calm_for(Window::Day.seconds(), now_s);
        let everybody = self.day[column(Sensitivity::Personal)].people();
        match &mut self.unusual {
            Some(u) if policy.unusual.days > 0 => u.tick(&policy.unusual, everybody, calm, now_s),
            _ => self.unusual = None,
        }
    }

    fn unusual_now(&self, policy: &PosturePolicy) -> Option<UnusualNow> {
        let everybody = self.day[column(Sensitivity::Personal)].people();
        self.unusual.as_ref().map(|u| u.now(&policy.unusual, everybody))
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
        if s == Sensitivity::Personal && policy.unusual.days > 0 {
            let calm = self.posture == Posture::Calm;
            self.unusual.get_or_insert_with(|| Box::new(Unusual::new(now_s))).shown(person, calm);
        }
        let wanted = self.wanted(policy);
        if wanted >= self.posture {
            self.rise(policy, wanted, now_s);
        }
    }

    fn wanted(&self, policy: &PosturePolicy) -> Posture {
        let everybody = || self.day[column(Sensitivity::Personal)].people();
        let unusual = self.unusual.as_ref().map_or(0, |u| u.over(&policy.unusual, everybody));
        if unusual >= 2 || self.over(policy, &policy.high) {
            Posture::High
        } else if unusual >= 1 || self.over(policy, &policy.raised) {
            Posture::Raised
        } else {
            Posture::Calm
        }
    }

    fn over(&self, policy: &PosturePolicy, limits: &[PostureLimits]) -> bool {
        limits.iter().any(|l| {
            let c = column(l.sensitivity);
            l.hour.is_some_and(|h| self.hour[c].people() >= threshold(policy, &self.usual_hour[c], 1, h))
                || l.day.is_some_and(|d| self.day[c].people() >= threshold(policy, &self.usual_day[c], 24, d))
        })
    }

    /// People in an hour that is seldom exceeded, of one column; `None` until a week of hours is known.
    pub(super) fn usual_hour(&self, column: usize) -> Option<u32> {
        let usual = &self.usual_hour[column];
        (usual.figures() >= 24 * 7).then(|| usual.high())
    }

    /// The numbers now.
    pub(super) fn now(&self, family: &str, policy: &PosturePolicy) -> PostureNow {
        let personal = column(Sensitivity::Personal);
        let written = policy.raised.iter().find(|l| column(l.sensitivity) == personal).and_then(|l| l.hour);
        let written_day = policy.raised.iter().find(|l| column(l.sensitivity) == personal).and_then(|l| l.day);
        let usual = &self.usual_hour[personal];
        let stale = written.zip(self.usual_hour(personal)).filter(|(w, high)| high.saturating_mul(20) < *w).map(|(w, high)| {
            format!(
                "the written threshold ({w} people an hour) is more than twenty times what is usual here ({high}); lower `posture.raised`"
            )
        });
        PostureNow {
            family: family.to_owned(),
            posture: self.posture,
            people_hour: std::array::from_fn(|c| self.hour[c].people()),
            people_day: std::array::from_fn(|c| self.day[c].people()),
            raised_hour_personal: written.map(|w| threshold(policy, usual, 1, w)),
            raised_day_personal: written_day.map(|w| threshold(policy, &self.usual_day[personal], 24, w)),
            unusual: self.unusual_now(policy),
            stale,
        }
    }
}

/// The written threshold, or the learned one where it is higher and there is history enough. `hours` is how many hours
/// one figure of `usual` stands for.
fn threshold(policy: &PosturePolicy, usual: &Usual, hours: usize, written: u32) -> u32 {
    if policy.learn_after_hours == 0 || usual.figures() * hours < policy.learn_after_hours as usize {
        return written;
    }
    written.max(usual.times(policy.learned_factor))
}
