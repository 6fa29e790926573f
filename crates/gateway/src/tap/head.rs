//! The head of an HTTP/1 request, read more strictly than RFC 9112 asks: where two readers could differ, nobody gets to.

use memchr::{memchr, memchr_iter};
use thiserror::Error;

/// Bounds and choices of the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest head in bytes, from the request line to the empty line.
    pub head_bytes: usize,
    /// Most header fields in a head.
    pub headers: usize,
    /// Longest chunk extension in bytes, on one chunk.
    pub chunk_extension_bytes: usize,
    /// Longest trailer section in bytes.
    pub trailer_bytes: usize,
    /// Whether `CONNECT` and `TRACE` are let through. A gateway for one site needs neither.
    pub connect_and_trace: bool,
    /// Whether a connection may begin with HTTP/2's preface (RFC 9113 section 3.3).
    pub http2: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 32 * 1024,
            headers: 128,
            chunk_extension_bytes: 1024,
            trailer_bytes: 8 * 1024,
            connect_and_trace: false,
            http2: true,
        }
    }
}

/// Why the guard refused a request: always the visitor's side. It was answered 400 (or 431) and the connection closed; the
/// site never saw it. An operator has to act only if software of their own sends such requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum GuardError {
    /// A line ends in LF alone.
    #[error("a line of the head or of the chunked framing ends in a bare LF; lines end in CRLF (RFC 9112 section 2.2)")]
    BareLf,
    /// CR without LF behind it.
    #[error("a CR without its LF (RFC 9112 section 2.2)")]
    BareCr,
    /// The request line is not `METHOD SP TARGET SP HTTP/1.x`.
    #[error("the request line is malformed (RFC 9112 section 3)")]
    RequestLine,
    /// A method that is no token, or is refused here.
    #[error("the method is malformed, or is CONNECT or TRACE, which are refused here")]
    Method,
    /// The target has characters no URI has, a fragment, or a form that does not fit the method.
    #[error("the request target is malformed (RFC 9112 section 3.2)")]
    Target,
    /// Not HTTP/1.0 or HTTP/1.1.
    #[error("the version is neither HTTP/1.1 nor HTTP/1.0")]
    Version,
    /// HTTP/2 without TLS where it is switched off.
    #[error("HTTP/2 without TLS is switched off on this listener")]
    Http2,
    /// A header name that is empty or no token, also with a space before the colon.
    #[error("a header name is empty, followed by a space, or has characters a name cannot have (RFC 9112 section 5.1)")]
    HeaderName,
    /// A header value with a control character.
    #[error("a header value has a control character (RFC 9110 section 5.5)")]
    HeaderValue,
    /// A header line continued on the next (obsolete folding).
    #[error("a header is folded over two lines, which is obsolete (RFC 9112 section 5.2)")]
    Folded,
    /// No Host in HTTP/1.1.
    #[error("the Host header is missing (RFC 9112 section 3.2)")]
    HostMissing,
    /// Several Hosts.
    #[error("there are several Host headers (RFC 9112 section 3.2)")]
    HostRepeated,
    /// A Host that is no host with an optional port.
    #[error("the Host header is malformed (RFC 9112 section 3.2)")]
    HostMalformed,
    /// The absolute-form target and Host name different hosts.
    #[error("the request target and the Host header name different hosts")]
    HostDisagrees,
    /// `Content-Length` is not one plain number.
    #[error("Content-Length is not one decimal number (RFC 9112 section 6.3)")]
    ContentLength,
    /// More than one `Content-Length`.
    #[error("there are several Content-Length headers (RFC 9112 section 6.3)")]
    ContentLengthRepeated,
    /// Both ways of framing at once.
    #[error("both Content-Length and Transfer-Encoding are present (RFC 9112 section 6.1)")]
    BothFramings,
    /// A transfer coding other than `chunked`, once.
    #[error("Transfer-Encoding is not exactly `chunked`, once (RFC 9112 section 6.1)")]
    TransferEncoding,
    /// Transfer coding in HTTP/1.0.
    #[error("Transfer-Encoding in HTTP/1.0 (RFC 9112 section 6.1)")]
    TransferEncodingIn10,
    /// A name some servers read as one of the framing headers.
    #[error("a header name imitates a framing header with an underscore")]
    LookAlike,
    /// The head is over its bound.
    #[error("the head is longer than the limit")]
    HeadTooLong,
    /// Too many header fields.
    #[error("the head has more fields than the limit")]
    TooManyHeaders,
    /// A chunk size that is not hexadecimal, overflows, or has anything but an extension after it.
    #[error("a chunk size is malformed (RFC 9112 section 7.1)")]
    ChunkSize,
    /// A chunk extension over its bound, or with control characters.
    #[error("a chunk extension is too long or has control characters (RFC 9112 section 7.1.1)")]
    ChunkExtension,
    /// No CRLF after a chunk's data.
    #[error("a chunk's data is not followed by CRLF (RFC 9112 section 7.1)")]
    ChunkEnd,
    /// A malformed, too long or forbidden trailer field.
    #[error(
        "the trailer section is malformed, too long, or has a field that may not be there (RFC 9110 section 6.5.1)"
    )]
    Trailer,
}

impl GuardError {
    /// Status of the answer: 431 for size, else 400.
    #[must_use]
    pub fn status(self) -> u16 {
        if matches!(self, Self::HeadTooLong | Self::TooManyHeaders) { 431 } else { 400 }
    }
}

/// How a request's body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// By `Content-Length`, or zero without it.
    Length(u64),
    /// By chunks.
    Chunked,
}

/// A head that has one reading only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// Method as sent.
    pub method: &'a str,
    /// Target as sent.
    pub target: &'a str,
    /// Whether it is HTTP/1.1 and not 1.0.
    pub http11: bool,
    /// Framing of what follows.
    pub body: Body,
}

#[derive(Default)]
struct Seen<'a> {
    host: Option<&'a [u8]>,
    length: Option<u64>,
    chunked: bool,
}

const NAME: u8 = 1;
const VALUE: u8 = 2;
const PATH: u8 = 4;
const QUERY: u8 = 8;
const HOST: u8 = 16;

/// What each byte may be part of. PATH and QUERY are what `http::Uri` takes, ASCII only.
const KINDS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut i = 0usize;
    while i < 256 {
        let b = i as u8;
        let name = b"!#$%&'*+-.^_`|~";
        let mut kinds = 0;
        let mut j = 0;
        while j < name.len() {
            if name[j] == b {
                kinds |= NAME;
            }
            j += 1;
        }
        if b.is_ascii_alphanumeric() {
            kinds |= NAME | HOST;
        }
        if matches!(b, b'-' | b'.' | b'_' | b'~' | b'%') {
            kinds |= HOST;
        }
        if b == b'\t' || b >= 0x20 && b != 0x7f {
            kinds |= VALUE;
        }
        if matches!(b, 0x21 | 0x24..=0x3b | 0x3d | 0x40..=0x5f | 0x61..=0x7a | 0x7c | 0x7e) {
            kinds |= PATH;
        }
        if matches!(b, 0x21 | 0x24..=0x3b | 0x3d | 0x3f..=0x7e) {
            kinds |= QUERY;
        }
        table[i] = kinds;
        i += 1;
    }
    table
};

fn all(bytes: &[u8], kind: u8) -> bool {
    bytes.iter().all(|b| KINDS[usize::from(*b)] & kind != 0)
}

/// Reads a whole head, from the first byte of the request line to the empty line. Names are added to `names` in order and
/// case, joined by `,`.
///
/// # Errors
/// [`GuardError`] for the first thing that is ambiguous or over a limit.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits, names: &mut String) -> Result<Head<'a>, GuardError> {
    let mut lines = Lines { bytes, next: 0, ends: memchr_iter(b'\n', bytes) };
    let (method, target, http11) = request_line(lines.line()?.ok_or(GuardError::RequestLine)?, limits)?;
    let mut seen = Seen::default();
    let mut count = 0usize;
    while let Some(line) = lines.line()? {
        if line.is_empty() {
            let body = framing(&seen, http11)?;
            check_host(&seen, target, http11)?;
            return Ok(Head { method, target, http11, body });
        }
        count += 1;
        if count > limits.headers {
            return Err(GuardError::TooManyHeaders);
        }
        let (name, value) = field(line)?;
        note(name.as_bytes(), value, &mut seen)?;
        if !names.is_empty() {
            names.push(',');
        }
        names.push_str(name);
    }
    Err(GuardError::RequestLine)
}

struct Lines<'a> {
    bytes: &'a [u8],
    next: usize,
    ends: memchr::Memchr<'a>,
}

impl<'a> Lines<'a> {
    fn line(&mut self) -> Result<Option<&'a [u8]>, GuardError> {
        let Some(end) = self.ends.next() else { return Ok(None) };
        let line = self.bytes.get(self.next..end).unwrap_or_default();
        self.next = end + 1;
        let line = line.strip_suffix(b"\r").ok_or(GuardError::BareLf)?;
        Ok(Some(line))
    }
}

fn request_line<'a>(line: &'a [u8], limits: &Limits) -> Result<(&'a str, &'a str, bool), GuardError> {
    if memchr(b'\r', line).is_some() {
        return Err(GuardError::BareCr);
    }
    let text = std::str::from_utf8(line).map_err(|_| GuardError::Target)?;
    let (method, rest) = text.split_once(' ').ok_or(GuardError::RequestLine)?;
    let (target, version) = rest.split_once(' ').ok_or(GuardError::RequestLine)?;
    if method.is_empty() || method.len() > 32 || !all(method.as_bytes(), NAME) {
        return Err(GuardError::Method);
    }
    let http11 = match version {
        "HTTP/1.1" => true,
        "HTTP/1.0" => false,
        _ => return Err(GuardError::Version),
    };
    let unwanted = method.eq_ignore_ascii_case("CONNECT") || method.eq_ignore_ascii_case("TRACE");
    if unwanted && !limits.connect_and_trace {
        return Err(GuardError::Method);
    }
    let fits = match target.as_bytes() {
        [b'/', ..] => is_path(target),
        b"*" => method == "OPTIONS",
        _ if method == "CONNECT" => host_and_port(target.as_bytes()).is_some_and(|(_, port)| port.is_some()),
        _ => absolute(target).is_some_and(|(_, host, path)| host_and_port(host).is_some() && is_path(path)),
    };
    if fits { Ok((method, target, http11)) } else { Err(GuardError::Target) }
}

fn is_path(path: &str) -> bool {
    match path.split_once('?') {
        Some((path, query)) => all(path.as_bytes(), PATH) && all(query.as_bytes(), QUERY),
        None => all(path.as_bytes(), PATH),
    }
}

/// Splits an absolute-form target into its scheme's default port, its authority and the rest.
fn absolute(target: &str) -> Option<(u16, &[u8], &str)> {
    let (scheme, rest) = target.split_once("://")?;
    let port = match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => 80,
        _ if scheme.eq_ignore_ascii_case("https") => 443,
        _ => return None,
    };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end)?;
    Some((port, host.as_bytes(), path))
}

fn host_and_port(value: &[u8]) -> Option<(&[u8], Option<u16>)> {
    let (host, port) = if value.first() == Some(&b'[') {
        let end = memchr(b']', value)?;
        let (host, rest) = value.split_at_checked(end + 1)?;
        let inside = host.get(1..end)?;
        std::str::from_utf8(inside).ok()?.parse::<std::net::Ipv6Addr>().ok()?;
        (host, rest)
    } else {
        let end = memchr(b':', value).unwrap_or(value.len());
        let (host, rest) = value.split_at_checked(end)?;
        if host.is_empty() || !all(host, HOST) {
            return None;
        }
        (host, rest)
    };
    let port = match port {
        [] => None,
        [b':', digits @ ..] if digits.len() <= 5 => Some(u16::try_from(decimal(digits)?).ok()?),
        _ => return None,
    };
    Some((host, port))
}

fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.iter().try_fold(0u64, |sum, d| sum.checked_mul(10)?.checked_add(u64::from(d - b'0')))
}

/// Reads one `name: value` line, also of a trailer section.
///
/// # Errors
/// [`GuardError`] for folding, a malformed name or value.
pub fn field(line: &[u8]) -> Result<(&str, &[u8]), GuardError> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(GuardError::Folded);
    }
    let colon = memchr(b':', line).ok_or(GuardError::HeaderName)?;
    let (name, rest) = line.split_at_checked(colon).ok_or(GuardError::HeaderName)?;
    if name.is_empty() || !all(name, NAME) {
        return Err(GuardError::HeaderName);
    }
    let value = rest.get(1..).unwrap_or_default();
    if !all(value, VALUE) {
        return Err(if memchr(b'\r', value).is_some() { GuardError::BareCr } else { GuardError::HeaderValue });
    }
    let name = std::str::from_utf8(name).map_err(|_| GuardError::HeaderName)?;
    Ok((name, value.trim_ascii()))
}

fn note<'a>(name: &[u8], value: &'a [u8], seen: &mut Seen<'a>) -> Result<(), GuardError> {
    match name.len() {
        4 if name.eq_ignore_ascii_case(b"host") => {
            if seen.host.replace(value).is_some() {
                return Err(GuardError::HostRepeated);
            }
        }
        14 if name.eq_ignore_ascii_case(b"content-length") => {
            let length = decimal(value).filter(|n| *n < u64::MAX - 2).ok_or(GuardError::ContentLength)?;
            if seen.length.replace(length).is_some() {
                return Err(GuardError::ContentLengthRepeated);
            }
        }
        17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
            if seen.chunked || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(GuardError::TransferEncoding);
            }
            seen.chunked = true;
        }
        14 if name.eq_ignore_ascii_case(b"content_length") => return Err(GuardError::LookAlike),
        17 if name.eq_ignore_ascii_case(b"transfer_encoding") => return Err(GuardError::LookAlike),
        _ => {}
    }
    Ok(())
}

fn framing(seen: &Seen<'_>, http11: bool) -> Result<Body, GuardError> {
    match (seen.chunked, seen.length) {
        (true, Some(_)) => Err(GuardError::BothFramings),
        (true, None) if !http11 => Err(GuardError::TransferEncodingIn10),
        (true, None) => Ok(Body::Chunked),
        (false, length) => Ok(Body::Length(length.unwrap_or(0))),
    }
}

fn check_host(seen: &Seen<'_>, target: &str, http11: bool) -> Result<(), GuardError> {
    let Some(value) = seen.host else {
        return if http11 { Err(GuardError::HostMissing) } else { Ok(()) };
    };
    let (host, port) = host_and_port(value).ok_or(GuardError::HostMalformed)?;
    if target.starts_with('/') {
        return Ok(());
    }
    let Some((default, authority, _)) = absolute(target) else { return Ok(()) };
    let (named, named_port) = host_and_port(authority).ok_or(GuardError::Target)?;
    let same = named.eq_ignore_ascii_case(host) && named_port.unwrap_or(default) == port.unwrap_or(default);
    if same { Ok(()) } else { Err(GuardError::HostDisagrees) }
}
