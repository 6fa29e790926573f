//! The end of one chain: the segment that is appended to, and when another one is begun. No locks here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::{Disk, SegmentFile, write_whole};
use super::entry::{Entry, EntryKind};
use super::fields::Meant;
use super::header::SegmentHeader;
use super::ledger::{Durability, Options};
use super::line::{HASH, LONGEST, NOTHING, chain};
use super::{RecordError, io};

/// Most people in one line; more are spread over several lines, written at once. With identifiers of 128 bytes that all
/// need escaping such a line stays under a megabyte.
const MAX_PEOPLE_A_LINE: usize = 1024;

/// Most sentences about what is missing that wait to be written: a disk that fails for hours must not fill the memory.
const MAX_GAPS: usize = 16;

/// A file that was written to, and its name for messages.
pub(super) type Written = (PathBuf, Arc<dyn SegmentFile>);

struct Open {
    file: Arc<dyn SegmentFile>,
    path: PathBuf,
    /// Length up to the last whole entry.
    bytes: u64,
    begun_ms: u64,
    /// Bytes of a failed write may stand behind `bytes`.
    dirty: bool,
}

pub(super) struct Writer {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    header: SegmentHeader,
    meant: Meant,
    options: Options,
    open: Option<Open>,
    last: [u8; HASH],
    seq: u64,
    latest_ms: u64,
    /// What the next segment must say is missing.
    gaps: Vec<String>,
    /// The disk has not confirmed the name of the segment in use.
    name_unconfirmed: bool,
    /// Segments that were ended and not yet confirmed by the disk.
    ended: Vec<Written>,
    json: Vec<u8>,
    batch: Vec<u8>,
}

impl Writer {
    pub fn new(disk: Arc<dyn Disk>, dir: &Path, header: SegmentHeader, options: Options) -> Self {
        Self {
            disk,
            dir: dir.to_owned(),
            header,
            meant: Meant::default(),
            options,
            open: None,
            last: NOTHING,
            seq: 0,
            latest_ms: 0,
            gaps: Vec::new(),
            name_unconfirmed: false,
            ended: Vec::new(),
            json: Vec::with_capacity(1024),
            batch: Vec::with_capacity(1024),
        }
    }

    /// Appends entries with one `write(2)` and numbers each (with the last of its lines). All of them are recorded, or none.
    /// Where the header cannot name the fields of an entry, a segment is begun whose header can.
    pub fn append(&mut self, entries: &mut [Entry]) -> Result<u64, RecordError> {
        let Some(latest_ms) = entries.iter().map(|e| e.at_ms).max() else { return Ok(self.seq) };
        if let Some(fields) = self.meant.wanted(entries, &self.header.fields)? {
            self.head(SegmentHeader { fields, ..self.header.clone() });
        }
        self.ready(latest_ms)?;
        let mut end = (self.last, self.seq);
        self.batch.clear();
        for entry in entries {
            let meant = entry.fields.clone().filter(|_| !self.meant.stands(entry, &self.header.fields));
            let Some(own) = meant else {
                put_whole(&mut self.batch, &mut self.json, &mut end, entry)?;
                continue;
            };
            // Whoever is refused brings the entry again: it keeps the bits it came with.
            let people = entry.people.clone();
            let place = |name: &str| self.header.fields.iter().position(|f| f == name);
            for d in &mut entry.people {
                d.shown = d.shown.renumbered(&own, place);
                d.masked = d.masked.renumbered(&own, place);
            }
            let put = put_whole(&mut self.batch, &mut self.json, &mut end, entry);
            entry.people = people;
            put?;
        }
        let Some(open) = &mut self.open else {
            return Err(RecordError::Gone { path: self.dir.clone() });
        };
        if let Err(source) = write_whole(open.file.as_ref(), &self.batch) {
            // Not one byte of an entry that was refused may stay: half a line in the middle would look like damage.
            open.dirty = open.file.truncate(open.bytes).is_err();
            return Err(io(&open.path, "written", source));
        }
        open.bytes += self.batch.len() as u64;
        (self.last, self.seq) = end;
        self.latest_ms = self.latest_ms.max(latest_ms);
        Ok(self.seq)
    }

    /// Number of the last entry.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Goes on under another header, in another segment: bits of the new fields must never stand under the old names.
    pub fn rotate(&mut self, header: SegmentHeader) {
        self.head(header);
    }

    fn head(&mut self, header: SegmentHeader) {
        self.meant.forget();
        let chained = std::mem::replace(&mut self.header, header);
        self.header.writer = chained.writer;
        self.header.number = chained.number;
        self.end();
    }

    /// What the disk must confirm for all entries so far to be safe.
    pub fn unconfirmed(&mut self) -> Vec<Written> {
        let mut files = std::mem::take(&mut self.ended);
        if let Some(open) = &self.open {
            files.push((open.path.clone(), Arc::clone(&open.file)));
        }
        files
    }

    /// Never appends to this segment again: after a failed fsync the kernel may call lost pages clean, so that asking
    /// once more would be answered with a lie.
    pub fn abandon(&mut self, path: &Path) {
        if self.open.as_ref().is_some_and(|o| o.path == path) {
            self.open = None;
        }
        self.note_gap(format!("the disk did not confirm all of {}", name_of(path)));
    }

    /// Has the next segment say what is missing.
    pub fn note_gap(&mut self, why: String) {
        if self.gaps.len() < MAX_GAPS && !self.gaps.contains(&why) {
            self.gaps.push(why);
        }
    }

    /// Begins a segment now if there is something missing to be told of.
    pub fn tell_gaps(&mut self, now_ms: u64) -> Result<(), RecordError> {
        if self.gaps.is_empty() { Ok(()) } else { self.ready(now_ms) }
    }

    /// Checks that the segment in use still has a name. What is appended to a file without one is gone when the process
    /// ends, and no write ever fails: so this is asked before every write, for one system call.
    pub fn check_named(&mut self) -> Result<(), RecordError> {
        let Some(open) = &self.open else { return Ok(()) };
        if open.file.linked().map_err(|e| io(&open.path, "opened", e))? {
            return Ok(());
        }
        let path = open.path.clone();
        self.open = None;
        self.note_gap(format!("{} was deleted while it was in use", name_of(&path)));
        Err(RecordError::Gone { path })
    }

    /// Makes sure that there is a segment that can take an entry.
    fn ready(&mut self, at_ms: u64) -> Result<(), RecordError> {
        self.check_named()?;
        if let Some(open) = &mut self.open
            && open.dirty
        {
            if open.file.truncate(open.bytes).is_ok() {
                open.dirty = false;
            } else {
                let why = format!("{} could not be cut back after a failed write", name_of(&open.path));
                self.end();
                self.note_gap(why);
            }
        }
        if self.open.as_ref().is_some_and(|o| self.is_over(o, at_ms)) {
            self.end();
        }
        if self.open.is_some() { self.confirm_name() } else { self.begin(at_ms) }
    }

    fn is_over(&self, open: &Open, at_ms: u64) -> bool {
        open.bytes >= self.options.segment_bytes
            || at_ms.saturating_sub(open.begun_ms) > self.options.segment_age_s.saturating_mul(1000)
    }

    fn end(&mut self) {
        if let Some(open) = self.open.take() {
            self.ended.push((open.path, open.file));
        }
    }

    /// Begins a segment. It gets its name only when its header is written: a segment without one is never seen.
    fn begin(&mut self, at_ms: u64) -> Result<(), RecordError> {
        // Answers that take long bring entries of an earlier time: readers count on nothing in a segment being later
        // than the beginning of the next.
        let begun_ms = self.latest_ms.max(at_ms);
        let header = SegmentHeader {
            number: self.header.number + 1,
            after: self.seq,
            previous: String::from_utf8_lossy(&self.last).into_owned(),
            begun_ms,
            ..self.header.clone()
        };
        let path = self.dir.join(header.file_name());
        let mut end = (self.last, self.seq);
        self.batch.clear();
        self.json.clear();
        serde_json::to_writer(&mut self.json, &header)?;
        put_line(&mut self.batch, &self.json, &mut end.0)?;
        for why in &self.gaps {
            let mut gap = Entry::new(EntryKind::Gap, begun_ms);
            gap.note = Some(why.clone());
            put_entry(&mut self.batch, &mut self.json, &mut end, &mut gap)?;
        }
        let unnamed = path.with_extension("new");
        let durable = self.options.durability == Durability::Disk;
        self.disk.make_folder(&self.dir).map_err(|e| io(&self.dir, "opened", e))?;
        let file = self.disk.create(&unnamed).map_err(|e| io(&path, "opened", e))?;
        write_whole(file.as_ref(), &self.batch)
            .and_then(|()| if durable { file.sync() } else { Ok(()) })
            .and_then(|()| self.disk.rename(&unnamed, &path))
            .map_err(|e| io(&path, "written", e))?;
        (self.last, self.seq) = end;
        self.latest_ms = begun_ms;
        self.header.number = header.number;
        self.gaps.clear();
        self.open = Some(Open { file, path, bytes: self.batch.len() as u64, begun_ms, dirty: false });
        self.name_unconfirmed = durable;
        self.confirm_name()
    }

    /// Has the disk confirm the name of a new segment, where entries must survive the machine.
    fn confirm_name(&mut self) -> Result<(), RecordError> {
        if self.name_unconfirmed {
            self.disk.sync_folder(&self.dir).map_err(|e| io(&self.dir, "synced", e))?;
            self.name_unconfirmed = false;
        }
        Ok(())
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Adds an entry, in as many lines as its people need.
fn put_whole(
    batch: &mut Vec<u8>,
    json: &mut Vec<u8>,
    end: &mut ([u8; HASH], u64),
    entry: &mut Entry,
) -> Result<(), RecordError> {
    if entry.people.len() <= MAX_PEOPLE_A_LINE {
        return put_entry(batch, json, end, entry);
    }
    let people = std::mem::take(&mut entry.people);
    let put = people.chunks(MAX_PEOPLE_A_LINE).try_for_each(|some| {
        entry.people = some.to_vec();
        put_entry(batch, json, end, entry)
    });
    entry.people = people;
    put
}

/// Numbers an entry and adds its line; `end` is the hash and the number of the line before, and then of this one.
fn put_entry(
    batch: &mut Vec<u8>,
    json: &mut Vec<u8>,
    end: &mut ([u8; HASH], u64),
    entry: &mut Entry,
) -> Result<(), RecordError> {
    entry.seq = end.1 + 1;
    json.clear();
    serde_json::to_writer(&mut *json, entry)?;
    put_line(batch, json, &mut end.0)?;
    end.1 += 1;
    Ok(())
}

fn put_line(batch: &mut Vec<u8>, json: &[u8], last: &mut [u8; HASH]) -> Result<(), RecordError> {
    if json.len() + HASH + 2 > LONGEST {
        return Err(RecordError::TooLong { bytes: json.len() });
    }
    *last = chain(last, json);
    batch.extend_from_slice(last);
    batch.push(b' ');
    batch.extend_from_slice(json);
    batch.push(b'\n');
    Ok(())
}
