//! Entries of answers that are ready at the same moment go into the ledger together.
//!
//! A busy worker wakes up to several answers at once. Each gives its entry here and waits until all that are ready now have
//! done so; then whoever came first writes for all: one look whether the segment still has its name, one `write`, and one
//! `fsync` where the disk must confirm. Nobody's answer leaves before that. A worker with a single answer at hand writes
//! it in the same turn.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use hedgerow_engine::record::{Entry, Ledger, RecordError};

use crate::disclose::Account;
use crate::memory::SiteMemory;

/// What came of an entry, once it is known, and who waits for it.
#[derive(Default)]
struct Seat {
    outcome: RefCell<Option<Result<(), String>>>,
    waker: RefCell<Option<Waker>>,
}

/// Entries for one ledger, with the accounts and seats they belong to.
struct Round {
    memory: Arc<SiteMemory>,
    entries: Vec<Entry>,
    theirs: Vec<(Account, Rc<Seat>)>,
}

/// A worker's entries that are about to be written.
#[derive(Default)]
pub struct Commits {
    rounds: RefCell<Vec<Round>>,
}

impl Commits {
    /// Writes what an account found since the last time to the ledger, with what others bring at the same moment. When
    /// this returns, it is recorded. Whoever stops waiting is recorded all the same.
    ///
    /// # Errors
    /// The ledger's, in words; what was found stays pending.
    pub async fn record(&self, account: &Account) -> Result<(), String> {
        let Some(entry) = account.take_entry() else { return Ok(()) };
        let seat = Rc::<Seat>::default();
        let first = self.join(account, entry, &seat);
        Waiting { commits: self, seat, first, asked: false }.await
    }

    /// Adds an entry; whether it is the first one of those to be written.
    fn join(&self, account: &Account, entry: Entry, seat: &Rc<Seat>) -> bool {
        let mut rounds = self.rounds.borrow_mut();
        let memory = &account.occasion().runtime.memory;
        let theirs = (account.clone(), Rc::clone(seat));
        let first = rounds.iter().all(|r| r.entries.is_empty());
        match rounds.iter_mut().find(|r| Arc::ptr_eq(&r.memory, memory)) {
            Some(round) => {
                round.entries.push(entry);
                round.theirs.push(theirs);
            }
            None => {
                // Only ledgers that are in use have a round.
                rounds.retain(|r| !r.entries.is_empty());
                rounds.push(Round { memory: Arc::clone(memory), entries: vec![entry], theirs: vec![theirs] });
            }
        }
        first
    }

    /// Writes all that is there, and tells those who wait.
    fn write(&self) {
        let mut rounds = std::mem::take(&mut *self.rounds.borrow_mut());
        for round in &mut rounds {
            let results = append(&round.memory.ledger, &mut round.entries);
            for ((entry, (account, seat)), result) in round.entries.drain(..).zip(round.theirs.drain(..)).zip(results) {
                *seat.outcome.borrow_mut() = Some(account.recorded(entry, result));
                if let Some(waker) = seat.waker.take() {
                    waker.wake();
                }
            }
        }
        // Their room is kept for the next ones.
        let mut now = self.rounds.borrow_mut();
        if now.is_empty() {
            *now = rounds;
        }
    }
}

/// Appends entries together. One that no line can hold must not take the others with it, nor must fields of two policies
/// that are too many for one segment.
fn append(ledger: &Ledger, entries: &mut [Entry]) -> Vec<Result<(), String>> {
    match ledger.append_all(entries) {
        Ok(_) => entries.iter().map(|_| Ok(())).collect(),
        Err(RecordError::TooLong { .. } | RecordError::ManyFields { .. } | RecordError::Json(_))
            if entries.len() > 1 =>
        {
            entries.iter_mut().map(|e| ledger.append(e).map(|_| ()).map_err(|e| e.to_string())).collect()
        }
        Err(e) => entries.iter().map(|_| Err(e.to_string())).collect(),
    }
}

/// Waits for the others that are ready now, then for the ledger.
struct Waiting<'a> {
    commits: &'a Commits,
    seat: Rc<Seat>,
    first: bool,
    asked: bool,
}

impl Future for Waiting<'_> {
    type Output = Result<(), String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        if self.asked {
            self.seat.waker.take();
            if self.seat.outcome.borrow().is_none() {
                self.commits.write();
            }
            let outcome = self.seat.outcome.take();
            return outcome.map_or(Poll::Pending, Poll::Ready);
        }
        self.asked = true;
        *self.seat.waker.borrow_mut() = Some(cx.waker().clone());
        if self.first {
            // Behind all tasks that can go on now.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // A visitor left. It may have been the one that was to write for all, and its people are charged.
        let waits = self.seat.outcome.borrow().is_none() && Rc::strong_count(&self.seat) > 1;
        if waits {
            self.seat.waker.take();
            self.commits.write();
        }
    }
}
