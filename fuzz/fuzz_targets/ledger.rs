#![no_main]
//! No folder of segments, whatever is in them, makes the readers of the ledger panic; a chain whose hashes fit is read as it is
//! written; and a ledger opened over all this takes an entry and gives it back.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use hedgerow_engine::doors::Reference;
use hedgerow_engine::record::{
    Entry, EntryKind, Item, Ledger, Options, SegmentHeader, find, open_address, parse_line, read, verify,
};
use hedgerow_fuzz::{NOW_MS, folder};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

static DIR: LazyLock<PathBuf> = LazyLock::new(|| folder("ledger"));
static SEALED: LazyLock<PathBuf> = LazyLock::new(|| folder("sealed"));

/// The text of a segment whose lines carry the JSON of `lines` and hashes that fit.
fn chained(lines: &[u8]) -> Vec<u8> {
    let mut previous = "0".repeat(32);
    let mut out = Vec::new();
    for json in lines.split(|b| *b == b'\n') {
        let digest = Sha256::new().chain_update(previous.as_bytes()).chain_update(json).finalize();
        previous = digest.iter().take(16).map(|b| format!("{b:02x}")).collect();
        out.extend_from_slice(previous.as_bytes());
        out.push(b' ');
        out.extend_from_slice(json);
        out.push(b'\n');
    }
    out
}

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, text)) = bytes.split_first() else { return };
    for line in text.split(|b| *b == b'\n') {
        if let Ok((_, json)) = parse_line(line) {
            assert_eq!(json.len() + 33, line.len());
        }
        // What an entry says survives being written again.
        if let Ok(entry) = serde_json::from_slice::<Entry>(line) {
            let again = serde_json::to_vec(&entry).expect("an entry can be written");
            assert_eq!(serde_json::from_slice::<Entry>(&again).expect("and read"), entry);
        }
    }
    for old in fs::read_dir(&*DIR).expect("the folder") {
        fs::remove_file(old.expect("an entry of it").path()).expect("removed");
    }
    let (first, second) = text.split_at(usize::from(flags >> 3) * text.len() / 32);
    let (first, second) =
        if flags & 1 == 0 { (chained(first), chained(second)) } else { (first.to_vec(), second.to_vec()) };
    let names = if flags & 2 == 0 { ["1-aa-1.seg", "2-aa-2.seg"] } else { ["0000000000001-aa-000001.seg", "x.seg"] };
    fs::write(DIR.join(names[0]), &first).expect("written");
    fs::write(DIR.join(names[1]), &second).expect("written");

    let _ = verify(&DIR).expect("the folder can be read");
    for item in read(&DIR, 0).expect("the folder can be read") {
        let _ = item;
    }
    let reference = Reference(0x0123_4567_89ab_cdef >> 4);
    let _ = find(&DIR, reference).expect("the folder can be read");

    let header = SegmentHeader::new("directory", "policy", vec!["name".to_owned()]);
    let (ledger, _) = Ledger::open(&DIR, header, "00000000000000ff", Options::default(), NOW_MS).expect("opened");
    let mut entry = Entry::new(EntryKind::Verdict, NOW_MS);
    entry.reference = Some(Reference(1));
    ledger.append(&mut entry).expect("appended");
    let found = read(&DIR, 0).expect("the folder can be read").filter_map(Result::ok);
    assert!(found.into_iter().any(|item| matches!(item, Item::Entry(e) if *e == entry)), "the new entry is read back");

    if flags & 4 != 0 {
        fs::write(SEALED.join("00020000.jsonl"), text).expect("written");
        // Text that is not UTF-8 is an error, nothing else is.
        let _ = open_address(&SEALED, &[7; 32], hedgerow_engine::doors::Pseudonym([1; 12]));
    }
});
