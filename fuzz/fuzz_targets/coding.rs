#![no_main]
//! No body makes a decoder panic or pass its bound.

use hedgerow_engine::answer::coding::{Coding, Decoder};
use libfuzzer_sys::fuzz_target;

const BOUND: usize = 64 * 1024;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else { return };
    let coding = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd][usize::from(*choice & 3)];
    let mut decoder = Decoder::new(coding, BOUND);
    let mut out = Vec::new();
    for part in body.chunks(usize::from(*choice >> 2) + 1) {
        let sound = decoder.write(part, &mut out).is_ok();
        assert!(out.len() <= BOUND);
        if !sound {
            return;
        }
    }
    let _ = decoder.end(&mut out);
    assert!(out.len() <= BOUND);
});
