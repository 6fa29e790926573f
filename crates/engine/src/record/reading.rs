//! Reading entries back: all since a time, those of one person, principal or reference, or the last ones.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use memchr::memmem::Finder;

use super::entry::Entry;
use super::header::SegmentHeader;
use super::line::{HASH, LONGEST, LineError, chain, parse_line};
use super::recovery::{open_listed, segments, writer_of};
use super::{EntryKind, RecordError};
use crate::doors::Reference;

/// What a reader meets in a ledger.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A segment begins: the entries after it are to be read with these fields.
    Header(SegmentHeader),
    /// An entry.
    Entry(Box<Entry>),
}

/// What is asked of a ledger.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Nothing older, in milliseconds since the Unix epoch.
    pub since_ms: u64,
    /// Only entries in which this person is.
    pub person: Option<String>,
    /// Only entries of the principals, of any level, whose keyed name begins with these lower-case hexadecimal digits.
    pub principal: Option<String>,
}

impl Query {
    /// Bytes that a line must hold to be of interest: found before anything is parsed.
    fn needle(&self) -> Result<Option<Finder<'static>>, RecordError> {
        let text = match (&self.person, &self.principal) {
            // As the serialiser writes the beginning of a person.
            (Some(person), _) => format!("[{},", serde_json::to_string(person)?),
            (None, Some(digits)) => format!("\"{digits}"),
            (None, None) => return Ok(None),
        };
        Ok(Some(Finder::new(text.as_bytes()).into_owned()))
    }

    fn wants(&self, e: &Entry) -> bool {
        let names = || [e.address, e.network, e.session, e.account, e.client, e.licence].into_iter().flatten();
        e.at_ms >= self.since_ms
            && self.person.as_ref().is_none_or(|p| e.people.iter().any(|d| d.person == *p))
            && self.principal.as_ref().is_none_or(|p| names().any(|n| n.hex().starts_with(p.as_str())))
    }
}

/// Reads a ledger's entries that are not older than `since_ms`, segment by segment in the order of their beginnings.
/// An unfinished last line is not an entry yet and is passed over; anything else that is damaged is an error, after
/// which the reading goes on: with the next line, or with the next segment when the header itself is damaged.
///
/// # Errors
/// [`RecordError::Io`] when the folder cannot be read; items are errors where a segment is damaged.
pub fn read(dir: &Path, since_ms: u64) -> Result<impl Iterator<Item = Result<Item, RecordError>> + use<>, RecordError> {
    select(dir, Query { since_ms, ..Query::default() })
}

/// Reads those of a ledger's entries that a query asks for, as [`read`] does.
///
/// # Errors
/// As [`read`].
pub fn select(
    dir: &Path,
    query: Query,
) -> Result<impl Iterator<Item = Result<Item, RecordError>> + use<>, RecordError> {
    let all = segments(dir)?;
    let needle = query.needle()?;
    let mut wanted = Vec::new();
    for (i, path) in all.iter().enumerate() {
        // Everything in a segment is older than the beginning of its writer's next one.
        let next = all[i + 1..].iter().find(|p| writer_of(p) == writer_of(path)).and_then(|p| begun_ms(p));
        if next.is_none_or(|n| n >= query.since_ms) {
            wanted.push(path.clone());
        }
    }
    Ok(wanted.into_iter().flat_map(move |path| Lines::open(path, needle.clone())).filter(move |item| match item {
        Ok(Item::Entry(e)) => query.wants(e),
        _ => true,
    }))
}

/// Most writers whose ends are looked at for a tail: more gateways than this never run at once.
const TAIL_WRITERS: usize = 8;

/// The last `count` entries, oldest first, with the header before each that explains it. Damaged lines are passed over:
/// `verify` tells of them.
///
/// # Errors
/// [`RecordError::Io`] when the folder or a segment cannot be read.
pub fn tail(dir: &Path, count: usize) -> Result<Vec<(SegmentHeader, Entry)>, RecordError> {
    let all = segments(dir)?;
    let mut writers: Vec<&str> = Vec::new();
    for writer in all.iter().rev().filter_map(|p| writer_of(p)) {
        if !writers.contains(&writer) && writers.len() < TAIL_WRITERS {
            writers.push(writer);
        }
    }
    let mut found = Vec::new();
    for writer in writers {
        let mut of_writer: VecDeque<(SegmentHeader, Entry)> = VecDeque::new();
        for path in all.iter().rev().filter(|p| writer_of(p) == Some(writer)) {
            let mut last = VecDeque::new();
            let mut header = None;
            for item in Lines::open(path.clone(), None) {
                match (item, &header) {
                    (Ok(Item::Header(h)), _) => header = Some(h),
                    (Ok(Item::Entry(e)), Some(h)) => {
                        last.push_back((h.clone(), *e));
                        if last.len() + of_writer.len() > count {
                            last.pop_front();
                        }
                    }
                    (Err(e @ RecordError::Io { .. }), _) => return Err(e),
                    (Ok(Item::Entry(_)), None) | (Err(_), _) => {}
                }
            }
            last.append(&mut of_writer);
            of_writer = last;
            if of_writer.len() >= count {
                break;
            }
        }
        found.extend(of_writer);
    }
    // Stable: entries of one writer and one moment stay in their order.
    found.sort_by_key(|(_, e)| e.at_ms);
    found.drain(..found.len().saturating_sub(count));
    Ok(found)
}

fn begun_ms(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.split('-').next()?.parse().ok()
}

/// The lines of one segment.
pub(super) struct Lines {
    path: PathBuf,
    file: Option<BufReader<File>>,
    failed: Option<RecordError>,
    needle: Option<Finder<'static>>,
    number: usize,
    /// Where the next line begins.
    offset: u64,
    /// The hash that the last line bears; `None` when it bears none that can be read.
    previous: Option<[u8; HASH]>,
    line: Vec<u8>,
}

impl Lines {
    fn open(path: PathBuf, needle: Option<Finder<'static>>) -> Self {
        Self::open_at(path, needle, 0, 0)
    }

    /// Begins after `number` lines, at `offset`; how the first of the rest continues the chain is not checked.
    pub fn open_at(path: PathBuf, needle: Option<Finder<'static>>, number: usize, offset: u64) -> Self {
        let at = |mut f: File| f.seek(SeekFrom::Start(offset)).map(|_| f);
        let (file, failed) = match open_listed(&path).and_then(|f| f.map(at).transpose()) {
            Ok(f) => (f.map(|f| BufReader::with_capacity(256 * 1024, f)), None),
            Err(source) => (None, Some(RecordError::Io { path: path.clone(), act: "read", source })),
        };
        Self { path, file, failed, needle, number, offset, previous: None, line: Vec::new() }
    }

    /// Where the next line begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn damaged(&mut self, what: LineError) -> RecordError {
        if self.number == 1 {
            // Without the header nobody can say what the entries' fields are.
            self.file = None;
        }
        RecordError::Damaged { path: self.path.clone(), line: self.number, what }
    }

    /// The next line, without its newline; `None` at the end and before an unfinished line.
    fn whole_line(&mut self) -> Option<Result<(), RecordError>> {
        let file = self.file.as_mut()?;
        self.line.clear();
        match file.take(LONGEST as u64 + 1).read_until(b'\n', &mut self.line) {
            Err(source) => {
                self.file = None;
                return Some(Err(RecordError::Io { path: self.path.clone(), act: "read", source }));
            }
            Ok(0) => return None,
            Ok(n) => self.offset += n as u64,
        }
        if self.line.pop_if(|b| *b == b'\n').is_some() {
            self.number += 1;
            return Some(Ok(()));
        }
        // Being written, or torn: not an entry yet. Or longer than any line, and nobody knows where it would end.
        self.file = None;
        self.offset -= self.line.len() as u64;
        self.number += 1;
        (self.line.len() > LONGEST).then(|| Err(self.damaged(LineError::Long)))
    }

    /// What the line at hand is; `None` when it is not wanted.
    fn parsed(&mut self) -> Result<Option<Item>, LineError> {
        let (hash, json) = match parse_line(&self.line) {
            Ok(parts) => parts,
            Err(what) => {
                self.previous = None;
                return Err(what);
            }
        };
        if self.number == 1 {
            let header: SegmentHeader = serde_json::from_slice(json).map_err(|_| LineError::NotAnEntry)?;
            let before = header.previous.as_bytes().try_into().map_err(|_| LineError::NotAnEntry)?;
            self.previous = Some(hash);
            return if chain(&before, json) == hash { Ok(Some(Item::Header(header))) } else { Err(LineError::Hash) };
        }
        // The next line is held against the hash this one bears, fitting or not: one damage, one error.
        if self.previous.replace(hash).is_some_and(|before| chain(&before, json) != hash) {
            return Err(LineError::Hash);
        }
        if self.needle.as_ref().is_some_and(|n| n.find(json).is_none()) {
            return Ok(None);
        }
        serde_json::from_slice(json).map(|e| Some(Item::Entry(Box::new(e)))).map_err(|_| LineError::NotAnEntry)
    }
}

impl Iterator for Lines {
    type Item = Result<Item, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(e) = self.failed.take() {
            return Some(Err(e));
        }
        loop {
            if let Err(e) = self.whole_line()? {
                return Some(Err(e));
            }
            match self.parsed() {
                Ok(None) => {}
                Ok(Some(item)) => return Some(Ok(item)),
                Err(what) => return Some(Err(self.damaged(what))),
            }
        }
    }
}

/// All entries of one reference, newest segment first searched; empty when there are none.
///
/// # Errors
/// [`RecordError`] when the folder cannot be read. Damaged segments are passed over: `verify` tells of them.
pub fn find(dir: &Path, reference: Reference) -> Result<Vec<Entry>, RecordError> {
    let needle = format!("\"ref\":\"{reference}\"");
    let finder = Finder::new(needle.as_bytes());
    for path in segments(dir)?.into_iter().rev() {
        let fail = |source| RecordError::Io { path: path.clone(), act: "read", source };
        // What is asked for may stand in another one.
        let Some(mut file) = open_listed(&path).map_err(fail)? else { continue };
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(fail)?;
        if finder.find(&text).is_none() {
            continue;
        }
        let mut found: Vec<Entry> = text
            .split(|b| *b == b'\n')
            .filter(|line| finder.find(line).is_some())
            .filter_map(|line| parse_line(line).ok())
            .filter_map(|(_, json)| serde_json::from_slice(json).ok())
            .filter(|e: &Entry| e.reference == Some(reference) && e.kind != EntryKind::Gap)
            .collect();
        if !found.is_empty() {
            found.sort_by_key(|e| (e.at_ms, e.part));
            return Ok(found);
        }
    }
    Ok(Vec::new())
}
