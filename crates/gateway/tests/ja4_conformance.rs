//! JA4 against the captures and expected prints of its authors, where they are at hand.
//!
//! They are not part of this repository. `HEDGEROW_CONFORMANCE` names a folder with `pcap/` and `python/test/testdata/` from
//! FoxIO-LLC/ja4; without it `../shared/conformance/ja4/` beside the repository is looked for. Only the keys `JA4`, `JA4_r`,
//! `JA4_o` and `JA4_ro` are read, and only prints of TLS over TCP (`t`) are ours: those of QUIC are counted and left.

mod capture;

use std::fs;
use std::path::{Path, PathBuf};

use hedgerow_gateway::tap::hello::HelloReader;
use hedgerow_gateway::tap::ja4::{Ja4, forms};
use serde_json::Value;

fn folder() -> PathBuf {
    std::env::var_os("HEDGEROW_CONFORMANCE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/ja4"), PathBuf::from)
}

/// Prints of every hello in a stream, also behind a proxy's greeting and after a retry request.
fn prints(stream: &[u8]) -> Vec<Ja4> {
    let starts = stream.windows(6).enumerate().filter(|(_, w)| w[0] == 22 && w[1] == 3 && w[2] <= 4 && w[5] == 1);
    starts.filter_map(|(at, _)| HelloReader::default().push(&stream[at..]).ok().flatten()).map(|h| forms(&h)).collect()
}

fn text<'a>(entry: &'a Value, key: &str) -> Option<&'a str> {
    entry.get(key).and_then(Value::as_str)
}

#[test]
fn prints_agree_with_those_of_the_authors() {
    let folder = folder();
    let Ok(expectations) = fs::read_dir(folder.join("python/test/testdata")) else {
        println!("skipped: no captures in {}; set HEDGEROW_CONFORMANCE to a copy of FoxIO-LLC/ja4", folder.display());
        return;
    };
    let mut files: Vec<PathBuf> = expectations.map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut agree, mut other, mut wrong) = (0, 0, Vec::new());
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let flows = capture::flows(&fs::read(folder.join("pcap").join(&name)).unwrap());
        for entry in expected.as_array().unwrap() {
            let end = |at, port| format!("{}:{}", text(entry, at).unwrap_or(""), text(entry, port).unwrap_or(""));
            let ends = (end("src", "srcport"), end("dst", "dstport"));
            let found: Vec<Ja4> = flows.iter().filter(|f| f.ends == ends).flat_map(|f| prints(&f.stream())).collect();
            for (key, value) in entry.as_object().unwrap() {
                let (kind, number) = key.split_once('.').unwrap_or((key, "1"));
                let pick: fn(&Ja4) -> &str = match kind {
                    "JA4" => |p| &p.ja4,
                    "JA4_r" => |p| &p.raw,
                    "JA4_o" => |p| &p.original,
                    "JA4_ro" => |p| &p.raw_original,
                    _ => continue,
                };
                let value = value.as_str().unwrap_or("");
                if !value.starts_with('t') {
                    other += 1;
                } else if found.iter().any(|p| pick(p) == value) {
                    agree += 1;
                } else {
                    let got: Vec<_> = found.iter().map(pick).collect();
                    wrong.push(format!("{name} {ends:?} {kind}.{number}\n  expected {value}\n  found    {got:?}"));
                }
            }
        }
    }
    println!("{agree} prints agree, {} differ, {other} are not of TLS over TCP", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(agree > 0);
}
