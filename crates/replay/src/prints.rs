//! Whether two files hold the same lines: a log that was rotated while it was copied, or given twice under two names.
//!
//! Nothing is left out for it: whoever gave the files is told, and decides. Lines are gathered in chunks that end where the
//! lines themselves say (at a hash with ten zeros), so that the same stretch makes the same chunks wherever it stands.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A line ends a chunk when so many of its hash's highest bits are zero: one in 1,024.
const BITS: u32 = 10;

/// Most pairs of files that are told of.
const MOST_TOLD: usize = 100;

const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// What the lines of a file amount to. Sums, so that ranges of it add up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prints {
    lines: u64,
    sum: u64,
    chunks: Vec<(u64, u32)>,
}

impl Prints {
    /// Adds the prints of another range of the same file.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.sum = self.sum.wrapping_add(other.sum);
        self.chunks.extend(other.chunks);
    }
}

/// Takes the prints of a range's lines.
#[derive(Debug)]
pub struct Printing {
    prints: Prints,
    chunk: u64,
    lines: u32,
    /// Whether the chunk under way has its beginning in this range.
    begun: bool,
}

impl Printing {
    /// Begins; `whole` when the range begins where the file does.
    #[must_use]
    pub fn new(whole: bool) -> Self {
        Self { prints: Prints::default(), chunk: 0, lines: 0, begun: whole }
    }

    /// Takes a line.
    pub fn line(&mut self, line: &[u8]) {
        let hash = hash(line);
        self.prints.lines += 1;
        self.prints.sum = self.prints.sum.wrapping_add(hash);
        self.chunk = (self.chunk.rotate_left(23) ^ hash).wrapping_mul(FACTOR);
        self.lines = self.lines.saturating_add(1);
        if hash >> (64 - BITS) == 0 {
            let (chunk, lines) = (std::mem::take(&mut self.chunk), std::mem::take(&mut self.lines));
            if std::mem::replace(&mut self.begun, true) {
                self.prints.chunks.push((chunk, lines));
            }
        }
    }

    /// Ends.
    #[must_use]
    pub fn finish(self) -> Prints {
        self.prints
    }
}

/// A quick hash: eight bytes at a time, multiplied and folded. Nobody gains by making two lines alike.
fn hash(line: &[u8]) -> u64 {
    let mut h = line.len() as u64;
    let mut pieces = line.chunks_exact(8);
    for piece in &mut pieces {
        let word = u64::from_le_bytes(piece.try_into().unwrap_or_default());
        h = (h.rotate_left(27) ^ word).wrapping_mul(FACTOR);
    }
    for b in pieces.remainder() {
        h = (h.rotate_left(27) ^ u64::from(*b)).wrapping_mul(FACTOR);
    }
    (h ^ h >> 31).wrapping_mul(FACTOR)
}

/// Pairs of files with the same lines: how many, and whether the files are the same altogether.
#[must_use]
pub fn repeated(files: &BTreeMap<PathBuf, Prints>) -> Vec<Value> {
    let all: Vec<(&PathBuf, &Prints)> = files.iter().collect();
    let mut homes: HashMap<u64, Vec<usize>> = HashMap::new();
    for (i, (_, prints)) in all.iter().enumerate() {
        for (chunk, _) in &prints.chunks {
            let homes = homes.entry(*chunk).or_default();
            if homes.last() != Some(&i) && homes.len() < MOST_TOLD {
                homes.push(i);
            }
        }
    }
    let mut shared: BTreeMap<(usize, usize), u64> = BTreeMap::new();
    for (i, (_, prints)) in all.iter().enumerate() {
        for (chunk, lines) in &prints.chunks {
            for other in homes.get(chunk).into_iter().flatten().filter(|o| **o > i) {
                *shared.entry((i, *other)).or_default() += u64::from(*lines);
            }
        }
    }
    let mut alike: HashMap<(u64, u64), usize> = HashMap::new();
    for (i, (_, prints)) in all.iter().enumerate().filter(|(_, (_, p))| p.lines > 0) {
        if let Some(first) = alike.get(&(prints.lines, prints.sum)) {
            shared.insert((*first, i), prints.lines);
        } else {
            alike.insert((prints.lines, prints.sum), i);
        }
    }
    let told = shared.into_iter().take(MOST_TOLD).map(|((a, b), lines)| {
        let same = (all[a].1.lines, all[a].1.sum) == (all[b].1.lines, all[b].1.sum);
        json!({"files": [all[a].0.display().to_string(), all[b].0.display().to_string()], "lines": lines, "same": same})
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(lines: impl Iterator<Item = u32>) -> Prints {
        let mut printing = Printing::new(true);
        lines.for_each(|n| printing.line(format!("192.0.2.{} - - GET /members/{n}", n % 7).as_bytes()));
        printing.finish()
    }

    fn found(of: &[(&str, Prints)]) -> Vec<(u64, bool)> {
        let files = of.iter().map(|(name, p)| (PathBuf::from(name), p.clone())).collect();
        let of = |v: &Value| (v["lines"].as_u64().unwrap(), v["same"].as_bool().unwrap());
        repeated(&files).iter().map(of).collect()
    }

    #[test]
    fn the_same_lines_are_found_in_two_files_however_they_begin() {
        let (a, b, c) = (prints(0..50_000), prints(30_000..90_000), prints(200_000..250_000));
        let both = found(&[("a", a.clone()), ("b", b), ("c", c.clone())]);
        assert_eq!(both.len(), 1);
        assert!((12_000..=20_000).contains(&both[0].0) && !both[0].1, "{both:?}");
        assert_eq!(found(&[("a", a.clone()), ("a.gz", a), ("c", c)]), [(50_000, true)]);
        assert_eq!(found(&[("x", prints(0..3)), ("y", prints(0..3)), ("z", prints(0..2))]), [(3, true)]);
    }

    #[test]
    fn ranges_of_a_file_add_up_to_it() {
        let mut halves = prints(0..20_000);
        let mut second = Printing::new(false);
        (20_000u32..50_000).for_each(|n| second.line(format!("192.0.2.{} - - GET /members/{n}", n % 7).as_bytes()));
        halves.add(second.finish());
        assert!(found(&[("whole", prints(0..50_000)), ("ranges", halves)])[0].1);
    }
}
