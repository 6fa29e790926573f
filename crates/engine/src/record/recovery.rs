//! Looking after what an earlier writer left: a torn last line is put aside, damage is left as it is and told.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::RecordError;
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
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        match self.what {
            None => write!(
                f,
                "{name}: {} bytes of an unfinished line at {} were put aside in {name}.torn",
                self.bytes, self.offset
            ),
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

/// Writer of a segment, from its file's name.
pub(super) fn writer_of(path: &Path) -> Option<&str> {
    path.file_stem()?.to_str()?.split('-').nth(1)
}

/// Looks at the last segment of every writer that is not alive.
pub(super) fn look_after(dir: &Path) -> Result<Recovery, RecordError> {
    let mut recovery = Recovery::default();
    let all = segments(dir)?;
    for (i, path) in all.iter().enumerate() {
        let last_of_writer = !all[i + 1..].iter().any(|p| writer_of(p) == writer_of(path));
        if last_of_writer && let Some(found) = look_at(path)? {
            if found.what.is_none() { recovery.torn.push(found) } else { recovery.damaged.push(found) }
        }
    }
    Ok(recovery)
}

fn look_at(path: &Path) -> Result<Option<Found>, RecordError> {
    let fail = |act| move |source| RecordError::Io { path: path.to_owned(), act, source };
    let mut file = OpenOptions::new().read(true).write(true).open(path).map_err(fail("opened"))?;
    // A living writer holds the lock: its last line may be half written this very moment.
    if file.try_lock().is_err() {
        return Ok(None);
    }
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(fail("read"))?;
    let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
    if let Some(damage) = first_damage(path, &text[..whole]) {
        return Ok(Some(damage));
    }
    if whole == text.len() {
        return Ok(None);
    }
    put_aside(path, &mut file, &text, whole).map_err(fail("written"))?;
    Ok(Some(Found { path: path.to_owned(), offset: whole as u64, bytes: (text.len() - whole) as u64, what: None }))
}

/// Copies the half line beside the segment, and only then cuts it off.
fn put_aside(path: &Path, file: &mut File, text: &[u8], whole: usize) -> std::io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".torn");
    let mut beside = OpenOptions::new().create(true).append(true).open(PathBuf::from(name))?;
    beside.write_all(&text[whole..])?;
    beside.sync_data()?;
    file.set_len(whole as u64)?;
    file.seek(SeekFrom::End(0))?;
    file.sync_data()
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
                });
            }
        }
        offset += line.len();
    }
    None
}
