//! What a person decided about a site for everybody: how tense it is at least, what is masked, what is closed.

use super::{About, Act, Measure, Measures};
use crate::policy::{FieldSet, Route, Site};
use crate::state::Posture;

/// A posture that somebody decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// How tense it is at least.
    pub posture: Posture,
    /// Since when, Unix seconds: whoever was not known before is a newcomer for as long as it lasts.
    pub since_s: u32,
}

/// What holds for everybody who asks for one route. Made anew for each request, as a ruling is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Everybody {
    /// The posture does not fall below it.
    pub floor: Option<Floor>,
    /// Fields that nobody is shown.
    pub masked: FieldSet,
    /// Until when the route shows nobody, Unix seconds.
    pub closed_until_s: Option<u64>,
}

impl Measures {
    /// What was decided for everybody about a route.
    #[must_use]
    pub fn for_everybody(&self, site: &Site, route: &Route, now_ms: u64) -> Everybody {
        self.gather(site, route, now_ms, |_| {})
    }

    /// As [`Measures::for_everybody`], and every measure that holds for the request counts it.
    pub fn meet_everybody(&self, site: &Site, route: &Route, now_ms: u64) -> Everybody {
        self.gather(site, route, now_ms, |m| m.meet(now_ms))
    }

    fn gather(&self, site: &Site, route: &Route, now_ms: u64, note: impl Fn(&Measure)) -> Everybody {
        let mut found = Everybody::default();
        let here = self.for_everybody.iter().filter_map(|i| self.all.get(*i as usize));
        for m in here.filter(|m| m.holds(now_ms)) {
            if found.add(m, site, route) {
                note(m);
            }
        }
        found
    }
}

impl Measure {
    /// Whether the site has what it is about. A policy can let a route or a field go that a measure names: then it does
    /// nothing, and whoever lists the measures is told.
    #[must_use]
    pub fn known_to(&self, site: &Site) -> bool {
        let About::Everybody { route, field, .. } = &self.about else { return true };
        route.as_deref().is_none_or(|n| site.routes.iter().any(|r| r.name == n))
            && field.as_deref().is_none_or(|n| site.fields.iter().any(|f| f.name == n))
    }
}

impl Everybody {
    /// Adds a measure; `false` when it is not about this route.
    fn add(&mut self, m: &Measure, site: &Site, asked: &Route) -> bool {
        let About::Everybody { route, field, posture } = &m.about else { return false };
        let named = |r: &Route| route.as_deref().is_none_or(|n| n == r.name);
        match (m.act, field.as_deref(), *posture) {
            // Routes of one family share one posture.
            (Act::Posture, _, Some(posture)) if site.routes.iter().any(|r| named(r) && r.family == asked.family) => {
                let since_s = u32::try_from(m.from_s).unwrap_or(u32::MAX);
                // The most tense counts; of two alike the one that began first.
                let tenser = |f: Floor| f.posture > posture || (f.posture == posture && f.since_s <= since_s);
                if !self.floor.is_some_and(tenser) {
                    self.floor = Some(Floor { posture, since_s });
                }
                true
            }
            (Act::Mask, Some(field), _) if named(asked) => {
                let Some(index) = site.field(field) else { return false };
                self.masked = self.masked.union(FieldSet::of(index));
                true
            }
            (Act::Close, ..) if named(asked) => {
                self.closed_until_s = Some(self.closed_until_s.map_or(m.until_s, |s| s.max(m.until_s)));
                true
            }
            _ => false,
        }
    }
}
