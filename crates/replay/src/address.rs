//! The visitor's address as a log writes it: a number, or a name where the server or whoever published the log replaced it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hedgerow_engine::doors::{Level, Pseudonym};
use hedgerow_engine::identify::Keys;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// An address.
    Address(IpAddr),
    /// A name, and the address that stands in for it: the same for the same name, in one network for names of one domain.
    Name(IpAddr),
}

/// First byte of stand-ins: unique local addresses (RFC 4193), which no visitor from outside has.
const STAND_IN: u8 = 0xfd;

/// Last bytes of stand-ins, by which they are told from such addresses within the site's own network.
const MARK: [u8; 3] = [0x1e, 0xaf, 0x0d];

/// Reads it; `None` when nothing that could name anybody was written.
#[must_use]
pub fn read(text: &[u8]) -> Option<Written> {
    if let Some(v4) = v4(text) {
        return Some(Written::Address(IpAddr::V4(v4)));
    }
    let text = std::str::from_utf8(text).ok()?.trim();
    let bare = text.trim_matches(['[', ']']);
    // A zone index (RFC 4007) belongs to the machine that wrote the log.
    let bare = bare.split('%').next().unwrap_or(bare);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Some(Written::Address(address.to_canonical()));
    }
    if let Ok(with_port) = text.parse::<std::net::SocketAddr>() {
        return Some(Written::Address(with_port.ip().to_canonical()));
    }
    let plausible = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'*') || b >= 0x80;
    (!text.is_empty() && text != "-" && text.len() <= 255 && text.bytes().all(plausible))
        .then(|| Written::Name(stand_in(text)))
}

fn v4(text: &[u8]) -> Option<Ipv4Addr> {
    if text.len() > 15 {
        return None;
    }
    let mut octets = [0u8; 4];
    let mut parts = text.split(|b| *b == b'.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 {
            return None;
        }
        let mut n = 0u16;
        for b in part {
            if !b.is_ascii_digit() {
                return None;
            }
            n = n * 10 + u16::from(b - b'0');
        }
        *octet = u8::try_from(n).ok()?;
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets))
}

/// Names of one domain share a network, and so do addresses whose last part was blanked (`192.0.2.abc`).
fn stand_in(name: &str) -> IpAddr {
    let name = name.to_ascii_lowercase();
    let blanked = name.rsplit_once('.').filter(|(head, _)| {
        head.split('.').count() == 3 && head.split('.').all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    });
    let network = match (blanked, name.split_once('.')) {
        (Some((head, _)), _) => head,
        (None, Some((_, domain))) if domain.contains('.') => domain,
        _ => &name,
    };
    let mut octets = [0u8; 16];
    octets[0] = STAND_IN;
    octets[1..6].copy_from_slice(&blake3::hash(network.as_bytes()).as_bytes()[..5]);
    octets[6..13].copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..7]);
    octets[13..].copy_from_slice(&MARK);
    IpAddr::V6(Ipv6Addr::from(octets))
}

/// The keyed name of whoever has a name instead of an address. It is made of all of the stand-in: what the engine takes for
/// one household, the /64, would be a few hosts of one provider.
#[must_use]
pub fn keyed_stand_in(keys: &Keys, address: IpAddr) -> Option<Pseudonym> {
    let IpAddr::V6(a) = address else { return None };
    let octets = a.octets();
    (octets[0] == STAND_IN && octets.ends_with(&MARK)).then(|| keys.pseudonym(Level::Address, &octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hedgerow_engine::identify::network_bytes;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_read_in_every_form_servers_write() {
        let is = |text: &str, address: &str| {
            assert_eq!(read(text.as_bytes()), Some(Written::Address(address.parse().unwrap())), "{text}");
        };
        is("192.0.2.7", "192.0.2.7");
        is("2001:db8::7", "2001:db8::7");
        is("[2001:db8::7]", "2001:db8::7");
        is("[2001:db8::7]:443", "2001:db8::7");
        is("192.0.2.7:55", "192.0.2.7");
        is("::ffff:192.0.2.7", "192.0.2.7");
        is("fe80::1%eth0", "fe80::1");
    }

    #[test]
    fn a_name_stands_for_itself_and_its_domain_for_a_network() {
        let of = |text: &str| match read(text.as_bytes()) {
            Some(Written::Name(a)) => a,
            other => panic!("{other:?}"),
        };
        assert_eq!(of("PM3.dialup.example"), of("pm3.dialup.example"));
        assert_ne!(of("pm3.dialup.example"), of("pm4.dialup.example"));
        assert_eq!(network_bytes(of("pm3.dialup.example")), network_bytes(of("pm4.dialup.example")));
        assert_eq!(network_bytes(of("101.81.133.jja")), network_bytes(of("101.81.133.abc")));
        assert_ne!(network_bytes(of("101.81.133.jja")), network_bytes(of("101.81.134.jja")));
        let keys = Keys::from_secret(&[7; 32]);
        let keyed = |address| keyed_stand_in(&keys, address);
        assert!(keyed(of("localhost")).is_some());
        assert_ne!(keyed(of("pm3.dialup.example")), keyed(of("pm4.dialup.example")));
        assert_eq!(keyed("fd00::1".parse().unwrap()), None);
        for nobody in ["", "-", "a b", "\u{1}", "999.1.1.1 x"] {
            assert_eq!(read(nobody.as_bytes()), None, "{nobody}");
        }
    }

    proptest! {
        #[test]
        fn the_quick_reader_and_the_library_agree(a in any::<[u8; 4]>(), text in "[0-9.]{0,16}") {
            let address = Ipv4Addr::from(a);
            prop_assert_eq!(v4(address.to_string().as_bytes()), Some(address));
            if let Ok(known) = text.parse::<Ipv4Addr>() { prop_assert_eq!(v4(text.as_bytes()), Some(known)); }
        }
    }
}
