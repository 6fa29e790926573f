#![no_main]
//! A log from its bytes to the results: cut in two anywhere between lines, in either order, it gives the same; and bytes that
//! claim to be batches, sightings or parts are refused or read, and never make a step panic.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use hedgerow_fuzz::folder;
use hedgerow_replay::gather::{Gathered, PartSource};
use hedgerow_replay::runs::SIGHTINGS;
use hedgerow_replay::scatter::{RangeTally, parse, partition, timeline};
use hedgerow_replay::source::Range;
use hedgerow_replay::{Attachment, ReplayError};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static DIR: LazyLock<PathBuf> = LazyLock::new(|| folder("replay"));
static POLICY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let text = include_str!("../../crates/engine/tests/judged_site.json");
    let site: serde_json::Value = serde_json::from_str(text).expect("the test site");
    json!({"format": 1, "id": "0", "sites": [site]}).to_string().into_bytes()
});

const OPTIONS: &[u8] = br#"{"now_s": 1800000000, "state_mb": 8,
    "secret": "0707070707070707070707070707070707070707070707070707070707070707"}"#;

fn attachment() -> Attachment {
    Attachment::new(&POLICY, OPTIONS).expect("the attachment of the targets")
}

/// Asked in between whether to go on.
fn on() -> Result<(), ReplayError> {
    Ok(())
}

/// The three steps over files, and their result as text.
fn whole(files: &[&[u8]]) -> String {
    let at = attachment();
    let mut tally = RangeTally::default();
    let mut parts = Vec::new();
    for (i, bytes) in files.iter().enumerate() {
        let path = DIR.join(format!("{i}.log"));
        fs::write(&path, bytes).expect("written");
        let (of_file, t) =
            parse(&at, &Range { path, start: 0, end: u64::MAX }, &mut on).expect("a file that is there is read");
        tally.add(t);
        parts.extend(of_file);
    }
    // These two are by file, and with that a matter of how the log was divided.
    tally.broken.clear();
    tally.prints.clear();
    let of = |want: &dyn Fn(usize) -> bool| {
        parts.iter().filter(|(n, _)| want(*n)).map(|(_, b)| b.clone()).collect::<Vec<_>>()
    };
    let past = timeline(&at, of(&|n| n == SIGHTINGS), &tally, &mut on).expect("sightings of this version");
    let mut at = attachment();
    let results = (0..past.groups.len())
        .filter(|g| past.groups[*g].iter().any(|p| parts.iter().any(|(n, _)| n == p)))
        .map(|g| partition(&mut at, &past, g, of(&|n| past.groups[g].contains(&n)), &mut on))
        .map(|part| part.expect("events of this version"))
        .map(PartSource::Bytes)
        .collect::<Vec<_>>();
    let gathered = Gathered::of(&results, &DIR, &mut on).expect("parts of this version");
    let actors: Vec<String> =
        (0..gathered.actors).map(|n| gathered.actor(n).expect("read").expect("there").0).collect();
    format!("{tally:?} {past:?} {:?} {actors:?}", gathered.totals)
}

fuzz_target!(|bytes: &[u8]| {
    let Some((how, text)) = bytes.split_first() else { return };
    if how % 4 == 3 {
        let mut at = attachment();
        let _ = Gathered::of(&[PartSource::Bytes(text.to_vec())], &DIR, &mut on);
        let tally = RangeTally::default();
        if let Ok(past) = timeline(&at, vec![text.to_vec()], &tally, &mut on) {
            let _ = partition(&mut at, &past, 0, vec![text.to_vec()], &mut on);
        }
        let empty = timeline(&at, vec![], &tally, &mut on).expect("nothing is a past");
        let _ = partition(&mut at, &empty, 0, vec![text.to_vec()], &mut on);
        return;
    }
    // Packed files and tables are not cut.
    let magic = [&[0x1f, 0x8b][..], b"BZh", &[0x28, 0xb5, 0x2f, 0xfd]];
    let cut = usize::from(how / 4) * text.len() / 64;
    let cut = text[cut..].iter().position(|b| *b == b'\n').map_or(text.len(), |at| cut + at + 1);
    let (head, tail) = text.split_at(cut);
    let one = whole(&[text]);
    if magic.iter().any(|m| head.starts_with(m) || tail.starts_with(m)) || text.contains(&b'#') {
        return;
    }
    assert_eq!(one, whole(&[tail, head]), "a log gives the same in two files");
});
