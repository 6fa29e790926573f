//! The TLS ClientHello, read before TLS is (RFC 8446 section 4.1.2; RFC 5246 section 7.4.1.2; records: section 5.1 and 6.2.1).
//!
//! rustls does not hand out the order of what a client offered, so the bytes are read here first and then passed on untouched
//! ([`super::prefixed::Prefixed`]). A hello may be spread over several records, and a record over several reads.

use std::io;

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::wire::Wire;

/// Most bytes of records we read in search of the end of a hello. Post-quantum key shares make hellos of 2 KiB usual.
pub const LONGEST: usize = 16 * 1024;

const SERVER_NAME: u16 = 0x0000;
const SIGNATURE_ALGORITHMS: u16 = 0x000d;
const ALPN: u16 = 0x0010;
const SUPPORTED_VERSIONS: u16 = 0x002b;

/// What a client offered, in its own order, with the reserved GREASE values (RFC 8701) still in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// `legacy_version` of the hello itself.
    pub version: u16,
    /// Cipher suites.
    pub ciphers: Vec<u16>,
    /// Extension types.
    pub extensions: Vec<u16>,
    /// Host named in `server_name`, lower case, when it is text.
    pub server_name: Option<String>,
    /// Application protocols, as bytes.
    pub alpn: Vec<Vec<u8>>,
    /// Signature algorithms.
    pub signature_algorithms: Vec<u16>,
    /// `supported_versions`; empty when the extension is absent.
    pub supported_versions: Vec<u16>,
}

/// Whether `value` is one of the reserved values of RFC 8701 (`0x0a0a`, `0x1a1a`, ... `0xfafa`).
#[must_use]
pub fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

/// Why there is no hello. The bytes read so far are lost with the connection.
#[derive(Debug, Error)]
pub enum HelloError {
    /// Something else than a TLS handshake, for example plain HTTP on a TLS port.
    #[error("the visitor does not speak TLS on a TLS listener; the connection was closed")]
    NotTls,
    /// The structure is wrong.
    #[error("the ClientHello is malformed; the connection was closed")]
    Malformed,
    /// Over [`LONGEST`].
    #[error("the ClientHello is longer than 16384 bytes; the connection was closed")]
    TooLong,
    /// The stream failed or ended.
    #[error("connection lost while its ClientHello was awaited: {0}")]
    Io(#[from] io::Error),
}

/// Collects a hello from bytes as they come. Needs no socket.
#[derive(Debug, Default)]
pub struct HelloReader {
    records: Vec<u8>,
    next_record: usize,
    handshake: Vec<u8>,
}

impl HelloReader {
    /// Takes more bytes; answers the hello once it is whole.
    ///
    /// # Errors
    /// [`HelloError`] as soon as the bytes cannot become a hello.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<ClientHello>, HelloError> {
        self.records.extend_from_slice(bytes);
        loop {
            if let Some(body) = whole_handshake(&self.handshake)? {
                return parse(body).map(Some).ok_or(HelloError::Malformed);
            }
            let mut wire = Wire::new(self.records.get(self.next_record..).unwrap_or_default());
            // The kind is judged as soon as it is there: a visitor who sends `G` must not wait for four more bytes.
            if wire.rest().first().is_some_and(|kind| *kind != 22) {
                return Err(HelloError::NotTls);
            }
            let (Some(_), Some(major), Some(_)) = (wire.u8(), wire.u8(), wire.u8()) else { return self.more() };
            if major != 3 {
                return Err(HelloError::NotTls);
            }
            let Some(length) = wire.u16() else { return self.more() };
            // An empty handshake record is forbidden (RFC 8446 section 5.1); the plaintext bound is 2^14.
            if length == 0 || length > 1 << 14 {
                return Err(HelloError::Malformed);
            }
            let Some(fragment) = wire.take(usize::from(length)) else { return self.more() };
            self.handshake.extend_from_slice(fragment);
            self.next_record += 5 + fragment.len();
        }
    }

    fn more(&self) -> Result<Option<ClientHello>, HelloError> {
        if self.records.len() >= LONGEST { Err(HelloError::TooLong) } else { Ok(None) }
    }

    /// Every byte pushed, to be read again by TLS.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.records
    }
}

fn whole_handshake(bytes: &[u8]) -> Result<Option<&[u8]>, HelloError> {
    let mut wire = Wire::new(bytes);
    match wire.u8() {
        None => return Ok(None),
        Some(1) => {}
        Some(_) => return Err(HelloError::Malformed),
    }
    let Some(length) = wire.u24() else { return Ok(None) };
    if length > LONGEST {
        return Err(HelloError::TooLong);
    }
    Ok(wire.take(length))
}

/// Reads the body of a ClientHello handshake message (without its four bytes of type and length).
///
/// `None` where lengths do not fit. Inside extensions that only serve the print, a malformed list is taken as empty: TLS
/// itself refuses such a hello right after, and a print must not be stricter than the print's definition.
#[must_use]
pub fn parse(body: &[u8]) -> Option<ClientHello> {
    let mut wire = Wire::new(body);
    let mut hello = ClientHello { version: wire.u16()?, ..ClientHello::default() };
    wire.take(32)?;
    wire.vec8()?;
    hello.ciphers = wire.vec16()?.u16s()?;
    wire.vec8()?;
    if wire.is_empty() {
        return Some(hello);
    }
    let mut extensions = wire.vec16()?;
    while !extensions.is_empty() {
        let kind = extensions.u16()?;
        let data = extensions.vec16()?;
        hello.extensions.push(kind);
        match kind {
            SERVER_NAME => hello.server_name = server_name(data),
            SIGNATURE_ALGORITHMS => hello.signature_algorithms = list16(data).unwrap_or_default(),
            ALPN => hello.alpn = alpn(data).unwrap_or_default(),
            SUPPORTED_VERSIONS => hello.supported_versions = list8(data).unwrap_or_default(),
            _ => {}
        }
    }
    Some(hello)
}

fn list16(mut data: Wire<'_>) -> Option<Vec<u16>> {
    data.vec16()?.u16s()
}

fn list8(mut data: Wire<'_>) -> Option<Vec<u16>> {
    data.vec8()?.u16s()
}

fn alpn(mut data: Wire<'_>) -> Option<Vec<Vec<u8>>> {
    let mut list = data.vec16()?;
    let mut found = Vec::new();
    while !list.is_empty() {
        found.push(list.vec8()?.rest().to_vec());
    }
    Some(found)
}

fn server_name(mut data: Wire<'_>) -> Option<String> {
    let mut list = data.vec16()?;
    while !list.is_empty() {
        let kind = list.u8()?;
        let name = list.vec16()?.rest();
        if kind == 0 {
            return std::str::from_utf8(name).ok().map(str::to_ascii_lowercase);
        }
    }
    None
}

/// Reads a hello from `stream`: what it says, and every byte read, which belongs in front of the stream again. The time limit
/// is the caller's.
///
/// # Errors
/// [`HelloError`] where there is no hello.
pub async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(ClientHello, Vec<u8>), HelloError> {
    let mut reader = HelloReader::default();
    let mut part = [0u8; 2048];
    loop {
        let n = stream.read(&mut part).await?;
        if n == 0 {
            return Err(HelloError::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        if let Some(hello) = reader.push(part.get(..n).unwrap_or_default())? {
            return Ok((hello, reader.into_bytes()));
        }
    }
}
