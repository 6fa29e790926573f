//! Between the answer room and the record room: charges each person as it is read, and writes the ledger's entry
//! before the bytes that hold that person leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hedgerow_engine::answer::Decide;
use hedgerow_engine::doors::{Action, Allowance, Disclosure, Identity, Reason, Reference};
use hedgerow_engine::judge::proof::Terms;
use hedgerow_engine::policy::{FieldSet, Mode, OnFailure};
use hedgerow_engine::record::{Entry, EntryKind};
use hedgerow_engine::state::{Ask, Charged};
use parking_lot::{Mutex, MutexGuard};
use smallvec::SmallVec;

use crate::counters::Counters;
use crate::path::{Judged, Passage};
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
    /// Random bytes, never used before.
    pub nonce: [u8; 16],
    /// What the ledger calls it.
    pub kind: EntryKind,
    /// The verdict's action.
    pub action: Action,
}

/// People found in an answer and not yet recorded.
#[derive(Default)]
struct Found {
    pending: Vec<Disclosure>,
    /// Keyed hashes of those: a list looks through them once for each person.
    keys: Vec<u64>,
    /// ... of the people in the entry under way.
    under_way: Vec<u64>,
    reasons: Vec<Reason>,
    masked_any: bool,
    withheld_any: bool,
    parts: u32,
    /// How many of the reasons earlier parts have told.
    told: usize,
    /// The terms of the last link to one person's field: on a page of many they are all the same.
    terms: Option<Terms>,
}

impl Found {
    /// Makes room for so many more people.
    fn expect_more(&mut self, people: usize) {
        self.pending.reserve(people);
        self.keys.reserve(people);
    }
}

/// What the clones of an account share.
struct Paper {
    found: Mutex<Found>,
    /// The time at which people are charged: a long answer's beginning may lie hours back.
    at_ms: AtomicU64,
}

impl Paper {
    fn lock(&self) -> MutexGuard<'_, Found> {
        self.found.lock()
    }
}

/// One answer's account with the budgets and the ledger. Clones share it.
#[derive(Clone)]
pub struct Account {
    occasion: Arc<Occasion>,
    found: Arc<Paper>,
}

impl Account {
    /// An account for one answer.
    #[must_use]
    pub fn new(occasion: Occasion) -> Self {
        let paper = Paper { found: Mutex::default(), at_ms: AtomicU64::new(occasion.now_ms) };
        Self { occasion: Arc::new(occasion), found: Arc::new(paper) }
    }

    /// It is this late: whoever is read from now on is charged and recorded at this time. A visitor that takes a long
    /// answer slowly would otherwise be shown people in an hour that is over, and as many again in this one.
    pub fn now_is(&self, now_ms: u64) {
        self.found.at_ms.fetch_max(now_ms, Ordering::Relaxed);
    }

    fn at_ms(&self) -> u64 {
        self.found.at_ms.load(Ordering::Relaxed)
    }

    /// The occasion.
    #[must_use]
    pub fn occasion(&self) -> &Occasion {
        &self.occasion
    }

    /// Charges one person's fields and notes what leaves; returns what is visible.
    #[must_use]
    pub fn charge(&self, person: &str, want: FieldSet) -> FieldSet {
        self.ask_one(person, want, Ask::of)
    }

    /// As [`Account::charge`], for fields the visitor asked for by name.
    #[must_use]
    pub fn reveal(&self, person: &str, want: FieldSet) -> FieldSet {
        self.ask_one(person, want, Ask::by_name)
    }

    /// As [`Account::charge`] for each of several people, in their order.
    fn charge_all(&self, people: &[(&str, FieldSet)], visible: &mut Vec<FieldSet>) {
        let m = &self.occasion.runtime.memory;
        let keys: SmallVec<[u64; 64]> = people.iter().map(|(person, _)| m.keys.person_key(person)).collect();
        m.state.read_ahead(&self.occasion.identity, &keys);
        self.found.lock().expect_more(people.len());
        visible.extend(people.iter().zip(keys).map(|((person, want), key)| self.ask((person, key), *want, Ask::of)));
    }

    fn ask_one(&self, person: &str, want: FieldSet, ask: fn(usize, u64, FieldSet) -> Ask) -> FieldSet {
        let key = self.occasion.runtime.memory.keys.person_key(person);
        self.ask((person, key), want, ask)
    }

    fn ask(&self, (person, key): (&str, u64), want: FieldSet, ask: fn(usize, u64, FieldSet) -> Ask) -> FieldSet {
        let o = &*self.occasion;
        let m = &o.runtime.memory;
        let ask = ask(o.route, key, want);
        let charged = m.state.charge(&o.runtime.site, &o.identity, &o.allowance, &ask, self.at_ms());
        self.take((person, key), want, charged)
    }

    fn take(&self, (person, key): (&str, u64), want: FieldSet, charged: Charged) -> FieldSet {
        let visible = match self.occasion.mode {
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
        let Found { pending, keys, .. } = &mut *found;
        let known = keys.iter().rposition(|k| *k == key).and_then(|i| pending.get_mut(i));
        match known.filter(|d| d.person == person) {
            Some(d) => {
                d.shown = d.shown.union(visible);
                d.masked = d.masked.union(charged.masked);
            }
            None => {
                keys.push(key);
                pending.push(Disclosure { person: person.to_owned(), shown: visible, masked: charged.masked });
            }
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

    /// Whether the ledger has nothing of this answer, and nothing waits to be written.
    #[must_use]
    pub fn tells_of_nobody(&self) -> bool {
        let found = self.found.lock();
        found.parts == 0 && found.pending.is_empty()
    }

    /// Writes what was found since the last time to the ledger. Call it before the bytes leave.
    ///
    /// # Errors
    /// The ledger's, in words; what was found stays pending.
    pub fn record(&self) -> Result<(), String> {
        let Some(mut entry) = self.take_entry() else { return Ok(()) };
        let result = self.occasion.runtime.memory.ledger.append(&mut entry);
        self.recorded(entry, result.map(|_| ()).map_err(|e| e.to_string()))
    }

    /// What was found since the last time, as an entry to be appended; [`Account::recorded`] must be told what came of it.
    pub fn take_entry(&self) -> Option<Entry> {
        let mut found = self.found.lock();
        if found.pending.is_empty() {
            return None;
        }
        let o = &*self.occasion;
        let mut entry = self.entry(o.kind);
        (entry.part, entry.at_ms) = (found.parts, self.at_ms());
        entry.people = std::mem::take(&mut found.pending);
        found.under_way = std::mem::take(&mut found.keys);
        if found.parts == 0 {
            entry.reason_with(&o.reasons);
        }
        // A long list's later part may be the first that met a spent budget.
        entry.reason_with(&found.reasons[found.told.min(found.reasons.len())..]);
        Some(entry)
    }

    /// Whether an entry of this account is in the ledger.
    ///
    /// # Errors
    /// `result`'s; what was found is pending again.
    pub fn recorded(&self, entry: Entry, result: Result<(), String>) -> Result<(), String> {
        let mut found = self.found.lock();
        let o = &*self.occasion;
        let counters = &o.runtime.memory.counters;
        let keys = std::mem::take(&mut found.under_way);
        if result.is_ok() || self.leaves_unrecorded() {
            // A person counts once, though an entry that failed comes again.
            let shown = entry.people.iter().zip(&keys).filter(|(d, _)| !d.shown.is_empty());
            o.runtime.memory.disclosed.add(shown.map(|(_, key)| *key), entry.at_ms);
        }
        if result.is_ok() {
            found.parts += 1;
            found.told = found.reasons.len();
            Counters::add(&counters.disclosures, entry.people.len() as u64);
            let masked: u32 = entry.people.iter().map(|d| d.masked.0.count_ones()).sum();
            Counters::add(&counters.masked, u64::from(masked));
            self.seal(o);
        } else {
            Counters::add(&counters.ledger_failures, 1);
            found.keys = keys;
            found.pending = entry.people;
        }
        result
    }

    /// What a ledger that cannot be written means for this answer: what the policy says, and watching stops nobody.
    #[must_use]
    pub fn on_ledger(&self) -> OnFailure {
        let o = &*self.occasion;
        if o.mode == Mode::Watch { OnFailure::Pass } else { o.runtime.site.failures.ledger }
    }

    /// Whether people are shown though the ledger could not be written. What was asked for by name never is.
    fn leaves_unrecorded(&self) -> bool {
        self.on_ledger() == OnFailure::Pass && self.occasion.kind != EntryKind::Reveal
    }

    /// Keeps the raw address of whoever was shown people, sealed, for as many days as the policy says.
    fn seal(&self, o: &Occasion) {
        if o.runtime.site.privacy.sealed_address_days == 0 {
            return;
        }
        let mut nonce = [0u8; 12];
        nonce.copy_from_slice(&o.nonce[..12]);
        let sealer = &o.runtime.memory.sealer;
        if let Err(e) = sealer.seal(o.identity.address, o.identity.address_raw, nonce, o.now_ms) {
            tracing::error!(site = o.runtime.site.name, error = %e, "an address could not be sealed; a case could not name it");
        }
    }

    /// An entry about this occasion, without people.
    fn entry(&self, kind: EntryKind) -> Entry {
        let o = &*self.occasion;
        let route = &o.runtime.site.routes[o.route];
        Entry {
            reference: Some(o.reference),
            standing: Some(o.allowance.standing),
            route: Some(route.name.clone()),
            family: Some(route.family.clone()),
            method: Some(o.method.to_string()),
            status: Some(o.status),
            action: Some(o.action),
            mode: Some(o.mode),
            fields: Some(Arc::clone(&o.runtime.fields)),
            ..Entry::about(kind, &o.identity, o.now_ms)
        }
    }

    /// Notes that people may have left uncounted, and why.
    pub fn note_gap(&self, why: &str) {
        let mut entry = self.entry(EntryKind::Gap);
        entry.reasons.push("unreadable".to_owned());
        entry.note = Some(why.to_owned());
        append(&self.occasion.runtime, entry);
    }
}

/// Appends an entry that tells of no disclosure; a failure is counted and told, and stops nothing.
fn append(runtime: &SiteRuntime, mut entry: Entry) {
    if let Err(e) = runtime.memory.ledger.append(&mut entry) {
        Counters::add(&runtime.memory.counters.ledger_failures, 1);
        tracing::error!(site = runtime.site.name, error = %e, "an entry was not recorded");
    }
}

/// Records a request that does not pass.
pub fn note_verdict(passage: &Passage, judged: &Judged, action: Action) {
    append(&passage.site, about(EntryKind::Verdict, passage, judged, action));
}

/// On which way a challenge was solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The browser worked, with JavaScript.
    Work,
    /// The visitor waited, without.
    Wait,
}

/// Records a solved challenge, and on which way: whether people without JavaScript get through is asked of the ledger.
pub fn note_proof(passage: &Passage, judged: &Judged, way: Way) {
    let mut entry = about(EntryKind::Proof, passage, judged, Action::Prove);
    let code = if way == Way::Work { "solved_work" } else { "solved_wait" };
    entry.reasons.push(code.to_owned());
    append(&passage.site, entry);
}

fn about(kind: EntryKind, passage: &Passage, judged: &Judged, action: Action) -> Entry {
    let route = judged.route.and_then(|r| passage.site.site.routes.get(r));
    let mut entry = Entry {
        reference: Some(passage.reference),
        standing: Some(judged.verdict.allowance.standing),
        route: route.map(|r| r.name.clone()),
        family: route.map(|r| r.family.clone()),
        action: Some(action),
        mode: Some(passage.site.mode()),
        ..Entry::about(kind, &judged.identity, passage.now_ms)
    };
    entry.reason_with(&judged.verdict.reasons);
    entry
}

impl Decide for Account {
    fn decide(&mut self, person: &str, fields: FieldSet) -> FieldSet {
        self.charge(person, fields)
    }

    fn decide_all(&mut self, people: &[(&str, FieldSet)], visible: &mut Vec<FieldSet>) {
        self.charge_all(people, visible);
    }

    fn unread(&mut self, fields: FieldSet) -> FieldSet {
        // Fields whose person could not be told: nobody can be charged for them, so nobody is shown them.
        match self.occasion.mode {
            Mode::Watch => fields,
            Mode::Enforce => {
                self.found.lock().withheld_any = true;
                FieldSet::NONE
            }
        }
    }

    fn reveal_link(&mut self, person: &str, fields: FieldSet) -> Option<String> {
        let o = &*self.occasion;
        let all = &o.runtime.site.fields;
        // What nobody is shown is not offered either; it would open nothing.
        let open = fields.minus(o.allowance.everybody.masked);
        let asked = open.of_sensitivities(all, o.allowance.on_request);
        let session = o.identity.session?;
        if asked.is_empty() {
            return None;
        }
        // What is revealed is a sensitivity of one person, not a word: the page behind the link names all it will show.
        let told = o.runtime.plans[o.route].declared().of_sensitivities(all, asked.sensitivities(all));
        let told = told.minus(o.allowance.everybody.masked);
        let mut found = self.found.lock();
        let terms = match found.terms.filter(|t| t.fields == told) {
            Some(known) => known,
            None => *found.terms.insert(Terms::of(&o.runtime.site, o.route, told)?),
        };
        drop(found);
        let token = o.runtime.proofs.reveal_token(session.name, terms, person, &o.back, o.now_ms);
        Some(format!("/.hedgerow/reveal?t={token}"))
    }
}
