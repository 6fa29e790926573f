//! Every operation on the disk fails once, in every way it can.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::disk::{Disk, LocalDisk, SegmentFile};
use super::super::recovery::segments;
use super::*;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// Nothing is done.
    Refused(io::ErrorKind),
    /// A write does half of its work, and everything after it is refused as the disk is full.
    Short,
}

#[derive(Debug)]
struct Plan {
    done: AtomicUsize,
    /// Operations that fail.
    fail: std::ops::Range<usize>,
    fault: Fault,
    syncs: AtomicUsize,
}

impl Plan {
    fn next(&self) -> Option<Fault> {
        self.fail.contains(&self.done.fetch_add(1, Ordering::SeqCst)).then_some(self.fault)
    }

    fn step(&self) -> io::Result<()> {
        match self.next() {
            None => Ok(()),
            Some(Fault::Refused(kind)) => Err(kind.into()),
            Some(Fault::Short) => Err(io::ErrorKind::StorageFull.into()),
        }
    }
}

struct FaultyDisk(Arc<Plan>);
struct FaultyFile(Arc<Plan>, Arc<dyn SegmentFile>);

impl Disk for FaultyDisk {
    fn make_folder(&self, dir: &Path) -> io::Result<()> {
        self.0.step()?;
        LocalDisk.make_folder(dir)
    }
    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        self.0.step()?;
        Ok(Arc::new(FaultyFile(Arc::clone(&self.0), LocalDisk.create(path)?)))
    }
    fn append_to(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        self.0.step()?;
        Ok(Arc::new(FaultyFile(Arc::clone(&self.0), LocalDisk.append_to(path)?)))
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.step()?;
        LocalDisk.rename(from, to)
    }
    fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        self.0.step()?;
        LocalDisk.sync_folder(dir)
    }
}

impl SegmentFile for FaultyFile {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.next() {
            None => self.1.write(bytes),
            Some(Fault::Refused(kind)) => Err(kind.into()),
            Some(Fault::Short) if bytes.len() > 1 => self.1.write(&bytes[..bytes.len() / 2]),
            Some(Fault::Short) => Err(io::ErrorKind::StorageFull.into()),
        }
    }
    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.0.step()?;
        self.1.truncate(bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.0.syncs.fetch_add(1, Ordering::SeqCst);
        self.0.step()
    }
    fn linked(&self) -> io::Result<bool> {
        self.0.step()?;
        self.1.linked()
    }
}

fn somebody(person: &str, at_ms: u64) -> Entry {
    let mut e = Entry::new(EntryKind::Disclosure, at_ms);
    e.people = vec![Disclosure { person: person.to_owned(), shown: FieldSet(1), masked: FieldSet(0) }];
    e
}

/// Everybody in the ledger, segment after segment.
fn everybody(dir: &Path) -> Vec<String> {
    entries(dir).into_iter().flat_map(|e| e.people).map(|d| d.person).collect()
}

fn gaps(dir: &Path) -> Vec<String> {
    entries(dir).into_iter().filter(|e| e.kind == EntryKind::Gap).filter_map(|e| e.note).collect()
}

/// Appends twelve people over several segments and two lives of the process while operations fail; says who was
/// acknowledged, and how many operations there were.
fn lives(dir: &Path, fault: Fault, fail: std::ops::Range<usize>, durability: Durability) -> (Vec<String>, usize) {
    let plan = Arc::new(Plan { done: AtomicUsize::new(0), fail, fault, syncs: AtomicUsize::new(0) });
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk(Arc::clone(&plan)));
    let options = Options { segment_bytes: 500, durability, ..Options::default() };
    let mut acknowledged = Vec::new();
    for life in 0..2u64 {
        let writer = format!("{life:016x}");
        let opened = (0..20).find_map(|_| Ledger::open_on(Arc::clone(&disk), dir, header(), &writer, options, 0).ok());
        let (ledger, _) = opened.expect("opens again when the fault is over");
        for i in 0..6u64 {
            let person = format!("{life}-{i}");
            if ledger.append(&mut somebody(&person, 1_000 + (life * 6 + i) * 60)).is_ok() {
                acknowledged.push(person);
            }
            if i % 4 == 3 {
                ledger.sync().ok();
            }
        }
    }
    (acknowledged, plan.done.load(Ordering::SeqCst))
}

#[test]
fn nobody_acknowledged_is_missing_whichever_operation_fails_and_however() {
    let faults = [
        Fault::Refused(io::ErrorKind::StorageFull),
        Fault::Refused(io::ErrorKind::PermissionDenied),
        Fault::Refused(io::ErrorKind::Other),
        Fault::Short,
    ];
    for durability in [Durability::Process, Durability::Disk] {
        let clean = tempfile::tempdir().unwrap();
        let (all, operations) = lives(clean.path(), faults[0], 0..0, durability);
        assert_eq!(all.len(), 12);
        for fault in faults {
            for length in [1, 4] {
                for first in 0..operations {
                    let dir = tempfile::tempdir().unwrap();
                    let case = format!("{durability:?}, {fault:?}, operations {first}..{}", first + length);
                    let (acknowledged, _) = lives(dir.path(), fault, first..first + length, durability);
                    let recorded = everybody(dir.path());
                    let mut rest = recorded.iter();
                    for person in &acknowledged {
                        assert!(
                            rest.any(|p| p == person),
                            "{case}: {person} is missing or out of order in {recorded:?}"
                        );
                    }
                    // Nobody twice, and (unless the disk did not confirm) nobody who was refused.
                    let mut once = recorded.clone();
                    once.dedup();
                    assert_eq!(once, recorded, "{case}");
                    if durability == Durability::Process {
                        assert_eq!(recorded, acknowledged, "{case}");
                    }
                    assert!(acknowledged.len() >= 12 - length, "{case}: only {} acknowledged", acknowledged.len());
                    assert_eq!(verify::problems(dir.path()), Vec::<String>::new(), "{case}");
                }
            }
        }
    }
}

#[test]
fn everybody_who_waited_for_a_confirmation_that_failed_is_told() {
    let dir = tempfile::tempdir().unwrap();
    // Opening makes the folder (0); the first append makes it too, creates, writes, syncs, renames, has the folder
    // synced (1 to 6), writes (7) and syncs (8).
    let plan = Arc::new(Plan {
        done: AtomicUsize::new(0),
        fail: 8..9,
        fault: Fault::Refused(io::ErrorKind::Other),
        syncs: AtomicUsize::new(0),
    });
    let options = Options { durability: Durability::Disk, ..Options::default() };
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk(Arc::clone(&plan)));
    let (ledger, _) = Ledger::open_on(disk, dir.path(), header(), WRITER, options, 0).unwrap();
    let error = ledger.append(&mut somebody("1", 1)).unwrap_err();
    assert!(matches!(error, RecordError::Io { act: "synced", .. }), "{error}");
    // Asked again without anything new, the answer is the same: a second fsync would prove nothing.
    assert!(matches!(ledger.sync(), Err(RecordError::Io { act: "synced", .. })));
    ledger.append(&mut somebody("2", 2)).unwrap();
    assert_eq!(segments(dir.path()).unwrap().len(), 2);
    assert!(gaps(dir.path())[0].contains("did not confirm"), "{:?}", gaps(dir.path()));
}

#[test]
fn nothing_is_asked_of_the_disk_when_nothing_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let fault = Fault::Refused(io::ErrorKind::Other);
    let plan = Arc::new(Plan { done: AtomicUsize::new(0), fail: 0..0, fault, syncs: AtomicUsize::new(0) });
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk(Arc::clone(&plan)));
    let (ledger, _) = Ledger::open_on(disk, dir.path(), header(), WRITER, Options::default(), 0).unwrap();
    ledger.append(&mut somebody("1", 1)).unwrap();
    assert_eq!(plan.syncs.load(Ordering::SeqCst), 0);
    for _ in 0..3 {
        ledger.sync().unwrap();
    }
    assert_eq!(plan.syncs.load(Ordering::SeqCst), 1);
}

#[test]
fn a_half_line_that_cannot_be_put_aside_for_want_of_room_keeps_nobody_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 2);
    let path = only_segment(dir.path());
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 4]).unwrap();
    // The folder is there (0); there is no room to put anything aside (1), nor for a segment (2).
    let plan = Arc::new(Plan {
        done: AtomicUsize::new(0),
        fail: 1..3,
        fault: Fault::Refused(io::ErrorKind::StorageFull),
        syncs: AtomicUsize::new(0),
    });
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk(plan));
    let (ledger, recovery) =
        Ledger::open_on(disk, dir.path(), header(), "00000000000000bb", Options::default(), 0).unwrap();
    assert_eq!(recovery.torn[0].aside, None);
    assert_eq!(std::fs::read(&path).unwrap(), &whole[..whole.len() - 4]);
    ledger.append(&mut somebody("1", 2_000)).unwrap();
    assert!(gaps(dir.path())[0].contains("stay there"), "{:?}", gaps(dir.path()));
    assert_eq!(everybody(dir.path()), ["p1", "1"]);
}
