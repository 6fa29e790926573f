//! A stream with bytes to be read before its own: what a tap has already taken from the socket is handed on here.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

use super::writes::writes_pass;

/// Reads `prefix` to its end, then `inner`. Writing goes straight to `inner`.
#[derive(Debug)]
pub struct Prefixed<S> {
    prefix: Vec<u8>,
    read: usize,
    inner: S,
}

impl<S> Prefixed<S> {
    /// Puts `prefix` in front of `inner`.
    #[must_use]
    pub fn new(prefix: Vec<u8>, inner: S) -> Self {
        Self { prefix, read: 0, inner }
    }

    /// The stream below.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The bytes not yet read, and the stream below.
    #[must_use]
    pub fn into_parts(mut self) -> (Vec<u8>, S) {
        self.prefix.drain(..self.read);
        (self.prefix, self.inner)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Prefixed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        let rest = me.prefix.get(me.read..).unwrap_or_default();
        if rest.is_empty() {
            return Pin::new(&mut me.inner).poll_read(cx, out);
        }
        let part = rest.get(..out.remaining()).unwrap_or(rest);
        out.put_slice(part);
        me.read += part.len();
        if me.read == me.prefix.len() {
            // The hello is up to 16 KiB and a connection may live for hours.
            me.prefix = Vec::new();
            me.read = 0;
        }
        Poll::Ready(Ok(()))
    }
}

writes_pass!(Prefixed);
