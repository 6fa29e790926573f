//! What one group's replay came to, as bytes: its actors, its people under numbers of its own, its counts.
//!
//! `actor*`, then people in the order of their names, counts, sets; last the place where the people begin, and eight bytes
//! that say of which version all this is. An actor: length and JSON, people, length and roaring set. Numbers are little-endian.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use roaring::RoaringBitmap;

use crate::ReplayError;
use crate::actor::Actor;
use crate::attachment::Attachment;
use crate::totals::Totals;

/// The last bytes of a part.
pub const MARK: &[u8; 8] = b"HGRPLY01";

/// A person of a part.
#[derive(Debug, Clone, Copy)]
pub struct PersonSeen<'a> {
    /// The site's identifier.
    pub name: &'a str,
    /// Number within the part.
    pub number: u32,
    /// When somebody was first shown this person, Unix seconds.
    pub first_s: u32,
}

/// Writes a part.
pub struct PartWriter<W> {
    out: W,
    at: u64,
    scratch: Vec<u8>,
}

fn short(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes()
}

impl<W: Write> PartWriter<W> {
    /// Begins a part.
    pub fn new(out: W) -> Self {
        Self { out, at: 0, scratch: Vec::new() }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), ReplayError> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(ReplayError::Temporary)
    }

    fn put_set(&mut self, set: &RoaringBitmap) -> Result<(), ReplayError> {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        set.serialize_into(&mut bytes).map_err(ReplayError::Temporary)?;
        self.put(&short(bytes.len()))?;
        self.put(&bytes)?;
        self.scratch = bytes;
        Ok(())
    }

    fn put_json(&mut self, json: &[u8]) -> Result<(), ReplayError> {
        self.put(&short(json.len()))?;
        self.put(json)
    }

    /// Adds an actor.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`].
    pub fn actor(&mut self, at: &Attachment, actor: &Actor) -> Result<(), ReplayError> {
        let people = actor.people();
        let json = actor.json(&at.site, &at.routes, &people).map_err(|e| ReplayError::Temporary(e.into()))?;
        self.put_json(&json)?;
        self.put_set(&people)
    }

    /// Ends the part.
    ///
    /// # Errors
    /// [`ReplayError::Temporary`].
    pub fn finish(
        mut self,
        mut people: Vec<PersonSeen<'_>>,
        totals: &Totals,
        masked: &RoaringBitmap,
        by_day: &BTreeMap<u32, RoaringBitmap>,
    ) -> Result<W, ReplayError> {
        let begin = self.at;
        people.sort_unstable_by_key(|p| p.name);
        self.put(&short(people.len()))?;
        for p in people {
            self.put(&u16::try_from(p.name.len()).unwrap_or(0).to_le_bytes())?;
            self.put(p.name.as_bytes())?;
            self.put(&p.number.to_le_bytes())?;
            self.put(&p.first_s.to_le_bytes())?;
        }
        let json = serde_json::to_vec(totals).map_err(|e| ReplayError::Temporary(e.into()))?;
        self.put_json(&json)?;
        self.put_set(masked)?;
        self.put(&short(by_day.len()))?;
        for (day, set) in by_day {
            self.put(&day.to_le_bytes())?;
            self.put_set(set)?;
        }
        self.put(&begin.to_le_bytes())?;
        self.put(MARK)?;
        self.out.flush().map_err(ReplayError::Temporary)?;
        Ok(self.out)
    }
}

/// Reads pieces of a part.
pub struct Pieces<R>(pub R);

impl<R: Read> Pieces<R> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReplayError> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes).map_err(broken)?;
        Ok(bytes)
    }

    /// A number.
    ///
    /// # Errors
    /// [`ReplayError::Foreign`] where the part ends before its time.
    pub fn number(&mut self) -> Result<u32, ReplayError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// Bytes with their length in front.
    ///
    /// # Errors
    /// As [`Pieces::number`].
    pub fn bytes(&mut self) -> Result<Vec<u8>, ReplayError> {
        let len = u64::from(self.number()?);
        let mut bytes = Vec::new();
        // A length that lies must not take memory: what is there is read, no more.
        self.0.by_ref().take(len).read_to_end(&mut bytes).map_err(broken)?;
        if bytes.len() as u64 == len { Ok(bytes) } else { Err(ReplayError::Foreign("a part")) }
    }

    /// A set.
    ///
    /// # Errors
    /// As [`Pieces::number`].
    pub fn set(&mut self) -> Result<RoaringBitmap, ReplayError> {
        RoaringBitmap::deserialize_from(&self.bytes()?[..]).map_err(broken)
    }

    /// A person: name, number, when first seen.
    ///
    /// # Errors
    /// As [`Pieces::number`].
    pub fn person(&mut self) -> Result<(String, u32, u32), ReplayError> {
        let mut name = vec![0; usize::from(u16::from_le_bytes(self.array()?))];
        self.0.read_exact(&mut name).map_err(broken)?;
        let name = String::from_utf8(name).map_err(|_| ReplayError::Foreign("a part"))?;
        Ok((name, self.number()?, self.number()?))
    }
}

fn broken(_: std::io::Error) -> ReplayError {
    ReplayError::Foreign("a part")
}
