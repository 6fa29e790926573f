#![no_main]
//! A first flight prints the same in one piece and byte by byte, and its print is bounded.

use hedgerow_gateway::tap::flight::{Flight, Progress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let bytes = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], bytes].concat();
    let whole = Flight::default().push(&bytes);
    let mut flight = Flight::default();
    let mut parts = Progress::More;
    for byte in &bytes {
        parts = flight.push(&[*byte]);
        if parts != Progress::More {
            break;
        }
    }
    assert_eq!(whole, parts);
    if let Progress::Print(text) = whole {
        assert!(text.len() < 1024 && text.is_ascii());
    }
});
