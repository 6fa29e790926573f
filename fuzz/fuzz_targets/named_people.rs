#![no_main]
//! The application's header is read whole or refused.

use hedgerow_engine::answer::named_people;
use http::HeaderValue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = HeaderValue::from_bytes(bytes) {
        let _ = named_people(&value);
    }
});
