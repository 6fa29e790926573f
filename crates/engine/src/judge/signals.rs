//! Every signal: its code, its name, and its sentence. Weights are the policy's.

use crate::doors::Signal;

/// All signals, in the order of the enumeration.
pub const ALL: [(Signal, &str, &str); crate::doors::SIGNALS] = [
    (Signal::DeclaredAutomation, "signal.declared_automation", "The agent says that it is a robot."),
    (Signal::LibraryClient, "signal.library_client", "The agent names a programming library or a command-line tool."),
    (Signal::HeaderContradiction, "signal.header_contradiction", "Its headers contradict each other or its handshake."),
    (Signal::ForgedCrawler, "signal.forged_crawler", "It claims to be a crawler whose addresses are others."),
    (Signal::Enumeration, "signal.enumeration", "It asks for people in the order of their identifiers."),
    (Signal::ProfileOnlyDiet, "signal.profile_only_diet", "It reads profiles and nothing else."),
    (Signal::NoSubresources, "signal.no_subresources", "It loads pages without their pictures, styles and scripts."),
    (Signal::RobotsRefused, "signal.robots_refused", "It asks for what robots.txt refuses."),
    (Signal::BaitTaken, "signal.bait_taken", "It followed a link that no person is shown."),
    (Signal::UnsolvedChallenges, "signal.unsolved_challenges", "It was challenged and went on without an answer."),
    (Signal::PassShared, "signal.pass_shared", "One pass is used from many networks."),
    (Signal::EnvironmentOdd, "signal.environment_odd", "A check of the browser did not agree."),
    (Signal::CookieNotKept, "signal.cookie_not_kept", "It never gives our cookie back."),
    (Signal::AsksBeyondBudget, "signal.asks_beyond_budget", "It keeps asking for people after its budget is spent."),
];

/// The code of a signal.
#[must_use]
pub fn code(signal: Signal) -> &'static str {
    ALL[signal as usize].1
}
