//! Content codings (RFC 9110, section 8.4): opened before a body is read, closed again after it.

use std::io::{self, Write};

use super::AnswerError;

/// Output a decoder may make of its first bytes, whatever their number: a small page of spaces packs very well.
const FREE_BYTES: u64 = 1 << 20;

/// Beyond that, output per byte of input. Real pages reach 20; the codings themselves allow 1,000 and (br) far more.
const MAX_RATIO: u64 = 200;

/// A content coding we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; bodies without its header, which some servers send, are read too. Never written.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The coding of a `Content-Encoding` with one member; `None` for one we do not speak.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.trim();
        let is = |n: &str| name.eq_ignore_ascii_case(n);
        match () {
            () if is("gzip") || is("x-gzip") => Some(Self::Gzip),
            () if is("deflate") => Some(Self::Deflate),
            () if is("br") => Some(Self::Brotli),
            () if is("zstd") => Some(Self::Zstd),
            () => None,
        }
    }

    /// Its name in `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// The best coding a client takes, from its `Accept-Encoding` (RFC 9110, section 12.5.3); `None` = send it plain.
/// Among equally welcome ones zstd comes first (the cheapest to make), then br, then gzip. A header with `identity`
/// refused and nothing we speak still gets it plain, as the RFC allows.
#[must_use]
pub fn accepts(accept_encoding: Option<&str>) -> Option<Coding> {
    let header = accept_encoding?;
    let mut star: Option<u16> = None;
    let (mut zstd, mut brotli, mut gzip, mut identity) = (None, None, None, None);
    for member in header.split(',') {
        let (name, parameters) = member.split_once(';').unwrap_or((member, ""));
        let quality = parameters.split(';').find_map(|p| {
            let (k, v) = p.split_once('=')?;
            k.trim().eq_ignore_ascii_case("q").then(|| thousandths(v.trim()))
        });
        let quality = quality.unwrap_or(1000);
        match name.trim() {
            "*" => star = Some(quality),
            n if n.eq_ignore_ascii_case("identity") => identity = Some(quality),
            n => match Coding::of_name(n) {
                Some(Coding::Zstd) => zstd = Some(quality),
                Some(Coding::Brotli) => brotli = Some(quality),
                Some(Coding::Gzip) => gzip = Some(quality),
                Some(Coding::Deflate) | None => {}
            },
        }
    }
    let plain = identity.unwrap_or(0);
    let mut best = None;
    for (coding, quality) in [(Coding::Zstd, zstd), (Coding::Brotli, brotli), (Coding::Gzip, gzip)] {
        let quality = quality.or(star).unwrap_or(0);
        if quality > 0 && quality >= plain && best.is_none_or(|(_, b)| quality > b) {
            best = Some((coding, quality));
        }
    }
    best.map(|(coding, _)| coding)
}

/// A quality value in thousandths; one that is not of the grammar counts as refusal.
fn thousandths(text: &str) -> u16 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" if fraction.bytes().all(|b| b == b'0') => 1000,
        "0" => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

/// Where a decoder puts its output: memory, up to what is allowed so far.
#[derive(Debug, Default)]
struct Room {
    bytes: Vec<u8>,
    left: u64,
    overflowed: bool,
}

impl Write for Room {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self.left.checked_sub(buf.len() as u64) {
            Some(left) if !self.overflowed => {
                self.left = left;
                self.bytes.extend_from_slice(buf);
                Ok(buf.len())
            }
            _ => {
                self.overflowed = true;
                Err(io::Error::other("the output is larger than allowed"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

enum Opening {
    /// Nothing has come yet; `deflate` is told from its raw form by two bytes.
    Waiting(Vec<u8>),
    Gzip(Box<flate2::write::MultiGzDecoder<Room>>),
    Zlib(Box<flate2::write::ZlibDecoder<Room>>),
    Raw(Box<flate2::write::DeflateDecoder<Room>>),
    Brotli(Box<brotli::DecompressorWriter<Room>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Room>>),
    Stopped,
}

impl Opening {
    fn room(&mut self) -> Option<&mut Room> {
        match self {
            Self::Waiting(_) | Self::Stopped => None,
            Self::Gzip(d) => Some(d.get_mut()),
            Self::Zlib(d) => Some(d.get_mut()),
            Self::Raw(d) => Some(d.get_mut()),
            Self::Brotli(d) => Some(d.get_mut()),
            Self::Zstd(d) => Some(d.get_mut()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        fn all(w: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
            w.write_all(bytes)?;
            w.flush()
        }
        match self {
            Self::Waiting(_) | Self::Stopped => Ok(()),
            Self::Gzip(d) => all(d.as_mut(), bytes),
            Self::Zlib(d) => all(d.as_mut(), bytes),
            Self::Raw(d) => all(d.as_mut(), bytes),
            Self::Brotli(d) => all(d.as_mut(), bytes),
            Self::Zstd(d) => all(d.as_mut(), bytes),
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Waiting(_) | Self::Stopped => Ok(()),
            Self::Gzip(d) => d.try_finish(),
            Self::Zlib(d) => d.try_finish(),
            Self::Raw(d) => d.try_finish(),
            Self::Brotli(d) => d.close(),
            Self::Zstd(d) => d.do_finish(),
        }
    }
}

/// Opens a coding, piece by piece.
pub struct Decoder {
    coding: Coding,
    opening: Opening,
    max_bytes: u64,
    came: u64,
    made: u64,
}

impl Decoder {
    /// A decoder that makes at most `max_bytes` of output in all (the route's `max_body_bytes`), and never more than
    /// a fixed ratio of its input.
    #[must_use]
    pub fn new(coding: Coding, max_bytes: usize) -> Self {
        Self { coding, opening: Opening::Waiting(Vec::new()), max_bytes: max_bytes as u64, came: 0, made: 0 }
    }

    fn allowed(&self) -> u64 {
        self.max_bytes.min(FREE_BYTES.max(self.came.saturating_mul(MAX_RATIO)))
    }

    fn broken(&self, why: &str) -> AnswerError {
        AnswerError::Coding { coding: self.coding.name(), why: why.to_owned() }
    }

    fn begin(&mut self, last: bool) -> Result<Vec<u8>, AnswerError> {
        let Opening::Waiting(held) = &mut self.opening else { return Ok(Vec::new()) };
        if held.is_empty() || (self.coding == Coding::Deflate && held.len() < 2 && !last) {
            return Ok(Vec::new());
        }
        let held = std::mem::take(held);
        let room = Room::default();
        self.opening = match self.coding {
            Coding::Gzip => Opening::Gzip(Box::new(flate2::write::MultiGzDecoder::new(room))),
            Coding::Deflate => {
                // RFC 1950, section 2.2: method 8, and the two bytes together a multiple of 31.
                let head = u16::from_be_bytes([held.first().copied().unwrap_or(0), held.get(1).copied().unwrap_or(0)]);
                if head >> 8 & 15 == 8 && head % 31 == 0 {
                    Opening::Zlib(Box::new(flate2::write::ZlibDecoder::new(room)))
                } else {
                    Opening::Raw(Box::new(flate2::write::DeflateDecoder::new(room)))
                }
            }
            Coding::Brotli => Opening::Brotli(Box::new(brotli::DecompressorWriter::new(room, 16 * 1024))),
            Coding::Zstd => {
                let mut d = zstd::stream::raw::Decoder::new().map_err(|e| self.broken(&e.to_string()))?;
                // RFC 8878, section 3.1.1.1.2: 8 MiB are to be supported; a larger window only costs memory here.
                d.set_parameter(zstd::stream::raw::DParameter::WindowLogMax(23))
                    .map_err(|e| self.broken(&e.to_string()))?;
                let writer = zstd::stream::zio::Writer::new(room, d);
                Opening::Zstd(Box::new(zstd::stream::write::Decoder::with_writer(writer)))
            }
        };
        Ok(held)
    }

    fn step(&mut self, out: &mut Vec<u8>, act: impl FnOnce(&mut Opening) -> io::Result<()>) -> Result<(), AnswerError> {
        let limit = self.allowed();
        let left = limit.saturating_sub(self.made);
        if let Some(room) = self.opening.room() {
            room.left = left;
        }
        let result = act(&mut self.opening);
        let Some(room) = self.opening.room() else { return Ok(()) };
        let bytes = std::mem::take(&mut room.bytes);
        let overflowed = room.overflowed;
        if let Err(e) = result {
            self.opening = Opening::Stopped;
            return Err(if overflowed {
                AnswerError::Bomb { coding: self.coding.name(), limit }
            } else {
                self.broken(&e.to_string())
            });
        }
        self.made += bytes.len() as u64;
        if out.is_empty() {
            *out = bytes
        } else {
            out.extend_from_slice(&bytes)
        }
        Ok(())
    }

    /// Takes the next piece; appends to `out` what it unpacks to.
    ///
    /// # Errors
    /// [`AnswerError::Coding`], [`AnswerError::Bomb`]; after one, [`AnswerError::Stopped`]. On an error nothing is
    /// appended.
    pub fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerError> {
        self.came += chunk.len() as u64;
        match &mut self.opening {
            Opening::Stopped => return Err(AnswerError::Stopped),
            Opening::Waiting(held) => {
                held.extend_from_slice(chunk);
                let held = self.begin(false)?;
                return if held.is_empty() { Ok(()) } else { self.step(out, |o| o.write(&held)) };
            }
            _ if chunk.is_empty() => return Ok(()),
            _ => {}
        }
        self.step(out, |o| o.write(chunk))
    }

    /// The body is complete. One that is cut short is an error, an empty one is not.
    ///
    /// # Errors
    /// As [`Decoder::write`].
    pub fn end(mut self, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        if matches!(self.opening, Opening::Stopped) {
            return Err(AnswerError::Stopped);
        }
        let held = self.begin(true)?;
        if !held.is_empty() {
            self.step(out, |o| o.write(&held))?;
        }
        self.step(out, Opening::finish)
    }
}

enum Closing {
    Gzip(Box<flate2::write::GzEncoder<Vec<u8>>>),
    Brotli(Box<brotli::CompressorWriter<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, Vec<u8>>>),
}

/// Makes a coding, piece by piece; each piece can be unpacked as soon as it has left.
pub struct Encoder {
    coding: Coding,
    closing: Closing,
}

impl Encoder {
    /// An encoder. [`Coding::Deflate`] is not made: half of its readers expect another format.
    ///
    /// # Errors
    /// [`AnswerError::Coding`] for deflate, or when the encoder cannot get its memory.
    pub fn new(coding: Coding) -> Result<Self, AnswerError> {
        let closing = match coding {
            Coding::Gzip => {
                Closing::Gzip(Box::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(4))))
            }
            Coding::Brotli => Closing::Brotli(Box::new(brotli::CompressorWriter::new(Vec::new(), 16 * 1024, 4, 19))),
            Coding::Zstd => {
                let e = zstd::stream::write::Encoder::new(Vec::new(), 3)
                    .map_err(|e| AnswerError::Coding { coding: coding.name(), why: e.to_string() })?;
                Closing::Zstd(Box::new(e))
            }
            Coding::Deflate => {
                return Err(AnswerError::Coding {
                    coding: coding.name(),
                    why: "it is only read, never made".to_owned(),
                });
            }
        };
        Ok(Self { coding, closing })
    }

    /// Packs the next piece and appends everything made so far to `out`.
    ///
    /// # Errors
    /// [`AnswerError::Coding`], when the encoder fails.
    pub fn write(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), AnswerError> {
        if chunk.is_empty() {
            return Ok(());
        }
        fn all(w: &mut impl Write, chunk: &[u8]) -> io::Result<()> {
            w.write_all(chunk)?;
            w.flush()
        }
        let result = match &mut self.closing {
            Closing::Gzip(e) => all(e.as_mut(), chunk).map(|()| out.append(e.get_mut())),
            Closing::Brotli(e) => all(e.as_mut(), chunk).map(|()| out.append(e.get_mut())),
            Closing::Zstd(e) => all(e.as_mut(), chunk).map(|()| out.append(e.get_mut())),
        };
        result.map_err(|e| AnswerError::Coding { coding: self.coding.name(), why: e.to_string() })
    }

    /// Appends the end of the coding to `out`.
    ///
    /// # Errors
    /// As [`Encoder::write`].
    pub fn end(self, out: &mut Vec<u8>) -> Result<(), AnswerError> {
        let result = match self.closing {
            Closing::Gzip(e) => e.finish(),
            Closing::Brotli(e) => Ok(e.into_inner()),
            Closing::Zstd(e) => e.finish(),
        };
        let coding = self.coding.name();
        let mut rest = result.map_err(|e| AnswerError::Coding { coding, why: e.to_string() })?;
        out.append(&mut rest);
        Ok(())
    }
}
