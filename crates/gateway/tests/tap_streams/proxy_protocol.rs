//! PROXY protocol: layouts from HAProxy's document, and hostile bytes.

use hedgerow_gateway::tap::proxy_protocol::{Header, Parsed, ProxyError, crc32c, parse, read};
use proptest::prelude::*;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn binary(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = SIGNATURE.to_vec();
    bytes.extend([command, family]);
    bytes.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn done(bytes: &[u8]) -> (usize, Header) {
    match parse(bytes) {
        Ok(Parsed::Done { consumed, header }) => (consumed, header),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_line_names_the_visitor_and_leaves_what_follows() {
    let line = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET / HTTP/1.1\r\n";
    let (consumed, header) = done(line);
    assert_eq!(consumed, 45);
    assert_eq!(header.source, Some("192.0.2.7:56324".parse().unwrap()));
    assert_eq!(header.destination, Some("198.51.100.1:443".parse().unwrap()));
    let (_, header) = done(b"PROXY TCP6 2001:db8::7 2001:db8::1 65535 0\r\n");
    assert_eq!(header.source, Some("[2001:db8::7]:65535".parse().unwrap()));
}

#[test]
fn an_unknown_text_line_names_nobody_whatever_else_it_says() {
    let long = format!("PROXY UNKNOWN {}\r\n", "f".repeat(107 - 16));
    assert_eq!(long.len(), 107);
    for line in ["PROXY UNKNOWN\r\n", &long] {
        assert_eq!(done(line.as_bytes()), (line.len(), Header { version: 1, source: None, destination: None }));
    }
}

#[test]
fn a_malformed_text_line_ends_the_connection() {
    for line in [
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 56324 443 1\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 056324 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n",
        "PROXY TCP4  192.0.2.7 198.51.100.1 1 443\r\n",
        "PROXY TCP4 192.0.2.256 198.51.100.1 1 443\r\n",
        "PROXY TCP4 2001:db8::7 2001:db8::1 1 443\r\n",
        "PROXY TCP6 192.0.2.7 198.51.100.1 1 443\r\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 1 443\r\n",
        "PROXY TCP4 192.0.2.7\0 198.51.100.1 1 443\r\n",
        "PROXY UNKNOWN\r\r\n",
        &format!("PROXY UNKNOWN {}\r\n", "f".repeat(92)),
    ] {
        assert_eq!(parse(line.as_bytes()), Err(ProxyError::Line), "{line:?}");
    }
}

#[test]
fn a_binary_header_names_the_visitor() {
    let mut body = vec![192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 4, 1, 0xbb];
    body.extend([0x04, 0, 3, 0, 0, 0, 0x02, 0, 1, b'x']);
    let mut bytes = binary(0x21, 0x11, &body);
    let whole = bytes.len();
    bytes.extend(b"\x16\x03\x01");
    let (consumed, header) = done(&bytes);
    assert_eq!((consumed, header.source), (whole, Some("192.0.2.7:56324".parse().unwrap())));

    let mut body = [0u8; 36];
    body[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
    body[15] = 7;
    body[32..].copy_from_slice(&[0, 80, 1, 0xbb]);
    assert_eq!(done(&binary(0x21, 0x21, &body)).1.source, Some("[2001:db8::7]:80".parse().unwrap()));
}

#[test]
fn local_unspecified_and_unix_name_nobody() {
    for bytes in [
        binary(0x20, 0x11, &[1; 12]),
        binary(0x20, 0x00, &[]),
        binary(0x21, 0x00, &[9; 40]),
        binary(0x21, 0x31, &[b'/'; 216]),
    ] {
        assert_eq!(done(&bytes), (bytes.len(), Header { version: 2, source: None, destination: None }));
    }
}

#[test]
fn a_malformed_binary_header_ends_the_connection() {
    assert_eq!(parse(&binary(0x11, 0x11, &[1; 12])), Err(ProxyError::Command(0x11)));
    assert_eq!(parse(&binary(0x22, 0x11, &[1; 12])), Err(ProxyError::Command(0x22)));
    assert_eq!(parse(&binary(0x21, 0x12, &[1; 12])), Err(ProxyError::Family(0x12)));
    assert_eq!(parse(&binary(0x21, 0x41, &[1; 12])), Err(ProxyError::Family(0x41)));
    assert_eq!(parse(&binary(0x21, 0x11, &[1; 11])), Err(ProxyError::Truncated));
    assert_eq!(parse(&binary(0x21, 0x21, &[1; 35])), Err(ProxyError::Truncated));
    assert_eq!(parse(&binary(0x21, 0x11, &[1; 13])), Err(ProxyError::Truncated));
    let mut over = vec![1; 12];
    over.extend([0x02, 0, 9, 1]);
    assert_eq!(parse(&binary(0x21, 0x11, &over)), Err(ProxyError::Truncated));
    assert_eq!(parse(&binary(0x21, 0x11, &vec![0; 20_000])), Err(ProxyError::TooLong(20_016)));
    assert_eq!(parse(b"GET / HTTP/1.1\r\n"), Err(ProxyError::Missing));
}

#[test]
fn a_checksum_is_believed_only_when_it_is_right() {
    // Check value of CRC-32C, as the catalogues of such sums give it.
    assert_eq!(crc32c(&[b"1234", b"56789"]), 0xe306_9283);
    let mut body = vec![192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 4, 1, 0xbb, 0x03, 0, 4, 0, 0, 0, 0];
    body.extend([0x02, 0, 2, b'a', b'b']);
    let mut bytes = binary(0x21, 0x11, &body);
    let sum = crc32c(&[&bytes]);
    let at = 16 + 12 + 3;
    bytes[at..at + 4].copy_from_slice(&sum.to_be_bytes());
    assert!(matches!(parse(&bytes), Ok(Parsed::Done { .. })));
    bytes[20] ^= 1;
    assert_eq!(parse(&bytes), Err(ProxyError::Checksum));
}

#[test]
fn a_header_is_never_done_before_it_is_whole() {
    let whole = binary(0x21, 0x11, &[192, 0, 2, 7, 198, 51, 100, 1, 0xdc, 4, 1, 0xbb]);
    for whole in [&whole[..], b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n"] {
        for cut in 0..whole.len() {
            assert!(matches!(parse(&whole[..cut]), Ok(Parsed::Need(n)) if n > 0 && n <= whole.len() - cut), "{cut}");
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn reading_hands_back_what_came_after_the_header() {
    let mut stream = &b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\nGET /"[..];
    let (visitor, rest) = read(&mut stream).await.unwrap();
    assert_eq!(visitor, Some("192.0.2.7:56324".parse().unwrap()));
    assert_eq!(rest, b"GET /");
    assert!(read(&mut &b"PROXY TCP4"[..]).await.is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_bytes_make_it_panic_or_claim_more_than_there_is(start in 0usize..4, tail in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = [&b""[..], SIGNATURE, b"PROXY TCP4 ", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x20"][start].to_vec();
        bytes.extend(tail);
        if let Ok(Parsed::Done { consumed, .. }) = parse(&bytes) {
            prop_assert!(consumed <= bytes.len());
            // The same header is found when nothing follows it.
            prop_assert_eq!(parse(&bytes[..consumed]), parse(&bytes));
        }
    }
}
