//! The optional record: what a log showed, as the gateway in watch mode would have written it, so that every question to a
//! ledger can be asked of a log. The segments' headers say that a log is where it comes from.
//!
//! Each group writes a chain of its own, in a folder of its own until it is done: writers of one folder look after each
//! other's unfinished segments.

use std::path::{Path, PathBuf};

use hedgerow_engine::doors::{Action, Disclosure, Identity, Reference, Verdict};
use hedgerow_engine::policy::{FieldSet, Mode};
use hedgerow_engine::record::{Durability, Entry, EntryKind, Ledger, Options, SegmentHeader};
use hedgerow_engine::state::Charged;

use crate::ReplayError;
use crate::attachment::Attachment;
use crate::event::Event;

/// Name of the folder, within the ledger's, in which chains are written until all of them are whole.
const UNFINISHED: &str = ".unfinished";

/// The record of a replay: nothing of it is seen before all of it is there, and nothing stays of one that failed.
pub struct Recordings {
    folder: PathBuf,
    unfinished: PathBuf,
}

/// Where one group's chain is written.
pub struct Recording {
    ledger: Ledger,
    written: u64,
}

impl Recordings {
    /// Begins a record in a folder.
    ///
    /// # Errors
    /// [`ReplayError`], when there is something in it: an answer that mixes two logs is none.
    pub fn begin(folder: &Path) -> Result<Self, ReplayError> {
        let fail = |source| ReplayError::Io { path: folder.to_owned(), act: "opened", source };
        std::fs::create_dir_all(folder).map_err(fail)?;
        let unfinished = folder.join(UNFINISHED);
        if unfinished.exists() {
            return Err(ReplayError::Options(format!(
                "{} is what another replay left that is still at work or was killed; if none is, remove it",
                unfinished.display()
            )));
        }
        if std::fs::read_dir(folder).map_err(fail)?.next().is_some() {
            return Err(ReplayError::Options(format!(
                "the ledger folder {} is not empty; give a new one, as an answer from two logs at once would be wrong",
                folder.display()
            )));
        }
        std::fs::create_dir(&unfinished).map_err(fail)?;
        Ok(Self { folder: folder.to_owned(), unfinished })
    }

    /// A chain for a group.
    ///
    /// # Errors
    /// [`ReplayError::Ledger`].
    pub fn chain(&self, at: &Attachment, group: usize) -> Result<Recording, ReplayError> {
        let site = &at.site;
        let mut header = SegmentHeader::new(&site.name, &at.policy_id, site.field_names().collect());
        header.source = Some("log".to_owned());
        let folder = self.unfinished.join(format!("group-{group:02}"));
        // Time is the log's: a segment ends by its length alone.
        let options = Options { segment_age_s: u64::MAX / 2000, durability: Durability::Process, ..Options::default() };
        let (ledger, _) = Ledger::open(&folder, header, &format!("{group:016x}"), options, 0)?;
        Ok(Recording { ledger, written: 0 })
    }

    /// Puts the segments of all chains where readers find them.
    ///
    /// # Errors
    /// [`ReplayError::Io`].
    pub fn finish(self) -> Result<(), ReplayError> {
        let fail = |source| ReplayError::Io { path: self.unfinished.clone(), act: "moved", source };
        for group in std::fs::read_dir(&self.unfinished).map_err(fail)? {
            for segment in std::fs::read_dir(group.map_err(fail)?.path()).map_err(fail)? {
                let segment = segment.map_err(fail)?;
                std::fs::rename(segment.path(), self.folder.join(segment.file_name())).map_err(fail)?;
            }
        }
        Ok(())
    }
}

impl Drop for Recordings {
    fn drop(&mut self) {
        // Where this cannot be removed either, the next replay says what it is.
        let _ = std::fs::remove_dir_all(&self.unfinished);
    }
}

impl Recording {
    /// References are made from the event and its place in the chain: the same log gives the same record.
    fn entry(
        &mut self,
        kind: EntryKind,
        at: &Attachment,
        event: &Event<'_>,
        id: &Identity,
        verdict: &Verdict,
    ) -> Entry {
        self.written += 1;
        let mut seed = self.written.to_le_bytes().to_vec();
        event.put(&mut seed);
        let route = event.route.and_then(|r| at.site.routes.get(usize::from(r)));
        let mut entry = Entry {
            reference: Some(Reference(at.keys.person_key(&String::from_utf8_lossy(&seed)) >> 4)),
            standing: Some(verdict.allowance.standing),
            route: route.map(|r| r.name.clone()),
            family: route.map(|r| r.family.clone()),
            method: Some(event.method.name().to_owned()),
            status: Some(event.status),
            action: Some(verdict.action),
            mode: Some(Mode::Watch),
            ..Entry::about(kind, id, event.at_ms)
        };
        entry.reason_with(&verdict.reasons);
        entry
    }

    /// Somebody was shown a person.
    ///
    /// # Errors
    /// [`ReplayError::Ledger`].
    pub fn disclosure(
        &mut self,
        at: &Attachment,
        event: &Event<'_>,
        id: &Identity,
        verdict: &Verdict,
        (person, fields, charged): (&str, FieldSet, &Charged),
    ) -> Result<(), ReplayError> {
        let mut entry = self.entry(EntryKind::Disclosure, at, event, id, verdict);
        entry.reason_with(&charged.reasons);
        entry.people.push(Disclosure { person: person.to_owned(), shown: fields, masked: charged.masked });
        self.ledger.append(&mut entry)?;
        Ok(())
    }

    /// A request that would not have passed.
    ///
    /// # Errors
    /// [`ReplayError::Ledger`].
    pub fn verdict(
        &mut self,
        at: &Attachment,
        event: &Event<'_>,
        id: &Identity,
        verdict: &Verdict,
    ) -> Result<(), ReplayError> {
        if verdict.action > Action::Mask {
            let mut entry = self.entry(EntryKind::Verdict, at, event, id, verdict);
            (entry.method, entry.status) = (None, None);
            self.ledger.append(&mut entry)?;
        }
        Ok(())
    }

    /// Ends the chain.
    ///
    /// # Errors
    /// [`ReplayError::Ledger`].
    pub fn finish(self) -> Result<(), ReplayError> {
        Ok(self.ledger.sync()?)
    }
}
