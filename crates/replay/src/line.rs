//! What one line of an access log says, whatever its format, and why a line could not be read.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The user agent, as far as the format has a place for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Agent<'a> {
    /// The format does not tell.
    Unlogged,
    /// The visitor named none (`-`).
    Absent,
    /// What it named.
    Said(Cow<'a, [u8]>),
}

/// One request, as a line tells of it. Bytes are as the visitor sent them, the log's own escapes undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// When, milliseconds since the Unix epoch, UTC.
    pub at_ms: u64,
    /// The other end of the connection: an address, or a name where the server looked it up.
    pub address: Cow<'a, [u8]>,
    /// `X-Forwarded-For` of the request, where the format has it.
    pub forwarded_for: Option<Cow<'a, [u8]>>,
    /// Who was signed in, by the server's own authentication.
    pub user: Option<Cow<'a, [u8]>>,
    /// Method.
    pub method: Cow<'a, [u8]>,
    /// Path and query, percent-encoding kept.
    pub target: Cow<'a, [u8]>,
    /// Status of the answer; 0 when none was sent.
    pub status: u16,
    /// Host asked for.
    pub host: Option<Cow<'a, [u8]>>,
    /// User agent.
    pub agent: Agent<'a>,
}

/// Why a line was not read. The names are part of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// It is of no format that is known, or that was asked for.
    UnknownFormat,
    /// It holds bytes that no log has.
    Garbage,
    /// Longer than any line that is read.
    TooLong,
    /// It ends in the middle, at the end of a file that was cut off.
    CutOff,
    /// It is JSON and cannot be read as such.
    BadJson,
    /// A line of a table whose columns nobody named before.
    NoColumns,
    /// No time, or none of a form that is known.
    NoTime,
    /// A date that does not exist.
    ImpossibleTime,
    /// Before there was a web: the clock of the machine was not set.
    BeforeTheWeb,
    /// After the end of the day the log is read on.
    InTheFuture,
    /// No address.
    NoAddress,
    /// No request in it: a connection without one, or bytes of another protocol.
    NoRequest,
    /// No status.
    NoStatus,
}

impl Skip {
    /// All reasons, with a sentence for the report.
    pub const ALL: [(Self, &'static str); 13] = [
        (Self::UnknownFormat, "not of a format that is known, or that was asked for"),
        (Self::Garbage, "bytes that no log has"),
        (Self::TooLong, "longer than a megabyte"),
        (Self::CutOff, "ends in the middle, where the file was cut off"),
        (Self::BadJson, "begins as JSON and is none"),
        (Self::NoColumns, "a line of a table before its columns were named (#Fields)"),
        (Self::NoTime, "no time that could be read"),
        (Self::ImpossibleTime, "a date that does not exist"),
        (Self::BeforeTheWeb, "a time before 1991: the clock was not set"),
        (Self::InTheFuture, "a time in the future: the clock was wrong"),
        (Self::NoAddress, "no address"),
        (Self::NoRequest, "no request: an empty connection, or another protocol"),
        (Self::NoStatus, "no status"),
    ];
}

/// What became of a line.
pub type Outcome<'a> = Result<Line<'a>, Skip>;

/// `-` and nothing are how logs say that there is nothing.
#[must_use]
pub fn given(value: &[u8]) -> Option<&[u8]> {
    (!value.is_empty() && value != b"-").then_some(value)
}

/// Takes a request line apart: method, and path with query.
///
/// # Errors
/// [`Skip::NoRequest`] for an empty one and for bytes that are no request.
pub fn request(text: &[u8]) -> Result<(&[u8], &[u8]), Skip> {
    let at = memchr::memchr(b' ', text).ok_or(Skip::NoRequest)?;
    let (method, rest) = (&text[..at], &text[at + 1..]);
    if method.is_empty() || method.len() > 32 || !method.iter().all(|b| b.is_ascii_alphabetic() || *b == b'-') {
        return Err(Skip::NoRequest);
    }
    // A path with spaces in it was sent that way; the protocol is what stands behind the last one.
    let target = match memchr::memrchr(b' ', rest) {
        Some(end) if rest[end + 1..].starts_with(b"HTTP/") => &rest[..end],
        _ => rest,
    };
    Ok((method, target_of(target)?))
}

/// The path and query of a request's target: a whole URL loses its scheme and host.
///
/// # Errors
/// [`Skip::NoRequest`] when there is none.
pub fn target_of(target: &[u8]) -> Result<&[u8], Skip> {
    let target = target.trim_ascii();
    if target.first() == Some(&b'/') || target == b"*" {
        return Ok(target);
    }
    if let Some(at) = memchr::memmem::find(target, b"://") {
        let rest = &target[at + 3..];
        return Ok(memchr::memchr(b'/', rest).map_or(b"/", |i| &rest[i..]));
    }
    // `CONNECT host:port` and what scanners send: a request, of no page.
    if given(target).is_some() { Ok(target) } else { Err(Skip::NoRequest) }
}

/// Reads a status: three digits, or `-` and `000` for none sent.
///
/// # Errors
/// [`Skip::NoStatus`].
pub fn status(text: &[u8]) -> Result<u16, Skip> {
    match text {
        b"-" | b"0" => Ok(0),
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Ok(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => Err(Skip::NoStatus),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_line_is_taken_apart_as_servers_write_it() {
        assert_eq!(request(b"GET /a?b=c HTTP/1.1"), Ok((&b"GET"[..], &b"/a?b=c"[..])));
        assert_eq!(request(b"GET /with space HTTP/1.1"), Ok((&b"GET"[..], &b"/with space"[..])));
        assert_eq!(request(b"GET /old"), Ok((&b"GET"[..], &b"/old"[..])));
        assert_eq!(request(b"GET http://h.example/a HTTP/1.1"), Ok((&b"GET"[..], &b"/a"[..])));
        assert_eq!(request(b"GET http://h.example HTTP/1.1"), Ok((&b"GET"[..], &b"/"[..])));
        assert_eq!(request(b"OPTIONS * HTTP/1.1"), Ok((&b"OPTIONS"[..], &b"*"[..])));
        for bad in [&b"-"[..], b"", b"\x16\x03\x01", b" / HTTP/1.1", b"\x16\x03 x", b"GET  HTTP/1.1"] {
            assert_eq!(request(bad), Err(Skip::NoRequest), "{bad:?}");
        }
    }

    #[test]
    fn a_status_has_three_digits_or_was_not_sent() {
        assert_eq!((status(b"200"), status(b"-"), status(b"000"), status(b"499")), (Ok(200), Ok(0), Ok(0), Ok(499)));
        assert_eq!(
            (status(b"20"), status(b"2000"), status(b"abc")),
            (Err(Skip::NoStatus), Err(Skip::NoStatus), Err(Skip::NoStatus))
        );
    }
}
