//! Notices that `trusted_hops` was forgotten: nearly all visitors then share one address, the proxy's.

use std::net::IpAddr;

use parking_lot::Mutex;

use super::address_set::is_internal;

/// Visits looked at before an opinion is formed, and again after each opinion.
pub const WINDOW: u32 = 500;
/// Share of visits, in percent, that must come from one address.
const SHARE: u32 = 95;

/// Watches for the mistake that makes a record worthless: the gateway stands behind a proxy and takes the proxy for its
/// visitor. One per site; a few dozen bytes.
///
/// The most frequent address of a window is found by voting (Boyer and Moore), which needs one counter, not a table.
#[derive(Debug, Default)]
pub struct ProxySuspicion {
    window: Mutex<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    visits: u32,
    candidate: Option<IpAddr>,
    votes: u32,
    matching: u32,
    with_header: u32,
}

/// What was noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProxyFinding {
    /// The address nearly everybody seems to have.
    pub address: IpAddr,
    /// Percent of the last [`WINDOW`] visits that came from it.
    pub percent: u32,
    /// Percent of the visits that carried `Forwarded` or `X-Forwarded-For`, which were not believed.
    pub with_header_percent: u32,
}

impl std::fmt::Display for ProxyFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} % of the last {WINDOW} visits came from {}, and {} % carried a forwarding header that is not believed: \
             this looks like your own proxy, not like visitors; add it to trusted_hops, or nobody is told apart",
            self.percent, self.address, self.with_header_percent
        )
    }
}

impl ProxySuspicion {
    /// Counts one visit: the address it was recorded under, and whether it carried a forwarding header although the
    /// connection was not a trusted hop's. Returns a finding at most once every [`WINDOW`] visits.
    ///
    /// An internal address alone is enough; a public one (a content delivery network) only with the headers. A site
    /// on its own machine, visited from there, is not suspicious until forwarding headers appear.
    pub fn note(&self, address: IpAddr, unbelieved_header: bool) -> Option<ProxyFinding> {
        // A visit that meets a busy lock is not counted: this is a sample, and nobody should wait for it.
        let mut t = self.window.try_lock()?;
        t.visits += 1;
        t.with_header += u32::from(unbelieved_header);
        if t.candidate == Some(address) {
            t.votes += 1;
            t.matching += 1;
        } else if t.votes == 0 {
            (t.candidate, t.votes, t.matching) = (Some(address), 1, 1);
        } else {
            t.votes -= 1;
        }
        if t.visits < WINDOW {
            return None;
        }
        let done = std::mem::take(&mut *t);
        let address = done.candidate?;
        let (percent, with_header_percent) = (done.matching * 100 / WINDOW, done.with_header * 100 / WINDOW);
        let enough = with_header_percent >= 50 || (is_internal(address) && !address.to_canonical().is_loopback());
        (percent >= SHARE && enough).then_some(ProxyFinding { address, percent, with_header_percent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(addresses: impl Iterator<Item = (u32, bool)>) -> Vec<ProxyFinding> {
        let suspicion = ProxySuspicion::default();
        addresses.filter_map(|(a, h)| suspicion.note(IpAddr::V4(a.into()), h)).collect()
    }

    #[test]
    fn one_internal_address_for_everybody_is_noticed_once_a_window() {
        let found = visits((0..2 * WINDOW).map(|i| (if i % 50 == 7 { i } else { 0x0a00_0001 }, false)));
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].address.to_string(), "10.0.0.1");
        assert!(found[0].to_string().contains("trusted_hops"));
    }

    #[test]
    fn one_public_address_is_noticed_only_when_it_forwards() {
        assert!(visits((0..WINDOW).map(|_| (0xcb00_7101, false))).is_empty());
        assert_eq!(visits((0..WINDOW).map(|_| (0xcb00_7101, true))).len(), 1);
    }

    #[test]
    fn many_visitors_are_not_suspicious() {
        assert!(visits((0..WINDOW).map(|i| (0xcb00_0000 + i % 40, true))).is_empty());
    }
}
