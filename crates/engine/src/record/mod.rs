//! The record room: the append-only ledger of disclosures.
//!
//! In comes an [`Entry`]; when [`Ledger::append`] returns, the kernel has it, so it survives the death of the process
//! (`kill -9` included) and may be followed by the bytes it speaks of. Out come entries again, in order
//! ([`read`]), the entries of one reference ([`find`]), and the answer to whether anything was changed ([`verify`]).
//! This room never decides anything and never drops an entry silently: what cannot be written is an error.
//!
//! A segment is a text file of lines `HASH SP JSON LF`. HASH is the first 32 hexadecimal digits of
//! SHA-256(previous HASH || JSON): checksum and hash chain in one. The first line of a segment is its header
//! ([`SegmentHeader`]), which continues the chain of the segment before. Every process writes a chain of its own, so
//! that two edges can write side by side while one takes over from the other.

mod disk;
mod entry;
mod fields;
mod follow;
mod header;
mod ledger;
mod line;
mod reading;
mod recovery;
mod sealed;
mod verify;
mod writer;

#[cfg(test)]
mod tests;

pub use entry::{Entry, EntryKind};
pub use follow::Follower;
pub use header::{FORMAT, SegmentHeader};
pub use ledger::{Durability, Ledger, Options};
pub use line::{LineError, parse_line};
pub use reading::{Item, Query, find, read, select, tail};
pub use recovery::{Found, Recovery};
pub use sealed::{Sealed, Sealer, open_address};
pub use verify::{Problem, Report, verify};

use std::path::{Path, PathBuf};

/// Why the ledger does not take or give an entry.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The folder or a segment cannot be used.
    #[error(
        "the ledger at {path} cannot be {act}: {source}; check that the folder exists, is writable by this user and has room"
    )]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// What was tried: `opened`, `written`, `synced`, `read`.
        act: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line that is not one of ours.
    #[error("line {line} of {path} is damaged ({what}); nothing was changed, run `hedgerow ledger verify`")]
    Damaged {
        /// Which segment.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// In what way.
        what: LineError,
    },
    /// The segment, or its folder, was deleted or moved while it was in use.
    #[error(
        "{path} was deleted while the ledger was written; what was in it is gone, bring it back from a copy; the next entry begins a new segment that says so"
    )]
    Gone {
        /// Which segment.
        path: PathBuf,
    },
    /// One entry does not fit into a line.
    #[error(
        "an entry of {bytes} bytes does not fit into a line of the ledger; names of routes and people must be short"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// Entries of several policies that no one segment can hold.
    #[error(
        "entries that were written together name {count} fields, more than one segment can; append them one by one"
    )]
    ManyFields {
        /// How many.
        count: usize,
    },
    /// The clock or the entry cannot be written as JSON.
    #[error("an entry cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

fn io(path: &Path, act: &'static str, source: std::io::Error) -> RecordError {
    RecordError::Io { path: path.to_owned(), act, source }
}
