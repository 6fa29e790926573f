//! What the guard refuses, and at which sizes.

use thiserror::Error;

/// Bounds and choices of the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest head in bytes, from the request line to the empty line.
    pub head_bytes: usize,
    /// Most header fields in a head. Not more than hyper's own bound: a higher one would have it ask the allocator for room
    /// at every head.
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
            headers: 100,
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
