#![no_main]
//! A ClientHello reads the same in one piece and byte by byte, and always has a print of the right shape.

use hedgerow_gateway::tap::hello::{HelloReader, parse};
use hedgerow_gateway::tap::ja4::forms;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(hello) = parse(bytes) {
        assert_eq!(forms(&hello).ja4.len(), 36);
    }
    let whole = HelloReader::default().push(bytes).ok().flatten();
    let mut reader = HelloReader::default();
    let cut = bytes.iter().find_map(|byte| match reader.push(&[*byte]) {
        Ok(None) => None,
        Ok(Some(hello)) => Some(Some(hello)),
        Err(_) => Some(None),
    });
    // In one piece a hello may be longer than the bound by what came with it; byte by byte it may not.
    if bytes.len() < hedgerow_gateway::tap::hello::LONGEST {
        assert_eq!(whole, cut.flatten());
    }
});
