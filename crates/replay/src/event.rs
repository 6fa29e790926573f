//! What is kept of a line until it is replayed: all that the rooms ask of it, and nothing else.
//!
//! The encoding is canonical: its bytes, compared as bytes, order events by time, and two lines that differ in nothing the
//! rooms see are the same bytes. It belongs to one build; it lives in a temporary folder or travels between workers of one
//! run, and is never kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hedgerow_engine::doors::Pseudonym;
use hedgerow_engine::identify::{Software, network_bytes};

/// Parts into which events are divided by network; a number of the algorithm, not of the machine, so that no answer
/// depends on how many workers there are.
pub const PARTITIONS: usize = 64;

/// Most bytes of a person's identifier, as the ledger takes it.
pub const MAX_PERSON: usize = 128;

/// Most bytes of each text that an operator's rule may ask for.
const MAX_TEXT: usize = 2048;

/// Methods with a number of their own.
const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];

/// A method, in one byte; what is not known is all one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Method(u8);

impl Method {
    /// Reads a method.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let known = METHODS.iter().position(|m| *m == text).unwrap_or(METHODS.len());
        Self(u8::try_from(known).unwrap_or(0))
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        METHODS.get(usize::from(self.0)).copied().unwrap_or("OTHER")
    }
}

/// What a path amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u8);

impl Flags {
    /// A picture, style, script or the like.
    pub const ASSET: Self = Self(1);
    /// A path nobody is ever kept from.
    pub const OPEN: Self = Self(2);
    /// A link that no person is shown.
    pub const BAIT: Self = Self(4);
    /// robots.txt refuses it to this software.
    pub const ROBOTS: Self = Self(8);
    const V6: Self = Self(16);
    const ACCOUNT: Self = Self(32);
    const PERSON: Self = Self(64);
    const TEXT: Self = Self(128);

    /// Whether all of `other` is set.
    #[must_use]
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// With `other` set if `wanted`.
    #[must_use]
    pub fn with(self, other: Self, wanted: bool) -> Self {
        if wanted { Self(self.0 | other.0) } else { self }
    }
}

/// What only an operator's rule asks for; kept when the policy has rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Text<'a> {
    /// Host.
    pub host: &'a str,
    /// Path.
    pub path: &'a str,
    /// Query.
    pub query: Option<&'a str>,
    /// User agent.
    pub agent: &'a str,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event<'a> {
    /// When, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// Who, by address.
    pub address: IpAddr,
    /// ... and software.
    pub software: Software,
    /// Index of the route that shows people.
    pub route: Option<u16>,
    /// Status of the answer.
    pub status: u16,
    /// Method.
    pub method: Method,
    /// What the path amounts to.
    pub flags: Flags,
    /// The account that was signed in.
    pub account: Option<Pseudonym>,
    /// The person the path names.
    pub person: Option<&'a str>,
    /// For rules.
    pub text: Option<Text<'a>>,
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT)]
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

impl Event<'_> {
    /// Appends the encoding, with its length in front.
    pub fn put(&self, out: &mut Vec<u8>) {
        let at = out.len();
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&self.at_ms.to_be_bytes());
        let v6 = matches!(self.address, IpAddr::V6(_));
        let flags = self
            .flags
            .with(Flags::V6, v6)
            .with(Flags::ACCOUNT, self.account.is_some())
            .with(Flags::PERSON, self.person.is_some())
            .with(Flags::TEXT, self.text.is_some());
        out.push(flags.0);
        match self.address {
            IpAddr::V4(a) => out.extend_from_slice(&a.octets()),
            IpAddr::V6(a) => out.extend_from_slice(&a.octets()),
        }
        out.extend_from_slice(&self.software.code().to_be_bytes());
        out.extend_from_slice(&self.route.map_or(0, |r| r + 1).to_be_bytes());
        out.extend_from_slice(&self.status.to_be_bytes());
        out.push(self.method.0);
        if let Some(account) = self.account {
            out.extend_from_slice(&account.0);
        }
        if let Some(person) = self.person {
            out.push(u8::try_from(person.len()).unwrap_or(0));
            out.extend_from_slice(person.as_bytes());
        }
        if let Some(text) = &self.text {
            put_text(out, cut(text.host));
            put_text(out, cut(text.path));
            out.push(u8::from(text.query.is_some()));
            put_text(out, cut(text.query.unwrap_or_default()));
            put_text(out, cut(text.agent));
        }
        let len = u16::try_from(out.len() - at - 2).unwrap_or(0);
        out[at..at + 2].copy_from_slice(&len.to_be_bytes());
    }

    /// The partition of its network.
    #[must_use]
    pub fn partition(&self) -> usize {
        partition_of(self.address)
    }
}

/// The partition of an address's network.
#[must_use]
pub fn partition_of(address: IpAddr) -> usize {
    let (bytes, len) = network_bytes(address);
    let hash = bytes[..len].iter().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        // FNV-1a: any even spread does, as long as it is the same everywhere.
        (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    // A last octet moves only FNV's lowest bits: without this the networks of one /16 would share a few partitions.
    let mixed = (hash ^ hash >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(mixed >> 48).unwrap_or(0) % PARTITIONS
}

/// Takes bytes apart.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    fn text(&mut self) -> Option<&'a str> {
        let len = u16::from_be_bytes(self.array()?);
        std::str::from_utf8(self.take(usize::from(len))?).ok()
    }
}

/// Reads an encoding back; `None` for bytes this build did not write.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Event<'_>> {
    let mut b = Bytes(bytes);
    let at_ms = u64::from_be_bytes(b.array()?);
    let flags = Flags(b.take(1)?[0]);
    let address = if flags.has(Flags::V6) {
        IpAddr::V6(Ipv6Addr::from(b.array::<16>()?))
    } else {
        IpAddr::V4(Ipv4Addr::from(b.array::<4>()?))
    };
    let software = Software::from_code(u32::from_be_bytes(b.array()?))?;
    let route = u16::from_be_bytes(b.array()?).checked_sub(1);
    let status = u16::from_be_bytes(b.array()?);
    let method = Method(b.take(1)?[0]);
    let account = if flags.has(Flags::ACCOUNT) { Some(Pseudonym(b.array()?)) } else { None };
    let person = if flags.has(Flags::PERSON) {
        let len = usize::from(b.take(1)?[0]);
        Some(std::str::from_utf8(b.take(len)?).ok()?)
    } else {
        None
    };
    let text = if flags.has(Flags::TEXT) {
        let (host, path) = (b.text()?, b.text()?);
        let asked = b.take(1)?[0] == 1;
        let query = b.text()?;
        Some(Text { host, path, query: asked.then_some(query), agent: b.text()? })
    } else {
        None
    };
    let flags = Flags(flags.0 & 15);
    b.0.is_empty().then_some(Event { at_ms, address, software, route, status, method, flags, account, person, text })
}

/// The encodings in a batch, one after the other.
#[derive(Debug, Clone)]
pub struct Encodings<'a>(pub &'a [u8]);

impl<'a> Iterator for Encodings<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(2)?;
        let len = usize::from(u16::from_be_bytes([head[0], head[1]]));
        let (event, rest) = rest.split_at_checked(len)?;
        self.0 = rest;
        Some(event)
    }
}

/// Puts a batch into canonical order.
#[must_use]
pub fn sorted(batch: &[u8]) -> Vec<u8> {
    let mut all: Vec<(u64, &[u8])> =
        Encodings(batch).map(|e| (e.first_chunk::<8>().map_or(0, |t| u64::from_be_bytes(*t)), e)).collect();
    // Logs are nearly in order: a sort that finds runs is quick with them.
    all.sort();
    let mut out = Vec::with_capacity(batch.len());
    for (_, e) in all {
        out.extend_from_slice(&u16::try_from(e.len()).unwrap_or(0).to_be_bytes());
        out.extend_from_slice(e);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn example<'a>(person: Option<&'a str>, text: Option<Text<'a>>) -> Event<'a> {
        Event {
            at_ms: 1_764_180_000_123,
            address: "192.0.2.7".parse().unwrap(),
            software: Software::read(b"curl/8.5"),
            route: Some(3),
            status: 200,
            method: Method::of("GET"),
            flags: Flags::default().with(Flags::ROBOTS, true),
            account: Some(Pseudonym([7; 12])),
            person,
            text,
        }
    }

    #[test]
    fn the_networks_of_one_provider_spread_over_all_partitions() {
        let mut networks = [0; PARTITIONS];
        for n in 0..=255 {
            networks[partition_of(IpAddr::from([203, 0, n, 7]))] += 1;
        }
        let used = networks.iter().filter(|n| **n > 0).count();
        assert!(used >= 56 && networks.iter().all(|n| *n <= 12), "{networks:?}");
    }

    #[test]
    fn an_event_without_a_person_takes_few_bytes() {
        let mut out = Vec::new();
        Event { account: None, ..example(None, None) }.put(&mut out);
        assert_eq!(out.len(), 24);
    }

    proptest! {
        #[test]
        fn an_event_comes_back_from_its_bytes(
            at_ms in any::<u64>(), v6 in any::<bool>(), bits in any::<u128>(), route in proptest::option::of(0u16..1000),
            status in any::<u16>(), flags in 0u8..16, method in 0u8..10, person in proptest::option::of("\\PC{1,30}"),
            account in proptest::option::of(any::<[u8; 12]>()), text in proptest::option::of("\\PC{0,40}"),
        ) {
            let address = if v6 { IpAddr::V6(Ipv6Addr::from(bits)) } else { IpAddr::V4(Ipv4Addr::from((bits & 0xffff_ffff) as u32)) };
            let text = text.as_deref().map(|t| Text { host: t, path: t, query: Some(t), agent: "x" });
            let event = Event {
                at_ms, address, software: Software::read(b"curl/8"), route, status, method: Method(method),
                flags: Flags(flags), account: account.map(Pseudonym), person: person.as_deref(), text,
            };
            let mut out = Vec::new();
            event.put(&mut out);
            let mut all = Encodings(&out);
            prop_assert_eq!(decode(all.next().unwrap()), Some(event));
            prop_assert_eq!(all.next(), None);
        }

        #[test]
        fn no_bytes_make_the_reader_of_events_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&bytes);
            for e in Encodings(&bytes) { let _ = decode(e); }
            let _ = sorted(&bytes);
        }

        #[test]
        fn order_does_not_depend_on_the_order_before(mut times in proptest::collection::vec((0u64..5, 0u16..3), 0..30)) {
            let batch = |of: &[(u64, u16)]| {
                let mut out = Vec::new();
                for (at_ms, status) in of { Event { at_ms: *at_ms, status: *status, ..example(Some("7"), None) }.put(&mut out); }
                sorted(&out)
            };
            let one = batch(&times);
            times.reverse();
            prop_assert_eq!(&one, &batch(&times));
            let order: Vec<u64> = Encodings(&one).map(|e| decode(e).unwrap().at_ms).collect();
            prop_assert!(order.is_sorted());
        }
    }
}
