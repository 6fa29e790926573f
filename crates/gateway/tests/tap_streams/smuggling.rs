//! Requests that two readers could understand differently. Each is refused with its reason, and hyper never sees it.

use hedgerow_gateway::tap::framing::{Framing, Step};
use hedgerow_gateway::tap::guard::{GuardError, Limits};

/// Method, target and body length of a request the guard let pass.
pub type Passed = (String, String, u64);

/// Each request the guard lets pass, and why it refused the next.
pub fn follow(bytes: &[u8], cut: usize) -> (Vec<Passed>, Result<(), GuardError>) {
    let mut framing = Framing::new(Limits::default());
    let mut requests = Vec::new();
    let (mut start, mut end) = (0, 0);
    loop {
        let mut data = framing.unread_body();
        let outcome = framing.step(&bytes[start..end], |head, _| {
            requests.push((head.method.to_owned(), head.target.to_owned(), 0));
        });
        match outcome {
            Ok(Step::Pass(n)) => {
                data = data.min(n as u64);
                if let Some(last) = requests.last_mut() {
                    last.2 += data;
                }
                start += n;
            }
            Ok(Step::More) if end == bytes.len() => return (requests, Ok(())),
            Ok(Step::More) => end = (end + cut).min(bytes.len()),
            Ok(Step::Raw) => return (requests, Ok(())),
            Err(error) => return (requests, Err(error)),
        }
    }
}

/// Hostile requests with the reason each is refused for; `|` stands for CRLF.
pub fn corpus() -> Vec<(&'static str, GuardError)> {
    use GuardError::*;
    vec![
        // Two framings.
        ("POST / HTTP/1.1|Host: a|Content-Length: 6|Transfer-Encoding: chunked||0||G", BothFramings),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|Content-Length: 6||0||G", BothFramings),
        ("POST / HTTP/1.1|Host: a|transfer-encoding: CHUNKED|CONTENT-LENGTH: 0||0||", BothFramings),
        // Content-Length.
        ("POST / HTTP/1.1|Host: a|Content-Length: 1|Content-Length: 2||ab", ContentLengthRepeated),
        ("POST / HTTP/1.1|Host: a|Content-Length: 1|content-length: 1||a", ContentLengthRepeated),
        ("POST / HTTP/1.1|Host: a|Content-Length: 1, 1||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: 1,2||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: +1||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: -1||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: 0x1||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: 1 2||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: 1e1||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: 1.0||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length:||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: \"1\"||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: 18446744073709551616||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content-Length: 99999999999999999999999||a", ContentLength),
        ("POST / HTTP/1.1|Host: a|Content_Length: 5||hello", LookAlike),
        ("POST / HTTP/1.1|Host: a|Content-Length : 5||hello", HeaderName),
        ("POST / HTTP/1.1|Host: a| Content-Length: 5||hello", Folded),
        // Transfer-Encoding.
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: gzip||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: identity||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: gzip, chunked||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked, chunked||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked, identity||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|Transfer-Encoding: chunked||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|Transfer-Encoding: x||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: xchunked||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked;q=1||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: \"chunked\"||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding:||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: ,chunked||0||", TransferEncoding),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: \x0bchunked||0||", HeaderValue),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked\0||0||", HeaderValue),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding : chunked||0||", HeaderName),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding\t: chunked||0||", HeaderName),
        ("POST / HTTP/1.1|Host: a|Transfer_Encoding: chunked||0||", LookAlike),
        ("POST / HTTP/1.1|Host: a|X: y| Transfer-Encoding: chunked||0||", Folded),
        ("POST / HTTP/1.1|Host: a|X: y|\tz||", Folded),
        ("POST / HTTP/1.0|Host: a|Transfer-Encoding: chunked||0||", TransferEncodingIn10),
        ("POST / HTTP/1.1|Host: a|X: y\nTransfer-Encoding: chunked||0||", BareLf),
        ("POST / HTTP/1.1|Host: a|X: y\rTransfer-Encoding: chunked||0||", BareCr),
        // Line endings.
        ("GET / HTTP/1.1\nHost: a\n\n", BareLf),
        ("GET / HTTP/1.1|Host: a\n|", BareLf),
        ("GET / HTTP/1.1|Host: a|\n", BareLf),
        ("GET / HTTP/1.1\r|Host: a||", BareCr),
        ("GET / HTTP/1.1|Host: a\r||", BareCr),
        ("\nGET / HTTP/1.1|Host: a||", BareLf),
        ("||GET / HTTP/1.1|Host: a||", RequestLine),
        // Names and values.
        ("GET / HTTP/1.1|Host: a|: x||", HeaderName),
        ("GET / HTTP/1.1|Host: a|X||", HeaderName),
        ("GET / HTTP/1.1|Host: a|X Y: z||", HeaderName),
        ("GET / HTTP/1.1|Host: a|X\0: z||", HeaderName),
        ("GET / HTTP/1.1|Host: a|(X): z||", HeaderName),
        ("GET / HTTP/1.1|Host: a|X: \0||", HeaderValue),
        ("GET / HTTP/1.1|Host: a|X: \x08||", HeaderValue),
        ("GET / HTTP/1.1|Host: a|X: \x7f||", HeaderValue),
        // Host.
        ("GET / HTTP/1.1||", HostMissing),
        ("GET / HTTP/1.1|X-Host: a||", HostMissing),
        ("GET / HTTP/1.1|Host: a|Host: b||", HostRepeated),
        ("GET / HTTP/1.1|Host: a|host: a||", HostRepeated),
        ("GET / HTTP/1.1|Host:||", HostMalformed),
        ("GET / HTTP/1.1|Host: a b||", HostMalformed),
        ("GET / HTTP/1.1|Host: a, b||", HostMalformed),
        ("GET / HTTP/1.1|Host: a@b||", HostMalformed),
        ("GET / HTTP/1.1|Host: a/b||", HostMalformed),
        ("GET / HTTP/1.1|Host: a:80x||", HostMalformed),
        ("GET / HTTP/1.1|Host: a:99999||", HostMalformed),
        ("GET / HTTP/1.1|Host: [::1||", HostMalformed),
        ("GET / HTTP/1.1|Host: [a]||", HostMalformed),
        ("GET http://a/ HTTP/1.1|Host: b||", HostDisagrees),
        ("GET http://a/ HTTP/1.1|Host: a:81||", HostDisagrees),
        ("GET https://a:80/ HTTP/1.1|Host: a||", HostDisagrees),
        ("GET http://a/ HTTP/1.1|X: b||", HostMissing),
        // Request line.
        ("GET  / HTTP/1.1|Host: a||", Version),
        ("GET / HTTP/1.1 |Host: a||", Version),
        ("GET / /b HTTP/1.1|Host: a||", Version),
        ("GET / HTTP/1.2|Host: a||", Version),
        ("GET / HTTP/2.0|Host: a||", Version),
        ("GET / http/1.1|Host: a||", Version),
        ("GET / HTTP/01.1|Host: a||", Version),
        ("GET /|Host: a||", RequestLine),
        ("GET\t/\tHTTP/1.1|Host: a||", RequestLine),
        (" GET / HTTP/1.1|Host: a||", Method),
        ("G(T / HTTP/1.1|Host: a||", Method),
        ("G\0T / HTTP/1.1|Host: a||", Method),
        ("CONNECT a:443 HTTP/1.1|Host: a||", Method),
        ("TRACE / HTTP/1.1|Host: a||", Method),
        ("GET /\0 HTTP/1.1|Host: a||", Target),
        ("GET /\x7f HTTP/1.1|Host: a||", Target),
        ("GET /#x HTTP/1.1|Host: a||", Target),
        ("GET /?a#x HTTP/1.1|Host: a||", Target),
        ("GET * HTTP/1.1|Host: a||", Target),
        ("GET a HTTP/1.1|Host: a||", Target),
        ("GET ftp://a/ HTTP/1.1|Host: a||", Target),
        ("GET http:///x HTTP/1.1|Host: a||", Target),
        ("GET http://u@a/ HTTP/1.1|Host: a||", Target),
        ("GET http://a%80/ HTTP/1.1|Host: a%80||", Target),
        ("GET / HTTP/1.1|Host: a%2eb||", HostMalformed),
        ("PROXY TCP4 192.0.2.1 192.0.2.2 1 2|Host: a||", Version),
        ("\x16\x03\x01 / HTTP/1.1|Host: a||", Method),
        // Chunks.
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0x1|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||+1|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||-1|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|| 1|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1 |a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1 ;x|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked|||a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||;x|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||10000000000000001|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0000000000000001|a|0||", ChunkSize),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1\na|0||", BareLf),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1;x\ny|a|0||", BareLf),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1;x\ry|a|0||", ChunkExtension),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1;\0|a|0||", ChunkExtension),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1|ab|0||", ChunkEnd),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1|a\n0||", BareLf),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||1|a0||", ChunkEnd),
        // Trailers.
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0|Content-Length: 5||", Trailer),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0|Host: b||", Trailer),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0|Cookie: b||", Trailer),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0|X: y| z||", Folded),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0|X : y||", HeaderName),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0|GET / HTTP/1.1||", HeaderName),
        ("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||0|X: y\n|", BareLf),
        // The second of two.
        ("GET / HTTP/1.1|Host: a|Content-Length: 3||abcGET / HTTP/1.1|Host: a|Host: b||", HostRepeated),
    ]
}

pub fn wire(text: &str) -> Vec<u8> {
    text.replace('|', "\r\n").into_bytes()
}

#[test]
fn every_hostile_request_is_refused_for_its_reason_however_it_is_cut() {
    for (text, reason) in corpus() {
        for cut in [1, 2, 3, 7, 50, 5000] {
            assert_eq!(follow(&wire(text), cut).1, Err(reason), "{text:?} in reads of {cut}");
        }
    }
    assert!(corpus().len() >= 120);
}

#[test]
fn ordinary_requests_pass_with_their_framing() {
    for (text, expected) in [
        ("GET / HTTP/1.1|Host: a||", vec![("GET", "/", 0)]),
        ("|GET / HTTP/1.1|Host: a||", vec![("GET", "/", 0)]),
        ("GET /?q={\"a\"} HTTP/1.1|Host: a||", vec![]),
        ("GET / HTTP/1.0||", vec![("GET", "/", 0)]),
        ("OPTIONS * HTTP/1.1|Host: a||", vec![("OPTIONS", "*", 0)]),
        ("GET http://A:80/x HTTP/1.1|Host: a||", vec![("GET", "http://A:80/x", 0)]),
        ("GET / HTTP/1.1|Host: [::1]:8700|X:|Y:\t z \t|Z: caf\u{e9}||", vec![("GET", "/", 0)]),
        (
            "POST /a HTTP/1.1|Host: a|Content-Length: 003||abc|GET /b?x=1&y HTTP/1.1|Host: a||",
            vec![("POST", "/a", 3), ("GET", "/b?x=1&y", 0)],
        ),
        (
            "POST /a HTTP/1.1|Host: a|Transfer-Encoding: Chunked||3|abc|A;n=v|0123456789|0|X: y||GET /b HTTP/1.1|Host: a||",
            vec![("POST", "/a", 13), ("GET", "/b", 0)],
        ),
    ] {
        for cut in [1, 2, 5, 5000] {
            let (found, outcome) = follow(&wire(text), cut);
            if expected.is_empty() {
                assert_eq!(outcome, Err(GuardError::Target), "{text}");
                continue;
            }
            assert_eq!(outcome, Ok(()), "{text}");
            let found: Vec<_> = found.iter().map(|(m, t, n)| (m.as_str(), t.as_str(), *n)).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}

#[test]
fn sizes_have_limits() {
    let head = |filler: String| format!("GET / HTTP/1.1|Host: a|{filler}|");
    let long = head(format!("X: {}|", "y".repeat(33_000)));
    assert_eq!(follow(&wire(&long), 5000).1, Err(GuardError::HeadTooLong));
    assert_eq!(follow(&wire(&long), 100_000).1, Err(GuardError::HeadTooLong));
    assert_eq!(follow(&vec![b'G'; 33_000], 5000).1, Err(GuardError::HeadTooLong));
    assert_eq!(follow(&wire(&head("a: b|".repeat(99))), 5000).1, Ok(()));
    assert_eq!(follow(&wire(&head("a: b|".repeat(100))), 5000).1, Err(GuardError::TooManyHeaders));

    let chunked = |rest: String| wire(&format!("POST / HTTP/1.1|Host: a|Transfer-Encoding: chunked||{rest}"));
    let cases = [
        (chunked(format!("1;{}|a|0||", "x".repeat(1023))), Ok(())),
        (chunked(format!("1;{}|a|0||", "x".repeat(1024))), Err(GuardError::ChunkExtension)),
        (chunked(format!("1;{}", "x".repeat(5000))), Err(GuardError::ChunkExtension)),
        (chunked(format!("1;{}|a|", "x".repeat(1000)).repeat(13)), Err(GuardError::ChunkExtension)),
        (chunked(format!("0|X: {}||", "x".repeat(9000))), Err(GuardError::Trailer)),
        (chunked(format!("0|{}", "x".repeat(9000))), Err(GuardError::Trailer)),
        (chunked(format!("0|{}|", "X: y|".repeat(65))), Err(GuardError::Trailer)),
    ];
    for (bytes, outcome) in cases {
        for cut in [100, 20_000] {
            assert_eq!(follow(&bytes, cut).1, outcome);
        }
    }
}
