//! How many letters may come: from one address, and to one site.

use std::collections::HashMap;

use hedgerow_engine::doors::Pseudonym;
use parking_lot::Mutex;

/// Letters of one address in an hour. An office or a library is one address.
const OF_AN_ADDRESS: u32 = 10;
/// Letters to a site in an hour: more than people can read.
const TO_A_SITE: u32 = 200;
const HOUR_S: u64 = 3_600;

/// Counts of the hour under way, of all sites.
#[derive(Default)]
pub struct Rates(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    hour: u64,
    sites: HashMap<String, Site>,
}

#[derive(Default)]
struct Site {
    letters: u32,
    // At most as many as letters that were let in.
    addresses: HashMap<Pseudonym, u32>,
}

impl Rates {
    /// Counts one more letter, unless there were too many: then, seconds until it makes sense to try again.
    pub fn admit(&self, site: &str, address: Pseudonym, now_ms: u64) -> Result<(), u64> {
        let (hour, into_s) = (now_ms / 1000 / HOUR_S, now_ms / 1000 % HOUR_S);
        let mut counts = self.0.lock();
        if counts.hour != hour {
            *counts = Counts { hour, ..Counts::default() };
        }
        if !counts.sites.contains_key(site) {
            counts.sites.insert(site.to_owned(), Site::default());
        }
        let Some(of_site) = counts.sites.get_mut(site) else { return Ok(()) };
        let of_address = of_site.addresses.get(&address).copied().unwrap_or(0);
        if of_site.letters >= TO_A_SITE || of_address >= OF_AN_ADDRESS {
            return Err(HOUR_S - into_s);
        }
        of_site.letters += 1;
        of_site.addresses.insert(address, of_address + 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_800_000_000_000;

    fn address(n: u8) -> Pseudonym {
        Pseudonym([n; 12])
    }

    #[test]
    fn one_address_and_one_site_have_an_hour_each_and_the_next_begins_anew() {
        let rates = Rates::default();
        for _ in 0..OF_AN_ADDRESS {
            assert_eq!(rates.admit("club", address(1), NOW_MS), Ok(()));
        }
        assert_eq!(rates.admit("club", address(1), NOW_MS + 600_000), Err(HOUR_S - 600));
        assert_eq!(rates.admit("club", address(2), NOW_MS), Ok(()));
        assert_eq!(rates.admit("shop", address(1), NOW_MS), Ok(()));
        let more = (3..=255).flat_map(|n| [n; 4]).filter(|n| rates.admit("club", address(*n), NOW_MS).is_ok()).count();
        assert_eq!(u32::try_from(more).unwrap(), TO_A_SITE - OF_AN_ADDRESS - 1);
        assert_eq!(rates.admit("club", address(1), NOW_MS + HOUR_S * 1000), Ok(()));
    }
}
