//! The request guard: a stream under hyper's HTTP/1 server through which only unambiguous requests pass.
//!
//! A refused head never reaches hyper. In its place hyper is given a request line of our own that is certainly wrong, followed
//! by the end of the stream, so that hyper itself answers 400 (or 431), with `Connection: close`, *after* every response still in
//! flight. The alternative, writing the answer from below, was rejected: the guard cannot know where in the byte stream an earlier
//! response ends, and an answer written into the middle of another is the very confusion it exists to prevent. Reporting an error
//! from `poll_read` was rejected too: hyper reads ahead while a response is in flight and would cut it off.
//!
//! A fault inside a body (chunked framing) is reported as an [`io::Error`] carrying the [`GuardError`]: its request is already with the
//! service, which sees its body fail.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::framing::{Framing, Step};
pub use super::heads::Heads;
pub use super::refusal::{GuardError, Limits};
use super::writes::writes_pass;

const FIRST_BUFFER: usize = 4 * 1024;
/// No method begins with NUL: hyper answers 400.
const BAD_REQUEST: &[u8] = b"\0\r\n\r\n";

/// More header fields than any server takes: hyper answers 431.
fn too_large() -> Vec<u8> {
    let mut bytes = b"GET / HTTP/1.1\r\n".to_vec();
    bytes.extend(b"a:\r\n".iter().copied().cycle().take(4 * 1024));
    bytes.extend(b"\r\n");
    bytes
}

#[derive(Debug, Default)]
struct Shared {
    passthrough: AtomicBool,
    refusal: OnceLock<GuardError>,
}

/// What the rest of the gateway holds of a connection's guard. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct GuardHandle {
    shared: Arc<Shared>,
    heads: Heads,
}

impl GuardHandle {
    /// Lets every further byte pass: the connection has become something else than HTTP/1. To be called *before* the 101 answer is
    /// given to hyper; what the visitor sent earlier was still judged as HTTP.
    pub fn passthrough(&self) {
        self.shared.passthrough.store(true, Ordering::Release);
    }

    /// Why the connection was refused, if it was. Known before hyper's error page leaves.
    #[must_use]
    pub fn refusal(&self) -> Option<GuardError> {
        self.shared.refusal.get().copied()
    }

    /// Header names of the requests.
    #[must_use]
    pub fn heads(&self) -> &Heads {
        &self.heads
    }
}

/// Guards `inner`. Bytes written pass untouched.
#[derive(Debug)]
pub struct Guard<S> {
    inner: S,
    framing: Framing,
    handle: GuardHandle,
    /// Always initialised to its full length; `start..clear` may be read by hyper, `clear..end` is held.
    buffer: Vec<u8>,
    start: usize,
    clear: usize,
    end: usize,
    /// Set once nothing more is read from the visitor.
    over: Option<Over>,
}

#[derive(Debug, Clone, Copy)]
enum Over {
    Head,
    Body(GuardError),
}

impl<S> Guard<S> {
    /// Guards `inner` from its first byte on.
    #[must_use]
    pub fn new(inner: S, limits: Limits) -> (Self, GuardHandle) {
        let handle = GuardHandle::default();
        let guard = Self {
            inner,
            framing: Framing::new(limits),
            handle: handle.clone(),
            buffer: vec![0; FIRST_BUFFER],
            start: 0,
            clear: 0,
            end: 0,
            over: None,
        };
        (guard, handle)
    }

    /// The stream below.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    fn refuse(&mut self, error: GuardError) {
        // The first reason is the reason; there is no second one on a connection that reads no more.
        let _ = self.handle.shared.refusal.set(error);
        if self.framing.in_body() {
            self.end = self.clear;
            self.over = Some(Over::Body(error));
            return;
        }
        self.buffer.truncate(self.clear);
        if error.status() == 431 {
            self.buffer.extend_from_slice(&too_large());
        } else {
            self.buffer.extend_from_slice(BAD_REQUEST);
        }
        self.end = self.buffer.len();
        self.clear = self.end;
        self.over = Some(Over::Head);
    }

    /// Clears as much of what is held as may pass.
    fn judge(&mut self) {
        while self.over.is_none() {
            if self.handle.shared.passthrough.load(Ordering::Acquire) {
                self.clear = self.end;
                return;
            }
            let held = self.buffer.get(self.clear..self.end).unwrap_or_default();
            let heads = &self.handle.heads;
            match self.framing.step(held, |_, names| heads.note(names)) {
                Ok(Step::Pass(n)) => self.clear = self.clear.saturating_add(n).min(self.end),
                Ok(Step::More) => return,
                Ok(Step::Raw) => {
                    self.handle.passthrough();
                }
                Err(error) => self.refuse(error),
            }
        }
    }

    fn make_room(&mut self) {
        if self.start == self.end {
            (self.start, self.clear, self.end) = (0, 0, 0);
            if self.buffer.len() > 4 * FIRST_BUFFER {
                // One long head must not be paid for by a connection that then idles for hours.
                self.buffer = vec![0; FIRST_BUFFER];
            }
        } else if self.start > 0 && self.end == self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.clear, self.end) = (self.clear - self.start, self.end - self.start);
            self.start = 0;
        }
        if self.end == self.buffer.len() {
            // Bounded: what is held is a head, a trailer section or a chunk line, each with its limit.
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guard<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        if out.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        loop {
            if me.start == me.clear {
                me.judge();
            }
            if me.start < me.clear {
                let ready = me.buffer.get(me.start..me.clear).unwrap_or_default();
                let part = ready.get(..out.remaining()).unwrap_or(ready);
                out.put_slice(part);
                me.start += part.len();
                return Poll::Ready(Ok(()));
            }
            match me.over {
                Some(Over::Head) => return Poll::Ready(Ok(())),
                Some(Over::Body(error)) => return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, error))),
                None => {}
            }
            if me.start == me.end {
                let raw = me.handle.shared.passthrough.load(Ordering::Acquire);
                // A body that fills all the room there is needs no copy. One that fills less must not be read past its end, and
                // limiting a ReadBuf costs either unsafe code or zeroing.
                if raw || me.framing.unread_body() >= out.remaining() as u64 {
                    let before = out.filled().len();
                    ready!(Pin::new(&mut me.inner).poll_read(cx, out))?;
                    if !raw {
                        me.framing.skip((out.filled().len() - before) as u64);
                    }
                    return Poll::Ready(Ok(()));
                }
            }
            me.make_room();
            let room = me.buffer.get_mut(me.end..).unwrap_or_default();
            let mut read = ReadBuf::new(room);
            ready!(Pin::new(&mut me.inner).poll_read(cx, &mut read))?;
            let n = read.filled().len();
            if n == 0 {
                // The visitor left; a head held back is dropped, as hyper drops half a head.
                return Poll::Ready(Ok(()));
            }
            me.end += n;
        }
    }
}

writes_pass!(Guard);
