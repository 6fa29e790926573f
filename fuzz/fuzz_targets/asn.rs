#![no_main]
//! A table of autonomous systems is read or refused, and asked without a panic where it is damaged.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use hedgerow_engine::identify::AsnTable;
use hedgerow_fuzz::folder;
use libfuzzer_sys::fuzz_target;

static DIR: LazyLock<PathBuf> = LazyLock::new(|| folder("asn"));

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, text)) = bytes.split_first() else { return };
    let path = DIR.join(if flags & 1 == 0 { "table.mmdb" } else { "table.tsv" });
    fs::write(&path, text).expect("written");
    if let Ok(table) = AsnTable::open(&path) {
        for address in ["192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::ffff:192.0.2.1", "1.0.0.1"] {
            let _ = table.lookup(address.parse().expect("an address"));
        }
    }
});
