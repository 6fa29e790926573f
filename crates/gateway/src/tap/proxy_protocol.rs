//! The PROXY protocol, versions 1 and 2, as HAProxy's document "The PROXY protocol" (revision of 27 April 2026) lays it out.
//!
//! A listener either demands the header or does not look for it: telling by the first bytes would let every visitor write its
//! own address. Where it is demanded, whatever is not a whole and correct header ends the connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::wire::Wire;

/// Longest line of version 1 in bytes, with its CRLF (document, section 2.1).
pub const LONGEST_LINE: usize = 107;
/// Longest header of version 2 we take, in bytes. The format allows 65,551; addresses, names and a certificate fit here.
pub const LONGEST_HEADER: usize = 16 * 1024;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const FIXED: usize = 16;
const TLV_CRC32C: u8 = 0x03;

/// What the front said about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// 1 or 2.
    pub version: u8,
    /// Who connected to the front; `None` when the front speaks for itself (`LOCAL`), does not know, or the peer has no address.
    pub source: Option<SocketAddr>,
    /// Where it connected to.
    pub destination: Option<SocketAddr>,
}

/// Outcome of [`parse`] on bytes that are not wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// At least this many more bytes are needed.
    Need(usize),
    /// The header took the first `consumed` bytes.
    Done {
        /// Length of the header in bytes.
        consumed: usize,
        /// What it said.
        header: Header,
    },
}

/// Why the bytes are not a PROXY header. The connection is closed; nothing is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProxyError {
    /// Neither signature.
    #[error(
        "no PROXY protocol header: this listener demands one; let the front in front of it send it, or switch `proxy_protocol` off"
    )]
    Missing,
    /// The text line is not as version 1 lays it out.
    #[error("broken PROXY protocol version 1 line; the connection was closed: check what sends it")]
    Line,
    /// The version or command is not one of version 2.
    #[error(
        "PROXY protocol version or command {0:#04x} is unknown; the connection was closed: let the front send version 1 or 2"
    )]
    Command(u8),
    /// An address family and transport no TCP listener can be sent.
    #[error("PROXY protocol family {0:#04x} does not belong on a TCP listener; the connection was closed")]
    Family(u8),
    /// Addresses or TLVs do not fit in the announced length.
    #[error("PROXY protocol version 2 header ends inside its addresses or TLVs; the connection was closed")]
    Truncated,
    /// Longer than [`LONGEST_HEADER`].
    #[error("PROXY protocol header of {0} bytes is over our bound of 16384; let the front send fewer TLVs")]
    TooLong(usize),
    /// The CRC32c TLV does not match.
    #[error("PROXY protocol checksum is wrong: the header was damaged on its way; the connection was closed")]
    Checksum,
}

/// Why [`read`] gave no header.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The bytes are wrong.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// The stream failed or ended before the header did.
    #[error("connection lost while its PROXY protocol header was awaited: {0}")]
    Io(#[from] io::Error),
}

/// Reads a header at the start of `bytes`.
///
/// # Errors
/// [`ProxyError`] as soon as the bytes cannot become a header.
pub fn parse(bytes: &[u8]) -> Result<Parsed, ProxyError> {
    let is_start_of = |word: &[u8]| bytes.iter().zip(word).all(|(a, b)| a == b);
    if is_start_of(SIGNATURE) {
        return if bytes.len() < FIXED { Ok(Parsed::Need(FIXED - bytes.len())) } else { parse_binary(bytes) };
    }
    if is_start_of(b"PROXY ") {
        return parse_text(bytes);
    }
    Err(ProxyError::Missing)
}

fn parse_text(bytes: &[u8]) -> Result<Parsed, ProxyError> {
    let window = bytes.get(..LONGEST_LINE).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if bytes.len() < LONGEST_LINE { Ok(Parsed::Need(1)) } else { Err(ProxyError::Line) };
    };
    let line = window.get(..end).and_then(|l| l.strip_suffix(b"\r")).ok_or(ProxyError::Line)?;
    let line = std::str::from_utf8(line).map_err(|_| ProxyError::Line)?;
    if line.bytes().any(|b| b.is_ascii_control()) {
        return Err(ProxyError::Line);
    }
    let mut words = line.split(' ');
    let mut word = || words.next().ok_or(ProxyError::Line);
    word()?;
    let family = word()?;
    let consumed = end + 1;
    let header = match family {
        // Whatever follows UNKNOWN up to the CRLF is to be ignored (section 2.1).
        "UNKNOWN" => Header { version: 1, source: None, destination: None },
        "TCP4" | "TCP6" => {
            let (from, to) = (text_address(word()?, family)?, text_address(word()?, family)?);
            let (from_port, to_port) = (text_port(word()?)?, text_port(word()?)?);
            if words.next().is_some() {
                return Err(ProxyError::Line);
            }
            let (source, destination) = (SocketAddr::new(from, from_port), SocketAddr::new(to, to_port));
            Header { version: 1, source: Some(source), destination: Some(destination) }
        }
        _ => return Err(ProxyError::Line),
    };
    Ok(Parsed::Done { consumed, header })
}

fn text_address(word: &str, family: &str) -> Result<IpAddr, ProxyError> {
    if family == "TCP4" {
        word.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| ProxyError::Line)
    } else {
        word.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| ProxyError::Line)
    }
}

fn text_port(word: &str) -> Result<u16, ProxyError> {
    let zero_led = word.len() > 1 && word.starts_with('0');
    if zero_led || !word.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ProxyError::Line);
    }
    word.parse().map_err(|_| ProxyError::Line)
}

fn parse_binary(bytes: &[u8]) -> Result<Parsed, ProxyError> {
    let mut wire = Wire::new(bytes);
    wire.take(SIGNATURE.len()).ok_or(ProxyError::Missing)?;
    let command = wire.u8().ok_or(ProxyError::Truncated)?;
    let family = wire.u8().ok_or(ProxyError::Truncated)?;
    let length = usize::from(wire.u16().ok_or(ProxyError::Truncated)?);
    if !matches!(command, 0x20 | 0x21) {
        return Err(ProxyError::Command(command));
    }
    let consumed = FIXED + length;
    if consumed > LONGEST_HEADER {
        return Err(ProxyError::TooLong(consumed));
    }
    let Some(whole) = bytes.get(..consumed) else { return Ok(Parsed::Need(consumed - bytes.len())) };
    let mut body = Wire::new(whole.get(FIXED..).unwrap_or_default());
    if command == 0x20 {
        // LOCAL: the front's own health check. Family and addresses are to be discarded (section 2.2).
        return Ok(Parsed::Done { consumed, header: Header { version: 2, source: None, destination: None } });
    }
    let (source, destination) = match family {
        0x00 => (None, None),
        0x11 => {
            let from = body.array::<4>().ok_or(ProxyError::Truncated)?;
            let to = body.array::<4>().ok_or(ProxyError::Truncated)?;
            ends(&mut body, IpAddr::from(from), IpAddr::from(to))?
        }
        0x21 => {
            let from = body.array::<16>().ok_or(ProxyError::Truncated)?;
            let to = body.array::<16>().ok_or(ProxyError::Truncated)?;
            ends(&mut body, IpAddr::from(from), IpAddr::from(to))?
        }
        0x31 => {
            body.take(216).ok_or(ProxyError::Truncated)?;
            (None, None)
        }
        other => return Err(ProxyError::Family(other)),
    };
    // With an unspecified family nothing says where addresses end, so there are no TLVs to check.
    if family != 0x00 {
        check_tlvs(whole, body)?;
    }
    Ok(Parsed::Done { consumed, header: Header { version: 2, source, destination } })
}

type Ends = (Option<SocketAddr>, Option<SocketAddr>);

fn ends(body: &mut Wire<'_>, from: IpAddr, to: IpAddr) -> Result<Ends, ProxyError> {
    let from_port = body.u16().ok_or(ProxyError::Truncated)?;
    let to_port = body.u16().ok_or(ProxyError::Truncated)?;
    Ok((Some(SocketAddr::new(from, from_port)), Some(SocketAddr::new(to, to_port))))
}

fn check_tlvs(whole: &[u8], mut tlvs: Wire<'_>) -> Result<(), ProxyError> {
    while !tlvs.is_empty() {
        let kind = tlvs.u8().ok_or(ProxyError::Truncated)?;
        let value_at = whole.len().saturating_sub(tlvs.left()) + 2;
        let mut value = tlvs.vec16().ok_or(ProxyError::Truncated)?;
        if kind == TLV_CRC32C {
            let stated = value.u32().filter(|_| value.is_empty()).ok_or(ProxyError::Truncated)?;
            // The sum is taken over the whole header with the four bytes of the sum itself as zeros (section 2.2.3).
            let (before, after) = (whole.get(..value_at), whole.get(value_at + 4..));
            let (Some(before), Some(after)) = (before, after) else { return Err(ProxyError::Truncated) };
            if crc32c(&[before, &[0; 4], after]) == stated {
                continue;
            }
            return Err(ProxyError::Checksum);
        }
    }
    Ok(())
}

/// CRC-32C (Castagnoli; RFC 3720 appendix B.4) over `parts` as if they were one.
#[must_use]
pub fn crc32c(parts: &[&[u8]]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0u32; 256];
        let mut i = 0;
        while i < 256 {
            let (mut value, mut bit) = (i as u32, 0);
            while bit < 8 {
                value = if value & 1 == 1 { value >> 1 ^ 0x82f6_3b78 } else { value >> 1 };
                bit += 1;
            }
            table[i] = value;
            i += 1;
        }
        table
    };
    let mut sum = !0u32;
    for byte in parts.iter().copied().flatten() {
        let [low, ..] = sum.to_le_bytes();
        sum = sum >> 8 ^ TABLE[usize::from(low ^ byte)];
    }
    !sum
}

/// Reads a header from `stream`: the visitor's address where the front gave one, and the bytes read beyond the header, which
/// belong in front of what comes next ([`super::prefixed::Prefixed`]). The time limit is the caller's.
///
/// # Errors
/// [`ReadError`] where the bytes are wrong or the stream ends first.
pub async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<(Option<SocketAddr>, Vec<u8>), ReadError> {
    let mut bytes = Vec::with_capacity(256);
    loop {
        match parse(&bytes)? {
            Parsed::Done { consumed, header } => return Ok((header.source, bytes.split_off(consumed))),
            Parsed::Need(_) => {
                let mut part = [0u8; 512];
                let n = stream.read(&mut part).await?;
                if n == 0 {
                    return Err(ReadError::Io(io::ErrorKind::UnexpectedEof.into()));
                }
                bytes.extend_from_slice(part.get(..n).unwrap_or_default());
            }
        }
    }
}
