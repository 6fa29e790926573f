//! Where a principal stands, which chooses its budget.

use crate::doors::{Identity, Lane, Standing};
use crate::policy::{AccountTrust, Site};

/// The standing of a request. A pass or a sign-in moves it to another budget; nothing removes the budget.
#[must_use]
pub fn standing_of(site: &Site, id: &Identity, now_ms: u64) -> Standing {
    if !matches!(id.lane, Lane::Visitor | Lane::Member | Lane::Automation) {
        return standing_in(id.lane);
    }
    if let Some(a) = id.account {
        let of_age = a.since_s.is_some_and(|s| now_ms / 1000 >= s.saturating_add(u64::from(site.account.new_for_s)));
        match (a.confirmed, of_age) {
            (true, true) => return Standing::Member,
            (true, false) => return Standing::NewMember,
            // Anybody can invent a cookie; one that has lasted counts as an account where the operator says so.
            (false, true) if site.account.trust == AccountTrust::Present => return Standing::NewMember,
            (false, _) => {}
        }
    }
    if id.lane == Lane::Automation {
        return Standing::Automation;
    }
    if id.session.is_some_and(|s| s.proves(now_ms)) { Standing::Proven } else { Standing::Stranger }
}

/// The standing of somebody of a lane who is not signed in and has proved nothing.
#[must_use]
pub fn standing_in(lane: Lane) -> Standing {
    match lane {
        Lane::SearchEngine => Standing::SearchEngine,
        Lane::Preview => Standing::Preview,
        Lane::Licensed => Standing::Licensed,
        Lane::Researcher => Standing::Researcher,
        Lane::Automation => Standing::Automation,
        Lane::Visitor | Lane::Member => Standing::Stranger,
    }
}

/// Strangers and those who are no better known: they move the posture and feel it.
#[must_use]
pub fn is_stranger(standing: Standing) -> bool {
    matches!(standing, Standing::Stranger | Standing::Proven | Standing::Automation | Standing::Preview)
}
