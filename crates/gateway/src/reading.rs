//! Reading an answer that shows people: whole when it is short, piece by piece when it is long.
//!
//! A short answer is read to its end before anything leaves, so that a failure can still become an honest page. A long
//! one streams: every piece is read, charged and recorded before it leaves, and a failure breaks the connection.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hedgerow_engine::answer::{Reader, coding};
use hedgerow_engine::policy::{Mode, OnFailure};
use http_body::Frame;

use crate::answering;
use crate::body::{BodyError, Passing};
use crate::committing::Commits;
use crate::counters::Counters;
use crate::disclose::Account;
use crate::worker::Shared;

/// Answers up to this length are read whole: one write to the visitor, and room for an honest error.
pub const SHORT: u64 = 64 * 1024;

/// What the reader needs besides the bytes.
pub struct Reading {
    /// Finds people and masks; `None` once it gave up and the declared failure is to pass.
    pub reader: Option<Reader>,
    /// Undoes the site's content coding.
    pub decoder: Option<coding::Decoder>,
    /// The answer's account.
    pub account: Account,
    /// What happens when the answer cannot be read.
    pub on_unreadable: OnFailure,
    plain: Vec<u8>,
    whole: bool,
}

impl Reading {
    /// A reading of one answer.
    #[must_use]
    pub fn new(reader: Reader, decoder: Option<coding::Decoder>, account: Account, on_unreadable: OnFailure) -> Self {
        Self { reader: Some(reader), decoder, account, on_unreadable, plain: Vec::new(), whole: false }
    }

    /// Reads a piece; what may leave is appended to `out`.
    ///
    /// # Errors
    /// [`BodyError`] when nothing more may leave.
    pub fn write(&mut self, piece: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        let Some(decoder) = &mut self.decoder else { return self.read(Some(piece), out) };
        let mut plain = std::mem::take(&mut self.plain);
        plain.clear();
        decoder.write(piece, &mut plain).map_err(|e| BodyError::Unreadable(e.to_string()))?;
        let result = self.read(Some(&plain), out);
        self.plain = plain;
        result
    }

    /// Reads an answer that came whole. Its people are charged, and not recorded yet.
    fn all(&mut self, body: Vec<u8>, out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.whole = true;
        match &mut self.reader {
            Some(reader) if self.decoder.is_none() => match reader.whole(body, out) {
                Ok(()) => Ok(()),
                Err(e) => self.give_up(&e.to_string(), out),
            },
            _ => {
                self.write(&body, out)?;
                self.end(out)
            }
        }
    }

    /// The answer's end.
    ///
    /// # Errors
    /// [`BodyError`] when what is left may not leave.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        if let Some(decoder) = self.decoder.take() {
            let mut plain = std::mem::take(&mut self.plain);
            plain.clear();
            decoder.end(&mut plain).map_err(|e| BodyError::Unreadable(e.to_string()))?;
            self.read(Some(&plain), out)?;
        }
        self.read(None, out)
    }

    fn read(&mut self, piece: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let start = out.len();
        let Some(reader) = &mut self.reader else {
            out.extend_from_slice(piece.unwrap_or_default());
            // Whoever was read before the reader gave up is charged and waits to be recorded.
            return if piece.is_none() && !self.whole { self.record() } else { Ok(()) };
        };
        let result = match piece {
            Some(piece) => reader.write(piece, out),
            None => reader.end(out),
        };
        if let Err(e) = result {
            self.give_up(&e.to_string(), out)?;
        }
        if self.whole {
            // Nothing leaves before the end, and one entry for the whole answer is enough: `whole` writes it.
            return Ok(());
        }
        self.record().inspect_err(|_| out.truncate(start))
    }

    /// The reader gave up: the declared failure decides, and nothing half-masked ever passes.
    fn give_up(&mut self, why: &str, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let o = self.account.occasion();
        Counters::add(&o.runtime.memory.counters.unreadable, 1);
        tracing::warn!(
            site = o.runtime.site.name,
            route = o.runtime.site.routes[o.route].name,
            reference = %o.reference,
            why,
            "an answer that shows people could not be read"
        );
        let may_pass = o.mode == Mode::Watch || self.on_unreadable == OnFailure::Pass;
        // What the reader took and did not put out; nothing when something before it had to be masked.
        match self.reader.take().and_then(|mut r| r.give_back()) {
            Some(held) if may_pass && !self.account.withheld() => {
                out.extend_from_slice(&held);
                self.account.note_gap(why);
                Ok(())
            }
            _ => Err(BodyError::Unreadable(why.to_owned())),
        }
    }

    fn record(&mut self) -> Result<(), BodyError> {
        self.recorded(self.account.record())
    }

    /// What it means for the answer whether its people are in the ledger.
    fn recorded(&self, result: Result<(), String>) -> Result<(), BodyError> {
        match (result, self.account.on_ledger()) {
            (Ok(()), _) => Ok(()),
            (Err(e), OnFailure::Refuse) => Err(BodyError::Ledger(e)),
            (Err(e), OnFailure::Pass) => {
                tracing::error!(error = e, "people are shown without a record, as `failures.ledger: pass` says");
                Ok(())
            }
        }
    }
}

/// A long answer, read while it streams.
pub struct ReadBody {
    passing: Passing,
    reading: Reading,
    encoder: Option<coding::Encoder>,
    first: Option<Frame<Bytes>>,
    ended: bool,
    /// Whether a trailer tells that something was masked.
    told_at_the_end: bool,
    shared: Arc<Shared>,
}

impl ReadBody {
    /// A body that reads as it goes, and compresses what leaves when asked to.
    #[must_use]
    pub fn new(passing: Passing, reading: Reading, encoder: Option<coding::Encoder>, shared: Arc<Shared>) -> Self {
        Self { passing, reading, encoder, first: None, ended: false, told_at_the_end: false, shared }
    }

    /// Waits for the first piece: as long as nothing has left, what goes wrong can still be told with a status.
    ///
    /// # Errors
    /// [`BodyError`] when the answer may not leave; nothing of it has.
    pub async fn begin(mut self) -> Result<Self, BodyError> {
        self.first = std::future::poll_fn(|cx| self.poll_next(cx)).await.transpose()?;
        Ok(self)
    }

    /// Ends with the trailer `hedgerow-masked` if something was masked by then.
    pub fn tell_at_the_end(&mut self) {
        self.told_at_the_end = true;
    }

    /// What is told behind the last byte, once.
    fn trailers(&mut self) -> Option<Frame<Bytes>> {
        if !std::mem::take(&mut self.told_at_the_end) || !self.reading.account.withheld() {
            return None;
        }
        let mut fields = http::HeaderMap::new();
        answering::masked(&mut fields, &self.reading.account);
        Some(Frame::trailers(fields))
    }

    /// The next piece for the visitor.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(first)));
        }
        loop {
            if self.ended {
                return Poll::Ready(self.trailers().map(Ok));
            }
            let mut out = Vec::new();
            match ready!(self.passing.poll_next(cx)) {
                Some(Err(e)) => {
                    self.over();
                    return Poll::Ready(Some(Err(e)));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Err(e) = self.piece(&data, &mut out) {
                            self.over();
                            return Poll::Ready(Some(Err(e)));
                        }
                    }
                    // Trailers of the site describe its own bytes, not ours.
                    Err(_trailers) => continue,
                },
                None => {
                    self.ended = true;
                    if let Err(e) = self.last(&mut out) {
                        self.over();
                        return Poll::Ready(Some(Err(e)));
                    }
                }
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(out)))));
            }
        }
    }

    /// A broken body ends without a word.
    fn over(&mut self) {
        (self.ended, self.told_at_the_end) = (true, false);
    }

    fn piece(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
        self.reading.account.now_is(self.shared.clock.now());
        match &mut self.encoder {
            None => self.reading.write(data, out),
            Some(encoder) => {
                let mut plain = Vec::with_capacity(data.len());
                self.reading.write(data, &mut plain)?;
                encoder.write(&plain, out).map_err(|e| BodyError::Unreadable(e.to_string()))
            }
        }
    }

    fn last(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        match self.encoder.take() {
            None => self.reading.end(out),
            Some(mut encoder) => {
                let mut plain = Vec::new();
                self.reading.end(&mut plain)?;
                encoder
                    .write(&plain, out)
                    .and_then(|()| encoder.end(out))
                    .map_err(|e| BodyError::Unreadable(e.to_string()))
            }
        }
    }
}

/// A short answer read whole.
///
/// # Errors
/// [`BodyError`] when it may not leave; nothing of it has.
pub async fn whole(
    mut passing: Passing,
    mut reading: Reading,
    length: usize,
    commits: &Commits,
) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::with_capacity(length);
    while let Some(frame) = passing.next().await {
        if let Ok(data) = frame?.into_data() {
            body.extend_from_slice(&data);
        }
    }
    let mut out = Vec::new();
    reading.all(body, &mut out)?;
    reading.recorded(commits.record(&reading.account).await)?;
    Ok(out)
}
