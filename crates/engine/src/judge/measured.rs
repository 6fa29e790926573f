//! What a person decided about a principal, or about a route for everybody, as a step before the ladder.

use super::{Snapshot, spent_reason, tell_posture};
use crate::doors::{Action, Level, Reason, Verdict};
use crate::measures::{Act, Ruling};

/// Tells what was decided, and decides where nothing after it counts: a closed route, a refusal, and a release.
pub(super) fn before_all(
    ruling: &Ruling,
    snap: &Snapshot,
    shows_people: bool,
    now_ms: u64,
    v: &mut Verdict,
) -> Option<Action> {
    if ruling.is_none() {
        return None;
    }
    for (act, level) in ruling.acts() {
        v.reasons.push(Reason { code: act.code().to_owned(), weight: 0, detail: detail(act, level).to_owned() });
    }
    let until = |s: u64| u32::try_from(s.saturating_sub(now_ms / 1000)).ok();
    // Whoever is refused is told that, and not that the page is closed: it would be refused elsewhere, too.
    if let Some(until_s) = ruling.refused_until_s() {
        v.retry_after_s = until(until_s);
        return Some(Action::Refuse);
    }
    // No release and no rule opens what is closed for everybody.
    if let Some(until_s) = ruling.everybody.closed_until_s {
        let detail = "this route was closed for everybody".to_owned();
        v.reasons.push(Reason { code: Act::Close.code().to_owned(), weight: 0, detail });
        v.retry_after_s = until(until_s);
        return Some(Action::Refuse);
    }
    if !ruling.released() {
        return None;
    }
    if !shows_people {
        return Some(Action::Allow);
    }
    tell_posture(snap, v);
    Some(match snap.spent {
        Some(s) => {
            v.reasons.push(spent_reason(s));
            Action::Mask
        }
        None => Action::Allow,
    })
}

/// For the operator: at which level it was decided.
fn detail(act: Act, level: Level) -> &'static str {
    match (act, level) {
        (Act::Budget, Level::Account) => "the budgets of its account are divided",
        (Act::Budget, Level::Session) => "the budgets of its session are divided",
        (Act::Budget, Level::Address) => "the budgets of its address are divided",
        (Act::Budget, Level::Network) => "the budgets of its network are divided",
        (Act::Budget, _) => "the budgets of everybody with its software are divided",
        (_, Level::Account) => "decided about its account",
        (_, Level::Session) => "decided about its session",
        (_, Level::Address) => "decided about its address",
        (_, Level::Network) => "decided about its network",
        (_, _) => "decided about its software",
    }
}
