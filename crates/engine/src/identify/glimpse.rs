//! A request of which little was seen, such as a line of an access log: an address, a user agent, perhaps an account.
//!
//! The same functions that identify a whole request name it, so that both get the same names; what was not seen (prints,
//! cookies, other headers) is as if the visitor had none, and no evidence is drawn from its absence.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::LazyLock;

use http::HeaderMap;
use smallvec::SmallVec;

use super::agent_names::NAMES;
use super::agents::{self, Agent, Class, Family};
use super::client::Prints;
use super::signed_in::with_account;
use super::visit::VisitKind;
use super::{Identifier, address, lane};
use crate::doors::{Account, AddressSource, Evidence, Identity, Lane, Level, Pseudonym};

/// Names a user agent can amount to: those of the table, and the two that are read between the lines.
static KNOWN: LazyLock<Vec<(&'static str, Class)>> = LazyLock::new(|| {
    let mut known: Vec<(&'static str, Class)> = Vec::with_capacity(NAMES.len() + 2);
    let between = [("imessage-preview", Class::Preview), ("nameless-robot", Class::Nameless)];
    for pair in NAMES.iter().map(|(_, name, class)| (*name, *class)).chain(between) {
        if !known.contains(&pair) {
            known.push(pair);
        }
    }
    known
});

static NUMBERS: LazyLock<HashMap<(&'static str, Class), u16>> = LazyLock::new(|| {
    KNOWN.iter().enumerate().filter_map(|(i, pair)| Some((*pair, u16::try_from(i + 1).ok()?))).collect()
});

const FAMILIES: [Family; 5] = [Family::Other, Family::Chromium, Family::Firefox, Family::Safari, Family::Text];

/// All of a user agent that an identity without prints rests on, in four bytes: its name, the browser it claims, and
/// whether there was one. The number of a name belongs to one build of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Software(u32);

impl Software {
    /// Nobody wrote down which software it was: nothing is concluded from that.
    pub const UNSEEN: Self = Self(1 << 24);

    /// Reads a user agent; empty means that the visitor named none.
    #[must_use]
    pub fn read(user_agent: &[u8]) -> Self {
        let agent = agents::read(user_agent);
        let named = agent.named.and_then(|pair| NUMBERS.get(&pair)).copied().unwrap_or(0);
        let family = FAMILIES.iter().position(|f| *f == agent.family).unwrap_or(0);
        let said = !user_agent.trim_ascii().is_empty();
        Self(u32::from(named) | u32::try_from(family).unwrap_or(0) << 16 | u32::from(said) << 24)
    }

    /// The four bytes.
    #[must_use]
    pub fn code(self) -> u32 {
        self.0
    }

    /// Reads [`Software::code`] back; `None` if this build never wrote it.
    #[must_use]
    pub fn from_code(code: u32) -> Option<Self> {
        let known = usize::try_from(code & 0xffff).is_ok_and(|n| n <= KNOWN.len());
        let family = (code >> 16 & 0xff) < 5;
        (known && family && code >> 25 == 0).then_some(Self(code))
    }

    fn agent(self) -> Agent {
        let named = usize::try_from(self.0 & 0xffff).ok().and_then(|n| KNOWN.get(n.checked_sub(1)?)).copied();
        let family = FAMILIES.get(usize::try_from(self.0 >> 16 & 0xff).unwrap_or(0)).copied().unwrap_or(Family::Other);
        Agent { named, family, major: 0, platform: None, embedded: false }
    }

    fn said(self) -> bool {
        self.0 >> 24 & 1 == 1
    }
}

/// What was seen of a request.
#[derive(Debug, Clone, Copy)]
pub struct Glimpse {
    /// The visitor's address.
    pub address: IpAddr,
    /// The software.
    pub software: Software,
    /// The account, as whoever wrote it down knew it.
    pub account: Option<Account>,
    /// The kind of the visit.
    pub kind: VisitKind,
    /// When, Unix seconds.
    pub now_s: u64,
}

impl Identifier {
    /// Says who was asking, of a request of which only a glimpse was caught.
    #[must_use]
    pub fn glimpse(&self, seen: &Glimpse) -> Identity {
        let agent = seen.software.agent();
        let found = address::Found {
            address: super::address_set::canonical(seen.address),
            source: AddressSource::Connection,
            behind_hop: false,
        };
        let (lane, said) = lane::by_agent(&agent, seen.software.said(), found.address, &self.crawlers, seen.now_s);
        let evidence: SmallVec<[Evidence; 2]> = said.filter(|e| self.reads(e.signal)).into_iter().collect();
        let lane = with_account(lane, seen.account.as_ref());
        let client = self.client(&agent, &Prints::default(), false);
        self.named(&found, agent.named.map(|(name, _)| name), client, lane, seen.account, None, evidence, seen.kind)
    }

    /// The lane of a glimpse without an account.
    #[must_use]
    pub fn lane_of(&self, address: IpAddr, software: Software, now_s: u64) -> Lane {
        lane::by_agent(&software.agent(), software.said(), address, &self.crawlers, now_s).0
    }

    /// Whether robots.txt refuses a path to this software in this lane.
    #[must_use]
    pub fn robots_refuse(&self, lane: Lane, software: Software, path: &str, query: Option<&str>) -> bool {
        self.refused_by_robots(lane, software.agent().named.map(|(name, _)| name), path, query)
    }

    /// The visitor's address when the other end of the connection and its `X-Forwarded-For` were written down: believed
    /// as far as trusted hops reach, as for a live request.
    #[must_use]
    pub fn address_behind(&self, peer: IpAddr, x_forwarded_for: &[u8]) -> IpAddr {
        let mut headers = HeaderMap::new();
        if let Ok(value) = http::HeaderValue::from_bytes(x_forwarded_for) {
            headers.insert("x-forwarded-for", value);
        }
        address::find(&headers, peer, &self.trusted).address
    }

    /// The keyed name of an account, by the name the site gives it.
    #[must_use]
    pub fn account_name(&self, account: &[u8]) -> Pseudonym {
        self.keys.pseudonym(Level::Account, account)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::identify::test_request::Made;
    use crate::identify::{Accounts, Crawlers, Keys, visit_by_path};
    use crate::judge::Sight;
    use crate::state::test_site::site;

    fn identifier() -> Identifier {
        let site = site().seen_by(Sight::of_a_log(true));
        Identifier::new(&site, Arc::new(Keys::from_secret(&[7; 32])), Arc::new(Crawlers::shipped()), None, true)
            .unwrap()
    }

    fn same(user_agent: &str, address: &str, path: &str) {
        let identifier = identifier();
        let fields = if user_agent.is_empty() { vec![] } else { vec![("user-agent", user_agent)] };
        let made = Made::new(address, &fields).path(path);
        let request = made.request();
        let mut whole = identifier.identify(&request, &Accounts::default(), [0; 16]).identity;
        // A cookie that was only just given has not been seen again: it names nobody.
        whole.session = None;
        let glimpse = identifier.glimpse(&Glimpse {
            address: address.parse().unwrap(),
            software: Software::read(user_agent.as_bytes()),
            account: None,
            kind: visit_by_path(path),
            now_s: request.now_ms / 1000,
        });
        assert_eq!(format!("{whole:?}"), format!("{glimpse:?}"), "{user_agent}");
    }

    #[test]
    fn a_line_of_a_log_is_the_same_principal_as_the_request_it_tells_of() {
        for (token, _, _) in NAMES {
            same(&format!("{token}1.0"), "192.0.2.1", "/members/7");
        }
        for ua in [
            "",
            " ",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "w3m/0.5.3",
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        ] {
            same(ua, "2001:db8::7", "/style.css");
            same(ua, "66.249.66.1", "/members/7");
        }
    }

    #[test]
    fn software_that_was_not_written_down_is_not_held_against_anybody() {
        let seen = Glimpse {
            address: "192.0.2.1".parse().unwrap(),
            software: Software::UNSEEN,
            account: None,
            kind: visit_by_path("/"),
            now_s: 0,
        };
        let identity = identifier().glimpse(&seen);
        assert_eq!(identity.lane, Lane::Visitor);
        assert!(identity.evidence.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_user_agent_comes_back_from_its_four_bytes(ua in "\\PC{0,80}", code in any::<u32>()) {
            let software = Software::read(ua.as_bytes());
            prop_assert_eq!(Software::from_code(software.code()), Some(software));
            if let Some(known) = Software::from_code(code) {
                let _ = known.agent();
            }
        }
    }
}
