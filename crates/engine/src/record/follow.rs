//! Following a ledger while it is written.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::header::SegmentHeader;
use super::reading::{Item, Lines};
use super::recovery::segments;
use super::{RecordError, io};

/// What is known of a segment: where its first line that was not told begins, and its header.
struct Place {
    offset: u64,
    header: Option<SegmentHeader>,
}

/// Gives what was added since it was asked last. Reads only what is new.
pub struct Follower {
    dir: PathBuf,
    places: HashMap<PathBuf, Place>,
}

impl Follower {
    /// Begins at the end of the ledger in `dir`.
    ///
    /// # Errors
    /// [`RecordError::Io`] when it cannot be read.
    pub fn from_end(dir: &Path) -> Result<Self, RecordError> {
        let mut places = HashMap::new();
        for path in segments(dir)? {
            let offset = end_of_lines(&path).map_err(|e| io(&path, "read", e))?;
            places.insert(path, Place { offset, header: None });
        }
        Ok(Self { dir: dir.to_owned(), places })
    }

    /// What was added since the last call: a segment's header before its entries. Damaged lines are errors among them.
    ///
    /// # Errors
    /// [`RecordError::Io`] when the folder cannot be read.
    pub fn poll(&mut self) -> Result<Vec<Result<Item, RecordError>>, RecordError> {
        let all = segments(&self.dir)?;
        self.places.retain(|path, _| all.contains(path));
        let mut fresh = Vec::new();
        for path in all {
            let place = self.places.entry(path.clone()).or_insert(Place { offset: 0, header: None });
            if path.metadata().is_ok_and(|m| m.len() <= place.offset) {
                continue;
            }
            if place.offset > 0 && place.header.is_none() {
                place.header = match Lines::open_at(path.clone(), None, 0, 0).next() {
                    Some(Ok(Item::Header(header))) => Some(header),
                    _ => None,
                };
            }
            if place.offset > 0
                && let Some(header) = &place.header
            {
                fresh.push(Ok(Item::Header(header.clone())));
            }
            let mut lines = Lines::open_at(path, None, usize::from(place.offset > 0), place.offset);
            for item in lines.by_ref() {
                if let Ok(Item::Header(header)) = &item {
                    place.header = Some(header.clone());
                }
                fresh.push(item);
            }
            place.offset = lines.offset();
        }
        // Headers with nothing after them: the file had grown by less than a line.
        fresh.dedup_by(|next, before| matches!((next, before), (Ok(Item::Header(a)), Ok(Item::Header(b))) if a == b));
        Ok(fresh)
    }
}

/// Where the last whole line of a file ends.
fn end_of_lines(path: &Path) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let mut end = file.metadata()?.len();
    let mut piece = vec![0u8; 1 << 16];
    while end > 0 {
        let start = end.saturating_sub(piece.len() as u64);
        let wanted = usize::try_from(end - start).unwrap_or(piece.len());
        file.seek(SeekFrom::Start(start))?;
        let piece = &mut piece[..wanted];
        file.read_exact(piece)?;
        if let Some(at) = memchr::memrchr(b'\n', piece) {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
