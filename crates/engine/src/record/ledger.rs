//! Writing: one lock, one `write` an entry, a new segment when the old one is full, old, or of another policy.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

use super::entry::Entry;
use super::header::SegmentHeader;
use super::line::{HASH, NOTHING, chain};
use super::recovery::{self, Recovery};
use super::{EntryKind, RecordError};

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

/// A ledger open for writing.
pub struct Ledger {
    dir: PathBuf,
    options: Options,
    inner: Mutex<Inner>,
    synced: Mutex<u64>,
}

struct Inner {
    header: SegmentHeader,
    segment: Option<Segment>,
    last: [u8; HASH],
    seq: u64,
    json: Vec<u8>,
    line: Vec<u8>,
}

struct Segment {
    file: File,
    path: PathBuf,
    bytes: u64,
    begun_ms: u64,
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
        std::fs::create_dir_all(dir).map_err(|source| RecordError::Io {
            path: dir.to_owned(),
            act: "opened",
            source,
        })?;
        let recovery = recovery::look_after(dir)?;
        let inner = Inner {
            header: SegmentHeader { writer: writer.to_owned(), ..header },
            segment: None,
            last: NOTHING,
            seq: 0,
            json: Vec::with_capacity(1024),
            line: Vec::with_capacity(1024),
        };
        let ledger = Self { dir: dir.to_owned(), options, inner: Mutex::new(inner), synced: Mutex::new(0) };
        for what in recovery.damaged.iter().chain(&recovery.torn) {
            let mut gap = Entry::new(EntryKind::Gap, now_ms);
            gap.note = Some(what.to_string());
            ledger.append(&mut gap)?;
        }
        Ok((ledger, recovery))
    }

    /// Appends an entry and numbers it. When this returns, the entry is recorded as [`Durability`] says.
    ///
    /// # Errors
    /// [`RecordError`]; the entry is then not in the ledger, and the next call starts afresh.
    pub fn append(&self, entry: &mut Entry) -> Result<u64, RecordError> {
        let seq = {
            let inner = &mut *self.inner.lock();
            self.make_room(inner, entry.at_ms)?;
            entry.seq = inner.seq + 1;
            inner.json.clear();
            serde_json::to_writer(&mut inner.json, entry)?;
            let hash = inner.write_line()?;
            inner.last = hash;
            inner.seq += 1;
            inner.seq
        };
        if self.options.durability == Durability::Disk {
            self.sync_to(seq)?;
        }
        Ok(seq)
    }

    /// Ends the segment under way; the next one carries `header` (a new policy, new fields).
    pub fn rotate(&self, header: SegmentHeader) {
        let mut inner = self.inner.lock();
        let writer = std::mem::take(&mut inner.header.writer);
        let (number, after, previous) =
            (inner.header.number, inner.header.after, std::mem::take(&mut inner.header.previous));
        inner.header = SegmentHeader { writer, number, after, previous, ..header };
        // The next entry begins the next segment. The entries so far are with the kernel; the disk follows by itself.
        inner.segment = None;
    }

    /// Asks the disk to keep what was written so far.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn sync(&self) -> Result<(), RecordError> {
        let seq = self.inner.lock().seq;
        self.sync_to(seq)
    }

    /// Folder of the segments.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// One `fsync` for everybody who waits: the first in line does it, the others find theirs done.
    fn sync_to(&self, seq: u64) -> Result<(), RecordError> {
        let mut synced = self.synced.lock();
        if *synced >= seq {
            return Ok(());
        }
        let (handle, upto) = {
            let inner = self.inner.lock();
            let Some(s) = &inner.segment else { return Ok(()) };
            let handle = s.file.try_clone().map_err(|source| io(&s.path, "synced", source))?;
            (Some((handle, s.path.clone())), inner.seq)
        };
        if let Some((file, path)) = handle {
            file.sync_data().map_err(|source| io(&path, "synced", source))?;
        }
        *synced = upto;
        Ok(())
    }

    fn make_room(&self, inner: &mut Inner, now_ms: u64) -> Result<(), RecordError> {
        if let Some(s) = &inner.segment {
            // A deleted file takes every entry and keeps none: somebody cleared the folder under us.
            let gone = s.file.metadata().map_err(|e| io(&s.path, "read", e))?.nlink() == 0;
            let old = now_ms.saturating_sub(s.begun_ms) > self.options.segment_age_s.saturating_mul(1000);
            if s.bytes < self.options.segment_bytes && !old && !gone {
                return Ok(());
            }
            s.file.sync_data().map_err(|source| io(&s.path, "synced", source))?;
            inner.segment = None;
        }
        inner.begin(&self.dir, now_ms)
    }
}

fn io(path: &Path, act: &'static str, source: std::io::Error) -> RecordError {
    RecordError::Io { path: path.to_owned(), act, source }
}

impl Inner {
    /// Begins a segment with its header.
    fn begin(&mut self, dir: &Path, now_ms: u64) -> Result<(), RecordError> {
        let header = SegmentHeader {
            number: self.header.number + 1,
            after: self.seq,
            previous: String::from_utf8_lossy(&self.last).into_owned(),
            begun_ms: now_ms,
            ..self.header.clone()
        };
        let path = dir.join(header.file_name());
        let file = OpenOptions::new().append(true).create_new(true).open(&path).map_err(|e| io(&path, "opened", e))?;
        // Held as long as we write: tells another edge that this chain's end is not torn but alive.
        file.lock().map_err(|e| io(&path, "opened", e))?;
        self.segment = Some(Segment { file, path: path.clone(), bytes: 0, begun_ms: now_ms });
        self.json.clear();
        serde_json::to_writer(&mut self.json, &header)?;
        match self.write_line() {
            Ok(hash) => {
                self.last = hash;
                self.header.number = header.number;
                Ok(())
            }
            Err(e) => {
                // A segment without a header would be damage; without a file it is nothing.
                self.segment = None;
                match std::fs::remove_file(&path) {
                    Ok(()) => Err(e),
                    Err(source) => Err(io(&path, "written", source)),
                }
            }
        }
    }

    /// Writes what is in `json` as one line; on failure the segment ends where it ended before.
    fn write_line(&mut self) -> Result<[u8; HASH], RecordError> {
        let hash = chain(&self.last, &self.json);
        self.line.clear();
        self.line.extend_from_slice(&hash);
        self.line.push(b' ');
        self.line.extend_from_slice(&self.json);
        self.line.push(b'\n');
        let Some(s) = &mut self.segment else {
            return Err(io(Path::new("(no segment)"), "written", std::io::Error::other("no segment is open")));
        };
        match s.file.write_all(&self.line) {
            Ok(()) => {
                s.bytes += self.line.len() as u64;
                Ok(hash)
            }
            Err(source) => {
                let path = s.path.clone();
                // Half a line may stand there now. Cut it off; if even that fails, this segment is left as it is and
                // the next entry begins another: the half line is then found as torn, never taken for an entry.
                if s.file.set_len(s.bytes).is_err() {
                    self.segment = None;
                }
                Err(io(&path, "written", source))
            }
        }
    }
}
