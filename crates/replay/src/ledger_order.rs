//! The entries of a ledger in the order of time, in bounded memory: several writers' chains have no order among each other,
//! so they are sorted in runs, which go to the temporary folder when they do not fit, and merged as often as is wanted.

use std::path::Path;

use hedgerow_engine::record::Entry;

use crate::ReplayError;
use crate::crew::Check;
use crate::runs::{Batches, Merge, Run};

/// The part of a run that holds entries.
const PART: usize = 0;

/// Bytes of an entry that go into one event of a run, whose length is a number of two bytes; long entries take several.
const PIECE: usize = 60_000;

/// Bytes in front of each piece: time, reference (and whether there is one), part, number in the chain, number among those
/// read, number of the piece, whether it is the last.
const KEY: usize = 8 + 9 + 4 + 8 + 8 + 4 + 1;

/// Takes entries in any order.
pub struct Sorting<'f> {
    folder: &'f Path,
    limit: usize,
    batch: Batches,
    runs: Vec<Run>,
    read: u64,
}

impl<'f> Sorting<'f> {
    /// None yet. More than about `limit` bytes are not kept in memory, but in `folder`.
    #[must_use]
    pub fn new(folder: &'f Path, limit: usize) -> Self {
        Self { folder, limit, batch: Batches::new(), runs: Vec::new(), read: 0 }
    }

    /// Takes an entry.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`].
    pub fn put(&mut self, entry: &Entry) -> Result<(), ReplayError> {
        let json = serde_json::to_vec(entry).map_err(|e| ReplayError::Temporary(e.into()))?;
        self.read += 1;
        let mut pieces = json.chunks(PIECE).enumerate().peekable();
        while let Some((n, piece)) = pieces.next() {
            let out = self.batch.of(PART);
            out.extend_from_slice(&u16::try_from(KEY + piece.len()).unwrap_or(0).to_be_bytes());
            out.extend_from_slice(&entry.at_ms.to_be_bytes());
            out.push(u8::from(entry.reference.is_some()));
            out.extend_from_slice(&entry.reference.map_or(0, |r| r.0).to_be_bytes());
            out.extend_from_slice(&entry.part.to_be_bytes());
            out.extend_from_slice(&entry.seq.to_be_bytes());
            out.extend_from_slice(&self.read.to_be_bytes());
            out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_be_bytes());
            out.push(u8::from(pieces.peek().is_none()));
            out.extend_from_slice(piece);
        }
        if self.batch.bytes() >= self.limit {
            self.runs.push(Run::spill(&std::mem::take(&mut self.batch).sorted(), self.folder)?);
        }
        Ok(())
    }

    /// All that was taken.
    #[must_use]
    pub fn finish(mut self) -> InOrder {
        self.runs.push(Run::keep(self.batch.sorted()));
        InOrder(self.runs)
    }
}

/// Entries in order: by time, then by reference, part and number in the chain.
pub struct InOrder(Vec<Run>);

impl InOrder {
    /// Reads them from the first.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`], and what `check` gives.
    pub fn each(&self, mut tell: impl FnMut(&Entry), check: &mut Check<'_>) -> Result<(), ReplayError> {
        let mut merge = Merge::of(&self.0, &[PART])?;
        let mut json = Vec::new();
        while let Some(event) = merge.next_event()? {
            check()?;
            let (key, piece) = event.split_at_checked(KEY).ok_or(ReplayError::Foreign("an entry"))?;
            json.extend_from_slice(piece);
            if key[KEY - 1] == 1 {
                tell(&serde_json::from_slice(&json).map_err(|_| ReplayError::Foreign("an entry"))?);
                json.clear();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hedgerow_engine::doors::{Disclosure, Reference};
    use hedgerow_engine::policy::FieldSet;
    use hedgerow_engine::record::EntryKind;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn entries_come_in_the_order_of_time_whatever_fits_into_memory(
            all in proptest::collection::vec((0u64..5, proptest::option::of(0u64..3), 0u32..2, 0u64..4, 0usize..1500), 0..40),
            limit in prop_oneof![Just(0usize), 1usize..200_000],
        ) {
            let entries: Vec<Entry> = all.into_iter().map(|(at_ms, reference, part, seq, people)| Entry {
                reference: reference.map(Reference), part, seq,
                people: (0..people).map(|n| Disclosure {
                    person: format!("{n:0>100}"), shown: FieldSet::of(n % 3), masked: FieldSet::NONE,
                }).collect(),
                ..Entry::new(EntryKind::Disclosure, at_ms)
            }).collect();
            let folder = tempfile::tempdir().unwrap();
            let mut sorting = Sorting::new(folder.path(), limit);
            for e in &entries {
                sorting.put(e).unwrap();
                // One entry is at most a few hundred kilobytes here.
                prop_assert!(sorting.batch.bytes() <= limit, "{} of {limit}", sorting.batch.bytes());
            }
            let in_order = sorting.finish();
            let mut want = entries;
            want.sort_by_key(|e| (e.at_ms, e.reference, e.part, e.seq));
            for _ in 0..2 {
                let mut got = Vec::new();
                in_order.each(|e| got.push(e.clone()), &mut || Ok(())).unwrap();
                prop_assert_eq!(&got, &want);
            }
        }
    }
}
