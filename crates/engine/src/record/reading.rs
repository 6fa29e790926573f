//! Reading entries back: all since a time, or those of one reference.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::entry::Entry;
use super::header::SegmentHeader;
use super::line::{LONGEST, LineError, parse_line};
use super::recovery::{segments, writer_of};
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

/// Reads a ledger's entries that are not older than `since_ms`, segment by segment in the order of their beginnings.
/// An unfinished last line is not an entry yet and is passed over; anything else that is damaged is an error, after
/// which the reading goes on with the next segment.
///
/// # Errors
/// [`RecordError::Io`] when the folder cannot be read; items are errors where a segment is damaged.
pub fn read(dir: &Path, since_ms: u64) -> Result<impl Iterator<Item = Result<Item, RecordError>> + use<>, RecordError> {
    let all = segments(dir)?;
    let mut wanted = Vec::new();
    for (i, path) in all.iter().enumerate() {
        // Everything in a segment is older than the beginning of its writer's next one.
        let next = all[i + 1..].iter().find(|p| writer_of(p) == writer_of(path)).and_then(|p| begun_ms(p));
        if next.is_none_or(|n| n >= since_ms) {
            wanted.push(path.clone());
        }
    }
    Ok(wanted.into_iter().flat_map(Lines::open).filter(move |item| match item {
        Ok(Item::Entry(e)) => e.at_ms >= since_ms,
        _ => true,
    }))
}

fn begun_ms(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.split('-').next()?.parse().ok()
}

/// The lines of one segment.
struct Lines {
    path: PathBuf,
    file: Option<BufReader<File>>,
    failed: Option<RecordError>,
    number: usize,
    line: Vec<u8>,
}

impl Lines {
    fn open(path: PathBuf) -> Self {
        let (file, failed) = match File::open(&path) {
            Ok(f) => (Some(BufReader::with_capacity(256 * 1024, f)), None),
            Err(source) => (None, Some(RecordError::Io { path: path.clone(), act: "read", source })),
        };
        Self { path, file, failed, number: 0, line: Vec::new() }
    }

    fn damaged(&mut self, what: LineError) -> RecordError {
        self.file = None;
        RecordError::Damaged { path: self.path.clone(), line: self.number, what }
    }

    fn item(&mut self) -> Option<Result<Item, RecordError>> {
        let file = self.file.as_mut()?;
        self.line.clear();
        self.number += 1;
        let read = file.take(LONGEST as u64 + 1).read_until(b'\n', &mut self.line);
        match read {
            Err(source) => {
                self.file = None;
                return Some(Err(RecordError::Io { path: self.path.clone(), act: "read", source }));
            }
            Ok(0) => return None,
            Ok(_) => {}
        }
        if self.line.last() != Some(&b'\n') {
            // Being written, or torn: not an entry yet.
            return if self.line.len() > LONGEST { Some(Err(self.damaged(LineError::Long))) } else { None };
        }
        self.line.pop();
        let parsed = parse_line(&self.line).and_then(|(_, json)| {
            let item = if self.number == 1 {
                serde_json::from_slice(json).map(Item::Header)
            } else {
                serde_json::from_slice(json).map(|e| Item::Entry(Box::new(e)))
            };
            item.map_err(|_| LineError::NotAnEntry)
        });
        Some(parsed.map_err(|what| self.damaged(what)))
    }
}

impl Iterator for Lines {
    type Item = Result<Item, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.failed.take().map(Err).or_else(|| self.item())
    }
}

/// All entries of one reference, newest segment first searched; empty when there are none.
///
/// # Errors
/// [`RecordError`] when the folder cannot be read. Damaged segments are passed over: `verify` tells of them.
pub fn find(dir: &Path, reference: Reference) -> Result<Vec<Entry>, RecordError> {
    let needle = format!("\"ref\":\"{reference}\"");
    let finder = memchr::memmem::Finder::new(needle.as_bytes());
    for path in segments(dir)?.into_iter().rev() {
        let mut text = Vec::new();
        File::open(&path).and_then(|mut f| f.read_to_end(&mut text)).map_err(|source| RecordError::Io {
            path: path.clone(),
            act: "read",
            source,
        })?;
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
