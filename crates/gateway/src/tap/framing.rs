//! Where each HTTP/1 request begins and ends in a stream of bytes, as they come. Needs no socket.
//!
//! Heads are held back until they are whole and found sound; body bytes pass as they come.

use memchr::memchr;

use super::head::{self, Body, Head};
use super::refusal::{GuardError, Limits};

/// First bytes of an HTTP/2 connection (RFC 9113 section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// All chunk extensions of one body together, in bytes: below what hyper takes, so that hyper never refuses what we passed.
const EXTENSIONS_OF_A_BODY: usize = 12 * 1024;
/// Longest run of hexadecimal digits of a chunk size: 60 bits, which no sum can overflow.
const SIZE_DIGITS: usize = 15;
const TRAILER_FIELDS: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Head,
    Data(u64),
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers,
    Raw,
}

/// What may be done with the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The first so many bytes may pass. Never zero.
    Pass(usize),
    /// Nothing may pass before more bytes are there.
    More,
    /// Everything passes from here on.
    Raw,
}

/// Follows the requests of one connection.
#[derive(Debug)]
pub struct Framing {
    limits: Limits,
    state: State,
    /// How far the held bytes have been searched for the end of a line.
    searched: usize,
    /// Where the line being searched began.
    line: usize,
    extensions: usize,
}

impl Framing {
    /// At the first byte of a connection.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, state: State::Start, searched: 0, line: 0, extensions: 0 }
    }

    /// Whether the next byte belongs to a body whose bytes are not looked at, and how many of them are left.
    #[must_use]
    pub fn unread_body(&self) -> u64 {
        match self.state {
            State::Data(n) | State::Chunk(n) => n,
            _ => 0,
        }
    }

    /// Notes that `n` bytes of such a body went by without being shown to [`Framing::step`]. More than
    /// [`Framing::unread_body`] cannot have.
    pub fn skip(&mut self, n: u64) {
        self.state = match self.state {
            State::Data(left) if left > n => State::Data(left - n),
            State::Data(_) => State::Head,
            State::Chunk(left) if left > n => State::Chunk(left - n),
            State::Chunk(_) => State::ChunkEnd,
            other => other,
        };
    }

    /// Whether a request's head has passed and its body has not ended.
    #[must_use]
    pub fn in_body(&self) -> bool {
        matches!(self.state, State::Data(_) | State::ChunkSize | State::Chunk(_) | State::ChunkEnd | State::Trailers)
    }

    /// Looks at the bytes not passed yet, always from the first of them. `on_head` is told of each sound head, with its header
    /// names.
    ///
    /// # Errors
    /// [`GuardError`]: nothing more may pass.
    pub fn step(&mut self, held: &[u8], on_head: impl FnOnce(&Head<'_>, String)) -> Result<Step, GuardError> {
        match self.state {
            State::Raw => Ok(Step::Raw),
            State::Start => self.start(held, on_head),
            State::Head => self.head(held, on_head),
            _ if held.is_empty() => Ok(Step::More),
            State::Data(left) | State::Chunk(left) => {
                let pass = usize::try_from(left).map_or(held.len(), |n| n.min(held.len()));
                self.skip(pass as u64);
                Ok(Step::Pass(pass))
            }
            State::ChunkSize => self.chunk_size(held),
            State::ChunkEnd => match held {
                [b'\r', b'\n', ..] => {
                    self.state = State::ChunkSize;
                    Ok(Step::Pass(2))
                }
                [b'\r'] => Ok(Step::More),
                [b'\n', ..] => Err(GuardError::BareLf),
                _ => Err(GuardError::ChunkEnd),
            },
            State::Trailers => self.trailers(held),
        }
    }

    fn pass(&mut self, n: usize, next: State) -> Step {
        (self.searched, self.line) = (0, 0);
        self.state = next;
        Step::Pass(n)
    }

    fn start(&mut self, held: &[u8], on_head: impl FnOnce(&Head<'_>, String)) -> Result<Step, GuardError> {
        let common = held.iter().zip(PREFACE).take_while(|(a, b)| a == b).count();
        if common == PREFACE.len() {
            if !self.limits.http2 {
                return Err(GuardError::Http2);
            }
            self.state = State::Raw;
            return Ok(Step::Raw);
        }
        if common == held.len() {
            return Ok(Step::More);
        }
        self.state = State::Head;
        self.head(held, on_head)
    }

    fn head(&mut self, held: &[u8], on_head: impl FnOnce(&Head<'_>, String)) -> Result<Step, GuardError> {
        // One empty line before a request is to be ignored (RFC 9112 section 2.2); hyper ignores it as well.
        let blank = if held.starts_with(b"\r\n") { 2 } else { 0 };
        self.searched = self.searched.max(blank);
        self.line = self.line.max(blank);
        let Some(end) = self.empty_line(held)? else {
            return if held.len() > self.limits.head_bytes { Err(GuardError::HeadTooLong) } else { Ok(Step::More) };
        };
        let bytes = held.get(blank..end).unwrap_or_default();
        if bytes.len() > self.limits.head_bytes {
            return Err(GuardError::HeadTooLong);
        }
        let mut names = Vec::with_capacity(512);
        let head = head::parse(bytes, &self.limits, &mut names)?;
        let next = match head.body {
            Body::Length(0) => State::Head,
            Body::Length(n) => State::Data(n),
            Body::Chunked => {
                self.extensions = 0;
                State::ChunkSize
            }
        };
        // Names are ASCII; one check of all of them is cheaper than one of each.
        on_head(&head, String::from_utf8(names).map_err(|_| GuardError::HeaderName)?);
        Ok(self.pass(end, next))
    }

    /// Finds the end of the first empty line, going on where the last search stopped.
    fn empty_line(&mut self, held: &[u8]) -> Result<Option<usize>, GuardError> {
        while let Some(at) = memchr(b'\n', held.get(self.searched..).unwrap_or_default()) {
            let end = self.searched + at;
            let line = held.get(self.line..end).unwrap_or_default();
            if line.last() != Some(&b'\r') {
                return Err(GuardError::BareLf);
            }
            self.searched = end + 1;
            self.line = end + 1;
            if line.len() == 1 {
                return Ok(Some(end + 1));
            }
        }
        self.searched = held.len();
        Ok(None)
    }

    fn chunk_size(&mut self, held: &[u8]) -> Result<Step, GuardError> {
        let bound = SIZE_DIGITS + self.limits.chunk_extension_bytes + 2;
        let Some(at) = memchr(b'\n', held.get(self.searched..).unwrap_or_default()) else {
            self.searched = held.len();
            return match held.first() {
                _ if held.len() > bound => Err(GuardError::ChunkExtension),
                Some(b) if !b.is_ascii_hexdigit() => Err(GuardError::ChunkSize),
                _ => Ok(Step::More),
            };
        };
        let end = self.searched + at;
        let line = held.get(..end).and_then(|l| l.strip_suffix(b"\r")).ok_or(GuardError::BareLf)?;
        let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        let (size, extension) = line.split_at_checked(digits).ok_or(GuardError::ChunkSize)?;
        if size.is_empty() || size.len() > SIZE_DIGITS {
            return Err(GuardError::ChunkSize);
        }
        match extension.first() {
            None => {}
            Some(b';') => {
                self.extensions += extension.len();
                let control = extension.iter().any(|b| matches!(b, 0..=8 | 10..=31 | 127));
                let long = extension.len() > self.limits.chunk_extension_bytes;
                if control || long || self.extensions > EXTENSIONS_OF_A_BODY {
                    return Err(GuardError::ChunkExtension);
                }
            }
            Some(_) => return Err(GuardError::ChunkSize),
        }
        let size = size.iter().fold(0u64, |sum, b| sum << 4 | u64::from(hex_digit(*b)));
        Ok(self.pass(end + 1, if size == 0 { State::Trailers } else { State::Chunk(size) }))
    }

    fn trailers(&mut self, held: &[u8]) -> Result<Step, GuardError> {
        let Some(end) = self.empty_line(held)? else {
            return if held.len() > self.limits.trailer_bytes { Err(GuardError::Trailer) } else { Ok(Step::More) };
        };
        let fields = held.get(..end.saturating_sub(2)).unwrap_or_default();
        if fields.len() > self.limits.trailer_bytes {
            return Err(GuardError::Trailer);
        }
        let mut count = 0;
        for line in fields.split_inclusive(|b| *b == b'\n') {
            count += 1;
            let line = line.strip_suffix(b"\r\n").ok_or(GuardError::BareLf)?;
            let (name, _) = head::field(line)?;
            if count > TRAILER_FIELDS || NOT_IN_TRAILERS.iter().any(|n| name.eq_ignore_ascii_case(n.as_bytes())) {
                return Err(GuardError::Trailer);
            }
        }
        Ok(self.pass(end, State::Head))
    }
}

/// Fields that frame, route, authenticate or modify a request may not come after it (RFC 9110 section 6.5.1).
const NOT_IN_TRAILERS: [&str; 14] = [
    "content-length",
    "transfer-encoding",
    "host",
    "trailer",
    "te",
    "connection",
    "upgrade",
    "content-encoding",
    "content-type",
    "content-range",
    "authorization",
    "cookie",
    "expect",
    "forwarded",
];

fn hex_digit(b: u8) -> u8 {
    match b {
        b'0'..=b'9' => b - b'0',
        b'a'..=b'f' => b - b'a' + 10,
        _ => b.wrapping_sub(b'A').wrapping_add(10),
    }
}
