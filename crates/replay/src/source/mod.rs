//! Where lines come from: files, plain or compressed, whole or a range of bytes.

pub mod lines;

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use lines::Cut;

/// Bytes of remarks at the beginning of a file among which its columns are looked for.
const MOST_REMARKS: u64 = 1 << 20;

/// How a file is packed, by its first bytes: names lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// As it is.
    Plain,
    /// gzip, one or several members.
    Gzip,
    /// bzip2, one or several streams.
    Bzip2,
    /// Zstandard, one or several frames.
    Zstd,
}

impl Packing {
    /// Tells by magic numbers.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        match head {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            _ => Self::Plain,
        }
    }
}

/// A part of a file: the lines whose first byte lies in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// The file.
    pub path: PathBuf,
    /// From this byte on.
    pub start: u64,
    /// Up to this byte; `u64::MAX` for all that there is.
    pub end: u64,
}

/// What is known of a file before it is read.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// How it is packed.
    pub packing: Packing,
    /// Its length, bytes.
    pub bytes: u64,
    /// Whether it says itself what its columns are: such a file is read from its beginning.
    pub columns: bool,
}

/// Looks at the beginning of a file.
///
/// # Errors
/// The system's, when it cannot be read.
pub fn shape(path: &Path) -> io::Result<Shape> {
    let mut file = File::open(path)?;
    let bytes = file.metadata()?.len();
    let mut head = Vec::with_capacity(4096);
    Read::by_ref(&mut file).take(4096).read_to_end(&mut head)?;
    let packing = Packing::of(&head);
    let plain = packing == Packing::Plain;
    let columns = plain && (memchr::memmem::find(&head, b"#Fields:").is_some() || columns_behind_remarks(&mut file)?);
    Ok(Shape { packing, bytes, columns })
}

/// Whether a file begins with remarks among which its columns are named, however many stand in front of them.
fn columns_behind_remarks(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::Start(0))?;
    let mut lines = lines::Lines::new(file.take(MOST_REMARKS));
    while let Some(Cut::Line(line) | Cut::Unended(line)) = lines.next_line() {
        if line.starts_with(b"#Fields:") {
            return Ok(true);
        }
        if !line.is_empty() && !line.starts_with(b"#") {
            break;
        }
    }
    lines.failure().map_or(Ok(false), Err)
}

/// Divides a file into ranges of about `each` bytes that can be read side by side; packed files, and those that name
/// their columns, stay whole.
///
/// # Errors
/// As [`shape`].
pub fn ranges(path: &Path, each: u64) -> io::Result<Vec<Range>> {
    let shape = shape(path)?;
    if shape.packing != Packing::Plain || shape.columns {
        return Ok(vec![Range { path: path.to_owned(), start: 0, end: u64::MAX }]);
    }
    let each = each.max(64 * 1024);
    let pieces = shape.bytes.div_ceil(each).max(1);
    Ok((0..pieces)
        .map(|i| Range {
            path: path.to_owned(),
            start: i * each,
            end: if i + 1 == pieces { u64::MAX } else { (i + 1) * each },
        })
        .collect())
}

/// An open source: bytes, unpacked, and whether the first line may be the end of another range's.
pub struct Source {
    /// The bytes.
    pub from: Box<dyn Read + Send>,
    /// Bytes in front of the range: one, which tells whether a line begins where the range does.
    pub before: u64,
}

/// Opens a range.
///
/// # Errors
/// The system's.
pub fn open(range: &Range) -> io::Result<Source> {
    let mut file = File::open(&range.path)?;
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start - 1))?;
        return Ok(Source { from: Box::new(file), before: 1 });
    }
    let mut head = [0u8; 4];
    let mut got = 0;
    while got < head.len() {
        match file.read(&mut head[got..])? {
            0 => break,
            n => got += n,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    let buffered = |f| BufReader::with_capacity(256 * 1024, f);
    let from: Box<dyn Read + Send> = match Packing::of(&head[..got]) {
        Packing::Plain => Box::new(file),
        Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered(file))),
        Packing::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(file))),
        Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(buffered(file))?),
    };
    Ok(Source { from, before: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_names_its_columns_behind_many_remarks_is_not_divided() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("u_ex.log");
        let remarks = "#Remark: rotated by the night's job\n".repeat(1000);
        let lines = "2025-10-10 10:00:00 GET /members/1 192.0.2.1 200\n".repeat(10_000);
        for (columns, pieces) in [("#Fields: date time cs-method cs-uri-stem c-ip sc-status\n", 1), ("", 9)] {
            std::fs::write(&path, format!("{remarks}{columns}{lines}")).unwrap();
            assert_eq!(ranges(&path, 64 * 1024).unwrap().len(), pieces, "{columns}");
        }
    }
}
