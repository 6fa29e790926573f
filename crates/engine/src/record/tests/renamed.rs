//! Answers under way when a policy is replaced: what they tell stands under the names it was shown as.

use std::sync::Arc;

use super::*;

fn list(names: &[&str]) -> Arc<[String]> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn headed(fields: &Arc<[String]>, policy: &str) -> SegmentHeader {
    SegmentHeader::new("directory", policy, fields.to_vec())
}

fn made_under(fields: &Arc<[String]>, n: u64, shown: &[&str], masked: &[&str]) -> Entry {
    let bits = |names: &[&str]| {
        names
            .iter()
            .fold(FieldSet::NONE, |all, name| all.union(FieldSet::of(fields.iter().position(|f| f == name).unwrap())))
    };
    let mut e = entry(n);
    e.fields = Some(Arc::clone(fields));
    e.people = vec![Disclosure { person: format!("p{n}"), shown: bits(shown), masked: bits(masked) }];
    e
}

/// Each person of the ledger with the names of the fields they were shown and that were masked, as a reader has it.
fn told(dir: &Path) -> Vec<(String, Vec<String>, Vec<String>)> {
    let mut header = None;
    let mut all = Vec::new();
    for item in read(dir, 0).unwrap() {
        match item.unwrap() {
            Item::Header(h) => header = Some(h),
            Item::Entry(e) => {
                let fields = &header.as_ref().unwrap().fields;
                let names = |set: FieldSet| (0..64).filter(|i| set.has(*i)).map(|i| fields[i].clone()).collect();
                all.extend(e.people.iter().map(|d| (d.person.clone(), names(d.shown), names(d.masked))));
            }
        }
    }
    all.sort();
    all
}

fn line(person: &str, shown: &[&str], masked: &[&str]) -> (String, Vec<String>, Vec<String>) {
    (person.to_owned(), list(shown).to_vec(), list(masked).to_vec())
}

#[test]
fn an_answer_of_the_policy_before_is_told_under_its_own_names() {
    let dir = TempDir::new().unwrap();
    let (old, new) = (list(&["name", "email"]), list(&["phone", "name", "email"]));
    let (l, _) = Ledger::open(dir.path(), headed(&old, "abc"), WRITER, Options::default(), 1_000).unwrap();
    l.append(&mut made_under(&old, 1, &["name"], &["email"])).unwrap();
    l.rotate(headed(&new, "def"));
    l.append(&mut made_under(&new, 2, &["phone"], &["email"])).unwrap();
    let mut late = made_under(&old, 3, &["name"], &["email"]);
    let people = late.people.clone();
    l.append(&mut late).unwrap();
    assert_eq!(late.people, people, "a caller that is refused brings these again");
    l.append_all(&mut [made_under(&old, 4, &["email"], &[]), made_under(&new, 5, &["name"], &[])]).unwrap();
    assert_eq!(
        told(dir.path()),
        [
            line("p1", &["name"], &["email"]),
            line("p2", &["phone"], &["email"]),
            line("p3", &["name"], &["email"]),
            line("p4", &["email"], &[]),
            line("p5", &["name"], &[]),
        ]
    );
    // Names that the header has need no segment of their own.
    assert_eq!(recovery::segments(dir.path()).unwrap().len(), 2);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
}

#[test]
fn a_field_that_the_new_policy_dropped_is_still_told_and_all_lines_of_an_entry_stay_together() {
    let dir = TempDir::new().unwrap();
    let (old, new) = (list(&["name", "fax", "email"]), list(&["email", "name"]));
    let (l, _) = Ledger::open(dir.path(), headed(&old, "abc"), WRITER, Options::default(), 1_000).unwrap();
    l.rotate(headed(&new, "def"));
    let mut late = made_under(&old, 1, &["fax"], &["email"]);
    late.people = vec![late.people[0].clone(); 2_000];
    let shared = &mut [made_under(&new, 2, &["email"], &["name"]), late, made_under(&new, 3, &["name"], &[])];
    l.append_all(shared).unwrap();
    l.append(&mut made_under(&new, 4, &["email"], &[])).unwrap();
    l.append(&mut made_under(&old, 5, &["fax", "name"], &[])).unwrap();
    let mut all = told(dir.path());
    assert_eq!(all.iter().filter(|l| **l == line("p1", &["fax"], &["email"])).count(), 2_000);
    all.dedup();
    let mut p5 = all.pop().unwrap();
    p5.1.sort();
    assert_eq!(p5, line("p5", &["fax", "name"], &[]));
    assert_eq!(
        all,
        [
            line("p1", &["fax"], &["email"]),
            line("p2", &["email"], &["name"]),
            line("p3", &["name"], &[]),
            line("p4", &["email"], &[]),
        ]
    );
    assert_eq!(recovery::segments(dir.path()).unwrap().len(), 1);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
}

#[test]
fn more_fields_than_a_segment_can_name_go_into_segments_of_their_own() {
    let dir = TempDir::new().unwrap();
    let names = |of: &str| -> Arc<[String]> { (0..64).map(|i| format!("{of}{i}")).collect() };
    let (old, new) = (names("old"), names("new"));
    let (l, _) = Ledger::open(dir.path(), headed(&new, "def"), WRITER, Options::default(), 1_000).unwrap();
    l.append(&mut made_under(&new, 1, &["new63"], &[])).unwrap();
    let together = &mut [made_under(&old, 2, &["old63"], &["old0"]), made_under(&new, 3, &["new1"], &[])];
    assert!(matches!(l.append_all(together), Err(RecordError::ManyFields { count: 66 })));
    for e in together {
        l.append(e).unwrap();
    }
    assert_eq!(
        told(dir.path()),
        [line("p1", &["new63"], &[]), line("p2", &["old63"], &["old0"]), line("p3", &["new1"], &[])]
    );
    assert_eq!(recovery::segments(dir.path()).unwrap().len(), 3);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
}
