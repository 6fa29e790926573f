//! The visitor's address: from the connection, or from what trusted hops wrote.
//!
//! A header is believed only as far as a chain of trusted hops reaches, from the right. The left-most value, which
//! any visitor can write, is never used for being left-most.

use std::net::IpAddr;

use http::HeaderMap;
use ipnet::IpNet;

use super::address_set::{AddressSet, canonical, is_internal};
use super::forwarded::{self, Hop};
use crate::doors::AddressSource;

/// An address and where it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The visitor's address, in its one form (IPv4-mapped IPv6 is IPv4).
    pub address: IpAddr,
    /// Where it was read.
    pub source: AddressSource,
    /// Whether the connection itself comes from a trusted hop; its prints are then the hop's, not the visitor's.
    pub behind_hop: bool,
}

/// How far a chain of hops could be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    /// There is no such header.
    Absent,
    /// The first hop that is not trusted, or the first of all when every one is trusted.
    Reached(IpAddr),
    /// A trusted hop did not name who came to it, or wrote something unreadable.
    Lost,
}

/// Finds the visitor's address. `peer` is the other end of the connection, after a PROXY protocol header.
///
/// If `Forwarded` and `X-Forwarded-For` are both there and lead to different addresses, neither is believed, because a
/// hop that maintains one of them lets the visitor's own version of the other through.
#[must_use]
pub fn find(headers: &HeaderMap, peer: IpAddr, trusted: &AddressSet) -> Found {
    let peer = canonical(peer);
    if trusted.is_empty() || !trusted.contains(peer) {
        return Found { address: peer, source: AddressSource::Connection, behind_hop: false };
    }
    let standard = walk(forwarded::forwarded(headers), trusted);
    let usual = walk(forwarded::x_forwarded_for(headers), trusted);
    let (address, source) = match (standard, usual) {
        (Walk::Absent, Walk::Absent) => (peer, AddressSource::Connection),
        (Walk::Reached(a), Walk::Absent) => (a, AddressSource::Forwarded),
        (Walk::Absent, Walk::Reached(a)) => (a, AddressSource::XForwardedFor),
        (Walk::Reached(a), Walk::Reached(b)) if a == b => (a, AddressSource::Forwarded),
        _ => (peer, AddressSource::Disputed),
    };
    Found { address, source, behind_hop: true }
}

fn walk(hops: impl Iterator<Item = Hop>, trusted: &AddressSet) -> Walk {
    let mut reached = Walk::Absent;
    for hop in hops {
        match hop {
            Hop::Address(address) => {
                reached = Walk::Reached(address);
                if !trusted.contains(address) {
                    return reached;
                }
            }
            Hop::Nameless | Hop::Malformed => return Walk::Lost,
        }
    }
    reached
}

/// Explains in one sentence how the visitor's address is found for a request, for the start-up log and for checks of an
/// installation: a gateway that records its own proxy's address has recorded nobody.
#[must_use]
pub fn explain_address(headers: &HeaderMap, peer: IpAddr, trusted_hops: &[IpNet]) -> String {
    let found = find(headers, peer, &AddressSet::new(trusted_hops));
    let (peer, address) = (canonical(peer), found.address);
    let header = if headers.contains_key("forwarded") { "Forwarded" } else { "X-Forwarded-For" };
    let has_header = headers.contains_key("forwarded") || headers.contains_key("x-forwarded-for");
    match found.source {
        AddressSource::Connection if !found.behind_hop && has_header => format!(
            "the visitor is {peer}, the other end of the connection; it sent {header}, which is ignored because {peer} \
             is not in trusted_hops (if {peer} is your own proxy, add it there, or everybody will look like one visitor)"
        ),
        AddressSource::Connection if !found.behind_hop && is_internal(peer) => format!(
            "the visitor is {peer}, the other end of the connection; that is an internal address, so if visitors come \
             from the internet there is a proxy in between: let it send X-Forwarded-For and add it to trusted_hops"
        ),
        AddressSource::Connection if !found.behind_hop => {
            format!("the visitor is {peer}, the other end of the connection; no proxy is involved")
        }
        AddressSource::Connection => format!(
            "the visitor is unknown behind the trusted hop {peer}, which sent neither Forwarded nor X-Forwarded-For; \
             {peer} itself is recorded: let it send one of them, or take it out of trusted_hops"
        ),
        AddressSource::ProxyProtocol => format!("the visitor is {address}, as the PROXY protocol says"),
        AddressSource::XForwardedFor => {
            format!("the visitor is {address}, as X-Forwarded-For says, which was written by the trusted hop {peer}")
        }
        AddressSource::Forwarded => {
            format!("the visitor is {address}, as Forwarded says, which was written by the trusted hop {peer}")
        }
        AddressSource::Disputed => format!(
            "the visitor is disputed: behind the trusted hop {peer}, Forwarded and X-Forwarded-For disagree or cannot \
             be followed, so neither is believed and {peer} is recorded; let the hop set one of the two and remove the other"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn request(fields: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    fn hops(text: &[&str]) -> Vec<IpNet> {
        text.iter().map(|t| t.parse().unwrap()).collect()
    }

    fn found(fields: &[(&'static str, &str)], peer: &str, trusted: &[&str]) -> (String, AddressSource) {
        let f = find(&request(fields), peer.parse().unwrap(), &AddressSet::new(&hops(trusted)));
        (f.address.to_string(), f.source)
    }

    const XFF: &str = "x-forwarded-for";

    #[test]
    fn without_trusted_hops_only_the_connection_counts() {
        let (a, s) = found(&[(XFF, "1.1.1.1"), ("forwarded", "for=2.2.2.2")], "::ffff:203.0.113.5", &[]);
        assert_eq!((a.as_str(), s), ("203.0.113.5", AddressSource::Connection));
        let (a, _) = found(&[(XFF, "1.1.1.1")], "203.0.113.5", &["10.0.0.0/8"]);
        assert_eq!(a, "203.0.113.5");
    }

    #[test]
    fn the_walk_stops_at_the_first_hop_that_is_not_trusted() {
        let (a, s) = found(&[(XFF, "6.6.6.6, 203.0.113.5, 10.0.0.7")], "10.0.0.1", &["10.0.0.0/8"]);
        assert_eq!((a.as_str(), s), ("203.0.113.5", AddressSource::XForwardedFor));
        let (a, s) = found(
            &[("forwarded", "for=6.6.6.6, for=\"[2001:db8::5]:443\", for=10.0.0.7")],
            "10.0.0.1",
            &["10.0.0.0/8"],
        );
        assert_eq!((a.as_str(), s), ("2001:db8::5", AddressSource::Forwarded));
    }

    #[test]
    fn two_headers_that_agree_are_believed_and_two_that_disagree_are_not() {
        let agree = [(XFF, "203.0.113.5"), ("forwarded", "for=203.0.113.5")];
        assert_eq!(found(&agree, "10.0.0.1", &["10.0.0.0/8"]).1, AddressSource::Forwarded);
        let disagree = [(XFF, "203.0.113.5"), ("forwarded", "for=203.0.113.6")];
        let (a, s) = found(&disagree, "10.0.0.1", &["10.0.0.0/8"]);
        assert_eq!((a.as_str(), s), ("10.0.0.1", AddressSource::Disputed));
    }

    #[test]
    fn a_hop_that_hides_who_came_leaves_the_address_disputed() {
        for value in ["unknown", "_hidden", "nonsense"] {
            let (a, s) = found(&[(XFF, value)], "10.0.0.1", &["10.0.0.0/8"]);
            assert_eq!((a.as_str(), s), ("10.0.0.1", AddressSource::Disputed), "{value}");
        }
    }

    #[test]
    fn a_trusted_hop_without_header_is_its_own_visitor() {
        assert_eq!(found(&[], "10.0.0.1", &["10.0.0.0/8"]).1, AddressSource::Connection);
        let (a, s) = found(&[(XFF, "10.0.0.9")], "10.0.0.1", &["10.0.0.0/8"]);
        assert_eq!((a.as_str(), s), ("10.0.0.9", AddressSource::XForwardedFor));
    }

    #[test]
    fn the_explanation_says_what_to_do_when_the_proxy_was_forgotten() {
        let text = explain_address(&request(&[(XFF, "203.0.113.5")]), "10.0.0.1".parse().unwrap(), &[]);
        assert!(text.contains("not in trusted_hops"), "{text}");
        let text = explain_address(&request(&[]), "10.0.0.1".parse().unwrap(), &[]);
        assert!(text.contains("internal address"), "{text}");
        let text = explain_address(&request(&[]), "10.0.0.1".parse().unwrap(), &hops(&["10.0.0.0/8"]));
        assert!(text.contains("sent neither"), "{text}");
        let text =
            explain_address(&request(&[(XFF, "203.0.113.5")]), "10.0.0.1".parse().unwrap(), &hops(&["10.0.0.0/8"]));
        assert!(text.contains("the visitor is 203.0.113.5"), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_a_visitor_writes_never_becomes_its_address(
            claimed in "[ -~]{0,60}", visitor in any::<u32>(), standard in any::<bool>(),
        ) {
            let visitor = IpAddr::V4(std::net::Ipv4Addr::from(visitor | 0xc000_0000));
            let trusted = AddressSet::new(&hops(&["10.0.0.0/8"]));
            let (name, value) = if standard {
                ("forwarded", format!("{claimed}, for={visitor}"))
            } else {
                (XFF, format!("{claimed}, {visitor}"))
            };
            let f = find(&request(&[(name, &value)]), "10.0.0.1".parse().unwrap(), &trusted);
            prop_assert_eq!(f.address, visitor);
        }
    }
}
