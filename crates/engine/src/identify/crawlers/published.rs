//! What crawlers' operators publish about their addresses: the lists of this release, and those that replace them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use serde::Deserialize;

use crate::identify::address_set::AddressSet;

pub(super) const SNAPSHOT: &str = include_str!("../../../data/crawlers.json");
/// Format of these documents.
const FORMAT: u32 = 1;
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
pub(super) struct Listed {
    crawler: String,
    agents: Vec<String>,
    ranges: Vec<IpNet>,
    dns: Vec<String>,
    #[serde(rename = "source")]
    _source: String,
    as_of: String,
}

#[derive(Debug)]
pub(super) struct Crawler {
    agents: Vec<String>,
    pub(super) addresses: AddressSet,
    pub(super) dns: Vec<String>,
    pub(super) as_of: String,
}

/// Crawlers by the short name of their agents, lower case.
pub(super) type ByAgent = HashMap<String, Arc<Crawler>>;

/// The lists of this release; `None` cannot happen while the test below passes.
pub(super) static SHIPPED: LazyLock<Option<Arc<ByAgent>>> =
    LazyLock::new(|| read(SNAPSHOT.as_bytes()).ok().map(|list| Arc::new(by_agent(list))));

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
pub(super) fn dns_matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => name.strip_suffix(pattern).is_some_and(|host| !host.is_empty()),
        Some((prefix, suffix)) => name
            .strip_prefix(prefix)
            .and_then(|rest| rest.strip_suffix(suffix))
            .is_some_and(|middle| !middle.is_empty() && !middle.contains('.')),
    }
}

pub(super) fn read(json: &[u8]) -> Result<Vec<Listed>, CrawlersError> {
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

pub(super) fn by_agent(list: Vec<Listed>) -> ByAgent {
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
    use proptest::prelude::*;

    use super::*;
    use crate::identify::agent_names::NAMES;

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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn only_names_below_the_crawlers_own_domain_are_its(host in "[a-z0-9.-]{1,20}") {
            let (below, beside) = (format!("{host}.search.msn.com.example"), format!("{host}xgooglebot.com"));
            prop_assert!(!dns_name_belongs("bingbot", &below));
            prop_assert!(!dns_name_belongs("googlebot", &beside));
        }
    }
}
