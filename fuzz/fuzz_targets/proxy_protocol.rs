#![no_main]
//! A PROXY header never claims more bytes than there are, and is the same without what follows it.

use hedgerow_gateway::tap::proxy_protocol::{Parsed, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match parse(bytes) {
        Ok(Parsed::Done { consumed, .. }) => assert_eq!(parse(&bytes[..consumed]), parse(bytes)),
        Ok(Parsed::Need(n)) => assert!(n > 0),
        Err(_) => {}
    }
});
