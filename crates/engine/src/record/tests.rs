//! The promise of the ledger, tested by breaking it.

mod faults;
mod reading;
mod renamed;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::doors::{Disclosure, Pseudonym, Reference};
use crate::policy::FieldSet;

const WRITER: &str = "00000000000000aa";

fn header() -> SegmentHeader {
    SegmentHeader::new("directory", "abc", vec!["name".into(), "email".into()])
}

fn open(dir: &Path, writer: &str) -> (Ledger, Recovery) {
    Ledger::open(dir, header(), writer, Options::default(), 1_000).unwrap()
}

fn entry(n: u64) -> Entry {
    let mut e = Entry::new(EntryKind::Disclosure, 1_000 + n);
    e.reference = Some(Reference(n));
    e.address = Some(Pseudonym([u8::try_from(n % 256).unwrap(); 12]));
    e.people = vec![Disclosure { person: format!("p{n}"), shown: FieldSet(3), masked: FieldSet(0) }];
    e
}

fn written(dir: &Path, n: u64) -> Vec<Entry> {
    let (ledger, _) = open(dir, WRITER);
    (1..=n)
        .map(|i| {
            let mut e = entry(i);
            ledger.append(&mut e).unwrap();
            e
        })
        .collect()
}

fn entries(dir: &Path) -> Vec<Entry> {
    read(dir, 0)
        .unwrap()
        .filter_map(|i| match i.unwrap() {
            Item::Entry(e) => Some(*e),
            Item::Header(_) => None,
        })
        .collect()
}

fn only_segment(dir: &Path) -> PathBuf {
    let mut all = recovery::segments(dir).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn what_is_appended_is_read_back_in_order() {
    let dir = TempDir::new().unwrap();
    let wrote = written(dir.path(), 50);
    assert_eq!(entries(dir.path()), wrote);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
    assert_eq!(find(dir.path(), Reference(7)).unwrap(), vec![wrote[6].clone()]);
    assert_eq!(find(dir.path(), Reference(700)).unwrap(), vec![]);
}

#[test]
fn segments_end_when_full_or_old_and_the_chain_goes_on() {
    let dir = TempDir::new().unwrap();
    let options = Options { segment_bytes: 600, segment_age_s: 10, ..Options::default() };
    let (ledger, _) = Ledger::open(dir.path(), header(), WRITER, options, 0).unwrap();
    for i in 0..20 {
        ledger.append(&mut entry(i)).unwrap();
    }
    ledger.append(&mut entry(100_000)).unwrap();
    ledger.rotate(SegmentHeader::new("directory", "def", vec!["name".into()]));
    ledger.append(&mut entry(100_001)).unwrap();
    assert!(recovery::segments(dir.path()).unwrap().len() > 4);
    assert_eq!(entries(dir.path()).len(), 22);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
    let since: Vec<_> = read(dir.path(), 50_000)
        .unwrap()
        .filter_map(|i| match i.unwrap() {
            Item::Entry(e) => Some(e.at_ms),
            Item::Header(_) => None,
        })
        .collect();
    assert_eq!(since, vec![101_000, 101_001]);
}

#[test]
fn two_writers_at_once_keep_chains_of_their_own() {
    let dir = TempDir::new().unwrap();
    let (one, _) = open(dir.path(), "00000000000000aa");
    one.append(&mut entry(1)).unwrap();
    let (two, recovery) = open(dir.path(), "00000000000000bb");
    assert!(recovery.torn.is_empty() && recovery.damaged.is_empty());
    two.append(&mut entry(2)).unwrap();
    one.append(&mut entry(3)).unwrap();
    assert_eq!(entries(dir.path()).len(), 3);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
}

#[test]
fn a_removed_line_a_swapped_segment_and_a_missing_segment_are_found() {
    let dir = TempDir::new().unwrap();
    written(dir.path(), 5);
    let path = only_segment(dir.path());
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let without: Vec<&str> = lines.iter().enumerate().filter(|(i, _)| *i != 3).map(|(_, l)| *l).collect();
    std::fs::write(&path, without.join("\n") + "\n").unwrap();
    assert!(!verify::problems(dir.path()).is_empty());

    let dir = TempDir::new().unwrap();
    let options = Options { segment_bytes: 600, ..Options::default() };
    let (ledger, _) = Ledger::open(dir.path(), header(), WRITER, options, 0).unwrap();
    for i in 0..20 {
        ledger.append(&mut entry(i)).unwrap();
    }
    drop(ledger);
    let all = recovery::segments(dir.path()).unwrap();
    let (a, b) = (std::fs::read(&all[1]).unwrap(), std::fs::read(&all[2]).unwrap());
    std::fs::write(&all[1], &b).unwrap();
    std::fs::write(&all[2], &a).unwrap();
    assert!(!verify::problems(dir.path()).is_empty());
    std::fs::write(&all[1], &a).unwrap();
    std::fs::write(&all[2], &b).unwrap();
    assert!(verify::problems(dir.path()).is_empty());
    std::fs::remove_file(&all[2]).unwrap();
    assert!(!verify::problems(dir.path()).is_empty());
}

#[test]
fn damage_in_the_middle_is_left_alone_and_a_gap_says_so() {
    let dir = TempDir::new().unwrap();
    written(dir.path(), 5);
    let path = only_segment(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let (_ledger, recovery) = open(dir.path(), "00000000000000bb");
    assert_eq!(recovery.damaged.len(), 1);
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    let gaps =
        read(dir.path(), 0).unwrap().filter(|i| matches!(i, Ok(Item::Entry(e)) if e.kind == EntryKind::Gap)).count();
    assert_eq!(gaps, 1);
}

#[test]
fn a_full_disk_is_an_error_and_the_ledger_goes_on_when_there_is_room() {
    // A tiny file system of our own needs root; without it there is nothing to fill safely.
    let dir = TempDir::new().unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(dir.path())
        .status()
        .is_ok_and(|s| s.success());
    if !mounted {
        eprintln!("skipped: a tmpfs cannot be mounted here (needs root)");
        return;
    }
    let result = std::panic::catch_unwind(|| {
        let (ledger, _) = open(dir.path(), WRITER);
        let filler = dir.path().join("filler");
        std::fs::write(&filler, vec![0u8; 40 * 1024]).unwrap();
        let mut wrote = 0;
        let error = loop {
            match ledger.append(&mut entry(wrote)) {
                Ok(_) => wrote += 1,
                Err(e) => break e,
            }
            assert!(wrote < 10_000);
        };
        assert!(error.to_string().contains("has room"), "{error}");
        assert!(ledger.append(&mut entry(wrote)).is_err());
        std::fs::remove_file(&filler).unwrap();
        ledger.append(&mut entry(wrote)).unwrap();
        assert_eq!(u64::try_from(entries(dir.path()).len()).unwrap(), wrote + 1);
        assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
    });
    let unmounted = std::process::Command::new("umount").arg(dir.path()).status();
    assert!(unmounted.is_ok_and(|s| s.success()));
    if let Err(p) = result {
        std::panic::resume_unwind(p);
    }
}

#[test]
fn a_folder_that_went_away_is_an_error_once_and_the_next_entry_says_what_is_missing() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("ledger");
    let (l, _) = Ledger::open(&folder, header(), WRITER, Options::default(), 0).unwrap();
    l.append(&mut entry(1)).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let e = l.append(&mut entry(2)).unwrap_err();
    assert!(matches!(e, RecordError::Gone { .. }), "{e}");
    assert!(e.to_string().contains("bring it back from a copy"), "{e}");
    l.append(&mut entry(3)).unwrap();
    let again = entries(&folder);
    assert_eq!(again.iter().map(|e| e.kind).collect::<Vec<_>>(), [EntryKind::Gap, EntryKind::Disclosure]);
    assert_eq!(verify::problems(&folder), Vec::<String>::new());
}

#[test]
fn a_segment_that_went_away_is_noticed_by_the_next_sync() {
    let dir = TempDir::new().unwrap();
    let (l, _) = open(dir.path(), WRITER);
    l.append(&mut entry(1)).unwrap();
    std::fs::remove_file(only_segment(dir.path())).unwrap();
    assert!(matches!(l.sync(), Err(RecordError::Gone { .. })));
    l.append(&mut entry(2)).unwrap();
    assert_eq!(entries(dir.path()).len(), 2);
}

#[test]
fn nobody_but_the_owner_can_read_what_is_written() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("ledger");
    let (l, _) = Ledger::open(&folder, header(), WRITER, Options::default(), 0).unwrap();
    l.append(&mut entry(1)).unwrap();
    let mode = |p: &Path| p.metadata().unwrap().permissions().mode() & 0o077;
    assert_eq!((mode(&folder), mode(&only_segment(&folder))), (0, 0));
}

#[test]
fn a_last_line_that_does_not_fit_is_put_aside_like_half_a_line() {
    let dir = TempDir::new().unwrap();
    let wrote = written(dir.path(), 3);
    let path = only_segment(dir.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 5;
    bytes[at] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let (_ledger, recovery) = open(dir.path(), "00000000000000bb");
    assert!(recovery.damaged.is_empty());
    let aside = recovery.torn[0].aside.clone().unwrap();
    let kept = std::fs::read(&path).unwrap();
    assert_eq!([kept, std::fs::read(aside).unwrap()].concat(), bytes);
    let again: Vec<Entry> = entries(dir.path()).into_iter().filter(|e| e.kind != EntryKind::Gap).collect();
    assert_eq!(again[..], wrote[..2]);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
}

#[test]
fn entries_wait_for_the_disk_when_asked_to() {
    let dir = TempDir::new().unwrap();
    let options = Options { durability: Durability::Disk, ..Options::default() };
    let (ledger, _) = Ledger::open(dir.path(), header(), WRITER, options, 0).unwrap();
    std::thread::scope(|s| {
        for t in 0..4 {
            let ledger = &ledger;
            s.spawn(move || {
                (0..20).for_each(|i| {
                    ledger.append(&mut entry(t * 100 + i)).unwrap();
                })
            });
        }
    });
    assert_eq!(entries(dir.path()).len(), 80);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
}

#[test]
fn a_sealed_address_is_opened_with_the_key_only_and_goes_when_its_time_is_over() {
    let dir = TempDir::new().unwrap();
    let (name, address) = (Pseudonym([7; 12]), "198.51.100.7".parse().unwrap());
    let sealer = Sealer::new(dir.path().to_owned(), &[1; 32]);
    sealer.seal(name, address, [9; 12], 0).unwrap();
    sealer.seal(name, address, [8; 12], 10).unwrap();
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    let text = std::fs::read_to_string(&files[0]).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains("198.51"));
    assert_eq!(open_address(dir.path(), &[1; 32], name).unwrap(), Some(address));
    assert_eq!(open_address(dir.path(), &[2; 32], name).unwrap(), None);
    assert_eq!(open_address(dir.path(), &[1; 32], Pseudonym([6; 12])).unwrap(), None);
    assert_eq!(sealer.expire(7, 7 * 86_400_000).unwrap().len(), 0);
    assert_eq!(sealer.expire(7, 8 * 86_400_000).unwrap().len(), 1);
    assert_eq!(open_address(dir.path(), &[1; 32], name).unwrap(), None);
}

#[test]
fn a_segment_that_is_deleted_while_somebody_reads_is_gone_and_no_error() {
    let dir = TempDir::new().unwrap();
    let wrote = written(dir.path(), 3);
    // What a folder lists and nobody can open any more is what a reader meets whose list is older than a deletion.
    for gone in ["0000000000001-00000000000000bb-000001.seg", "9999999999999-00000000000000bb-000002.seg"] {
        std::os::unix::fs::symlink(dir.path().join("deleted"), dir.path().join(gone)).unwrap();
    }
    assert_eq!(find(dir.path(), Reference(2)).unwrap(), vec![wrote[1].clone()]);
    assert_eq!(find(dir.path(), Reference(700)).unwrap(), vec![]);
    assert_eq!(entries(dir.path()), wrote);
    assert_eq!(verify(dir.path()).unwrap().entries, 3);
    let (_, recovery) = open(dir.path(), "00000000000000cc");
    assert!(recovery.torn.is_empty() && recovery.damaged.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn cut_off_anywhere_it_recovers_to_a_beginning_of_what_was_written(cut in 0.0f64..1.0) {
        let dir = TempDir::new().unwrap();
        let wrote = written(dir.path(), 6);
        let path = only_segment(dir.path());
        let bytes = std::fs::read(&path).unwrap();
        let keep = (bytes.len() as f64 * cut) as usize;
        std::fs::write(&path, &bytes[..keep]).unwrap();
        let (ledger, recovery) = open(dir.path(), "00000000000000bb");
        prop_assert!(recovery.damaged.is_empty());
        let again: Vec<Entry> = entries(dir.path()).into_iter().filter(|e| e.kind != EntryKind::Gap).collect();
        prop_assert_eq!(&again[..], &wrote[..again.len()]);
        // Nothing is lost: what was cut off a line stands beside it.
        let torn = std::fs::read(path.with_extension("seg.torn")).unwrap_or_default();
        prop_assert_eq!(std::fs::read(&path).unwrap().len() + torn.len(), keep);
        ledger.append(&mut entry(99)).unwrap();
    }

    #[test]
    fn any_changed_byte_is_found(at in 0.0f64..1.0, bit in 0u8..8) {
        let dir = TempDir::new().unwrap();
        written(dir.path(), 6);
        let path = only_segment(dir.path());
        let mut bytes = std::fs::read(&path).unwrap();
        let i = ((bytes.len() - 1) as f64 * at) as usize;
        bytes[i] ^= 1 << bit;
        std::fs::write(&path, &bytes).unwrap();
        prop_assert!(!verify::problems(dir.path()).is_empty());
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_line(&bytes);
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("0000000000001-00000000000000aa-000001.seg"), &bytes).unwrap();
        read(dir.path(), 0).unwrap().for_each(drop);
        verify(dir.path()).unwrap();
        open(dir.path(), "00000000000000bb");
    }
}
