//! The three steps as functions over bytes, for whoever divides the work among machines. What they give is what
//! [`crate::LogReplay::run`] gives, byte for byte, as long as every step runs the same version.

use std::collections::BTreeMap;
use std::path::PathBuf;

use hedgerow_engine::doors::Pseudonym;
use serde::{Deserialize, Serialize};

use crate::ReplayError;
use crate::attachment::Attachment;
use crate::crew::Check;
use crate::parsing::Parser;
use crate::partition::replay;
use crate::past::Past;
use crate::prints::Prints;
use crate::runs::Merge;
use crate::source::Range;
use crate::tally::Tally;

/// What reading a range came to besides events.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct RangeTally {
    /// Counts.
    pub tally: Tally,
    /// Partitions each account came from, as bits; keyed names.
    pub members: BTreeMap<String, u64>,
    /// Files that broke off, and how.
    pub broken: Vec<(PathBuf, String)>,
    /// What the lines of each file amount to.
    pub prints: BTreeMap<PathBuf, Prints>,
}

impl RangeTally {
    /// Adds that of another range.
    pub fn add(&mut self, other: Self) {
        self.tally.add(other.tally);
        for (account, mask) in other.members {
            *self.members.entry(account).or_default() |= mask;
        }
        self.broken.extend(other.broken);
        for (path, prints) in other.prints {
            self.prints.entry(path).or_default().add(prints);
        }
    }

    /// Notes where accounts were used.
    pub fn members(&mut self, members: impl IntoIterator<Item = (Pseudonym, u64)>) {
        for (account, mask) in members {
            *self.members.entry(account.hex()).or_default() |= mask;
        }
    }
}

/// Number of a part, and its events.
pub type Part = (usize, Vec<u8>);

/// Step one: reads a range of a file. Events come by partition, each part sorted; empty parts are left out. Part number
/// [`crate::runs::SIGHTINGS`] goes to step two, the others to step three.
///
/// # Errors
/// [`ReplayError::Io`], and what `check` gives, as for the other steps.
pub fn parse(at: &Attachment, range: &Range, check: &mut Check<'_>) -> Result<(Vec<Part>, RangeTally), ReplayError> {
    let mut parser = Parser::new(at);
    let (prints, broken) = parser.range(range, |_, _| check())?;
    let batches = parser.take();
    let mut tally = RangeTally { tally: std::mem::take(&mut parser.tally), ..RangeTally::default() };
    tally.members(batches.members.iter().map(|(a, m)| (*a, *m)));
    tally.prints.insert(range.path.clone(), prints);
    tally.broken.extend(broken.map(|why| (range.path.clone(), why.to_string())));
    let parts = batches.sorted().into_iter().enumerate().filter(|(_, p)| !p.is_empty()).collect();
    Ok((parts, tally))
}

/// Step two: the past, from all sightings and all tallies.
///
/// # Errors
/// [`ReplayError::Foreign`] for bytes of another version.
pub fn timeline(
    at: &Attachment,
    sightings: Vec<Vec<u8>>,
    tally: &RangeTally,
    check: &mut Check<'_>,
) -> Result<Past, ReplayError> {
    Past::make(at, Merge::of_batches(sightings)?, &tally.tally, tally.members.values().copied(), check)
}

/// Step three: replays one group of partitions (its number in [`Past::groups`]), given all batches of these partitions.
///
/// # Errors
/// [`ReplayError::Foreign`] for bytes of another version, or a group that the past does not have.
pub fn partition(
    at: &mut Attachment,
    past: &Past,
    group: usize,
    batches: Vec<Vec<u8>>,
    check: &mut Check<'_>,
) -> Result<Vec<u8>, ReplayError> {
    at.see(past.subresources);
    let partitions = past.groups.get(group).ok_or(ReplayError::Foreign("the past"))?.len();
    replay(at, past, partitions, Merge::of_batches(batches)?, None, Vec::new(), check)
}
