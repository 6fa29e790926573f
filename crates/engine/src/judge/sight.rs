//! What an attachment can see of a visitor, and with that, which signals it can tell.
//!
//! The gateway sees everything. A line of an access log has an address, a path and perhaps a user agent: whoever replays
//! it must not take for missing what was only not written down. So a signal that an attachment cannot see is not weighed
//! there, and not computed either: the site's table of signals is made without it.

use crate::doors::Signal;
use crate::policy::Site;

/// What an attachment sees of a request and its visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    /// All headers, and the handshake of the connection.
    pub headers: bool,
    /// Our cookie, and whether it comes back.
    pub cookies: bool,
    /// Challenges: that they were put, and whether they were solved.
    pub challenges: bool,
    /// Pictures, styles and scripts; not where another server delivers them.
    pub subresources: bool,
}

impl Sight {
    /// What the gateway sees.
    pub const WHOLE: Self = Self { headers: true, cookies: true, challenges: true, subresources: true };

    /// What an access log shows. `subresources`: whether pictures, styles and scripts are in it.
    #[must_use]
    pub fn of_a_log(subresources: bool) -> Self {
        Self { headers: false, cookies: false, challenges: false, subresources }
    }

    /// Whether a signal can be told with this sight.
    #[must_use]
    pub fn shows(self, signal: Signal) -> bool {
        match signal {
            Signal::HeaderContradiction => self.headers,
            Signal::CookieNotKept | Signal::PassShared => self.cookies,
            Signal::UnsolvedChallenges | Signal::EnvironmentOdd => self.challenges,
            Signal::NoSubresources => self.subresources,
            Signal::DeclaredAutomation
            | Signal::LibraryClient
            | Signal::ForgedCrawler
            | Signal::Enumeration
            | Signal::ProfileOnlyDiet
            | Signal::RobotsRefused
            | Signal::BaitTaken
            | Signal::AsksBeyondBudget => true,
        }
    }
}

impl Site {
    /// The site as an attachment with this sight judges it.
    #[must_use]
    pub fn seen_by(mut self, sight: Sight) -> Self {
        self.signals.retain(|(signal, _)| sight.shows(*signal));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::signals;
    use crate::state::test_site::site;

    #[test]
    fn the_gateway_sees_every_signal_and_a_log_none_that_needs_what_it_does_not_show() {
        assert!(signals::ALL.iter().all(|(s, _, _)| Sight::WHOLE.shows(*s)));
        let site = site().seen_by(Sight::of_a_log(false));
        for hidden in [Signal::HeaderContradiction, Signal::CookieNotKept, Signal::PassShared, Signal::NoSubresources] {
            assert_eq!(site.weight(hidden), 0, "{hidden:?}");
        }
        assert!(site.weight(Signal::Enumeration) > 0);
    }
}
