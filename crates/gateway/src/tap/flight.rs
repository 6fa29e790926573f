//! The first flight of an HTTP/2 client: what it announces before, and how it orders, its first request.
//!
//! The print's text is our own and is compared with nothing but itself: `h2:1=65536,3=1000|wu=15663105|masp` reads "settings 1
//! and 3 with these values in this order; connection window raised by so much; method, authority, scheme, path". Without
//! settings the list is empty, without a window update it says `wu=0`.

use std::fmt::Write as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::framing::PREFACE;
use super::hpack::pseudo_order;
use super::wire::Wire;
use super::writes::writes_pass;

/// Most bytes looked at. A browser's first flight is under 1 KiB.
pub const LONGEST: usize = 16 * 1024;
/// Most settings that go into a print.
const SETTINGS: usize = 32;

/// Where the reading stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed.
    More,
    /// The print.
    Print(String),
    /// There will be no print: not HTTP/2, malformed, or over [`LONGEST`].
    None,
}

/// Collects a first flight from bytes as they come. Needs no socket.
#[derive(Debug, Default)]
pub struct Flight {
    bytes: Vec<u8>,
    /// Where the frame not yet read begins.
    next: usize,
    settings: String,
    settings_count: usize,
    settings_seen: bool,
    window: Option<u32>,
}

impl Flight {
    /// Takes more bytes. Once it has answered anything but [`Progress::More`] it must not be called again.
    pub fn push(&mut self, bytes: &[u8]) -> Progress {
        let room = LONGEST.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if self.next == 0 {
            let common = self.bytes.iter().zip(PREFACE).take_while(|(a, b)| a == b).count();
            if common < PREFACE.len() {
                return if common < self.bytes.len() { Progress::None } else { Progress::More };
            }
            self.next = PREFACE.len();
        }
        loop {
            let all = std::mem::take(&mut self.bytes);
            let step = self.frame(all.get(self.next..).unwrap_or_default());
            self.bytes = all;
            match step {
                Some(Frame::Read(n)) => self.next += n,
                Some(Frame::Print(text)) => return Progress::Print(text),
                Some(Frame::Wrong) => return Progress::None,
                None if self.bytes.len() >= LONGEST => return Progress::None,
                None => return Progress::More,
            }
        }
    }

    /// Reads one frame (RFC 9113 section 4.1); `None` where it is not whole.
    fn frame(&mut self, bytes: &[u8]) -> Option<Frame> {
        let mut wire = Wire::new(bytes);
        let length = wire.u24()?;
        let kind = wire.u8()?;
        let flags = wire.u8()?;
        let stream = wire.u32()? & 0x7fff_ffff;
        let payload = wire.take(length)?;
        let read = Frame::Read(9 + length);
        // The preface's SETTINGS come first (RFC 9113 section 3.4); whoever sends something else is cut off by hyper.
        if !self.settings_seen && kind != 4 {
            return Some(Frame::Wrong);
        }
        match kind {
            1 => Some(headers(payload, flags).map_or(Frame::Wrong, |order| Frame::Print(self.print(&order)))),
            4 if flags & 1 == 0 => {
                self.settings_seen = true;
                self.note_settings(payload);
                Some(read)
            }
            8 if stream == 0 && self.window.is_none() => {
                self.window = Wire::new(payload).u32().map(|n| n & 0x7fff_ffff);
                Some(read)
            }
            _ => Some(read),
        }
    }

    fn note_settings(&mut self, payload: &[u8]) {
        let mut wire = Wire::new(payload);
        while let (Some(id), Some(value)) = (wire.u16(), wire.u32()) {
            if self.settings_count == SETTINGS {
                return;
            }
            let comma = if self.settings_count == 0 { "" } else { "," };
            self.settings_count += 1;
            // Writing to a String cannot fail.
            let _ = write!(self.settings, "{comma}{id}={value}");
        }
    }

    fn print(&self, order: &str) -> String {
        format!("h2:{}|wu={}|{order}", self.settings, self.window.unwrap_or(0))
    }
}

enum Frame {
    Read(usize),
    Print(String),
    Wrong,
}

/// The pseudo-header order of a HEADERS payload (RFC 9113 section 6.2).
fn headers(payload: &[u8], flags: u8) -> Option<String> {
    let mut wire = Wire::new(payload);
    let padding = if flags & 0x08 != 0 { usize::from(wire.u8()?) } else { 0 };
    if flags & 0x20 != 0 {
        wire.take(5)?;
    }
    let block = wire.take(wire.left().checked_sub(padding)?)?;
    Some(pseudo_order(block))
}

/// A connection's print, once it is known. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct FlightHandle(Arc<OnceLock<String>>);

impl FlightHandle {
    /// The print: known before the first request of the connection is served, when the connection speaks HTTP/2.
    #[must_use]
    pub fn print(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// Reads along with whoever reads `inner`, until the print is known or never will be.
#[derive(Debug)]
pub struct FlightTap<S> {
    inner: S,
    flight: Option<Box<Flight>>,
    handle: FlightHandle,
}

impl<S> FlightTap<S> {
    /// Taps `inner` from its first byte on.
    #[must_use]
    pub fn new(inner: S) -> (Self, FlightHandle) {
        let handle = FlightHandle::default();
        (Self { inner, flight: Some(Box::default()), handle: handle.clone() }, handle)
    }

    /// The stream below.
    #[must_use]
    pub fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for FlightTap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let me = &mut *self;
        let before = out.filled().len();
        ready!(Pin::new(&mut me.inner).poll_read(cx, out))?;
        if let Some(flight) = &mut me.flight {
            match flight.push(out.filled().get(before..).unwrap_or_default()) {
                Progress::More => {}
                Progress::None => me.flight = None,
                Progress::Print(text) => {
                    // Set once: the tap ends here.
                    let _ = me.handle.0.set(text);
                    me.flight = None;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}

writes_pass!(FlightTap);
