//! Which lane a request belongs to, and what its user agent gives away.

use std::net::IpAddr;

use super::agents::{Agent, Class};
use super::crawlers::{Crawlers, Verified};
use crate::doors::{Evidence, Lane, Signal};

/// The lane by the user agent alone, before accounts and licences, with the evidence for it.
///
/// A search engine is one only when its address proves it. A name that can be checked and is not known yet is unknown
/// automation without being called forged. Anybody may claim to be a link preview that nobody can check: its own small
/// budget is the limit, not the name.
#[must_use]
pub fn by_agent(
    agent: &Agent,
    has_user_agent: bool,
    address: IpAddr,
    crawlers: &Crawlers,
    now_s: u64,
) -> (Lane, Option<Evidence>) {
    let evidence = |signal, detail: String| Some(Evidence { signal, detail });
    let Some((name, class)) = agent.named else {
        return if has_user_agent {
            (Lane::Visitor, None)
        } else {
            (Lane::Automation, evidence(Signal::LibraryClient, "names no agent at all".to_owned()))
        };
    };
    match class {
        Class::Library => (Lane::Automation, evidence(Signal::LibraryClient, format!("names itself {name}"))),
        Class::Nameless => (
            Lane::Automation,
            evidence(Signal::DeclaredAutomation, "says that it is a robot, without a known name".to_owned()),
        ),
        Class::Search | Class::Declared | Class::Preview => match (class, crawlers.verify(name, address, now_s)) {
            (_, Verified::Forged(why)) => (Lane::Automation, evidence(Signal::ForgedCrawler, why)),
            (Class::Search, Verified::Genuine) => (Lane::SearchEngine, None),
            (Class::Preview, Verified::Genuine | Verified::NoWay) => (Lane::Preview, None),
            (Class::Declared, _) => {
                (Lane::Automation, evidence(Signal::DeclaredAutomation, format!("names itself {name}")))
            }
            _ => (Lane::Automation, None),
        },
    }
}
