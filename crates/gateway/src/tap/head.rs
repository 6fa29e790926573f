//! The head of an HTTP/1 request, read more strictly than RFC 9112 asks: where two readers could differ, nobody gets to.

use memchr::{memchr, memchr_iter};

use super::refusal::{GuardError, Limits};

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
        // Without `%`: an encoded host has two readings, and http::Uri takes none of them.
        if matches!(b, b'-' | b'.' | b'_') {
            kinds |= HOST;
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

/// Whether a field's value may stand in a head (RFC 9110 section 5.5). Without a table and without an early end, which the
/// compiler turns into sixteen bytes at a time: values are most of a head.
fn is_value(bytes: &[u8]) -> bool {
    bytes.iter().fold(true, |fits, b| fits & ((*b >= 0x20) | (*b == b'\t')) & (*b != 0x7f))
}

/// Reads a whole head, from the first byte of the request line to the empty line. Names are added to `names` in order and
/// case, joined by `,`.
///
/// # Errors
/// [`GuardError`] for the first thing that is ambiguous or over a limit.
pub fn parse<'a>(bytes: &'a [u8], limits: &Limits, names: &mut Vec<u8>) -> Result<Head<'a>, GuardError> {
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
        note(name, value, &mut seen)?;
        if !names.is_empty() {
            names.push(b',');
        }
        names.extend_from_slice(name);
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

/// Reads one `name: value` line, also of a trailer section. A name is ASCII.
///
/// # Errors
/// [`GuardError`] for folding, a malformed name or value.
pub fn field(line: &[u8]) -> Result<(&[u8], &[u8]), GuardError> {
    if matches!(line.first(), Some(b' ' | b'\t')) {
        return Err(GuardError::Folded);
    }
    let end = line.iter().position(|b| KINDS[usize::from(*b)] & NAME == 0).ok_or(GuardError::HeaderName)?;
    let (name, rest) = line.split_at_checked(end).ok_or(GuardError::HeaderName)?;
    let Some((b':', value)) = rest.split_first().filter(|_| !name.is_empty()) else {
        return Err(GuardError::HeaderName);
    };
    if !is_value(value) {
        return Err(if memchr(b'\r', value).is_some() { GuardError::BareCr } else { GuardError::HeaderValue });
    }
    Ok((name, value.trim_ascii()))
}

fn note<'a>(name: &[u8], value: &'a [u8], seen: &mut Seen<'a>) -> Result<(), GuardError> {
    match name.len() {
        4 if name.eq_ignore_ascii_case(b"host") => {
            once(&mut seen.host, value, GuardError::HostRepeated)?;
        }
        14 if name.eq_ignore_ascii_case(b"content-length") => {
            let length = decimal(value).filter(|n| *n < u64::MAX - 2).ok_or(GuardError::ContentLength)?;
            once(&mut seen.length, length, GuardError::ContentLengthRepeated)?;
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

fn once<T>(slot: &mut Option<T>, value: T, repeated: GuardError) -> Result<(), GuardError> {
    if slot.replace(value).is_some() { Err(repeated) } else { Ok(()) }
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
