//! Bodies on their way to the visitor.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Sleep;

use crate::forward::Returning;
use crate::reading::ReadBody;

/// What a visitor receives.
pub enum Body {
    /// Nothing.
    Empty,
    /// A page of ours, or a short answer that was read whole.
    Whole(Bytes),
    /// The site's bytes, untouched.
    Passing(Passing),
    /// The site's bytes, read for people and masked where need be.
    Read(Box<ReadBody>),
}

/// Why a body ended early. The visitor sees a broken connection, never a half-masked page.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The site broke off.
    #[error("the site broke off: {0}")]
    Site(#[from] hyper::Error),
    /// The site fell silent.
    #[error("the site sent nothing for {0:?}")]
    Silent(Duration),
    /// The answer could not be read, and something in it may have had to be masked.
    #[error("the answer could not be read: {0}")]
    Unreadable(String),
    /// A disclosure could not be recorded, so it does not leave.
    #[error("the ledger cannot be written: {0}")]
    Ledger(String),
}

/// The site's bytes, frame by frame, with a limit on its silence.
pub struct Passing {
    incoming: Incoming,
    returning: Returning,
    silence: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Passing {
    /// The body of an answer; `silence` is the longest pause, `None` for event streams, which may be silent for hours.
    #[must_use]
    pub fn new(incoming: Incoming, returning: Returning, silence: Option<Duration>) -> Self {
        let mut passing = Self { incoming, returning, silence, timer: None };
        if passing.incoming.is_end_stream() {
            passing.returning.done();
        }
        passing
    }

    /// The next frame.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(frame) => {
                self.timer = None;
                if frame.is_none() || self.incoming.is_end_stream() {
                    self.returning.done();
                }
                Poll::Ready(frame.map(|f| f.map_err(BodyError::Site)))
            }
            Poll::Pending => {
                let Some(silence) = self.silence else { return Poll::Pending };
                let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(silence)));
                ready!(timer.as_mut().poll(cx));
                Poll::Ready(Some(Err(BodyError::Silent(silence))))
            }
        }
    }

    /// The next frame, awaited.
    pub async fn next(&mut self) -> Option<Result<Frame<Bytes>, BodyError>> {
        std::future::poll_fn(|cx| self.poll_next(cx)).await
    }

    /// How long the body is, as far as the site said.
    #[must_use]
    pub fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Whole(bytes) => {
                let bytes = std::mem::take(bytes);
                *self = Self::Empty;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Passing(p) => p.poll_next(cx),
            Self::Read(r) => r.poll_next(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Whole(b) => b.is_empty(),
            Self::Passing(p) => p.incoming.is_end_stream(),
            Self::Read(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Whole(b) => SizeHint::with_exact(b.len() as u64),
            Self::Passing(p) => p.incoming.size_hint(),
            Self::Read(_) => SizeHint::default(),
        }
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Whole(Bytes::from(text))
    }
}
