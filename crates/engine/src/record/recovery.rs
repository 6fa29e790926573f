//! Looking after what an earlier writer left: a torn last line is put aside, damage is left as it is and told.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::RecordError;
use super::disk::{Disk, write_whole};
use super::line::{LineError, NOTHING, check, parse_line};

/// What was found when a ledger was opened.
#[derive(Debug, Default)]
pub struct Recovery {
    /// Half lines that a crash left, put aside.
    pub torn: Vec<Found>,
    /// Damage that no crash of ours leaves; the files were not touched.
    pub damaged: Vec<Found>,
}

/// One finding.
#[derive(Debug)]
pub struct Found {
    /// The segment.
    pub path: PathBuf,
    /// Where it begins, bytes.
    pub offset: u64,
    /// How many bytes it concerns, to the end of the file.
    pub bytes: u64,
    /// What is wrong; `None` for a half line.
    pub what: Option<LineError>,
    /// Where a half line is now; `None` when it could not be moved (a full disk) and stays where it is.
    pub aside: Option<PathBuf>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        match self.what {
            None => {
                write!(f, "{name}: {} bytes of an unfinished line at {}", self.bytes, self.offset)?;
                match &self.aside {
                    Some(to) => {
                        write!(f, " were put aside in {}", to.file_name().unwrap_or_default().to_string_lossy())
                    }
                    None => f.write_str(" could not be put aside and stay there"),
                }
            }
            Some(w) => write!(f, "{name}: damage at byte {}: {w}; the file was left as it is", self.offset),
        }
    }
}

/// Segments of a folder, by name and so by time.
pub(super) fn segments(dir: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let fail = |source| RecordError::Io { path: dir.to_owned(), act: "read", source };
    let mut found = Vec::new();
    for item in std::fs::read_dir(dir).map_err(fail)? {
        let path = item.map_err(fail)?.path();
        if path.extension().is_some_and(|e| e == "seg") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Opens a segment that [`segments`] has listed; `None` when it was deleted since, after its retention, or written anew
/// without an erased person.
pub(super) fn open_listed(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Writer of a segment, from its file's name.
pub(super) fn writer_of(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()?.split('-').nth(1)
}

/// Looks at the last segment of every writer that is not alive.
pub(super) fn look_after(disk: &dyn Disk, dir: &Path) -> Result<Recovery, RecordError> {
    let mut recovery = Recovery::default();
    let all = segments(dir)?;
    for (i, path) in all.iter().enumerate() {
        let last_of_writer = !all[i + 1..].iter().any(|p| writer_of(p) == writer_of(path));
        if last_of_writer && let Some(found) = look_at(disk, path)? {
            if found.what.is_none() { recovery.torn.push(found) } else { recovery.damaged.push(found) }
        }
    }
    Ok(recovery)
}

fn look_at(disk: &dyn Disk, path: &Path) -> Result<Option<Found>, RecordError> {
    let fail = |act| move |source| RecordError::Io { path: path.to_owned(), act, source };
    // The brain deletes what is past its retention, also while an edge starts.
    let Some(mut file) = open_listed(path).map_err(fail("opened"))? else { return Ok(None) };
    // A living writer holds the lock: its last line may be half written this very moment.
    if file.try_lock().is_err() {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(fail("read"))?;
    let mut whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    if let Some(damage) = first_damage(path, &text[..whole]) {
        // A last line that is whole and does not fit is what a crash of the machine leaves where the file had grown
        // before its blocks were written.
        let last_line = text[..whole.saturating_sub(1)].iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        if whole < text.len() || damage.offset != last_line as u64 {
            return Ok(Some(damage));
        }
        whole = last_line;
    }
    if whole == text.len() {
        return Ok(None);
    }
    let bytes = (text.len() - whole) as u64;
    let aside = put_aside(disk, path, &text, whole).ok();
    Ok(Some(Found { path: path.to_owned(), offset: whole as u64, bytes, what: None, aside }))
}

/// Copies the half line beside the segment, has the disk confirm it, and only then cuts it off.
fn put_aside(disk: &dyn Disk, path: &Path, text: &[u8], whole: usize) -> std::io::Result<PathBuf> {
    let to = (1..1000)
        .map(|n| path.with_extension(if n == 1 { "seg.torn".to_owned() } else { format!("seg.torn.{n}") }))
        .find(|to| !to.exists())
        .ok_or_else(|| std::io::Error::other("a thousand half lines lie beside this segment already"))?;
    let beside = disk.create(&to)?;
    write_whole(beside.as_ref(), &text[whole..])?;
    beside.sync()?;
    let segment = disk.append_to(path)?;
    segment.truncate(whole as u64)?;
    segment.sync()?;
    Ok(to)
}

/// The first line whose hash does not fit. A header's own hash continues another file, so it is taken as it stands.
fn first_damage(path: &Path, text: &[u8]) -> Option<Found> {
    let mut previous = NOTHING;
    let mut offset = 0;
    for (i, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let checked = if i == 0 { parse_line(bare) } else { check(bare, &previous) };
        match checked {
            Ok((hash, _)) => previous = hash,
            Err(what) => {
                return Some(Found {
                    path: path.to_owned(),
                    offset: offset as u64,
                    bytes: (text.len() - offset) as u64,
                    what: Some(what),
                    aside: None,
                });
            }
        }
        offset += line.len();
    }
    None
}
