//! What a principal does, in constant memory: the counts behind the signals that need more than one request.

use smallvec::SmallVec;

use super::chain::Chain;
use super::environment::Oddities;
use super::ordinal::Ordinal;
use crate::doors::{Evidence, Pseudonym, Signal};
use crate::policy::RouteKind;

/// Cells of the counter of distinct people asked for beyond the budget.
const BEYOND_CELLS: usize = 256;

/// Where counting requests without our cookie ends: no more people beyond the budget can be told apart either.
const MOST_UNKEPT: u16 = 2_000;

/// So many steps make an order of numbers beside one that commonly names a person: somebody may look at a dozen
/// pictures of one person.
const ORDER_BESIDE: u16 = 16;

/// How long a network counts for a shared pass, seconds.
const SHARED_WITHIN_S: u32 = 300;

/// Counts of one principal.
#[derive(Debug, Default)]
pub(super) struct Behaviour {
    // Kind of pages; halved together now and then, so that old habits fade.
    pages: u16,
    profiles: u16,
    listings: u16,
    assets: u16,
    /// The order of the numbers in identifiers asked.
    people: Chain,
    // The order of the parts of lists asked.
    last_page: u32,
    /// How far it was to that upwards; 0 where it was not.
    page_gap: u32,
    /// Even steps upwards in a row, with no profile opened between them.
    pages_in_order: u8,
    // Single events.
    robots_refused: u8,
    bait: u8,
    unsolved: u8,
    odd: Oddities,
    new_sessions: u16,
    /// Requests for people that brought no cookie of ours, less those that did: a crowd behind one address stays near
    /// nought, a program that keeps no cookies does not.
    unkept: u16,
    /// What most never need: made when there is something to keep.
    seldom: Option<Box<Seldom>>,
}

/// Counts of those who asked for people beyond the budget, used a pass, or named one person over and over with
/// something beside.
#[derive(Debug, Default)]
struct Seldom {
    /// Linear counting (Whang and others, 1990) of people asked for beyond the budget since `beyond_since_s`.
    beyond: [u64; BEYOND_CELLS / 64],
    beyond_since_s: u32,
    networks: SmallVec<[(u32, u32); 0]>,
    /// The order of the numbers beside one that said nothing new.
    beside: Chain,
}

/// A request as the counts see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) kind: Option<RouteKind>,
    /// The number of the person asked for.
    pub(super) person: Option<Ordinal>,
    /// What may be that number, if the first tells of nobody new.
    pub(super) otherwise: [Option<Ordinal>; 3],
    /// The part of a list asked for.
    pub(super) page: Option<u32>,
    pub(super) asset: bool,
    pub(super) navigation: bool,
    pub(super) bait: bool,
    pub(super) robots_refused: bool,
    pub(super) brought_session: bool,
}

impl Behaviour {
    /// Notes a request.
    pub(super) fn note(&mut self, step: &Step) {
        if step.asset {
            self.assets = self.assets.saturating_add(1);
        } else {
            self.pages = self.pages.saturating_add(1);
        }
        match step.kind {
            Some(RouteKind::Profile) => self.profiles = self.profiles.saturating_add(1),
            Some(RouteKind::List | RouteKind::Search) => self.listings = self.listings.saturating_add(1),
            _ => {}
        }
        if self.pages >= 400 {
            for n in [&mut self.pages, &mut self.profiles, &mut self.listings, &mut self.assets, &mut self.new_sessions]
            {
                *n /= 2;
            }
        }
        if let Some(id) = step.person
            && !self.people.asked(id)
            && step.otherwise[0].is_some()
        {
            self.seldom.get_or_insert_default().asked_beside(&step.otherwise);
        }
        if step.person.is_some() || step.kind == Some(RouteKind::Profile) {
            self.pages_in_order = 0;
        } else if let Some(page) = step.page {
            self.turned_to(page);
        }
        self.bait = self.bait.saturating_add(u8::from(step.bait));
        self.robots_refused = self.robots_refused.saturating_add(u8::from(step.robots_refused));
        if step.kind.is_some() {
            self.unkept =
                if step.brought_session { self.unkept.saturating_sub(1) } else { (self.unkept + 1).min(MOST_UNKEPT) };
        }
        if step.navigation {
            self.new_sessions = if step.brought_session {
                self.new_sessions.saturating_sub(1)
            } else {
                self.new_sessions.saturating_add(1)
            };
        }
    }

    fn turned_to(&mut self, page: u32) {
        if page == self.last_page {
            return;
        }
        let gap = page.saturating_sub(self.last_page);
        let on = gap > 0 && gap == self.page_gap;
        self.pages_in_order = if on { self.pages_in_order.saturating_add(1) } else { 0 };
        (self.last_page, self.page_gap) = (page, gap);
    }

    /// Whether people, or the parts of lists of them, are asked for in order, and how that was seen.
    fn order(&self) -> Option<String> {
        let pages = self.pages_in_order;
        let turned =
            || (pages >= 20).then(|| format!("{pages} parts of lists one after the other, and no profile opened"));
        let beside = || self.seldom.as_ref().and_then(|s| s.beside.even(ORDER_BESIDE));
        self.people.order().or_else(turned).or_else(beside)
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        self.seldom.as_ref().map_or(0, |s| size_of::<Seldom>() + s.networks.capacity() * size_of::<(u32, u32)>())
    }

    /// How many more requests for people came without our cookie than with it.
    pub(super) fn unkept(&self) -> u32 {
        u32::from(self.unkept)
    }

    /// Somebody with this software at this address gave our cookie back.
    pub(super) fn cookie_kept(&mut self, step: &Step) {
        self.new_sessions = self.new_sessions.saturating_sub(u16::from(step.navigation));
        self.unkept = self.unkept.saturating_sub(u16::from(step.kind.is_some()));
    }

    /// A challenge was put.
    pub(super) fn challenged(&mut self) {
        self.unsolved = self.unsolved.saturating_add(1);
    }

    /// A challenge was solved.
    pub(super) fn solved(&mut self) {
        self.unsolved = 0;
    }

    /// The browser that answered a challenge was odd, as its page said; the last answer counts.
    pub(super) fn odd(&mut self, found: Oddities) {
        self.odd = found;
    }

    /// A pass was used from a network; no more of them are kept than one over the limit.
    pub(super) fn pass_used(&mut self, network: Pseudonym, shared_limit: u8, now_s: u32) {
        let short = u32::try_from(network.key() & 0xffff_ffff).unwrap_or(0);
        let networks = &mut self.seldom.get_or_insert_default().networks;
        networks.retain(|(_, at)| now_s.saturating_sub(*at) < SHARED_WITHIN_S);
        if let Some((_, at)) = networks.iter_mut().find(|(n, _)| *n == short) {
            *at = now_s;
        } else if networks.len() <= usize::from(shared_limit) {
            networks.push((short, now_s));
        }
    }

    /// From how many networks the pass was used lately.
    pub(super) fn networks(&self, now_s: u32) -> usize {
        let kept = self.seldom.iter().flat_map(|s| &s.networks);
        kept.filter(|(_, at)| now_s.saturating_sub(*at) < SHARED_WITHIN_S).count()
    }

    /// Somebody was asked for beyond the budget.
    pub(super) fn beyond(&mut self, person: u64, now_s: u32) {
        let kept = self.seldom.get_or_insert_default();
        if now_s.saturating_sub(kept.beyond_since_s) >= 3_600 {
            kept.beyond = [0; BEYOND_CELLS / 64];
            kept.beyond_since_s = now_s;
        }
        let cell = usize::try_from(person % BEYOND_CELLS as u64).unwrap_or(0);
        kept.beyond[cell / 64] |= 1 << (cell % 64);
    }

    /// Distinct people asked for beyond the budget within the hour, estimated.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
    pub(super) fn people_beyond(&self, now_s: u32) -> u32 {
        let Some(kept) = self.seldom.as_ref().filter(|k| now_s.saturating_sub(k.beyond_since_s) < 3_600) else {
            return 0;
        };
        let m = BEYOND_CELLS as f64;
        let empty = BEYOND_CELLS as u32 - kept.beyond.iter().map(|w| w.count_ones()).sum::<u32>();
        (m * (m / f64::from(empty.max(1))).ln()).round() as u32
    }

    /// What the counts amount to. `weighs` tells which signals the policy reads.
    pub(super) fn evidence(
        &self,
        weighs: impl Fn(Signal) -> bool,
        networks: usize,
        shared_limit: u8,
    ) -> SmallVec<[Evidence; 4]> {
        let mut out = SmallVec::new();
        if weighs(Signal::Enumeration)
            && let Some(detail) = self.order()
        {
            out.push(Evidence { signal: Signal::Enumeration, detail });
        }
        let mut say = |signal, seen: bool, detail: &dyn Fn() -> String| {
            if seen && weighs(signal) {
                out.push(Evidence { signal, detail: detail() });
            }
        };
        let (profiles, listings, pages, assets) = (self.profiles, self.listings, self.pages, self.assets);
        say(Signal::ProfileOnlyDiet, profiles >= 12 && profiles * 10 >= pages * 9, &|| {
            format!("{profiles} of {pages} pages were profiles, {listings} were lists or searches")
        });
        say(Signal::NoSubresources, pages >= 10 && assets == 0, &|| {
            format!("{pages} pages and not one picture, style or script")
        });
        say(Signal::RobotsRefused, self.robots_refused > 0, &|| {
            format!("{} requests for what robots.txt refuses", self.robots_refused)
        });
        say(Signal::BaitTaken, self.bait > 0, &|| format!("{} requests for a link that no person is shown", self.bait));
        say(Signal::UnsolvedChallenges, self.unsolved >= 3, &|| {
            format!("{} challenges in a row without an answer", self.unsolved)
        });
        say(Signal::EnvironmentOdd, !self.odd.is_empty(), &|| self.odd.sentence());
        say(Signal::CookieNotKept, self.new_sessions >= 20, &|| {
            format!("{} more page views without our cookie than with it", self.new_sessions)
        });
        say(Signal::PassShared, networks > usize::from(shared_limit), &|| {
            format!("one pass used from {networks} networks within five minutes")
        });
        out
    }
}

impl Seldom {
    /// Follows the number it followed so far, or the next one where that tells of nobody new either.
    fn asked_beside(&mut self, numbers: &[Option<Ordinal>; 3]) {
        let numbers: SmallVec<[Ordinal; 3]> = numbers.iter().copied().flatten().collect();
        let followed = numbers.iter().position(|n| self.beside.follows(*n));
        if followed.is_some_and(|at| self.beside.asked(numbers[at])) {
            return;
        }
        let next = followed.map_or(0, |at| (at + 1) % numbers.len());
        if let Some(n) = numbers.get(next) {
            self.beside.asked(*n);
        }
    }
}

// Everybody has one: no more than a cache line.
const _: () = assert!(size_of::<Behaviour>() <= 64);
