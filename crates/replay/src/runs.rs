//! Events by partition, in sorted runs: in memory while they fit, else in the temporary folder; and their merge.

use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;
use hedgerow_engine::doors::Pseudonym;

use crate::ReplayError;
use crate::event::{PARTITIONS, sorted};

/// Number of the part that holds sightings.
pub const SIGHTINGS: usize = PARTITIONS;

/// Parts of a run.
const PARTS: usize = PARTITIONS + 1;

/// Bytes read at once from a run on disk.
const READ: usize = 64 * 1024;

/// Events by partition, as they come, and who was signed in where.
#[derive(Debug)]
pub struct Batches {
    parts: Vec<Vec<u8>>,
    /// Partitions each account came from, as bits.
    pub members: HashMap<Pseudonym, u64>,
}

impl Batches {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { parts: vec![Vec::new(); PARTS], members: HashMap::new() }
    }

    /// Where events of a partition go.
    pub fn of(&mut self, part: usize) -> &mut Vec<u8> {
        &mut self.parts[part]
    }

    /// An account was used from a partition.
    pub fn member(&mut self, account: Pseudonym, partition: usize) {
        *self.members.entry(account).or_default() |= 1 << partition;
    }

    /// Bytes of all events.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(Vec::len).sum()
    }

    /// The parts, each in canonical order.
    #[must_use]
    pub fn sorted(self) -> Vec<Vec<u8>> {
        self.parts.into_iter().map(|p| sorted(&p)).collect()
    }
}

impl Default for Batches {
    fn default() -> Self {
        Self::new()
    }
}

/// A sorted run, part by part.
#[derive(Debug, Clone)]
pub enum Run {
    /// In memory.
    Memory(Arc<Vec<Vec<u8>>>),
    /// In a file without a name; it is gone with its last owner, however that ends.
    Disk {
        /// The file.
        file: Arc<File>,
        /// Where each part begins, and where the last ends.
        starts: Arc<[u64]>,
    },
}

impl Run {
    /// Keeps parts in memory.
    #[must_use]
    pub fn keep(parts: Vec<Vec<u8>>) -> Self {
        Self::Memory(Arc::new(parts))
    }

    /// Writes parts to the temporary folder.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`].
    pub fn spill(parts: &[Vec<u8>], folder: &Path) -> Result<Self, ReplayError> {
        let file = tempfile::tempfile_in(folder).map_err(ReplayError::Temporary)?;
        let mut out = BufWriter::with_capacity(1 << 20, &file);
        let mut starts = vec![0u64];
        let mut at = 0;
        for part in parts {
            out.write_all(part).map_err(ReplayError::Temporary)?;
            at += part.len() as u64;
            starts.push(at);
        }
        out.flush().map_err(ReplayError::Temporary)?;
        drop(out);
        Ok(Self::Disk { file: Arc::new(file), starts: starts.into() })
    }

    fn cursor(&self, part: usize) -> Cursor {
        match self {
            Self::Memory(parts) => Cursor::memory(Arc::clone(parts), part),
            Self::Disk { file, starts } => Cursor {
                kind: Kind::Disk { file: Arc::clone(file), next: starts[part], end: starts[part + 1] },
                buffer: Vec::new(),
                at: 0,
                len: 0,
                key: 0,
            },
        }
    }
}

enum Kind {
    Memory { parts: Arc<Vec<Vec<u8>>>, part: usize },
    Disk { file: Arc<File>, next: u64, end: u64 },
}

/// A place in one part of a run: the event at hand, and those behind it.
struct Cursor {
    kind: Kind,
    buffer: Vec<u8>,
    /// Where the event at hand begins, and how long it is; 0 before the first and behind the last.
    at: usize,
    len: usize,
    /// Its first eight bytes, which order most events by themselves.
    key: u64,
}

impl Cursor {
    fn memory(parts: Arc<Vec<Vec<u8>>>, part: usize) -> Self {
        Self { kind: Kind::Memory { parts, part }, buffer: Vec::new(), at: 0, len: 0, key: 0 }
    }

    fn bytes(&self) -> &[u8] {
        match &self.kind {
            Kind::Memory { parts, part } => &parts[*part],
            Kind::Disk { .. } => &self.buffer,
        }
    }

    fn event(&self) -> &[u8] {
        &self.bytes()[self.at..self.at + self.len]
    }

    /// Makes sure that `wanted` bytes from `from` on are at hand, as far as there are so many.
    fn fill(&mut self, from: usize, wanted: usize) -> Result<usize, ReplayError> {
        let Kind::Disk { file, next, end } = &mut self.kind else { return Ok(from) };
        if self.buffer.len() - from >= wanted || next == end {
            return Ok(from);
        }
        self.buffer.drain(..from);
        let have = self.buffer.len();
        let more = usize::try_from((*end - *next).min(READ.max(wanted) as u64)).unwrap_or(READ);
        self.buffer.resize(have + more, 0);
        file.read_exact_at(&mut self.buffer[have..], *next).map_err(ReplayError::Temporary)?;
        *next += more as u64;
        Ok(0)
    }

    /// Moves to the next event; whether there is one.
    fn advance(&mut self) -> Result<bool, ReplayError> {
        let from = self.fill(self.at + self.len, 2)?;
        let Some(head) = self.bytes().get(from..from + 2) else { return Ok(false) };
        let len = usize::from(u16::from_be_bytes([head[0], head[1]]));
        let from = self.fill(from, 2 + len)?;
        if self.bytes().len() < from + 2 + len {
            return Err(ReplayError::Foreign("a batch of events"));
        }
        (self.at, self.len) = (from + 2, len);
        self.key = self.event().first_chunk::<8>().map_or(0, |t| u64::from_be_bytes(*t));
        Ok(true)
    }
}

impl PartialEq for Cursor {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Cursor {}
impl PartialOrd for Cursor {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Cursor {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The heap gives the greatest first.
        (other.key, other.event()).cmp(&(self.key, self.event()))
    }
}

/// All events of some parts of many runs, in canonical order.
pub struct Merge {
    heap: BinaryHeap<Cursor>,
    begun: bool,
}

impl Merge {
    /// Merges parts of runs.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`].
    pub fn of(runs: &[Run], parts: &[usize]) -> Result<Self, ReplayError> {
        Self::from_cursors(runs.iter().flat_map(|run| parts.iter().map(|p| run.cursor(*p))))
    }

    /// Merges batches that are sorted already.
    ///
    /// # Errors
    /// [`ReplayError::Foreign`] for bytes that are none.
    pub fn of_batches(batches: Vec<Vec<u8>>) -> Result<Self, ReplayError> {
        let all = Arc::new(batches);
        Self::from_cursors((0..all.len()).map(|i| Cursor::memory(Arc::clone(&all), i)))
    }

    fn from_cursors(cursors: impl Iterator<Item = Cursor>) -> Result<Self, ReplayError> {
        let mut heap = BinaryHeap::new();
        for mut cursor in cursors {
            if cursor.advance()? {
                heap.push(cursor);
            }
        }
        Ok(Self { heap, begun: false })
    }

    /// The next event.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`].
    pub fn next_event(&mut self) -> Result<Option<&[u8]>, ReplayError> {
        if self.begun
            && let Some(mut first) = self.heap.peek_mut()
            && !first.advance()?
        {
            std::collections::binary_heap::PeekMut::pop(first);
        }
        self.begun = true;
        Ok(self.heap.peek().map(Cursor::event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn encoded(of: &[(u64, Vec<u8>)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (t, tail) in of {
            let bytes = [&t.to_be_bytes()[..], tail].concat();
            out.extend_from_slice(&u16::try_from(bytes.len()).unwrap().to_be_bytes());
            out.extend_from_slice(&bytes);
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_merge_of_runs_is_the_sort_of_everything(
            events in proptest::collection::vec((0u64..20, proptest::collection::vec(any::<u8>(), 0..2000)), 0..80),
            cuts in proptest::collection::vec(0usize..80, 0..4),
        ) {
            let folder = tempfile::tempdir().unwrap();
            let mut runs = Vec::new();
            let mut rest = &events[..];
            for (i, cut) in cuts.iter().chain(&[usize::MAX]).enumerate() {
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                rest = tail;
                let mut batches = Batches::new();
                batches.of(3).extend_from_slice(&encoded(head));
                let parts = batches.sorted();
                runs.push(if i % 2 == 0 { Run::keep(parts) } else { Run::spill(&parts, folder.path()).unwrap() });
            }
            let mut merge = Merge::of(&runs, &[3]).unwrap();
            let mut got = Vec::new();
            while let Some(e) = merge.next_event().unwrap() { got.push(e.to_vec()); }
            let mut want: Vec<Vec<u8>> = events.iter().map(|(t, tail)| [&t.to_be_bytes()[..], tail].concat()).collect();
            want.sort();
            prop_assert_eq!(got, want);
            prop_assert!(Merge::of(&runs, &[4]).unwrap().next_event().unwrap().is_none());
        }
    }
}
