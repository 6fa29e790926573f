//! What became of the lines: read, skipped and why, in which formats. Sums that do not depend on who counted what.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::formats::Found;
use crate::line::Skip;

/// Examples kept for each reason.
const EXAMPLES: usize = 3;

/// Characters kept of an example.
const EXAMPLE_CHARS: usize = 200;

/// Lines that were skipped for one reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// A few, each behind a hash of the line; addresses blanked. Those with the smallest hashes, which does not depend on who
    /// met them first.
    pub examples: BTreeSet<(u64, String)>,
}

/// All counts of the reading.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Lines met, empty ones and those of the format itself left out.
    pub lines: u64,
    /// Lines that became requests.
    pub read: u64,
    /// The others.
    pub skipped: BTreeMap<Skip, Skipped>,
    /// Requests by the format they were found in.
    pub formats: BTreeMap<Found, u64>,
    /// Requests for pictures, styles and scripts.
    pub assets: u64,
    /// Requests whose visitor is named, not numbered.
    pub named_addresses: u64,
    /// Requests whose path names somebody under an identifier that is too long to be one.
    pub overlong_people: u64,
}

impl Tally {
    /// Notes a line that was skipped.
    pub fn skip(&mut self, why: Skip, line: &[u8]) {
        let skipped = self.skipped.entry(why).or_default();
        skipped.count += 1;
        // Blanking costs more than reading: a file of nothing but garbage must not be slow for it.
        let hash = hash(line);
        let wanted = skipped.examples.len() < EXAMPLES || skipped.examples.last().is_some_and(|(last, _)| hash < *last);
        if wanted {
            skipped.keep((hash, example(line)));
        }
    }

    /// Adds the counts of somebody else.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.read += other.read;
        self.assets += other.assets;
        self.named_addresses += other.named_addresses;
        self.overlong_people += other.overlong_people;
        for (why, s) in other.skipped {
            let mine = self.skipped.entry(why).or_default();
            mine.count += s.count;
            for e in s.examples {
                mine.keep(e);
            }
        }
        for (found, n) in other.formats {
            *self.formats.entry(found).or_default() += n;
        }
    }
}

impl Skipped {
    fn keep(&mut self, example: (u64, String)) {
        self.examples.insert(example);
        while self.examples.len() > EXAMPLES {
            self.examples.pop_last();
        }
    }
}

/// FNV-1a of the beginning of a line.
fn hash(line: &[u8]) -> u64 {
    line.iter().take(512).fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// A line as it may be shown: cut, without addresses, and without what a terminal would obey.
#[must_use]
pub fn example(line: &[u8]) -> String {
    let head = &line[..line.len().min(4 * EXAMPLE_CHARS)];
    let text = String::from_utf8_lossy(head);
    let part = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
    let mut out = String::new();
    let mut rest = &*text;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| part(c) != part(first)).unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        if part(first) && is_address(word) {
            out.push_str("[address]");
        } else {
            out.extend(word.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }));
        }
        rest = tail;
    }
    out.chars().take(EXAMPLE_CHARS).collect()
}

fn is_address(word: &str) -> bool {
    let bare = word.trim_end_matches([':', '.']);
    bare.parse::<std::net::IpAddr>().is_ok()
        || bare.parse::<std::net::SocketAddrV4>().is_ok()
        || (bare.bytes().filter(|b| *b == b'.').count() == 3 && bare.split('.').all(|p| !p.is_empty() && p.len() <= 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_shows_the_line_and_no_address() {
        assert_eq!(
            example(b"192.0.2.7:8080 - 2001:db8::7 [10/Oct/2000:13:55:36] \x1b[2J\xff"),
            "[address] - [address] [10/Oct/2000:13:55:36] \u{fffd}[2J\u{fffd}"
        );
        assert_eq!(example(&[b'x'; 5000]).len(), EXAMPLE_CHARS);
    }
}
