#![no_main]
//! A form is read whatever it is, bounded, and what was read is read again from its careful spelling.

use hedgerow_gateway::form::{fields, value};
use libfuzzer_sys::fuzz_target;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

fuzz_target!(|bytes: &[u8]| {
    let found = fields(bytes);
    assert!(found.len() <= 1_000);
    // A byte that is not UTF-8 becomes a character of three bytes.
    assert!(found.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>() <= bytes.len() * 3);
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let again = found.iter().map(|(n, v)| format!("{}={}", encode(n), encode(v))).collect::<Vec<_>>().join("&");
    assert_eq!(fields(again.as_bytes()), found);
    for name in ["token", "payload", "back"] {
        let _ = value(&found, name);
    }
});
