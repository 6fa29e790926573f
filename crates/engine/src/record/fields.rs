//! Entries that were made under another list of fields than the header has: their bits follow the names.
//!
//! Answers that are under way when a policy is replaced bring people with the bits of the policy before. A name that the
//! header lacks is added at its end, in a new segment: bits of the policy in force keep their places.

use std::sync::Arc;

use super::RecordError;
use super::entry::Entry;
use crate::policy::{FieldSet, MAX_FIELDS};

/// Which bits are meant as they are under the header in force.
#[derive(Default)]
pub(super) struct Meant {
    /// A list that the header begins with; nearly every entry brings this very one.
    as_they_are: Option<Arc<[String]>>,
}

impl Meant {
    /// Whether an entry's bits can be written as they are under a header with these fields.
    pub fn stands(&mut self, entry: &Entry, header: &[String]) -> bool {
        let Some(own) = &entry.fields else { return true };
        if self.as_they_are.as_ref().is_some_and(|known| Arc::ptr_eq(known, own)) {
            return true;
        }
        let stands = header.starts_with(own);
        if stands {
            self.as_they_are = Some(Arc::clone(own));
        }
        stands
    }

    /// The header has other fields now.
    pub fn forget(&mut self) {
        self.as_they_are = None;
    }

    /// The fields a header must have that can name all of these entries' bits; `None` when this one can.
    pub fn wanted(&mut self, entries: &[Entry], header: &[String]) -> Result<Option<Vec<String>>, RecordError> {
        let mut wanted: Option<Vec<String>> = None;
        for entry in entries {
            let Some(own) = entry.fields.as_ref().filter(|_| !self.stands(entry, header)) else { continue };
            let used = entry.people.iter().fold(FieldSet::NONE, |all, d| all.union(d.shown).union(d.masked));
            for (_, name) in own.iter().enumerate().filter(|(i, _)| used.has(*i)) {
                if !wanted.as_deref().unwrap_or(header).contains(name) {
                    wanted.get_or_insert_with(|| header.to_vec()).push(name.clone());
                }
            }
        }
        match (wanted, entries) {
            (Some(all), [Entry { fields: Some(own), .. }]) if all.len() > MAX_FIELDS => Ok(Some(own.to_vec())),
            (Some(all), _) if all.len() > MAX_FIELDS => Err(RecordError::ManyFields { count: all.len() }),
            (wanted, _) => Ok(wanted),
        }
    }
}
