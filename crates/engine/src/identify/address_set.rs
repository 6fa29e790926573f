//! Sets of networks that answer "is this address in it" by one binary search.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// A set of networks, as sorted, merged ranges. For the hundreds of networks of a site or a crawler this is smaller
/// than a trie and as fast; the question is only whether an address is inside, never which network it was.
#[derive(Debug, Clone, Default)]
pub struct AddressSet {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl AddressSet {
    /// Compiles networks. An IPv4 network written as IPv4-mapped IPv6 (`::ffff:10.0.0.0/104`) counts as IPv4, because
    /// addresses are compared in that form (RFC 4291, section 2.5.5.2).
    #[must_use]
    pub fn new<'a>(networks: impl IntoIterator<Item = &'a IpNet>) -> Self {
        let mut set = Self::default();
        for network in networks {
            match network {
                IpNet::V4(n) => set.v4.push((u32::from(n.network()), u32::from(n.broadcast()))),
                IpNet::V6(n) => match (n.network().to_ipv4_mapped(), n.broadcast().to_ipv4_mapped()) {
                    (Some(first), Some(last)) => set.v4.push((u32::from(first), u32::from(last))),
                    _ => set.v6.push((u128::from(n.network()), u128::from(n.broadcast()))),
                },
            }
        }
        set.v4 = merged(set.v4, |last| last.checked_add(1));
        set.v6 = merged(set.v6, |last| last.checked_add(1));
        set
    }

    /// Whether the set holds `address`; an IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match canonical(address) {
            IpAddr::V4(a) => inside(&self.v4, u32::from(a)),
            IpAddr::V6(a) => inside(&self.v6, u128::from(a)),
        }
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

/// The one form of an address: IPv4-mapped IPv6 becomes IPv4.
#[must_use]
pub fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Whether an address can only be inside somebody's own network: private, loopback, link-local, carrier-grade NAT
/// (RFC 1918, RFC 6598, RFC 4193, RFC 4291).
#[must_use]
pub fn is_internal(address: IpAddr) -> bool {
    match canonical(address) {
        IpAddr::V4(a) => internal_v4(a),
        IpAddr::V6(a) => internal_v6(a),
    }
}

fn internal_v4(a: Ipv4Addr) -> bool {
    let shared = u32::from(a) >> 22 == u32::from(Ipv4Addr::new(100, 64, 0, 0)) >> 22;
    a.is_private() || a.is_loopback() || a.is_link_local() || a.is_unspecified() || shared
}

fn internal_v6(a: Ipv6Addr) -> bool {
    a.is_loopback() || a.is_unspecified() || a.is_unique_local() || a.is_unicast_link_local()
}

fn merged<T: Ord + Copy>(mut ranges: Vec<(T, T)>, next: impl Fn(T) -> Option<T>) -> Vec<(T, T)> {
    ranges.sort_unstable();
    let mut out: Vec<(T, T)> = Vec::with_capacity(ranges.len());
    for (first, last) in ranges {
        match out.last_mut() {
            Some((_, end)) if next(*end).is_none_or(|after| first <= after) => *end = (*end).max(last),
            _ => out.push((first, last)),
        }
    }
    out
}

fn inside<T: Ord + Copy>(ranges: &[(T, T)], value: T) -> bool {
    let after = ranges.partition_point(|(first, _)| *first <= value);
    after.checked_sub(1).and_then(|i| ranges.get(i)).is_some_and(|(_, last)| value <= *last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nets(text: &[&str]) -> Vec<IpNet> {
        text.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn neighbours_and_nested_networks_become_one_range() {
        let set = AddressSet::new(&nets(&["10.0.0.0/25", "10.0.0.128/25", "10.0.0.7/32", "0.0.0.0/32"]));
        assert_eq!(set.v4.len(), 2);
        assert!(set.contains("10.0.0.255".parse().unwrap()));
        assert!(!set.contains("10.0.1.0".parse().unwrap()));
    }

    #[test]
    fn an_ipv4_mapped_address_or_network_is_ipv4() {
        let set = AddressSet::new(&nets(&["::ffff:10.0.0.0/104", "2001:db8::/32"]));
        assert!(set.contains("10.9.9.9".parse().unwrap()));
        assert!(set.contains("::ffff:10.9.9.9".parse().unwrap()));
        assert!(set.contains("2001:db8::1".parse().unwrap()));
        assert!(!set.contains("2001:db9::1".parse().unwrap()));
    }

    #[test]
    fn the_whole_address_space_is_a_set_too() {
        let set = AddressSet::new(&nets(&["0.0.0.0/0", "::/0", "1.2.3.4/32"]));
        assert!(set.contains("255.255.255.255".parse().unwrap()));
        assert!(set.contains("ffff::".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn a_set_agrees_with_asking_every_network(
            networks in proptest::collection::vec((any::<u32>(), 0u8..=32), 0..20),
            probes in proptest::collection::vec(any::<u32>(), 20),
        ) {
            let list: Vec<IpNet> = networks
                .iter()
                .map(|(a, l)| IpNet::V4(ipnet::Ipv4Net::new(Ipv4Addr::from(*a), *l).unwrap()))
                .collect();
            let set = AddressSet::new(&list);
            let starts = networks.iter().map(|(a, _)| *a);
            for probe in probes.iter().copied().chain(starts) {
                let address = IpAddr::V4(Ipv4Addr::from(probe));
                prop_assert_eq!(set.contains(address), list.iter().any(|n| n.contains(&address)));
            }
        }
    }
}
