//! Charging: one person's fields against the budgets of every level at once.

use smallvec::SmallVec;

use super::habit::Habit;
use super::posture::{Posture, Tension};
use super::seen::{COLUMNS, Undo, column};
use super::table::Principal;
use super::{Spent, State, behaves_as, is_stranger, principals, seconds};
use crate::doors::{Allowance, Identity, Level, Pseudonym, Reason, Sensitivity, Standing};
use crate::measures::{Act, Cuts};
use crate::policy::{FieldSet, Limits, NewcomerLimit, PosturePolicy, Site, Window};

/// What a charge came to.
#[derive(Debug, Clone, Default)]
pub struct Charged {
    /// Fields within the budgets.
    pub shown: FieldSet,
    /// Fields beyond them, or never shown, or shown on request only.
    pub masked: FieldSet,
    /// Why fields were masked.
    pub reasons: SmallVec<[Reason; 2]>,
}

/// One person's fields that an answer would show.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    route: usize,
    person: u64,
    want: FieldSet,
    by_name: bool,
}

impl Ask {
    /// Fields of a person (by keyed hash) that an answer on a route (by number) has in it.
    #[must_use]
    pub fn of(route: usize, person: u64, want: FieldSet) -> Self {
        Self { route, person, want, by_name: false }
    }

    /// Fields that the visitor asked for by name: what is shown on request only is then shown.
    #[must_use]
    pub fn by_name(route: usize, person: u64, want: FieldSet) -> Self {
        Self { by_name: true, ..Self::of(route, person, want) }
    }
}

/// One person's entry in the ledger, to be charged again after a restart.
#[derive(Debug, Clone)]
pub struct Replay {
    /// When, milliseconds.
    pub at_ms: u64,
    /// Who, at each level.
    pub principals: SmallVec<[(Level, Pseudonym); 6]>,
    /// The budget that applied.
    pub standing: Standing,
    /// Family of the route.
    pub family: String,
    /// The person, by keyed hash.
    pub person_key: u64,
    /// Fields that were within the budgets.
    pub shown: FieldSet,
    /// Whether somebody had decided that the site was tense: no habit is made of such days.
    pub tense: bool,
}

/// The key a person has in the set of a sensitivity. Special fields share the contact column: under a key of their own, so
/// that whose e-mail was shown is not taken for somebody whose faith was.
pub(super) fn key_in_column(person: u64, s: Sensitivity) -> u64 {
    if s == Sensitivity::Special { !person } else { person }
}

/// The limits of one principal: the written ones, tightened while the site is tense. Newcomers are shown next to nobody;
/// somebody known keeps the written budget until the posture is high, and then what a usual day of its own is: addresses
/// that were only let grow old have no such days.
fn limits(
    site: &Site,
    standing: Standing,
    level: Level,
    s: Sensitivity,
    tension: Tension,
    p: &Principal,
    now_s: u32,
) -> Limits {
    let mut l = *site.budgets.limits(standing, level, s);
    // Networks and clients are many people: an old one is full of newcomers, a new one of nobody in particular.
    if tension.posture == Posture::Calm || !is_stranger(standing) || matches!(level, Level::Network | Level::Client) {
        return l;
    }
    let policy = &site.posture;
    let newcomer = tension.newcomer(policy, p.first_s, now_s) || p.habit.days(now_s) < policy.newcomer_days;
    if !newcomer && tension.posture == Posture::Raised {
        return l;
    }
    let of =
        |table: &[NewcomerLimit]| table.iter().find(|n| n.standing == standing && n.sensitivity == s).map(|n| n.people);
    let people = match (tension.posture, newcomer) {
        (Posture::High, true) => of(&policy.newcomer_high),
        (Posture::High, false) => {
            known_high(policy, s, p.habit, of(&policy.newcomer_high), of(&policy.newcomer_raised))
        }
        _ => of(&policy.newcomer_raised),
    };
    if let Some(n) = people {
        l.hour = Some(l.hour.map_or(n, |h| h.min(n)));
        l.day = Some(l.day.map_or(n, |d| d.min(n)));
    }
    l
}

/// What somebody known is shown in a day while the posture is high; `None` = the written budget, where the policy names
/// nothing for newcomers either. Contact fields have no usual day: one is given what a newcomer is while it is raised.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a number of people"
)]
fn known_high(
    policy: &PosturePolicy,
    s: Sensitivity,
    habit: Habit,
    newcomer_high: Option<u32>,
    newcomer_raised: Option<u32>,
) -> Option<u32> {
    if policy.known_factor.is_infinite() {
        return None;
    }
    let least = newcomer_high?;
    Some(match s {
        Sensitivity::Personal => least.max((habit.people() as f32 * policy.known_factor) as u32),
        _ => least.max(newcomer_raised.unwrap_or(least)),
    })
}

/// Whether whom a principal of this level is shown has to be remembered: where a limit is written, where somebody asks who
/// was revealed, and where a tense posture may limit strangers that nothing limits yet. A charge and its replay must
/// agree on it, or a restart would make newcomers of old visitors, or the other way round.
fn remembered(site: &Site, standing: Standing, level: Level, s: Sensitivity, revealed_here: bool) -> bool {
    let tightened = || {
        is_stranger(standing)
            && !matches!(level, Level::Network | Level::Client)
            && !(site.posture.newcomer_raised.is_empty() && site.posture.newcomer_high.is_empty())
    };
    revealed_here || *site.budgets.limits(standing, level, s) != Limits::default() || tightened()
}

/// A budget of this principal with nothing left, personal fields first. `people` is whom it was shown.
#[expect(clippy::too_many_arguments, reason = "the facts of one principal")]
pub(super) fn spent(
    site: &Site,
    standing: Standing,
    level: Level,
    tension: Tension,
    cuts: Cuts,
    p: &Principal,
    people: &[[u32; 3]; COLUMNS],
    now_s: u32,
) -> Option<Spent> {
    for s in [Sensitivity::Personal, Sensitivity::Basic] {
        let l = cuts.of(level, limits(site, standing, level, s, tension, p, now_s));
        for window in Window::ALL {
            if let Some(limit) = l.get(window)
                && limit > 0
                && people[column(s)][window as usize] >= limit
            {
                return Some(Spent { level, sensitivity: s, window, limit });
            }
        }
    }
    None
}

/// How many people asked for in vain are really beyond this principal's own budget. Fifty people behind one address
/// share its budget: when that is spent, each of them may still ask for as many as its own would have given.
#[expect(clippy::too_many_arguments, reason = "the facts of one principal")]
pub(super) fn beyond(
    site: &Site,
    standing: Standing,
    level: Level,
    tension: Tension,
    cuts: Cuts,
    p: &Principal,
    people: &[[u32; 3]; COLUMNS],
    asked: u32,
    now_s: u32,
) -> u32 {
    if asked == 0 {
        return 0;
    }
    let room = |s: Sensitivity| {
        let l = cuts.of(level, limits(site, standing, level, s, tension, p, now_s));
        let left = |w| Some(l.get(w)?.saturating_sub(people[column(s)][w as usize]));
        Window::ALL.into_iter().filter_map(left).min()
    };
    asked.saturating_sub(room(Sensitivity::Personal).or_else(|| room(Sensitivity::Basic)).unwrap_or(0))
}

/// The code of a spent budget: `budget.personal.session.hour`.
#[must_use]
pub fn code(s: Sensitivity, level: Level, window: Window) -> String {
    let w = match window {
        Window::Hour => "hour",
        Window::Day => "day",
        Window::Month => "month",
    };
    format!("budget.{}.{}.{w}", s.word(), level.word())
}

impl State {
    /// These people are about to be charged, one after the other. It changes nothing but how long that takes: fifty people
    /// of a list are in places of memory that no cache holds.
    pub fn read_ahead(&self, id: &Identity, people: &[u64]) {
        for (level, name) in principals(id) {
            self.table.peek(name.key(), level, |p| p.seen.read_ahead(people));
        }
    }

    /// Charges one person's fields: what is within every budget of every level is shown and counted, the rest is not.
    ///
    /// Each sensitivity is charged by itself, at all levels or at none. Levels are charged one after the other and taken
    /// back when one has no room: two threads may for an instant deny each other the last place, never share it.
    pub fn charge(&self, site: &Site, id: &Identity, allowance: &Allowance, ask: &Ask, now_ms: u64) -> Charged {
        let Ask { route, person: person_key, want, by_name } = *ask;
        let now_s = seconds(now_ms);
        let mut out = Charged::default();
        let family = site.routes.get(route).map_or("", |r| r.family.as_str());
        let who = principals(id);
        let strange = is_stranger(allowance.standing);
        let at_floor = |t: Tension| t.at_least(allowance.everybody.floor);
        let mut tension = if strange { at_floor(self.tension(site, family, now_s)) } else { Tension::NONE };
        // What nobody is shown costs nobody anything; whatever else of the person is shown is charged as ever.
        let decided = FieldSet(want.0 & allowance.everybody.masked.0);
        if !decided.is_empty() {
            out.masked = decided;
            out.reasons.push(Reason { code: Act::Mask.code().to_owned(), weight: 0, detail: String::new() });
        }
        let want = want.minus(decided);
        for s in want.sensitivities(&site.fields).iter() {
            let fields = want.of_sensitivities(&site.fields, crate::doors::SensitivitySet::NONE.with(s));
            if allowance.never.has(s) {
                out.masked = out.masked.union(fields);
                out.reasons.push(Reason { code: format!("never.{}", s.word()), weight: 0, detail: String::new() });
                continue;
            }
            if allowance.on_request.has(s) && !by_name {
                let known = who.first().is_some_and(|(level, name)| {
                    self.table.with(name.key(), *level, now_s, |p| {
                        p.seen.has(key_in_column(person_key, s), column(s), Window::Month, now_s)
                    })
                });
                if !known {
                    out.masked = out.masked.union(fields);
                    out.reasons.push(Reason {
                        code: format!("on_request.{}", s.word()),
                        weight: 0,
                        detail: String::new(),
                    });
                    continue;
                }
            }
            let posture = tension.posture;
            match self.take(site, &who, allowance, s, person_key, tension, now_s) {
                Ok(()) => {
                    out.shown = out.shown.union(fields);
                    if strange && self.past.is_none() {
                        // Who is shown may raise the posture, and the next sensitivity feels it.
                        tension = at_floor(self.family(site, family, |f| {
                            f.shown(&site.posture, person_key, s, now_s);
                            f.standing()
                        }));
                    }
                }
                Err(spent) => {
                    out.masked = out.masked.union(fields);
                    let tense =
                        if posture == Posture::Calm { String::new() } else { format!(", posture {}", posture.word()) };
                    out.reasons.push(Reason {
                        code: code(spent.sensitivity, spent.level, spent.window),
                        weight: 0,
                        detail: format!("{} different people were shown{tense}", spent.limit),
                    });
                    // Only what may be seen at all counts as asking beyond: a page's contact fields are not asked for, and
                    // nobody can help it that a policy shows nobody.
                    if spent.limit > 0 || posture != Posture::Calm {
                        self.note_beyond(id, person_key, now_s);
                    }
                }
            }
        }
        out
    }

    /// Counts a person at every level, or at none.
    #[expect(clippy::too_many_arguments, reason = "the facts of one charge")]
    fn take(
        &self,
        site: &Site,
        who: &[(Level, Pseudonym)],
        allowance: &Allowance,
        s: Sensitivity,
        person: u64,
        tension: Tension,
        now_s: u32,
    ) -> Result<(), Spent> {
        let c = column(s);
        let person = key_in_column(person, s);
        let innermost = who.first().map(|(level, _)| *level);
        let mut taken: SmallVec<[(Level, u64, Undo, bool); 6]> = SmallVec::new();
        // A habit is made of calm days only.
        let habitual =
            s == Sensitivity::Personal && tension.posture == Posture::Calm && is_stranger(allowance.standing);
        for (level, name) in who {
            let revealed_here = allowance.on_request.has(s) && innermost == Some(*level);
            if !remembered(site, allowance.standing, *level, s, revealed_here) {
                continue;
            }
            let result = self.table.with(name.key(), *level, now_s, |p| {
                // Answers end in another order than they were asked for. A principal's time never goes back: what is shown
                // now must not be counted into an hour that is over. That alone does not hold for a long answer of
                // somebody who asks for nothing else meanwhile: so whoever reads one gives the time of each piece, and a
                // short one is read before anything of it leaves, in a time the visitor cannot stretch.
                let now_s = p.last_s;
                // Whom it saw before the wave it goes on seeing within the written budget.
                let known = tension.posture != Posture::Calm && p.seen.has(person, c, Window::Month, now_s);
                let felt = if known { Tension::NONE } else { tension };
                let l = allowance.cuts.of(*level, limits(site, allowance.standing, *level, s, felt, p, now_s));
                match p.seen.show_within(&l, person, c, now_s) {
                    Ok(undo) => {
                        let noted = habitual && undo.new_in_a_day(now_s);
                        if noted {
                            p.habit.note(now_s);
                        }
                        Ok((undo, noted))
                    }
                    Err(window) => {
                        p.spent_s = now_s;
                        Err(Spent { level: *level, sensitivity: s, window, limit: l.get(window).unwrap_or(0) })
                    }
                }
            });
            match result {
                Ok((undo, noted)) => taken.push((*level, name.key(), undo, noted)),
                Err(spent) => {
                    for (level, key, undo, noted) in taken.into_iter().rev() {
                        self.table.with(key, level, now_s, |p| {
                            p.seen.undo(undo);
                            if noted {
                                p.habit.take_back();
                            }
                        });
                    }
                    return Err(spent);
                }
            }
        }
        Ok(())
    }

    /// Only the one who asked: the others behind its address are not challenged for it.
    fn note_beyond(&self, id: &Identity, person: u64, now_s: u32) {
        let (level, key) = behaves_as(id);
        self.table.with(key, level, now_s, |p| p.behaviour.get_or_insert_default().beyond(person, now_s));
    }

    /// Counts a disclosure of the ledger again, whatever the budgets now say: it did take place.
    pub fn replay(&self, site: &Site, r: &Replay) {
        let now_s = seconds(r.at_ms);
        for s in r.shown.sensitivities(&site.fields).iter() {
            let calm = is_stranger(r.standing)
                && self.family(site, &r.family, |f| f.tick(&site.posture, now_s)) == Posture::Calm;
            let habitual = s == Sensitivity::Personal && calm && !r.tense;
            let revealed = site.on_request(r.standing).has(s);
            for (i, (level, name)) in r.principals.iter().enumerate() {
                if !remembered(site, r.standing, *level, s, revealed && i == 0) {
                    continue;
                }
                self.table.with(name.key(), *level, now_s, |p| {
                    p.first_s = p.first_s.min(now_s);
                    let undo = p.seen.show(key_in_column(r.person_key, s), column(s), now_s);
                    if habitual && undo.new_in_a_day(now_s) {
                        p.habit.note(now_s);
                    }
                });
            }
            if is_stranger(r.standing) {
                self.family(site, &r.family, |f| f.shown(&site.posture, r.person_key, s, now_s));
            }
        }
    }
}
