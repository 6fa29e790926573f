//! An attachment: lines of access logs through the engine, in virtual time.
//!
//! The gateway meets a request while it happens; this crate meets it as a line that somebody else's server wrote. It reads
//! the line ([`formats`]), keeps of it what the rooms ask for ([`event`]), and lets the engine identify, judge and charge
//! exactly as it would have ([`partition`]). Nothing is decided here: what a log cannot show is the engine's own
//! `judge::Sight`, and the postures of the past are its `state::Timeline`.
//!
//! The way of a log, in three steps that need no memory of each other, so that they can run in any number of places and
//! give the same answer byte for byte:
//!
//! 1. [`parsing`] turns ranges of files into events, divided by network into a fixed number of partitions, and into
//!    sightings: which person strangers were shown, and when.
//! 2. [`past`] makes from all sightings the postures of the past.
//! 3. [`partition`] replays one group of partitions with these postures; [`gather`] puts the results together.
//!
//! Order is by time and then by the bytes of the event, which are canonical. What does not fit into memory is sorted in
//! runs in a temporary folder and merged ([`runs`]). No sockets.

pub mod actor;
pub mod address;
pub mod attachment;
pub mod backtest;
pub mod crew;
pub mod event;
pub mod formats;
pub mod gather;
mod ledger_order;
pub mod line;
pub mod parsing;
pub mod part;
pub mod partition;
pub mod past;
pub mod prints;
mod recording;
mod run;
pub mod runs;
pub mod scatter;
pub mod source;
mod summary;
pub mod tally;
pub mod totals;

pub use attachment::{Attachment, Options};
pub use run::LogReplay;

use std::path::PathBuf;

/// Why a replay cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The compiled policy.
    #[error("{0}")]
    Policy(String),
    /// The options.
    #[error("the options of the replay cannot be used: {0}")]
    Options(String),
    /// A file or folder.
    #[error("{path} cannot be {act}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried.
        act: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// The temporary folder.
    #[error("the temporary folder cannot be used: {0}; give another one, with room for about half the unpacked log")]
    Temporary(std::io::Error),
    /// Bytes of another run, or of another version.
    #[error("{0} is not of this version of the replay; parse, timeline and partitions must be made by the same one")]
    Foreign(&'static str),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] hedgerow_engine::record::RecordError),
    /// Whoever asked for it does not want it any more.
    #[error("the replay was stopped")]
    Stopped,
    /// A worker ended in a panic.
    #[error("a worker of the replay broke off ({0}); this is a fault of Hedgerow: please report it with this message")]
    Broken(String),
    /// Asked before there was anything to tell.
    #[error("no log was replayed yet; call `run` first")]
    NotRun,
}
