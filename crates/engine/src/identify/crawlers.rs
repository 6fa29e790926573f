//! Which addresses a crawler really has: published ranges, and what the brain learned by DNS.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use parking_lot::{Mutex, RwLock};
use serde::Deserialize;

use super::address_set::{AddressSet, canonical};

const SNAPSHOT: &str = include_str!("../../data/crawlers.json");
/// Format of the snapshot and of [`Crawlers::replace_ranges`].
const FORMAT: u32 = 1;
/// Most verdicts that are remembered, and most claims that wait.
const MAX_LEARNED: usize = 16_384;
const MAX_CLAIMS: usize = 1024;
/// A claim that was taken and not answered is offered again after this many seconds.
const ASK_AGAIN_S: u64 = 600;
/// Largest document of ranges, and most ranges of one crawler.
const MAX_DOCUMENT: usize = 4 * 1024 * 1024;
const MAX_RANGES: usize = 20_000;

/// Why new ranges were not taken; the ones in force stay.
#[derive(Debug, thiserror::Error)]
pub enum CrawlersError {
    /// Not JSON of this form.
    #[error("the list of crawlers cannot be read: {0}; the ranges in force stay")]
    Shape(#[from] serde_json::Error),
    /// Another format.
    #[error("the list of crawlers has format {0}, this engine reads format {FORMAT}; the ranges in force stay")]
    Format(u32),
    /// Too much of it.
    #[error("the list of crawlers is too large ({0}); the ranges in force stay")]
    TooLarge(String),
    /// A range no crawler has.
    #[error(
        "the list of crawlers gives `{crawler}` the range {range}, which is too wide to be believed; the ranges in force stay"
    )]
    TooWide {
        /// The crawler.
        crawler: String,
        /// The range.
        range: IpNet,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    #[serde(default, rename = "note")]
    _note: String,
    crawlers: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    crawler: String,
    agents: Vec<String>,
    ranges: Vec<IpNet>,
    dns: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    as_of: String,
}

#[derive(Debug)]
struct Crawler {
    agents: Vec<String>,
    addresses: AddressSet,
    dns: Vec<String>,
    as_of: String,
}

/// Crawlers by the short name of their agents, lower case.
type ByAgent = HashMap<String, Arc<Crawler>>;

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

/// The lists of this release; `None` cannot happen while the test below passes.
static SHIPPED: LazyLock<Option<Arc<ByAgent>>> =
    LazyLock::new(|| read(SNAPSHOT.as_bytes()).ok().map(|list| Arc::new(by_agent(list))));

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

/// Whether a host name is one that `agent`'s operator gives its crawler's addresses, by the shipped list. The second half
/// of forward-confirmed reverse DNS; the caller has found `name` by PTR and still confirms that it leads back.
///
/// Compared by whole labels (`evilgooglebot.com` is not `googlebot.com`). Names below `gae.googleusercontent.com` belong
/// to whoever rents them and are never anybody's crawler.
#[must_use]
pub fn dns_name_belongs(agent: &str, name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    if name.len() > 253 || name == "gae.googleusercontent.com" || name.ends_with(".gae.googleusercontent.com") {
        return false;
    }
    let agent = agent.to_ascii_lowercase();
    let Some(crawler) = SHIPPED.as_ref().and_then(|t| t.get(&agent)) else {
        return false;
    };
    crawler.dns.iter().any(|pattern| dns_matches(pattern, &name))
}

/// `.example.com` is any name below `example.com`; `prefix-*.example.com` is one label with that start, directly below.
fn dns_matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => name.strip_suffix(pattern).is_some_and(|host| !host.is_empty()),
        Some((prefix, suffix)) => name
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix(suffix))
            .is_some_and(|middle| !middle.is_empty() && !middle.contains('.')),
    }
}

fn read(json: &[u8]) -> Result<Vec<Listed>, CrawlersError> {
    if json.len() > MAX_DOCUMENT {
        return Err(CrawlersError::TooLarge(format!("{} bytes, at most {MAX_DOCUMENT}", json.len())));
    }
    let document: Document = serde_json::from_slice(json)?;
    if document.format != FORMAT {
        return Err(CrawlersError::Format(document.format));
    }
    for listed in &document.crawlers {
        if listed.ranges.len() > MAX_RANGES {
            let what = format!("{} ranges for `{}`, at most {MAX_RANGES}", listed.ranges.len(), listed.crawler);
            return Err(CrawlersError::TooLarge(what));
        }
        // A list that makes half the internet a search engine is a mistake or an attack.
        let wide = |r: &&IpNet| r.prefix_len() < if matches!(r, IpNet::V4(_)) { 12 } else { 28 };
        if let Some(range) = listed.ranges.iter().find(wide) {
            return Err(CrawlersError::TooWide { crawler: listed.crawler.clone(), range: *range });
        }
    }
    Ok(document.crawlers)
}

fn by_agent(list: Vec<Listed>) -> ByAgent {
    let mut table = HashMap::new();
    for listed in list {
        let addresses = AddressSet::new(&listed.ranges);
        let crawler = Crawler { agents: listed.agents, addresses, dns: listed.dns, as_of: listed.as_of };
        let crawler = Arc::new(crawler);
        for agent in &crawler.agents {
            table.insert(agent.to_ascii_lowercase(), Arc::clone(&crawler));
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::agent_names::NAMES;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_shipped_snapshot_is_whole_and_names_only_agents_we_read() {
        let list = read(SNAPSHOT.as_bytes()).unwrap();
        assert!(SNAPSHOT.len() < 200 * 1024 && list.len() >= 20);
        for listed in &list {
            assert!(!listed._source.is_empty() && listed.as_of.len() == 10, "{}", listed.crawler);
            for agent in &listed.agents {
                assert!(NAMES.iter().any(|(_, name, _)| name == agent), "{agent} is not a name of ours");
            }
        }
        assert!(SHIPPED.is_some());
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
    fn names_are_compared_by_labels_and_rented_names_are_nobodys() {
        assert!(dns_name_belongs("googlebot", "crawl-66-249-66-1.googlebot.com"));
        assert!(dns_name_belongs("Googlebot", "CRAWL-66-249-66-1.GOOGLEBOT.COM."));
        assert!(dns_name_belongs("bingbot", "msnbot-157-55-39-1.search.msn.com"));
        assert!(dns_name_belongs("adsbot-google", "rate-limited-proxy-66-249-89-1.google.com"));
        for (agent, name) in [
            ("googlebot", "evilgooglebot.com"),
            ("googlebot", "googlebot.com"),
            ("googlebot", "googlebot.com.evil.example"),
            ("googlebot", "google-proxy-1.google.com"),
            ("adsbot-google", "rate-limited-proxy-x.evil.google.com"),
            ("adsbot-google", "rate-limited-proxy-.google.com"),
            ("googlebot", "1.2.3.4.gae.googleusercontent.com"),
            ("curl", "crawl.googlebot.com"),
            ("googlebot", ""),
        ] {
            assert!(!dns_name_belongs(agent, name), "{agent} {name}");
        }
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
            let _ = (dns_name_belongs("googlebot", &name), dns_matches(&name, &range));
        }

        #[test]
        fn only_names_below_the_crawlers_own_domain_are_its(host in "[a-z0-9.-]{1,20}") {
            let (below, beside) = (format!("{host}.search.msn.com.example"), format!("{host}xgooglebot.com"));
            prop_assert!(!dns_name_belongs("bingbot", &below));
            prop_assert!(!dns_name_belongs("googlebot", &beside));
        }
    }
}
