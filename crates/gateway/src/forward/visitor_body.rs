//! A visitor's request body on its way to the site: streamed, with a limit on how long it may stall.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use crate::patience::Pace;

/// When a body's latest piece, or its end, was taken towards the site.
#[derive(Debug)]
pub struct Moved {
    pace: Pace,
    begun: Instant,
    since_ms: AtomicU64,
    bytes: AtomicU64,
}

impl Moved {
    /// Nothing was taken yet. However little comes, it may take the grace of `pace`; beyond that it must come at the least
    /// pace, taken over its whole length: far below any line that a person would wait for, and far above a byte before
    /// each silence becomes too long, by which a request could be held open for ever.
    #[must_use]
    pub(super) fn new(pace: Pace) -> Self {
        Self { pace, begun: Instant::now(), since_ms: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// So many bytes were taken now.
    pub(super) fn now(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.since_ms.store(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The time of it; of a body that is too slow, the time at which what came of it should have been through.
    #[must_use]
    pub fn last(&self) -> Instant {
        let taken = Duration::from_millis(self.since_ms.load(Ordering::Relaxed));
        let borne = self.pace.worth(self.bytes.load(Ordering::Relaxed));
        self.begun + taken.min(self.pace.grace.saturating_add(borne))
    }
}

/// Nothing, or what the visitor sends.
#[derive(Debug)]
pub struct VisitorBody {
    /// Bytes that have been read already; nothing comes behind them.
    read: Option<Bytes>,
    incoming: Option<Incoming>,
    stall: Duration,
    moved: Option<Arc<Moved>>,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Why a visitor's body ended early.
#[derive(Debug, thiserror::Error)]
pub enum VisitorBodyError {
    /// It stopped.
    #[error("the visitor sent nothing for {0:?}")]
    Stalled(Duration),
    /// The connection broke.
    #[error("the visitor's connection broke: {0}")]
    Broken(#[from] hyper::Error),
}

impl VisitorBody {
    /// No body.
    #[must_use]
    pub fn nothing() -> Self {
        Self { read: None, incoming: None, stall: Duration::ZERO, moved: None, timer: None }
    }

    /// A body that has been read.
    #[must_use]
    pub fn whole(bytes: Bytes) -> Self {
        Self { read: Some(bytes).filter(|b| !b.is_empty()), ..Self::nothing() }
    }

    /// What the visitor sends, and how slowly it may.
    #[must_use]
    pub fn of(incoming: Incoming, pace: Pace) -> Self {
        if incoming.is_end_stream() {
            Self::nothing()
        } else {
            Self {
                read: None,
                incoming: Some(incoming),
                stall: pace.stall,
                moved: Some(Arc::new(Moved::new(pace))),
                timer: None,
            }
        }
    }

    /// When its latest piece was taken; `None` for bodies that are there from the start.
    #[must_use]
    pub fn moved(&self) -> Option<Arc<Moved>> {
        self.moved.clone()
    }

    /// Whether there is no body at all.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.incoming.is_none() && self.read.is_none()
    }
}

impl Body for VisitorBody {
    type Data = Bytes;
    type Error = VisitorBodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, VisitorBodyError>>> {
        let this = &mut *self;
        if let Some(bytes) = this.read.take() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let Some(incoming) = &mut this.incoming else { return Poll::Ready(None) };
        match Pin::new(incoming).poll_frame(cx) {
            Poll::Ready(r) => {
                this.timer = None;
                if let Some(m) = &this.moved {
                    let piece = r.as_ref().and_then(|r| r.as_ref().ok()?.data_ref());
                    m.now(piece.map_or(0, Bytes::len));
                }
                Poll::Ready(r.map(|r| r.map_err(VisitorBodyError::Broken)))
            }
            Poll::Pending => {
                let stall = this.stall;
                let timer = this.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
                match timer.as_mut().poll(cx) {
                    Poll::Ready(()) => Poll::Ready(Some(Err(VisitorBodyError::Stalled(stall)))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_none() && self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match (&self.read, &self.incoming) {
            (Some(bytes), _) => SizeHint::with_exact(bytes.len() as u64),
            (None, Some(incoming)) => incoming.size_hint(),
            (None, None) => SizeHint::with_exact(0),
        }
    }
}
