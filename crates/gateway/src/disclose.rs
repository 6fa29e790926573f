//! Between the answer room and the record room: charges each person as it is read, and writes the ledger's entry
//! before the bytes that hold that person leave.

use std::sync::Arc;

use hedgerow_engine::answer::Decide;
use hedgerow_engine::doors::{Allowance, Disclosure, Identity, Reason, Reference};
use hedgerow_engine::policy::{FieldSet, Mode};
use hedgerow_engine::record::{Entry, EntryKind};
use parking_lot::Mutex;

use crate::counters::Counters;
use crate::sites::SiteRuntime;

/// What the ledger needs to know of the request an answer belongs to.
#[derive(Clone)]
pub struct Occasion {
    /// The site.
    pub runtime: Arc<SiteRuntime>,
    /// Who asked.
    pub identity: Arc<Identity>,
    /// What they may be shown.
    pub allowance: Allowance,
    /// Index of the route.
    pub route: usize,
    /// Path and query, to come back to after a reveal.
    pub back: Arc<str>,
    /// Method.
    pub method: http::Method,
    /// Status of the answer.
    pub status: u16,
    /// The reference of this request.
    pub reference: Reference,
    /// When.
    pub now_ms: u64,
    /// Whether verdicts are carried out.
    pub mode: Mode,
    /// Codes of the verdict's reasons.
    pub reasons: Vec<Reason>,
    /// The verdict's action.
    pub action: hedgerow_engine::doors::Action,
    /// Random bytes for tokens made while this answer is read.
    pub nonce: [u8; 16],
}

/// People found in an answer and not yet recorded.
#[derive(Default)]
struct Found {
    pending: Vec<Disclosure>,
    reasons: Vec<Reason>,
    masked_any: bool,
    withheld_any: bool,
    parts: u32,
}

/// One answer's account with the budgets and the ledger. Clones share it.
#[derive(Clone)]
pub struct Account {
    occasion: Arc<Occasion>,
    found: Arc<Mutex<Found>>,
}

impl Account {
    /// An account for one answer.
    #[must_use]
    pub fn new(occasion: Occasion) -> Self {
        Self { occasion: Arc::new(occasion), found: Arc::default() }
    }

    /// The occasion.
    #[must_use]
    pub fn occasion(&self) -> &Occasion {
        &self.occasion
    }

    /// Charges one person's fields and notes what leaves; returns what is visible.
    #[must_use]
    pub fn charge(&self, person: &str, want: FieldSet) -> FieldSet {
        let o = &*self.occasion;
        let m = &o.runtime.memory;
        let key = m.keys.person_key(person);
        let charged = m.state.charge(&o.runtime.site, &o.identity, &o.allowance, o.route, person, key, want, o.now_ms);
        let visible = match o.mode {
            Mode::Enforce => charged.shown,
            Mode::Watch => want,
        };
        let mut found = self.found.lock();
        found.masked_any |= !charged.masked.is_empty();
        found.withheld_any |= visible != want;
        for r in charged.reasons {
            if !found.reasons.iter().any(|x| x.code == r.code) {
                found.reasons.push(r);
            }
        }
        match found.pending.iter_mut().rev().find(|d| d.person == person) {
            Some(d) => {
                d.shown = d.shown.union(visible);
                d.masked = d.masked.union(charged.masked);
            }
            None => found.pending.push(Disclosure { person: person.to_owned(), shown: visible, masked: charged.masked }),
        }
        visible
    }

    /// Whether any field was masked (in watch mode: would have been).
    #[must_use]
    pub fn masked(&self) -> bool {
        self.found.lock().masked_any
    }

    /// Whether any field was really withheld from the bytes.
    #[must_use]
    pub fn withheld(&self) -> bool {
        self.found.lock().withheld_any
    }

    /// Writes what was found since the last time to the ledger. Call it before the bytes leave.
    ///
    /// # Errors
    /// The ledger's, in words; what was found stays pending.
    pub fn record(&self) -> Result<(), String> {
        let mut found = self.found.lock();
        if found.pending.is_empty() {
            return Ok(());
        }
        let mut entry = self.entry(EntryKind::Disclosure);
        entry.part = found.parts;
        entry.people = std::mem::take(&mut found.pending);
        if found.parts == 0 {
            entry.reasons.extend(found.reasons.iter().map(|r| r.code.clone()));
        }
        let counters = &self.occasion.runtime.memory.counters;
        match self.occasion.runtime.memory.ledger.append(&entry) {
            Ok(_) => {
                found.parts += 1;
                Counters::add(&counters.disclosures, entry.people.len() as u64);
                let masked: u32 = entry.people.iter().map(|d| d.masked.0.count_ones()).sum();
                Counters::add(&counters.masked, u64::from(masked));
                Ok(())
            }
            Err(e) => {
                Counters::add(&counters.ledger_failures, 1);
                found.pending = entry.people;
                Err(e.to_string())
            }
        }
    }

    /// An entry about this occasion, without people.
    #[must_use]
    pub fn entry(&self, kind: EntryKind) -> Entry {
        let o = &*self.occasion;
        Entry::about(kind, &o.identity, o.now_ms)
    }
}

impl Decide for Account {
    fn decide(&mut self, person: &str, fields: FieldSet) -> FieldSet {
        self.charge(person, fields)
    }

    fn reveal_link(&mut self, person: &str, fields: FieldSet) -> Option<String> {
        let o = &*self.occasion;
        let on_request = fields.of_sensitivities(&o.runtime.site.fields, o.allowance.on_request);
        let session = o.identity.session?;
        if on_request.is_empty() {
            return None;
        }
        let token = o.runtime.proofs.reveal_token(session.name, o.route, person, on_request, &o.back, o.now_ms);
        Some(format!("/.hedgerow/reveal?t={token}"))
    }
}
