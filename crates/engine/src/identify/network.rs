//! The network of an address: its prefix, and when a table is given its autonomous system and the kind of it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use serde::Deserialize;

use super::address_set::canonical;
use super::keys::Keys;
use super::network_kind::{kind_of, shipped};
use crate::doors::{Level, NetworkKind, Pseudonym};

/// The keyed name of an address, as the ledger has it.
#[must_use]
pub fn address_name(keys: &Keys, address: IpAddr) -> Pseudonym {
    let (bytes, len) = address_bytes(address);
    keys.pseudonym(Level::Address, &bytes[..len])
}

/// Bytes that stand for an address when it is named: all of an IPv4 address, the /64 of an IPv6 address, because a
/// household or a phone is given a whole /64 and changes within it at will (RFC 6177, RFC 8981).
#[must_use]
pub fn address_bytes(address: IpAddr) -> ([u8; 9], usize) {
    let mut out = [0u8; 9];
    match canonical(address) {
        IpAddr::V4(a) => {
            out[0] = 4;
            out[1..5].copy_from_slice(&a.octets());
            (out, 5)
        }
        IpAddr::V6(a) => {
            out[0] = 6;
            out[1..9].copy_from_slice(&a.octets()[..8]);
            (out, 9)
        }
    }
}

/// Bytes that stand for the network of an address: IPv4 /24, IPv6 /48.
#[must_use]
pub fn network_bytes(address: IpAddr) -> ([u8; 7], usize) {
    let mut out = [0u8; 7];
    match canonical(address) {
        IpAddr::V4(a) => {
            out[0] = 4;
            out[1..4].copy_from_slice(&a.octets()[..3]);
            (out, 4)
        }
        IpAddr::V6(a) => {
            out[0] = 6;
            out[1..7].copy_from_slice(&a.octets()[..6]);
            (out, 7)
        }
    }
}

/// Largest table that is read, in bytes.
const MAX_TABLE_BYTES: u64 = 512 * 1024 * 1024;

/// Why a table of autonomous systems could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AsnError {
    /// The file cannot be read.
    #[error(
        "the table of autonomous systems {path} cannot be read: {source}; networks stay without number until it can"
    )]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Not a MaxMind database.
    #[error(
        "{path} is not a usable MaxMind database: {source}; give an ASN database (.mmdb) or a table as iptoasn.com writes it (.tsv)"
    )]
    Database {
        /// The file.
        path: String,
        /// What the reader says.
        source: maxminddb::MaxMindDbError,
    },
    /// A line of the table that is not of its form.
    #[error("line {line} of {path} is not `first-address TAB last-address TAB number`; nothing of the table is used")]
    Line {
        /// The file.
        path: String,
        /// Number of the line, from 1.
        line: usize,
    },
    /// A line that names no kind of network.
    #[error(
        "column 6 of line {line} of {path} is a kind of network, one of `residential`, `mobile`, `hosting`, `education`, `government` or `unknown`, or empty; nothing of the table is used"
    )]
    Kind {
        /// The file.
        path: String,
        /// Number of the line, from 1.
        line: usize,
    },
    /// Too large.
    #[error("{path} is larger than 512 MiB, which no table of autonomous systems is; it is not read")]
    TooLarge {
        /// The file.
        path: String,
    },
}

/// What is known of the network of an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// Number of the autonomous system.
    pub number: Option<u32>,
    /// Its kind.
    pub kind: NetworkKind,
}

/// Which autonomous system an address belongs to, from a file of the operator.
#[derive(Debug)]
pub struct AsnTable(Form);

#[derive(Debug)]
enum Form {
    Database(Box<maxminddb::Reader<Vec<u8>>>),
    Ranges { v4: Vec<Range<u32>>, v6: Vec<Range<u128>> },
}

/// First and last address, number of the autonomous system, its kind.
type Range<T> = (T, T, u32, NetworkKind);

#[derive(Deserialize)]
struct AsnRecord {
    autonomous_system_number: Option<u32>,
}

impl AsnTable {
    /// Opens a MaxMind database (`.mmdb`, any with `autonomous_system_number`) or a tab-separated table of ranges as
    /// iptoasn.com publishes it: first address, last address, number, country, name. A sixth column may name the kind of
    /// the network; columns after it are passed over.
    ///
    /// # Errors
    /// [`AsnError`], when the file is not there, too large, or of neither form.
    pub fn open(path: &Path) -> Result<Self, AsnError> {
        let name = || path.display().to_string();
        let read = |source| AsnError::Read { path: name(), source };
        let file = fs::File::open(path).map_err(read)?;
        if file.metadata().map_err(read)?.len() > MAX_TABLE_BYTES {
            return Err(AsnError::TooLarge { path: name() });
        }
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("mmdb")) {
            let bytes = fs::read(path).map_err(read)?;
            let reader =
                maxminddb::Reader::from_source(bytes).map_err(|source| AsnError::Database { path: name(), source })?;
            return Ok(Self(Form::Database(Box::new(reader))));
        }
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for (i, line) in BufReader::new(file).lines().enumerate() {
            let line = line.map_err(read)?;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let Some(kind) = kind(&line) else { return Err(AsnError::Kind { path: name(), line: i + 1 }) };
            match range(&line) {
                Some((IpAddr::V4(a), IpAddr::V4(b), asn)) => v4.push((u32::from(a), u32::from(b), asn, kind)),
                Some((IpAddr::V6(a), IpAddr::V6(b), asn)) => v6.push((u128::from(a), u128::from(b), asn, kind)),
                _ => return Err(AsnError::Line { path: name(), line: i + 1 }),
            }
        }
        v4.sort_unstable_by_key(|(first, last, number, _)| (*first, *last, *number));
        v6.sort_unstable_by_key(|(first, last, number, _)| (*first, *last, *number));
        Ok(Self(Form::Ranges { v4, v6 }))
    }

    /// The autonomous system that announces `address`, without number when the table does not know it or says 0, and its
    /// kind: as the table says, else as this release knows the number.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> Origin {
        let (number, kind) = self.find(canonical(address)).unwrap_or_default();
        let number = Some(number).filter(|n| *n != 0);
        let kind = if kind == NetworkKind::Unknown { number.map(shipped).unwrap_or_default() } else { kind };
        Origin { number, kind }
    }

    fn find(&self, address: IpAddr) -> Option<(u32, NetworkKind)> {
        match &self.0 {
            // A table that is broken at one place knows nothing about that place; the others remain useful.
            Form::Database(reader) => {
                let found = reader.lookup(address).ok()?.decode::<AsnRecord>().ok()??;
                Some((found.autonomous_system_number?, NetworkKind::Unknown))
            }
            Form::Ranges { v4, v6 } => match address {
                IpAddr::V4(a) => nearest(v4, u32::from(a)),
                IpAddr::V6(a) => nearest(v6, u128::from(a)),
            },
        }
    }
}

/// The kind that a line's sixth column names, `Unknown` where there is none; `None` for a word that is no kind.
fn kind(line: &str) -> Option<NetworkKind> {
    match line.split('\t').nth(5).map(str::trim) {
        None | Some("") => Some(NetworkKind::Unknown),
        Some(word) => kind_of(word),
    }
}

fn range(line: &str) -> Option<(IpAddr, IpAddr, u32)> {
    let mut columns = line.split('\t');
    let first: IpAddr = columns.next()?.trim().parse().ok()?;
    let last: IpAddr = columns.next()?.trim().parse().ok()?;
    let number = columns.next()?.trim();
    let number = number.strip_prefix("AS").unwrap_or(number).parse().ok()?;
    let ordered = match (first, last) {
        (IpAddr::V4(a), IpAddr::V4(b)) => Ipv4Addr::le(&a, &b),
        (IpAddr::V6(a), IpAddr::V6(b)) => Ipv6Addr::le(&a, &b),
        _ => false,
    };
    ordered.then_some((first, last, number))
}

fn nearest<T: Ord + Copy>(ranges: &[Range<T>], value: T) -> Option<(u32, NetworkKind)> {
    let after = ranges.partition_point(|(first, ..)| *first <= value);
    let (_, last, number, kind) = ranges.get(after.checked_sub(1)?)?;
    (value <= *last).then_some((*number, *kind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Write;

    fn table(text: &str) -> Result<AsnTable, AsnError> {
        let mut file = tempfile::Builder::new().suffix(".tsv").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        AsnTable::open(file.path())
    }

    #[test]
    fn addresses_of_one_network_share_its_bytes_and_no_others_do() {
        let n = |t: &str| network_bytes(t.parse().unwrap());
        assert_eq!(n("192.0.2.1"), n("::ffff:192.0.2.200"));
        assert_ne!(n("192.0.2.1"), n("192.0.3.1"));
        assert_eq!(n("2001:db8:1:2::1"), n("2001:db8:1:9::1"));
        assert_ne!(n("2001:db8:1::1"), n("2001:db8:2::1"));
        let a = |t: &str| address_bytes(t.parse().unwrap());
        assert_eq!(a("2001:db8:1:2::1"), a("2001:db8:1:2:ffff::9"));
        assert_ne!(a("2001:db8:1:2::1"), a("2001:db8:1:3::1"));
        assert_ne!(a("192.0.2.1"), a("192.0.2.2"));
    }

    #[test]
    fn a_table_of_ranges_answers_inside_and_is_silent_outside() {
        let t = table("192.0.2.0\t192.0.2.255\t64500\tZZ\tEXAMPLE\n2001:db8::\t2001:db8::ffff\tAS64501\n198.51.100.0\t198.51.100.9\t0\n").unwrap();
        let number = |address: &str| t.lookup(address.parse().unwrap()).number;
        assert_eq!(number("192.0.2.77"), Some(64500));
        assert_eq!(number("::ffff:192.0.2.77"), Some(64500));
        assert_eq!(number("2001:db8::7"), Some(64501));
        assert_eq!(number("192.0.3.0"), None);
        assert_eq!(number("198.51.100.3"), None);
    }

    #[test]
    fn a_kind_is_what_the_table_says_else_what_is_known_of_the_number() {
        let t = table(
            "192.0.2.0\t192.0.2.9\t24940\tDE\tA\tmobile\n192.0.2.10\t192.0.2.19\t24940\tDE\tA\n\
             192.0.2.20\t192.0.2.29\t64500\tZZ\tB\t\n192.0.2.30\t192.0.2.39\t64500\tZZ\tB\tgovernment\tmore\n\
             192.0.2.40\t192.0.2.49\t0\tZZ\tC\tresidential\n",
        )
        .unwrap();
        let kind = |last: u8| t.lookup(Ipv4Addr::new(192, 0, 2, last).into()).kind;
        assert_eq!(kind(3), NetworkKind::Mobile, "the operator has the last word");
        assert_eq!(kind(13), NetworkKind::Hosting);
        assert_eq!(kind(23), NetworkKind::Unknown);
        assert_eq!(kind(33), NetworkKind::EducationGovernment);
        assert_eq!(kind(43), NetworkKind::Residential, "a range without a number may have a kind");
        assert_eq!(kind(53), NetworkKind::Unknown);
    }

    #[test]
    fn a_wrong_table_says_which_line_is_wrong() {
        assert!(matches!(table("192.0.2.0\t192.0.2.255\t1\nhello\n"), Err(AsnError::Line { line: 2, .. })));
        assert!(matches!(table("192.0.2.9\t192.0.2.1\t1\n"), Err(AsnError::Line { line: 1, .. })));
        let odd = table("192.0.2.1\t192.0.2.9\t1\tZZ\tA\thousehold\n");
        assert!(matches!(odd, Err(AsnError::Kind { line: 1, .. })));
        assert!(matches!(AsnTable::open(Path::new("/nonexistent")), Err(AsnError::Read { .. })));
        let mut file = tempfile::Builder::new().suffix(".mmdb").tempfile().unwrap();
        file.write_all(b"not a database").unwrap();
        assert!(matches!(AsnTable::open(file.path()), Err(AsnError::Database { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_line_makes_the_reader_of_tables_panic(line in "\\PC{0,60}", near in "[0-9a-fA-FS:.\t]{0,60}") {
            let _ = (range(&line), range(&near), kind(&line), kind(&near));
            let _ = table(&format!("192.0.2.1\t192.0.2.9\t1\tZZ\tA\t{}\n", line.replace('\n', " ")));
        }
    }
}
