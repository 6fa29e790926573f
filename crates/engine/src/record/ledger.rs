//! Writing: one lock and one `write` for entries that come up together, and the disk's confirmation for all who wait for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

use super::disk::{Disk, LocalDisk};
use super::entry::Entry;
use super::header::SegmentHeader;
use super::recovery::{self, Recovery};
use super::writer::Writer;
use super::{RecordError, io};

/// When an entry counts as recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the kernel has it: survives the death of the process. A power cut loses what was not synced yet, at most
    /// the time between two calls of [`Ledger::sync`].
    #[default]
    Process,
    /// When the disk has it: entries of several workers share one `fsync`.
    Disk,
}

/// How segments are cut.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// A segment longer than this ends, bytes.
    pub segment_bytes: u64,
    /// A segment older than this ends, seconds.
    pub segment_age_s: u64,
    /// When an entry counts as recorded.
    pub durability: Durability,
}

impl Default for Options {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, segment_age_s: 3600, durability: Durability::Process }
    }
}

/// How far the disk has confirmed, in numbers of entries.
#[derive(Default)]
struct Confirmed {
    up_to: u64,
    /// Entries after `failed_from` up to `failed_up_to` were not confirmed, and never will be.
    failed_from: u64,
    failed_up_to: u64,
    failure: Option<(PathBuf, std::io::ErrorKind, String)>,
    busy: bool,
}

/// A ledger open for writing.
pub struct Ledger {
    dir: PathBuf,
    options: Options,
    writer: Mutex<Writer>,
    confirmed: Mutex<Confirmed>,
    turn: Condvar,
}

impl Ledger {
    /// Opens a ledger: looks after what an earlier writer left, then writes a chain of its own under `writer`
    /// (16 hexadecimal digits, random per process). The first segment is made with the first entry.
    ///
    /// # Errors
    /// [`RecordError::Io`] when the folder cannot be made or read.
    pub fn open(
        dir: &Path,
        header: SegmentHeader,
        writer: &str,
        options: Options,
        now_ms: u64,
    ) -> Result<(Self, Recovery), RecordError> {
        Self::open_on(Arc::new(LocalDisk), dir, header, writer, options, now_ms)
    }

    pub(super) fn open_on(
        disk: Arc<dyn Disk>,
        dir: &Path,
        header: SegmentHeader,
        writer: &str,
        options: Options,
        now_ms: u64,
    ) -> Result<(Self, Recovery), RecordError> {
        disk.make_folder(dir).map_err(|e| io(dir, "opened", e))?;
        let recovery = recovery::look_after(disk.as_ref(), dir)?;
        let mut writer = Writer::new(disk, dir, SegmentHeader { writer: writer.to_owned(), ..header }, options);
        for what in recovery.damaged.iter().chain(&recovery.torn) {
            writer.note_gap(what.to_string());
        }
        // A disk that is full now may have room when the first person is to be recorded: told then, before anything.
        writer.tell_gaps(now_ms).ok();
        let ledger = Self {
            dir: dir.to_owned(),
            options,
            writer: Mutex::new(writer),
            confirmed: Mutex::default(),
            turn: Condvar::new(),
        };
        Ok((ledger, recovery))
    }

    /// Appends an entry and numbers it. When this returns, the entry is recorded as [`Durability`] says.
    ///
    /// An entry with more than 1,024 people becomes several lines, written at once; its number is the last one's.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is then not in the ledger (not surely, when it was not `synced`), and the next call
    /// starts afresh.
    pub fn append(&self, entry: &mut Entry) -> Result<u64, RecordError> {
        self.append_all(std::slice::from_mut(entry))
    }

    /// As [`Ledger::append`], for entries that came up together: one lock, one `write` and, where the disk must confirm,
    /// one `fsync` for all of them. Answers the number of the last one.
    ///
    /// # Errors
    /// [`RecordError`]; then none of them is in the ledger (not surely, when they were not `synced`).
    pub fn append_all(&self, entries: &mut [Entry]) -> Result<u64, RecordError> {
        let seq = self.writer.lock().append(entries)?;
        if self.options.durability == Durability::Disk && !entries.is_empty() {
            self.confirm(seq)?;
        }
        Ok(seq)
    }

    /// Ends the segment under way; the next one carries `header` (a new policy, new fields).
    pub fn rotate(&self, header: SegmentHeader) {
        self.writer.lock().rotate(header);
    }

    /// Asks the disk to keep what was written so far.
    ///
    /// # Errors
    /// [`RecordError::Io`]; [`RecordError::Gone`] when the segment was deleted under us.
    pub fn sync(&self) -> Result<(), RecordError> {
        let seq = {
            let mut writer = self.writer.lock();
            writer.check_named()?;
            writer.seq()
        };
        self.confirm(seq)
    }

    /// Folder of the segments.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// One `fsync` for everybody who waits: the first in line asks for all, the others wait for its answer.
    fn confirm(&self, seq: u64) -> Result<(), RecordError> {
        let mut state = self.confirmed.lock();
        loop {
            if state.failed_from < seq
                && seq <= state.failed_up_to
                && let Some((path, kind, text)) = &state.failure
            {
                // Whoever waited must not ask again: the kernel may answer that all is well.
                return Err(io(path, "synced", std::io::Error::new(*kind, text.clone())));
            }
            if seq <= state.up_to {
                return Ok(());
            }
            if state.busy {
                self.turn.wait(&mut state);
                continue;
            }
            state.busy = true;
            drop(state);
            let (files, up_to) = {
                let mut writer = self.writer.lock();
                (writer.unconfirmed(), writer.seq())
            };
            let mut failure = None;
            for (path, file) in files {
                if let Err(e) = file.sync() {
                    self.writer.lock().abandon(&path);
                    failure = Some((path, e.kind(), e.to_string()));
                }
            }
            state = self.confirmed.lock();
            state.busy = false;
            match failure {
                None => state.up_to = state.up_to.max(up_to),
                Some(failure) => {
                    // A second failure widens the first: rather an entry called lost that is safe than the reverse.
                    state.failed_from = if state.failure.is_some() { state.failed_from } else { state.up_to };
                    state.failed_up_to = up_to;
                    state.failure = Some(failure);
                }
            }
            self.turn.notify_all();
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        // Nobody is left to be told; what was appended is with the operating system already.
        self.sync().ok();
    }
}
