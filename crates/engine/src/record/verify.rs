//! Whether a ledger is as it was written: every hash, every number, every segment of every chain.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde::Serialize;

use super::RecordError;
use super::entry::Entry;
use super::header::SegmentHeader;
use super::line::{HASH, LONGEST, LineError, NOTHING, check};
use super::recovery::{open_listed, segments};

/// What a verification found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Segments read.
    pub segments: usize,
    /// Entries whose hash fits.
    pub entries: u64,
    /// Chains (one per process that wrote).
    pub writers: usize,
    /// What does not fit, in the order found; empty when all is well.
    pub problems: Vec<Problem>,
    /// Segments with half a line at their end: written this very moment, or left by a crash. No entry that counted.
    pub unfinished: Vec<String>,
}

/// One thing that does not fit.
#[derive(Debug, Serialize)]
pub struct Problem {
    /// File name of the segment.
    pub segment: String,
    /// Byte at which it begins.
    pub offset: u64,
    /// In words.
    pub what: String,
}

/// Where a writer's chain stands.
struct Chain {
    last: [u8; HASH],
    number: u64,
    seq: u64,
}

/// Reads a whole ledger and checks it.
///
/// # Errors
/// [`RecordError::Io`] when the folder or a file cannot be read.
pub fn verify(dir: &Path) -> Result<Report, RecordError> {
    let mut report = Report { segments: 0, entries: 0, writers: 0, problems: Vec::new(), unfinished: Vec::new() };
    let mut chains: BTreeMap<String, Chain> = BTreeMap::new();
    for path in segments(dir)? {
        report.segments += 1;
        segment(&path, &mut chains, &mut report)?;
    }
    report.writers = chains.len();
    Ok(report)
}

fn segment(path: &Path, chains: &mut BTreeMap<String, Chain>, report: &mut Report) -> Result<(), RecordError> {
    let fail = |source| RecordError::Io { path: path.to_owned(), act: "read", source };
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The oldest may go; a gap among the others is told with the next one.
    let Some(file) = open_listed(path).map_err(fail)? else { return Ok(()) };
    let mut file = BufReader::with_capacity(256 * 1024, file);
    let mut offset = 0u64;
    let mut line = Vec::new();
    let mut chain: Option<(String, Chain)> = None;
    loop {
        line.clear();
        let n = (&mut file).take(LONGEST as u64 + 1).read_until(b'\n', &mut line).map_err(fail)?;
        if n == 0 {
            break;
        }
        if line.pop_if(|b| *b == b'\n').is_none() && line.len() <= LONGEST {
            report.unfinished.push(name.clone());
            break;
        }
        // A line that is too long is refused by its length, wherever it ends.
        let what = match &mut chain {
            None => match header(&line, chains) {
                Ok((writer, c, complaint)) => {
                    chain = Some((writer, c));
                    complaint
                }
                Err(what) => Some(what),
            },
            Some((_, c)) => entry(&line, c, &mut report.entries).err(),
        };
        if let Some(what) = what {
            let hopeless = chain.is_none() || what.contains("hash") || line.len() > LONGEST;
            report.problems.push(Problem { segment: name.clone(), offset, what });
            if hopeless {
                break;
            }
        }
        offset += n as u64;
    }
    if let Some((writer, c)) = chain {
        chains.insert(writer, c);
    }
    Ok(())
}

/// Checks a header against its writer's chain so far.
fn header(line: &[u8], chains: &mut BTreeMap<String, Chain>) -> Result<(String, Chain, Option<String>), String> {
    let json = super::line::parse_line(line).map_err(|e| e.to_string())?.1;
    let h: SegmentHeader =
        serde_json::from_slice(json).map_err(|_| "its first line is not a segment's header".to_owned())?;
    let (last, number, seq) = match chains.remove(&h.writer) {
        Some(c) => (c.last, c.number, c.seq),
        None => (NOTHING, 0, 0),
    };
    let mut claimed = NOTHING;
    if h.previous.len() == HASH {
        claimed.copy_from_slice(h.previous.as_bytes());
    }
    // Segments before may have been deleted after their retention: then the chain begins where this one says.
    let first = number == 0;
    let complaint = if !first && h.number != number + 1 {
        Some(format!(
            "segment {} of its writer follows segment {number}: one is missing or they were swapped",
            h.number
        ))
    } else if !first && (claimed != last || h.after != seq) {
        Some("it does not continue the segment before it".to_owned())
    } else {
        None
    };
    let (hash, _) = check(line, &claimed).map_err(|_| "the hash of its header does not fit".to_owned())?;
    Ok((h.writer, Chain { last: hash, number: h.number, seq: h.after }, complaint))
}

fn entry(line: &[u8], c: &mut Chain, entries: &mut u64) -> Result<(), String> {
    let (hash, json) = check(line, &c.last).map_err(|e: LineError| e.to_string())?;
    c.last = hash;
    let e: Entry = serde_json::from_slice(json).map_err(|e| format!("an entry cannot be read: {e}"))?;
    let expected = c.seq + 1;
    c.seq = e.seq;
    *entries += 1;
    if e.seq == expected { Ok(()) } else { Err(format!("entry {} stands where {expected} should", e.seq)) }
}

impl Report {
    /// Whether all is as it was written.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }
}

#[cfg(test)]
pub(super) fn problems(dir: &Path) -> Vec<String> {
    verify(dir).map(|r| r.problems.into_iter().map(|p| p.what).collect()).unwrap_or_default()
}
