#![no_main]
//! Certificate and key files are taken or refused with a reason that never quotes the key.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use hedgerow_fuzz::folder;
use hedgerow_gateway::tls::{Certificate, Tls};
use libfuzzer_sys::fuzz_target;

static DIR: LazyLock<PathBuf> = LazyLock::new(|| folder("pem"));

fuzz_target!(|bytes: &[u8]| {
    let Some((cut, text)) = bytes.split_first() else { return };
    let (chain, key) = (DIR.join("chain.pem"), DIR.join("key.pem"));
    // Both from one file, as many sites keep them, or cut in two.
    let (first, second) = if *cut == 0 { (text, text) } else { text.split_at(usize::from(*cut) * text.len() / 256) };
    fs::write(&chain, first).expect("written");
    fs::write(&key, second).expect("written");
    let names = vec!["www.example.org".to_owned()];
    match Tls::open(vec![Certificate { names, chain, key }]) {
        Ok(tls) => assert!(tls.reload_if_changed().is_empty()),
        Err(error) => assert!(error.to_string().len() < 1024),
    }
});
