//! The results of all groups put together: people under numbers of the whole log (their rank by name), actors, sums.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;
use std::io::{BufReader, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use roaring::RoaringBitmap;

use crate::ReplayError;
use crate::crew::Check;
use crate::part::{MARK, Pieces};
use crate::totals::Totals;

/// A part to be read.
pub enum PartSource {
    /// In a temporary file.
    File(File),
    /// In memory.
    Bytes(Vec<u8>),
}

/// A place of its own in a file: a second handle would share that of the first.
struct Place<'f> {
    file: &'f File,
    at: u64,
}

impl Read for Place<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.file.read_at(buffer, self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Place<'_> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let moved = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
        };
        self.at = moved.ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

trait ReadSeek: Read + Seek + Send {}
impl<T: Read + Seek + Send> ReadSeek for T {}

impl PartSource {
    fn open(&self) -> Result<Box<dyn ReadSeek + '_>, ReplayError> {
        Ok(match self {
            Self::File(file) => Box::new(BufReader::with_capacity(64 * 1024, Place { file, at: 0 })),
            Self::Bytes(b) => Box::new(Cursor::new(b)),
        })
    }

    /// Where the people begin.
    fn people_at(&self) -> Result<u64, ReplayError> {
        let mut from = self.open()?;
        let mut end = [0u8; 16];
        from.seek(SeekFrom::End(-16)).map_err(|_| ReplayError::Foreign("a part"))?;
        from.read_exact(&mut end).map_err(|_| ReplayError::Foreign("a part"))?;
        let (at, mark) = end.split_at(8);
        if mark != MARK {
            return Err(ReplayError::Foreign("a part"));
        }
        Ok(u64::from_le_bytes(at.try_into().unwrap_or_default()))
    }

    /// Everybody in it, one after the other: all parts at once are read without all their people in memory.
    fn people(&self) -> Result<People<'_>, ReplayError> {
        let mut from = self.open()?;
        from.seek(SeekFrom::Start(self.people_at()?)).map_err(ReplayError::Temporary)?;
        let mut pieces = Pieces(from);
        let left = pieces.number()?;
        Ok(People { pieces, left })
    }
}

/// People of a part, in the order of their names.
struct People<'p> {
    pieces: Pieces<Box<dyn ReadSeek + 'p>>,
    left: u32,
}

impl Iterator for People<'_> {
    type Item = Result<(String, u32, u32), ReplayError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(self.pieces.person())
    }
}

/// What is known of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayPeople {
    /// Distinct people shown to anybody.
    pub people: u64,
    /// ... who were shown to nobody before.
    pub new: u64,
}

/// All of a replay.
pub struct Gathered {
    /// People by number.
    pub names: Vec<Box<str>>,
    /// By how many actors each was read.
    pub popularity: Vec<u32>,
    /// Sums.
    pub totals: Totals,
    /// People of each day.
    pub days: BTreeMap<u32, DayPeople>,
    /// People who would have been masked or withheld from somebody.
    pub masked: u64,
    /// Number of actors.
    pub actors: usize,
    median_popularity: u32,
    records: File,
    index: File,
}

impl Gathered {
    /// Puts parts together, in the order given.
    ///
    /// # Errors
    /// [`ReplayError`], when a part cannot be read or the temporary folder not written, and what `check` gives.
    pub fn of(parts: &[PartSource], folder: &Path, check: &mut Check<'_>) -> Result<Self, ReplayError> {
        let (names, first_s) = everybody(parts)?;
        let temporary = || tempfile::tempfile_in(folder).map_err(ReplayError::Temporary);
        let mut writer = Writer {
            records: BufWriter::with_capacity(1 << 20, temporary()?),
            index: BufWriter::with_capacity(1 << 16, temporary()?),
            at: 0,
            actors: 0,
            popularity: vec![0; names.len()],
        };
        let mut totals = Totals::default();
        let mut masked = RoaringBitmap::new();
        let mut by_day: BTreeMap<u32, RoaringBitmap> = BTreeMap::new();
        for part in parts {
            let people_at = part.people_at()?;
            let numbers = global_numbers(part, &names)?;
            let translate = |set: &RoaringBitmap| -> Result<RoaringBitmap, ReplayError> {
                set.iter().map(|n| numbers.get(n as usize).copied().ok_or(ReplayError::Foreign("a part"))).collect()
            };
            let mut pieces = Pieces(part.open()?);
            pieces.0.seek(SeekFrom::Start(0)).map_err(ReplayError::Temporary)?;
            let mut at = 0;
            while at < people_at {
                check()?;
                let (json, set) = (pieces.bytes()?, pieces.bytes()?);
                at += 8 + (json.len() + set.len()) as u64;
                let set = RoaringBitmap::deserialize_from(&set[..]).map_err(|_| ReplayError::Foreign("a part"))?;
                writer.actor(&json, &translate(&set)?)?;
            }
            let n = pieces.number()?;
            for _ in 0..n {
                pieces.person()?;
            }
            let of_part: Totals =
                serde_json::from_slice(&pieces.bytes()?).map_err(|_| ReplayError::Foreign("a part"))?;
            totals.add(&of_part);
            masked |= translate(&pieces.set()?)?;
            for _ in 0..pieces.number()? {
                let day = pieces.number()?;
                *by_day.entry(day).or_default() |= translate(&pieces.set()?)?;
            }
        }
        let mut days: BTreeMap<u32, DayPeople> =
            by_day.into_iter().map(|(day, set)| (day, DayPeople { people: set.len(), new: 0 })).collect();
        for s in first_s {
            days.entry(s / 86_400).or_default().new += 1;
        }
        let Writer { records, index, actors, popularity, .. } = writer;
        let written = |w: BufWriter<File>| w.into_inner().map_err(|e| ReplayError::Temporary(e.into_error()));
        let (records, index) = (written(records)?, written(index)?);
        let mut sorted = popularity.clone();
        sorted.sort_unstable();
        let median_popularity = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        Ok(Self { names, popularity, totals, days, masked: masked.len(), actors, median_popularity, records, index })
    }

    /// An actor's JSON and people; `None` behind the last.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`].
    pub fn actor(&self, number: usize) -> Result<Option<(String, RoaringBitmap)>, ReplayError> {
        if number >= self.actors {
            return Ok(None);
        }
        let mut place = [0u8; 16];
        self.index.read_exact_at(&mut place, number as u64 * 16).map_err(ReplayError::Temporary)?;
        let (at, json_len, set_len) = taken_apart(place);
        let mut bytes = vec![0; json_len + set_len];
        self.records.read_exact_at(&mut bytes, at).map_err(ReplayError::Temporary)?;
        let people = RoaringBitmap::deserialize_from(&bytes[json_len..]).map_err(ReplayError::Temporary)?;
        let json = String::from_utf8_lossy(&bytes[..json_len]);
        let rest = json.strip_prefix('{').unwrap_or("}");
        let tail = people.iter().filter(|p| self.is_long_tail(*p)).count() as u64;
        let share =
            if people.is_empty() { "null".to_owned() } else { crate::actor::share(tail, people.len()).to_string() };
        Ok(Some((format!("{{\"actor\":{number},\"long_tail_share\":{share},{rest}"), people)))
    }

    /// Whether somebody is read by at most as many actors as the one in the middle of all people.
    fn is_long_tail(&self, person: u32) -> bool {
        self.popularity.get(person as usize).is_some_and(|n| *n <= self.median_popularity)
    }
}

/// Place of a record: where, length of its JSON, length of its set.
fn taken_apart(place: [u8; 16]) -> (u64, usize, usize) {
    let [a @ .., b1, b2, b3, b4, c1, c2, c3, c4] = place;
    let short = |b: [u8; 4]| u32::from_le_bytes(b) as usize;
    (u64::from_le_bytes(a), short([b1, b2, b3, b4]), short([c1, c2, c3, c4]))
}

struct Writer {
    records: BufWriter<File>,
    index: BufWriter<File>,
    at: u64,
    actors: usize,
    popularity: Vec<u32>,
}

impl Writer {
    fn actor(&mut self, json: &[u8], people: &RoaringBitmap) -> Result<(), ReplayError> {
        for p in people {
            self.popularity[p as usize] += 1;
        }
        let mut set = Vec::with_capacity(people.serialized_size());
        people.serialize_into(&mut set).map_err(ReplayError::Temporary)?;
        let mut place = [0u8; 16];
        place[..8].copy_from_slice(&self.at.to_le_bytes());
        place[8..12].copy_from_slice(&u32::try_from(json.len()).unwrap_or(0).to_le_bytes());
        place[12..].copy_from_slice(&u32::try_from(set.len()).unwrap_or(0).to_le_bytes());
        self.index.write_all(&place).map_err(ReplayError::Temporary)?;
        self.records.write_all(json).map_err(ReplayError::Temporary)?;
        self.records.write_all(&set).map_err(ReplayError::Temporary)?;
        self.at += (json.len() + set.len()) as u64;
        self.actors += 1;
        Ok(())
    }
}

/// Everybody in any part, in the order of names, and when each was first seen.
fn everybody(parts: &[PartSource]) -> Result<(Vec<Box<str>>, Vec<u32>), ReplayError> {
    let mut lists = parts.iter().map(PartSource::people).collect::<Result<Vec<_>, _>>()?;
    let mut heap = BinaryHeap::new();
    let mut next = |heap: &mut BinaryHeap<_>, list: usize| -> Result<(), ReplayError> {
        if let Some(person) = lists[list].next() {
            let (name, _, first_s) = person?;
            heap.push(Reverse((name, first_s, list)));
        }
        Ok(())
    };
    for list in 0..parts.len() {
        next(&mut heap, list)?;
    }
    let (mut names, mut first): (Vec<Box<str>>, Vec<u32>) = Default::default();
    while let Some(Reverse((name, first_s, list))) = heap.pop() {
        if names.last().is_some_and(|n| **n == *name) {
            if let Some(f) = first.last_mut() {
                *f = (*f).min(first_s);
            }
        } else {
            names.push(name.into_boxed_str());
            first.push(first_s);
        }
        next(&mut heap, list)?;
    }
    Ok((names, first))
}

/// The whole log's number of each person of a part, by the part's own number.
fn global_numbers(part: &PartSource, names: &[Box<str>]) -> Result<Vec<u32>, ReplayError> {
    let mut numbers = Vec::new();
    for person in part.people()? {
        let (name, local, _) = person?;
        let global = names.binary_search_by(|n| (**n).cmp(&name)).map_err(|_| ReplayError::Foreign("a part"))?;
        // A part of so many people has that many numbers; nobody's is beyond those of the whole log.
        let local = local as usize;
        if local >= names.len() {
            return Err(ReplayError::Foreign("a part"));
        }
        if local >= numbers.len() {
            numbers.resize(local + 1, 0);
        }
        numbers[local] = u32::try_from(global).unwrap_or(u32::MAX);
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::{PartWriter, PersonSeen};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(30))]
        #[test]
        fn everybody_of_all_parts_is_found_once_and_in_order_while_the_parts_stay_on_disk(
            parts in proptest::collection::vec(proptest::collection::btree_map("[a-e]{1,3}", 0u32..100, 0..30), 0..5),
        ) {
            let mut want: BTreeMap<&str, u32> = BTreeMap::new();
            let mut sources = Vec::new();
            for people in &parts {
                let seen = people.iter().enumerate().map(|(n, (name, first_s))| PersonSeen {
                    name, number: u32::try_from(n).unwrap(), first_s: *first_s,
                });
                people.iter().for_each(|(name, s)| { want.entry(name).and_modify(|f| *f = (*f).min(*s)).or_insert(*s); });
                let out = PartWriter::new(tempfile::tempfile().unwrap());
                let none = (Totals::default(), RoaringBitmap::new(), BTreeMap::new());
                sources.push(PartSource::File(out.finish(seen.collect(), &none.0, &none.1, &none.2).unwrap()));
            }
            let (names, first) = everybody(&sources).unwrap();
            prop_assert!(names.iter().map(|n| &**n).zip(first).eq(want));
            for (part, people) in sources.iter().zip(&parts) {
                let numbers = global_numbers(part, &names).unwrap();
                prop_assert!(numbers.iter().map(|n| &*names[*n as usize]).eq(people.keys()));
            }
        }
    }
}
