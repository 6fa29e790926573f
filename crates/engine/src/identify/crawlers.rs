//! Which addresses a crawler really has: published ranges, and what the brain learned by DNS.

mod published;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use self::published::{ByAgent, SHIPPED, SNAPSHOT, by_agent, read};
pub use self::published::{CrawlersError, dns_name_belongs};
use super::address_set::canonical;

/// Most verdicts that are remembered, and most claims that wait.
const MAX_LEARNED: usize = 16_384;
const MAX_CLAIMS: usize = 1024;
/// A claim that was taken and not answered is offered again after this many seconds.
const ASK_AGAIN_S: u64 = 600;
/// What is known about an address that claims to be a crawler.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verified {
    /// It is.
    Genuine,
    /// It is not; the sentence says why.
    Forged(String),
    /// It will be known when the brain has asked the DNS.
    NotYet,
    /// Nobody publishes how to check this agent.
    NoWay,
}

/// Published address ranges by crawler, verdicts learned while running, and claims that wait for one. Shared by all sites.
#[derive(Debug)]
pub struct Crawlers {
    table: RwLock<Arc<ByAgent>>,
    learned: RwLock<HashMap<(IpAddr, String), (bool, u64)>>,
    claims: Mutex<Claims>,
}

#[derive(Debug, Default)]
struct Claims {
    waiting: Vec<(IpAddr, String)>,
    /// When each open claim was made (Unix seconds).
    open: HashMap<(IpAddr, String), u64>,
}

impl Crawlers {
    /// The ranges shipped with this release; `data/crawlers.json` names source and date of each.
    #[must_use]
    pub fn shipped() -> Self {
        let table = SHIPPED.clone().unwrap_or_default();
        Self { table: RwLock::new(table), learned: RwLock::default(), claims: Mutex::default() }
    }

    /// Replaces the ranges of the crawlers a document names; the others keep theirs. Same form as the snapshot.
    ///
    /// # Errors
    /// [`CrawlersError`]; nothing is taken by halves.
    pub fn replace_ranges(&self, json: &[u8]) -> Result<(), CrawlersError> {
        let fresh = by_agent(read(json)?);
        let mut table = self.table.write();
        let mut all = (**table).clone();
        all.extend(fresh);
        *table = Arc::new(all);
        Ok(())
    }

    /// The lists of this release, as JSON: the form of [`Crawlers::replace_ranges`].
    #[must_use]
    pub fn shipped_document() -> &'static str {
        SNAPSHOT
    }

    /// Whether a document of ranges could be taken.
    ///
    /// # Errors
    /// [`CrawlersError`] says what is wrong with it.
    pub fn check_document(json: &[u8]) -> Result<(), CrawlersError> {
        read(json).map(drop)
    }

    /// Takes the verdict of a DNS check of `address` claiming to be `agent`, good until `until_s` (Unix seconds).
    pub fn learn(&self, address: IpAddr, agent: &str, genuine: bool, until_s: u64) {
        let key = (canonical(address), agent.to_ascii_lowercase());
        self.claims.lock().open.remove(&key);
        let mut learned = self.learned.write();
        if learned.len() >= MAX_LEARNED && !learned.contains_key(&key) {
            // The half that ends first goes: rare, and cheaper than an order kept at every verdict.
            let mut ends: Vec<u64> = learned.values().map(|(_, until)| *until).collect();
            let middle = ends.len() / 2;
            let (_, median, _) = ends.select_nth_unstable(middle);
            let median = *median;
            let mut room = MAX_LEARNED / 2;
            learned.retain(|_, (_, until)| {
                let keep = *until > median && room > 0;
                room -= usize::from(keep);
                keep
            });
        }
        learned.insert(key, (genuine, until_s));
    }

    /// Claims to check by DNS: address and agent, each once until it is answered (or ten minutes have passed).
    #[must_use]
    pub fn take_claims(&self) -> Vec<(IpAddr, String)> {
        std::mem::take(&mut self.claims.lock().waiting)
    }

    /// Whether `address` is the crawler `agent` claims to be. Asks nobody: what is not known is put on the list of claims.
    #[must_use]
    pub fn verify(&self, agent: &str, address: IpAddr, now_s: u64) -> Verified {
        let table = Arc::clone(&self.table.read());
        let Some(crawler) = table.get(agent) else {
            return Verified::NoWay;
        };
        let address = canonical(address);
        if crawler.addresses.contains(address) {
            return Verified::Genuine;
        }
        let key = (address, agent.to_owned());
        match self.learned.read().get(&key) {
            Some((true, until)) if now_s < *until => return Verified::Genuine,
            Some((false, until)) if now_s < *until => {
                return Verified::Forged(format!("claims {agent}, but its address has no name of that crawler"));
            }
            _ => {}
        }
        if !crawler.dns.is_empty() {
            self.claim(key, now_s);
        }
        match (crawler.addresses.is_empty(), crawler.dns.is_empty()) {
            (false, _) => Verified::Forged(format!(
                "claims {agent}, but its address is outside the ranges that crawler publishes (list of {})",
                crawler.as_of
            )),
            (true, false) => Verified::NotYet,
            (true, true) => Verified::NoWay,
        }
    }

    fn claim(&self, key: (IpAddr, String), now_s: u64) {
        let mut claims = self.claims.lock();
        if claims.open.get(&key).is_some_and(|asked| now_s < asked + ASK_AGAIN_S) {
            return;
        }
        if claims.open.len() >= MAX_CLAIMS {
            claims.open.retain(|_, asked| now_s < *asked + ASK_AGAIN_S);
        }
        if claims.open.len() < MAX_CLAIMS && claims.waiting.len() < MAX_CLAIMS {
            claims.open.insert(key.clone(), now_s);
            claims.waiting.push(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_in_the_published_ranges_is_genuine_and_any_other_is_forged() {
        let c = Crawlers::shipped();
        assert_eq!(c.verify("googlebot", ip("66.249.66.1"), 0), Verified::Genuine);
        assert_eq!(c.verify("googlebot", ip("::ffff:66.249.66.1"), 0), Verified::Genuine);
        assert!(matches!(c.verify("googlebot", ip("192.0.2.1"), 0), Verified::Forged(why) if why.contains("outside")));
        assert_eq!(c.verify("curl", ip("192.0.2.1"), 0), Verified::NoWay);
    }

    #[test]
    fn what_dns_must_say_is_claimed_once_and_then_learned() {
        let c = Crawlers::shipped();
        let a = ip("192.0.2.1");
        assert_eq!(c.verify("baiduspider", a, 0), Verified::NotYet);
        assert_eq!(c.verify("baiduspider", a, 1), Verified::NotYet);
        assert_eq!(c.take_claims(), [(a, "baiduspider".to_owned())]);
        assert_eq!(c.verify("baiduspider", a, 2), Verified::NotYet);
        assert!(c.take_claims().is_empty());
        assert_eq!(c.verify("baiduspider", a, ASK_AGAIN_S), Verified::NotYet);
        assert_eq!(c.take_claims().len(), 1);
        c.learn(a, "Baiduspider", true, 1000);
        assert_eq!(c.verify("baiduspider", a, 999), Verified::Genuine);
        assert_eq!(c.verify("baiduspider", a, 1000), Verified::NotYet);
        c.learn(a, "baiduspider", false, 5000);
        assert!(matches!(c.verify("baiduspider", a, 1001), Verified::Forged(_)));
    }

    #[test]
    fn a_list_that_has_aged_is_corrected_by_dns() {
        let c = Crawlers::shipped();
        assert!(matches!(c.verify("googlebot", ip("192.0.2.1"), 0), Verified::Forged(_)));
        assert_eq!(c.take_claims().len(), 1);
        c.learn(ip("192.0.2.1"), "googlebot", true, 1000);
        assert_eq!(c.verify("googlebot", ip("192.0.2.1"), 1), Verified::Genuine);
    }

    #[test]
    fn claims_and_verdicts_are_bounded() {
        let c = Crawlers::shipped();
        for i in 0..40_000u32 {
            let a = IpAddr::V4((0xc000_0000 + i).into());
            let _ = c.verify("baiduspider", a, 0);
            c.learn(a, "x", true, u64::from(i));
        }
        assert_eq!(c.take_claims().len(), MAX_CLAIMS);
        assert!(c.learned.read().len() <= MAX_LEARNED);
    }

    #[test]
    fn new_ranges_replace_those_of_the_crawlers_they_name_and_no_others() {
        let c = Crawlers::shipped();
        let json = br#"{"format":1,"crawlers":[{"crawler":"bingbot","agents":["bingbot"],"ranges":["192.0.2.0/24"],"dns":[],"source":"x","as_of":"2026-11-01"}]}"#;
        c.replace_ranges(json).unwrap();
        assert_eq!(c.verify("bingbot", ip("192.0.2.1"), 0), Verified::Genuine);
        assert_eq!(c.verify("googlebot", ip("66.249.66.1"), 0), Verified::Genuine);
        let wide = String::from_utf8_lossy(json).replace("192.0.2.0/24", "0.0.0.0/0");
        assert!(matches!(c.replace_ranges(wide.as_bytes()), Err(CrawlersError::TooWide { .. })));
        assert!(matches!(c.replace_ranges(b"{}"), Err(CrawlersError::Shape(_))));
        assert!(matches!(c.replace_ranges(br#"{"format":2,"crawlers":[]}"#), Err(CrawlersError::Format(2))));
        assert_eq!(c.verify("bingbot", ip("192.0.2.1"), 0), Verified::Genuine);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_bytes_make_the_reader_of_lists_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200), name in "\\PC{0,80}", range in "[0-9a-f:./]{0,20}",
        ) {
            let c = Crawlers::shipped();
            let _ = c.replace_ranges(&bytes);
            let json = serde_json::json!({"format": 1, "crawlers": [{"crawler": name, "agents": [name], "ranges": [range],
                "dns": [name], "source": "x", "as_of": "x"}]});
            let _ = c.replace_ranges(json.to_string().as_bytes());
            let _ = c.verify(&name, ip("192.0.2.1"), 0);
            let _ = (dns_name_belongs("googlebot", &name), published::dns_matches(&name, &range));
        }
    }
}
