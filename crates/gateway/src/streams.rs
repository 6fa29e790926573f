//! The streams of one HTTP/2 connection: how many are open, and whether the visitor takes what waits for it.
//!
//! hyper hands a piece of an answer on when the stream's window lets it, and asks the body for the next. A visitor that
//! keeps a window shut and answers pings would hold a stream, and the site's connection behind it, for ever; so each
//! stream has its time, and a connection without streams as well. What is quiet because the site is quiet, an event stream
//! for example, owes nothing.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::body::{Body, BodyError};
use crate::patience::{Debt, Pace};

/// Longest piece of an answer: a visitor on a slow line is seen to take something that often.
const PIECE: usize = 16 * 1024;

/// Most streams among which the time of a wait is shared: they wait for each other on one line.
const SHARED_BY: usize = 8;

/// The streams of a connection.
pub struct Streams {
    pace: Pace,
    /// Bytes written to the connection.
    wrote: Arc<AtomicU64>,
    open: Cell<usize>,
    waiting: Cell<usize>,
    /// When the last stream ended; at first the connection's beginning.
    idle_since: Cell<Instant>,
    /// Of the request that was taken up last, until its task has begun.
    begun: RefCell<Option<Rc<Taking>>>,
}

impl Streams {
    /// No streams yet. `wrote` counts what is written to the connection.
    #[must_use]
    pub fn new(pace: Pace, wrote: Arc<AtomicU64>) -> Rc<Self> {
        Rc::new(Self {
            pace,
            wrote,
            open: Cell::new(0),
            waiting: Cell::new(0),
            idle_since: Cell::new(Instant::now()),
            begun: RefCell::default(),
        })
    }

    /// A request begins; its task, which hyper hands to [`StreamExec`] right after, is watched.
    #[must_use]
    pub fn begin(&self) -> Rc<Taking> {
        let taking = Rc::<Taking>::default();
        *self.begun.borrow_mut() = Some(Rc::clone(&taking));
        taking
    }

    /// Waits until for so long no stream was open, and nothing worth mentioning was still on its way to the visitor.
    pub async fn idle(&self, patience: Duration) {
        let mut looked = Instant::now();
        let mut wrote = self.wrote.load(Ordering::Relaxed);
        let mut due = self.idle_since.get() + patience;
        loop {
            sleep_until(due).await;
            let now = Instant::now();
            if self.open.get() > 0 {
                due = now + patience;
            } else if now < self.idle_since.get() + patience {
                due = self.idle_since.get() + patience;
            } else if self.pace.is_kept(self.wrote.load(Ordering::Relaxed) - wrote, now - looked) {
                // The ends of answers that hyper has in hand, and a slow line.
                due = now + patience;
            } else {
                return;
            }
            (looked, wrote) = (now, self.wrote.load(Ordering::Relaxed));
        }
    }
}

/// How the answer of one stream is taken.
#[derive(Default)]
pub struct Taking {
    /// Length of the piece that hyper has and has not sent on; 0 = none.
    given: Cell<usize>,
    debt: Cell<Debt>,
    /// Since when the piece waits, as far as it is not in `waited` yet; `None` while nothing waits.
    since: Cell<Option<Instant>>,
    waited: Cell<Duration>,
}

impl Taking {
    /// The piece was taken: hyper asks for the next.
    fn taken(&self, streams: &Streams) {
        let bytes = self.given.take();
        if self.since.get().is_some() {
            self.look(streams);
            self.forget(streams);
            let mut debt = self.debt.get();
            debt.waited(self.waited.take());
            debt.took(bytes, streams.pace);
            self.debt.set(debt);
        } else if bytes > 0 && self.debt.get().is_owed() {
            let mut debt = self.debt.get();
            debt.took(bytes, streams.pace);
            self.debt.set(debt);
        }
    }

    /// Adds the time since the last look to the wait.
    fn look(&self, streams: &Streams) {
        let now = Instant::now();
        match self.since.replace(Some(now)) {
            Some(since) => {
                let share = streams.waiting.get().clamp(1, SHARED_BY);
                self.waited.set(self.waited.get() + (now - since) / u32::try_from(share).unwrap_or(1));
            }
            None => streams.waiting.set(streams.waiting.get() + 1),
        }
    }

    fn forget(&self, streams: &Streams) {
        if self.since.take().is_some() {
            streams.waiting.set(streams.waiting.get().saturating_sub(1));
        }
    }

    /// How much longer it may wait.
    fn left(&self, streams: &Streams) -> Duration {
        streams.pace.left(self.waited.get(), self.debt.get())
    }
}

/// Runs hyper's tasks on the worker's own thread; streams only as long as their answers are taken.
#[derive(Clone)]
pub struct StreamExec(pub Rc<Streams>);

impl<F> hyper::rt::Executor<F> for StreamExec
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        match self.0.begun.take() {
            Some(taking) => {
                self.0.open.set(self.0.open.get() + 1);
                let open = Open { streams: Rc::clone(&self.0), taking };
                tokio::task::spawn_local(open.watch(future));
            }
            None => {
                tokio::task::spawn_local(future);
            }
        }
    }
}

/// A stream that counts as open until it is dropped.
struct Open {
    streams: Rc<Streams>,
    taking: Rc<Taking>,
}

impl Open {
    /// Runs a stream to its end, or until its answer has waited too long; dropping it resets the stream.
    async fn watch<F: Future>(self, stream: F) {
        let mut stream = pin!(stream);
        // Made only where something has to wait for the visitor.
        let mut timer: Option<Pin<Box<Sleep>>> = None;
        poll_fn(|cx| {
            if stream.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if self.taking.given.get() == 0 {
                timer = None;
                return Poll::Pending;
            }
            loop {
                if self.taking.since.get().is_none() {
                    self.taking.look(&self.streams);
                    timer = None;
                }
                let left = || self.taking.left(&self.streams);
                ready!(timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(left()))).as_mut().poll(cx));
                self.taking.look(&self.streams);
                if left() < Duration::from_millis(2) {
                    tracing::debug!("a stream was given up: the visitor did not take what waited for it");
                    return Poll::Ready(());
                }
                timer = None;
            }
        })
        .await;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.taking.forget(&self.streams);
        let left = self.streams.open.get().saturating_sub(1);
        self.streams.open.set(left);
        if left == 0 {
            self.streams.idle_since.set(Instant::now());
        }
    }
}

/// An answer in pieces, on a stream that is watched.
pub struct Pieces {
    body: Body,
    /// What did not fit into the piece before.
    rest: Bytes,
    streams: Rc<Streams>,
    taking: Rc<Taking>,
}

impl Pieces {
    /// The body of an answer to the request of `taking`.
    #[must_use]
    pub fn new(body: Body, streams: Rc<Streams>, taking: Rc<Taking>) -> Self {
        Self { body, rest: Bytes::new(), streams, taking }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        this.taking.taken(&this.streams);
        let mut piece = std::mem::take(&mut this.rest);
        if piece.is_empty() {
            match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => piece = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                other => return Poll::Ready(other),
            }
        }
        if piece.len() > PIECE {
            this.rest = piece.split_off(PIECE);
        }
        this.taking.given.set(piece.len());
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        // Asked for before the first piece only; behind it, the rest is no longer the body's own.
        if self.rest.is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}
