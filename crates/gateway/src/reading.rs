//! Reading an answer that shows people: whole when it is short, piece by piece when it is long.
//!
//! A short answer is read to its end before anything leaves, so that a failure can still become an honest page. A long
//! one streams: every piece is read, charged and recorded before it leaves, and a failure breaks the connection.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hedgerow_engine::answer::{Reader, coding};
use hedgerow_engine::policy::OnFailure;
use http_body::Frame;

use crate::body::{BodyError, Passing};
use crate::disclose::Account;

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
    /// What happens when the ledger cannot be written.
    pub on_ledger: OnFailure,
    /// The site's bytes (decoded) that the reader holds back: what is passed on if it gives up and nothing was masked.
    pending: Vec<u8>,
    plain: Vec<u8>,
}

impl Reading {
    /// A reading of one answer.
    #[must_use]
    pub fn new(
        reader: Reader,
        decoder: Option<coding::Decoder>,
        account: Account,
        on_unreadable: OnFailure,
        on_ledger: OnFailure,
    ) -> Self {
        Self { reader: Some(reader), decoder, account, on_unreadable, on_ledger, pending: Vec::new(), plain: Vec::new() }
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

    /// The answer's end.
    ///
    /// # Errors
    /// [`BodyError`] when what is left may not leave.
    pub fn end(&mut self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        if let Some(mut decoder) = self.decoder.take() {
            let mut plain = std::mem::take(&mut self.plain);
            plain.clear();
            decoder.end(&mut plain).map_err(|e| BodyError::Unreadable(e.to_string()))?;
            self.read(Some(&plain), out)?;
        }
        self.read(None, out)
    }

    fn read(&mut self, piece: Option<&[u8]>, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let start = out.len();
        let result = match (piece, self.reader.take()) {
            (Some(piece), None) => {
                out.extend_from_slice(piece);
                return Ok(());
            }
            (None, None) => return Ok(()),
            (Some(piece), Some(mut reader)) => {
                self.pending.extend_from_slice(piece);
                let r = reader.write(piece, out);
                if r.is_ok() {
                    self.reader = Some(reader);
                }
                r
            }
            (None, Some(reader)) => reader.end(out),
        };
        match result {
            Ok(()) => {
                // While nothing is withheld, what left is exactly the head of what came.
                if self.account.withheld() {
                    self.pending = Vec::new();
                } else {
                    self.pending.drain(..(out.len() - start).min(self.pending.len()));
                }
            }
            Err(e) => {
                out.truncate(start);
                self.give_up(&e.to_string(), out)?;
            }
        }
        self.record().inspect_err(|_| out.truncate(start))
    }

    /// The reader gave up: the declared failure decides, and nothing half-masked ever passes.
    fn give_up(&mut self, why: &str, out: &mut Vec<u8>) -> Result<(), BodyError> {
        let o = self.account.occasion();
        crate::counters::Counters::add(&o.runtime.memory.counters.unreadable, 1);
        tracing::warn!(
            site = o.runtime.site.name,
            route = o.runtime.site.routes[o.route].name,
            reference = %o.reference,
            why,
            "an answer that shows people could not be read"
        );
        let watching = o.mode == hedgerow_engine::policy::Mode::Watch;
        if !self.account.withheld() && (watching || self.on_unreadable == OnFailure::Pass) {
            out.append(&mut self.pending);
            self.account.note_gap(why);
            return Ok(());
        }
        Err(BodyError::Unreadable(why.to_owned()))
    }

    fn record(&mut self) -> Result<(), BodyError> {
        match (self.account.record(), self.on_ledger) {
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
    ended: bool,
}

impl ReadBody {
    /// A body that reads as it goes, and compresses what leaves when asked to.
    #[must_use]
    pub fn new(passing: Passing, reading: Reading, encoder: Option<coding::Encoder>) -> Self {
        Self { passing, reading, encoder, ended: false }
    }

    /// The next piece for the visitor.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            let mut out = Vec::new();
            match ready!(self.passing.poll_next(cx)) {
                Some(Err(e)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(e)));
                }
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        if let Err(e) = self.piece(&data, &mut out) {
                            self.ended = true;
                            return Poll::Ready(Some(Err(e)));
                        }
                    }
                    // Trailers of the site describe its own bytes, not ours.
                    Err(_trailers) => continue,
                },
                None => {
                    self.ended = true;
                    if let Err(e) = self.last(&mut out) {
                        return Poll::Ready(Some(Err(e)));
                    }
                }
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(Bytes::from(out)))));
            }
        }
    }

    fn piece(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), BodyError> {
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
                encoder.write(&plain, out).and_then(|()| encoder.end(out)).map_err(|e| BodyError::Unreadable(e.to_string()))
            }
        }
    }
}

/// A short answer read whole.
///
/// # Errors
/// [`BodyError`] when it may not leave; nothing of it has.
pub async fn whole(mut passing: Passing, mut reading: Reading, length: usize) -> Result<Vec<u8>, BodyError> {
    let mut out = Vec::with_capacity(length + length / 8);
    while let Some(frame) = passing.next().await {
        if let Ok(data) = frame?.into_data() {
            reading.write(&data, &mut out)?;
        }
    }
    reading.end(&mut out)?;
    Ok(out)
}

