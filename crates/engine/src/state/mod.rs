//! What the rooms share: budgets, behaviour and posture of one site, in bounded memory.
//!
//! [`State::arrive`] notes a request and gives the judge a [`Snapshot`]; [`State::charge`] counts a person when the
//! answer shows it, at every level at once, and says what of it is within the budgets. Time is an argument.

mod actor;
mod behaviour;
mod chain;
mod charge;
mod disclosed;
mod environment;
mod habit;
mod look;
mod marks;
mod ordinal;
mod overview;
mod posture;
mod seen;
mod sketch;
mod standing;
mod table;
mod timeline;
mod unusual;
mod usual;

#[cfg(test)]
pub(crate) mod test_site;
#[cfg(test)]
mod tests;

pub use actor::behaves_as;
pub use charge::{Ask, Charged, Replay, code as charge_code};
pub use disclosed::{Disclosed, DisclosedNow};
pub use environment::Oddities;
pub use look::Look;
pub use ordinal::Named;
pub use overview::Overview;
pub use posture::{Posture, PostureNow};
pub use standing::{is_stranger, standing_in, standing_of};
pub use timeline::{Change, Timeline, TimelineMaker};

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::doors::{Evidence, Identity, Level, Pseudonym, SENSITIVITIES, Signal, Standing};
use crate::measures::Ruling;
use crate::policy::{MOST_FAMILIES, RouteKind, RouteMatch, Site, Window};
use actor::unnamed;
use behaviour::{Behaviour, Step};
use ordinal::Ordinal;
use posture::{FamilyPosture, Tension};
use seen::COLUMNS;
use table::{Principal, Table};

/// Budgets, behaviour and posture of one site.
#[derive(Debug)]
pub struct State {
    table: Table,
    families: Mutex<HashMap<String, FamilyPosture>>,
    /// The postures of a past that is replayed; what is shown then moves nothing.
    past: Option<Arc<Timeline>>,
}

/// What a request is besides its route.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visit {
    /// A picture, style, script or the like.
    pub asset: bool,
    /// A top-level page view.
    pub navigation: bool,
    /// A link that no person is shown.
    pub bait: bool,
    /// robots.txt refuses it to this agent.
    pub robots_refused: bool,
    /// What its query names.
    pub named: Named,
}

/// What the judge may know of a request's past.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Which budget applies.
    pub standing: Standing,
    /// How tense the route's family is, or is by a person's decision.
    pub posture: Posture,
    /// Whether only that decision makes it so tense.
    pub posture_decided: bool,
    /// Distinct people shown to the innermost principal, by window and column (basic, personal, contact).
    pub people: [[u32; COLUMNS]; 3],
    /// Distinct people the innermost principal asked for beyond the budget within the hour.
    pub beyond: u32,
    /// A budget that is spent already: level, column name, window, and the limit.
    pub spent: Option<Spent>,
    /// Signals of behaviour.
    pub evidence: SmallVec<[Evidence; 4]>,
    /// What a person decided.
    pub ruling: Ruling,
}

/// A budget with nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Whose.
    pub level: Level,
    /// Of which fields.
    pub sensitivity: crate::doors::Sensitivity,
    /// In which window.
    pub window: Window,
    /// How many people it was.
    pub limit: u32,
}

/// The principals a request charges, outermost last; the first is the innermost.
pub(crate) fn principals(id: &Identity) -> SmallVec<[(Level, Pseudonym); 6]> {
    let mut out = SmallVec::new();
    if let Some(l) = id.licence {
        out.push((Level::Licence, l));
    }
    if let Some(a) = id.account {
        out.push((Level::Account, a.name));
    }
    if let Some(s) = id.session.filter(|s| s.returned) {
        out.push((Level::Session, s.name));
    }
    out.push((Level::Address, id.address));
    out.push((Level::Network, id.network));
    out.push((Level::Client, id.client));
    out
}

fn seconds(now_ms: u64) -> u32 {
    u32::try_from(now_ms / 1000).unwrap_or(u32::MAX)
}

impl State {
    /// A state that uses at most about `memory_bytes` for principals; postures come on top, 750 KiB a family.
    #[must_use]
    pub fn new(memory_bytes: usize) -> Self {
        Self { table: Table::new(memory_bytes), families: Mutex::new(HashMap::new()), past: None }
    }

    /// A state for the replay of a past whose postures are known.
    #[must_use]
    pub fn of_the_past(memory_bytes: usize, postures: Arc<Timeline>) -> Self {
        Self { past: Some(postures), ..Self::new(memory_bytes) }
    }

    /// Notes a request about which nobody decided anything, and says what the judge may know.
    pub fn arrive(
        &self,
        site: &Site,
        id: &Identity,
        route: Option<&RouteMatch<'_>>,
        visit: &Visit,
        now_ms: u64,
    ) -> Snapshot {
        self.arrive_under(&Ruling::default(), site, id, route, visit, now_ms)
    }

    /// Notes a request under what a person decided, and says what the judge may know.
    pub fn arrive_under(
        &self,
        ruling: &Ruling,
        site: &Site,
        id: &Identity,
        route: Option<&RouteMatch<'_>>,
        visit: &Visit,
        now_ms: u64,
    ) -> Snapshot {
        let named = visit.named;
        let person = route.and_then(|r| r.person.as_deref()).and_then(Ordinal::of).or(named.person);
        // A list loads the pictures of its people in its own order, and that is none of the visitor's. But what a
        // request is, is its own word: it is believed only on routes for what is neither a page nor data.
        let loaded = visit.asset && route.is_some_and(|r| r.route.kind == RouteKind::Other);
        let step = Step {
            kind: route.map(|r| r.route.kind),
            person: person.filter(|_| !loaded),
            otherwise: named.otherwise.map(|o| o.filter(|_| !loaded)),
            page: named.page,
            asset: visit.asset && route.is_none(),
            navigation: visit.navigation,
            bait: visit.bait,
            robots_refused: visit.robots_refused,
            brought_session: id.session.is_some_and(|s| s.returned),
        };
        self.snapshot(ruling, site, id, route, Some(&step), now_ms)
    }

    /// What the judge may know of whoever has arrived already, as if it asked for this route; nothing is noted again, and
    /// nobody is made known.
    pub fn consider_under(
        &self,
        ruling: &Ruling,
        site: &Site,
        id: &Identity,
        route: &RouteMatch<'_>,
        now_ms: u64,
    ) -> Snapshot {
        self.snapshot(ruling, site, id, Some(route), None, now_ms)
    }

    fn snapshot(
        &self,
        ruling: &Ruling,
        site: &Site,
        id: &Identity,
        route: Option<&RouteMatch<'_>>,
        step: Option<&Step>,
        now_ms: u64,
    ) -> Snapshot {
        let now_s = seconds(now_ms);
        let standing = standing_of(site, id, now_ms);
        let own = route.map_or(Tension::NONE, |r| self.tension(site, &r.route.family, now_s));
        let tension = own.at_least(ruling.everybody.floor);
        let mut snapshot = Snapshot {
            standing,
            posture: tension.posture,
            posture_decided: tension.posture > own.posture,
            people: [[0; COLUMNS]; 3],
            beyond: 0,
            spent: None,
            evidence: SmallVec::new(),
            ruling: *ruling,
        };
        // Who behaves: everybody else behind the same address must not answer for it.
        let (behaving, behaves) = behaves_as(id);
        let pass_from = (behaving == Level::Session && standing == Standing::Proven).then_some(id.network);
        let noted = |p: &mut Principal, snapshot: &mut Snapshot| {
            let asked = note(p, step, pass_from, site, now_s, snapshot);
            // Everybody's first page comes without a cookie: a crowd's first pages meet here, and are not one visitor's.
            let unkept = p.behaviour.as_ref().map_or(0, |b| b.unkept());
            if behaving == Level::Address { asked.min(unkept) } else { asked }
        };
        let act_on = |key, level, act: &mut dyn FnMut(&mut Principal)| match step {
            Some(_) => self.table.with(key, level, now_s, act),
            None => self.table.with_known(key, level, now_s, act),
        };
        let who = principals(id);
        let itself = who.first().is_some_and(|(level, name)| (*level, name.key()) == (behaving, behaves));
        let mut asked = 0;
        if !itself {
            act_on(behaves, behaving, &mut |p| asked = noted(p, &mut snapshot));
        }
        if let Some(step) = step
            && step.brought_session
            && (step.navigation || step.kind.is_some())
        {
            // Whoever never came without a cookie has nothing to take back.
            self.table.with_known(unnamed(id), Level::Address, now_s, |p| {
                if let Some(b) = &mut p.behaviour {
                    b.cookie_kept(step);
                }
            });
        }
        for (i, (level, name)) in who.into_iter().enumerate() {
            if !matches!(level, Level::Licence | Level::Account | Level::Session | Level::Address) {
                continue;
            }
            act_on(name.key(), level, &mut |p| {
                let innermost = i == 0;
                if innermost && itself {
                    asked = noted(p, &mut snapshot);
                }
                // Rules may ask how many people somebody was shown wherever they stand.
                if route.is_none() && (!innermost || (asked == 0 && !site.rules_read_people())) {
                    return;
                }
                let people = p.seen.all_people(now_s);
                if innermost {
                    snapshot.beyond =
                        charge::beyond(site, standing, level, tension, ruling.cuts, p, &people, asked, now_s);
                }
                if innermost {
                    for w in Window::ALL {
                        snapshot.people[w as usize] = people.map(|of| of[w as usize]);
                    }
                }
                if route.is_some() && snapshot.spent.is_none() {
                    snapshot.spent = charge::spent(site, standing, level, tension, ruling.cuts, p, &people, now_s);
                }
            });
        }
        snapshot.evidence.extend(keeps_asking(site, snapshot.beyond));
        snapshot
    }

    fn tension(&self, site: &Site, family: &str, now_s: u32) -> Tension {
        match &self.past {
            Some(postures) => postures.at(family, now_s),
            None => self.family(site, family, |f| f.tension(&site.posture, now_s)),
        }
    }

    fn family<T>(&self, site: &Site, name: &str, act: impl FnOnce(&mut FamilyPosture) -> T) -> T {
        let mut families = self.families.lock();
        if let Some(f) = families.get_mut(name) {
            return act(f);
        }
        if families.len() >= MOST_FAMILIES {
            // Those of an older policy make room: a site has no more than fit, or its policy would not have been read.
            families.retain(|known, _| site.routes.iter().any(|r| r.family == *known));
        }
        act(families.entry(name.to_owned()).or_insert_with(FamilyPosture::new))
    }

    /// How tense a family is.
    pub fn posture(&self, site: &Site, family: &str, now_ms: u64) -> Posture {
        self.family(site, family, |f| f.tick(&site.posture, seconds(now_ms)))
    }

    /// A challenge was put to somebody.
    pub fn challenged(&self, id: &Identity, now_ms: u64) {
        self.behaving(id, now_ms, Behaviour::challenged);
    }

    /// Somebody solved a challenge.
    pub fn solved(&self, id: &Identity, now_ms: u64) {
        self.behaving(id, now_ms, Behaviour::solved);
    }

    /// The page of a challenge found something odd about the browser that solved it.
    pub fn odd(&self, id: &Identity, found: Oddities, now_ms: u64) {
        self.behaving(id, now_ms, |b| b.odd(found));
    }

    fn behaving(&self, id: &Identity, now_ms: u64, act: impl Fn(&mut Behaviour)) {
        let (level, key) = behaves_as(id);
        self.table.with(key, level, seconds(now_ms), |p| act(p.behaviour.get_or_insert_default()));
    }

    /// Bytes the principals use.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.table.memory_bytes()
    }

    /// Principals known.
    #[must_use]
    pub fn principals(&self) -> usize {
        self.table.sizes().0
    }
}

/// Notes a request, if there is one, on the principal that behaves and adds to the snapshot what it tells; returns how
/// many people it asked for in vain within the hour.
fn note(
    p: &mut Principal,
    step: Option<&Step>,
    pass_from: Option<Pseudonym>,
    site: &Site,
    now_s: u32,
    snapshot: &mut Snapshot,
) -> u32 {
    let shared_limit = site.proof.shared_networks;
    if let Some(step) = step {
        let b = p.behaviour.get_or_insert_default();
        b.note(step);
        if let Some(network) = pass_from {
            b.pass_used(network, shared_limit, now_s);
        }
    }
    let Some(b) = &p.behaviour else { return 0 };
    let networks = pass_from.map_or(0, |_| b.networks(now_s));
    snapshot.evidence = b.evidence(|s: Signal| site.weight(s) > 0, networks, shared_limit);
    b.people_beyond(now_s)
}

/// How many people somebody asked for in vain, in words.
pub(crate) fn beyond_words(beyond: u32) -> String {
    format!("{beyond} different people asked for beyond the budget within the hour")
}

/// Whoever is halfway to the challenge that asking beyond the budget leads to by itself. Somebody who opens another page
/// or two after fields were masked is not.
fn keeps_asking(site: &Site, beyond: u32) -> Option<Evidence> {
    let signal = Signal::AsksBeyondBudget;
    (beyond >= site.ladder.prove_beyond.div_ceil(2).max(1) && site.weight(signal) > 0)
        .then(|| Evidence { signal, detail: beyond_words(beyond) })
}

const _: () = assert!(COLUMNS < SENSITIVITIES);
