//! The judge room: a pure function of who asks, for what, what is remembered of them, the policy and the time.
//!
//! In come an [`Identity`], the route and a [`Snapshot`]; out goes a [`Verdict`] with its reasons. No clock, no file, no
//! chance: the gateway, a middleware, a replay of a log and a rehearsal all get the same verdict. What an answer shows
//! is not decided here but counted when it is read; the verdict's [`Allowance`] says by which rules.

mod measured;
pub mod proof;
pub mod reasons;
mod rules;
mod sight;
pub mod signals;

#[cfg(test)]
mod tests;

use smallvec::SmallVec;

use crate::doors::{Action, Allowance, Evidence, Identity, Lane, Reason, Request, Signal, Standing, Verdict};
use crate::identify::visit;
use crate::measures::{Act, Cuts, Everybody};
use crate::policy::{OnFailure, RouteMatch, Site, Window};
pub use crate::state::Snapshot;
use crate::state::beyond_words;
use crate::state::{Posture, Spent, charge_code, standing_of};
pub use rules::{RuleError, check as check_expression};
pub use sight::Sight;

/// Judges the requests of one site.
pub struct Judge {
    rules: rules::Rules,
}

/// Why a judge cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// A rule of the operator.
    #[error(transparent)]
    Rule(#[from] RuleError),
}

impl Judge {
    /// A judge for a site: compiles its rules.
    ///
    /// # Errors
    /// [`JudgeError`] names the rule that cannot be compiled.
    pub fn new(site: &Site) -> Result<Self, JudgeError> {
        Ok(Self { rules: rules::Rules::compile(&site.rules)? })
    }

    /// What an answer may show to this identity, as long as nobody decided anything about it.
    #[must_use]
    pub fn allowance(&self, site: &Site, id: &Identity, now_ms: u64) -> Allowance {
        let standing = standing_of(site, id, now_ms);
        Allowance {
            standing,
            never: site.never(standing),
            on_request: site.on_request(standing),
            cuts: Cuts::NONE,
            everybody: Everybody::default(),
        }
    }

    /// The verdict on a request.
    #[must_use]
    pub fn decide(
        &self,
        site: &Site,
        req: &Request<'_>,
        id: &Identity,
        route: Option<&RouteMatch<'_>>,
        snap: &Snapshot,
        now_ms: u64,
    ) -> Verdict {
        let standing = snap.standing;
        let ruling = &snap.ruling;
        let allowance = Allowance {
            standing,
            never: site.never(standing),
            on_request: site.on_request(standing),
            cuts: ruling.cuts,
            everybody: ruling.everybody,
        };
        let mut v =
            Verdict { action: Action::Allow, allowance, reasons: SmallVec::new(), risk: 0, retry_after_s: None };
        // A page that shows people is never open, even if its path begins as one that is (`/.well-known/../members/7`).
        if route.is_none() && always_open(req.path) {
            return v;
        }
        if let Some(decided) = measured::before_all(ruling, snap, route.is_some(), now_ms, &mut v) {
            v.action = decided;
            return v;
        }
        for e in id.evidence.iter().chain(&snap.evidence) {
            weigh(site, e, &mut v);
        }
        let forced = self.operator(site, req, id, snap, &mut v);
        // A challenge that was solved is not set again, whoever asks for it: that would be a loop.
        let solved = id.session.is_some_and(|s| s.proves(now_ms));
        let forced = forced.filter(|a| *a != Action::Prove || !(solved || is_part(req, route)));
        v.action = forced.unwrap_or_else(|| step(site, req, id, route.is_some(), solved, snap, &mut v));
        if ruling.must_prove() && route.is_some() && !solved {
            v.action = v.action.max(Action::Prove);
        }
        v
    }

    /// The operator's rules, in order. `Some` when one of them decides.
    fn operator(
        &self,
        site: &Site,
        req: &Request<'_>,
        id: &Identity,
        snap: &Snapshot,
        v: &mut Verdict,
    ) -> Option<Action> {
        let mut decided = None;
        let facts = rules::Facts { req, id, snap, risk: v.risk };
        for (rule, outcome) in self.rules.evaluate(&site.rules, facts) {
            let code = || format!("rule.{}", rule.name);
            match outcome {
                Ok(false) => continue,
                Ok(true) => match rule.weight {
                    Some(w) => {
                        v.risk = v.risk.saturating_add(w);
                        let detail = format!("the rule `{}` adds {w} points", rule.name);
                        v.reasons.push(Reason { code: code(), weight: w, detail });
                    }
                    None => {
                        // Not its condition: that may hold an address, and the ledger holds none in the clear.
                        let detail =
                            format!("the rule `{}` says {}, at {} points", rule.name, rule.then.word(), v.risk);
                        v.reasons.push(Reason { code: code(), weight: 0, detail });
                        decided = Some(rule.then);
                    }
                },
                Err(why) => {
                    v.reasons.push(Reason { code: format!("rule_failed.{}", rule.name), weight: 0, detail: why });
                    if site.failures.rule == OnFailure::Refuse {
                        return Some(Action::Refuse);
                    }
                    // Ignored means ignored: it does not stop the rules after it either.
                    continue;
                }
            }
            if rule.last || decided.is_some_and(|a| a > Action::Allow) {
                break;
            }
        }
        decided
    }
}

/// Adds a piece of evidence, once per signal.
fn weigh(site: &Site, e: &Evidence, v: &mut Verdict) {
    let weight = site.weight(e.signal);
    let code = signals::code(e.signal);
    if weight == 0 || v.reasons.iter().any(|r| r.code == code) {
        return;
    }
    v.risk = v.risk.saturating_add(weight);
    v.reasons.push(Reason { code: code.to_owned(), weight, detail: e.detail.clone() });
}

/// A picture, style, script or the like of a page: no challenge can stand in its place. It is the client's word, so what
/// shows people is none, whatever it is called.
fn is_part(req: &Request<'_>, route: Option<&RouteMatch<'_>>) -> bool {
    route.is_none() && visit(req).asset
}

/// What nobody is ever kept from: the site's word to robots, and what browsers fetch by themselves.
#[must_use]
pub fn always_open(path: &str) -> bool {
    matches!(path, "/robots.txt" | "/favicon.ico" | "/sitemap.xml") || path.starts_with("/.well-known/")
}

/// The ladder.
fn step(
    site: &Site,
    req: &Request<'_>,
    id: &Identity,
    shows_people: bool,
    solved: bool,
    snap: &Snapshot,
    v: &mut Verdict,
) -> Action {
    let l = &site.ladder;
    if site.weight(Signal::BaitTaken) > 0 && site.bait.paths.iter().any(|p| p == req.path) {
        return Action::Decoy;
    }
    if !shows_people {
        return Action::Allow;
    }
    tell_posture(snap, v);
    if let Some(s) = snap.spent {
        v.reasons.push(spent_reason(s));
    }
    // Verified lanes and members are known: their budgets hold them, guesses about them do not.
    let known = matches!(id.lane, Lane::SearchEngine | Lane::Preview | Lane::Licensed | Lane::Researcher)
        || matches!(snap.standing, Standing::Member | Standing::NewMember);
    // Automation that nobody vouches for keeps its small budget behind a challenge, but is not set the next one.
    let proven = solved || snap.standing == Standing::Proven;
    let get = matches!(req.method, "GET" | "HEAD");
    if snap.beyond >= l.refuse_beyond || (!known && v.risk >= l.refuse_at) {
        beyond_reason("beyond.refuse", l.refuse_beyond, snap, v);
        v.retry_after_s = Some(retry_after_s(site, snap));
        return Action::Refuse;
    }
    if known {
        return if snap.spent.is_some() { Action::Mask } else { Action::Allow };
    }
    if snap.beyond >= l.sign_in_beyond {
        beyond_reason("beyond.sign_in", l.sign_in_beyond, snap, v);
        v.retry_after_s = Some(retry_after_s(site, snap));
        return Action::SignIn;
    }
    // A challenge stands in the place of a page; a program that fetches data could not answer it in place.
    let prove = snap.beyond >= l.prove_beyond || v.risk >= l.prove_at;
    if prove && !proven {
        beyond_reason("beyond.prove", l.prove_beyond, snap, v);
        return Action::Prove;
    }
    if v.risk >= l.slow_at && get {
        return Action::Slow;
    }
    if snap.spent.is_some() { Action::Mask } else { Action::Allow }
}

fn tell_posture(snap: &Snapshot, v: &mut Verdict) {
    let mut tell = |code: &str, detail: &str| {
        v.reasons.push(Reason { code: code.to_owned(), weight: 0, detail: detail.to_owned() });
    };
    let unusual = "all strangers together are shown unusually many people";
    match (snap.posture, snap.posture_decided) {
        (Posture::Calm, _) => {}
        // What strangers are shown did not make it so tense, and is not said to have.
        (Posture::Raised, true) => tell(Act::Posture.code(), "decided for everybody: at least raised"),
        (Posture::High, true) => tell(Act::Posture.code(), "decided for everybody: high"),
        (Posture::Raised, false) => tell("posture.raised", unusual),
        (Posture::High, false) => tell("posture.high", unusual),
    }
}

fn beyond_reason(code: &str, limit: u32, snap: &Snapshot, v: &mut Verdict) {
    if snap.beyond >= limit {
        v.reasons.push(Reason { code: code.to_owned(), weight: 0, detail: beyond_words(snap.beyond) });
    }
}

fn spent_reason(s: Spent) -> Reason {
    Reason {
        code: charge_code(s.sensitivity, s.level, s.window),
        weight: 0,
        detail: format!("{} different people were shown", s.limit),
    }
}

/// When asking again makes sense: the counter of people beyond the budget starts anew every hour.
fn retry_after_s(site: &Site, snap: &Snapshot) -> u32 {
    match snap.spent.map(|s| s.window) {
        Some(Window::Day | Window::Month) => 3_600,
        _ => site.ladder.refuse_for_s,
    }
}
