//! Asking a ledger: one person, one principal, the end, what is new, and what is left of a damaged one.

use super::super::recovery::segments;
use super::*;

fn disclosed(person: &str, principal: u8, at_ms: u64) -> Entry {
    let mut e = Entry::new(EntryKind::Disclosure, at_ms);
    e.session = Some(Pseudonym([principal; 12]));
    e.people = vec![Disclosure { person: person.to_owned(), shown: FieldSet(1), masked: FieldSet(0) }];
    e
}

fn people(items: impl Iterator<Item = Result<Item, RecordError>>) -> Vec<String> {
    items
        .filter_map(|i| match i.unwrap() {
            Item::Entry(e) => Some(e.people),
            Item::Header(_) => None,
        })
        .flatten()
        .map(|d| d.person)
        .collect()
}

fn ask(dir: &Path, query: Query) -> Vec<String> {
    people(select(dir, query).unwrap())
}

#[test]
fn one_person_and_one_principal_are_found_and_nobody_whose_name_only_looks_alike() {
    let dir = TempDir::new().unwrap();
    let (ledger, _) = open(dir.path(), WRITER);
    for i in 0..20u8 {
        ledger.append(&mut disclosed(&(i % 4).to_string(), i % 5, 1_000 * u64::from(i))).unwrap();
    }
    for odd in ["13", "3\",1,[\"1", "[\"3\"", "\\", "3\n", "Ü"] {
        ledger.append(&mut disclosed(odd, 9, 50_000)).unwrap();
        assert_eq!(ask(dir.path(), Query { person: Some(odd.to_owned()), ..Query::default() }), [odd]);
    }
    assert_eq!(ask(dir.path(), Query { person: Some("3".to_owned()), ..Query::default() }), vec!["3"; 5]);
    let some = Query { principal: Some("0202".to_owned()), since_ms: 10_000, ..Query::default() };
    assert_eq!(ask(dir.path(), some), ["0", "1"]);
    // The beginning of a name, not its middle.
    assert!(ask(dir.path(), Query { principal: Some("2020".to_owned()), ..Query::default() }).is_empty());
}

#[test]
fn reading_goes_on_after_a_damaged_line() {
    let dir = TempDir::new().unwrap();
    written(dir.path(), 5);
    let path = only_segment(dir.path());
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[\"p3\"", "[\"p9\"")).unwrap();
    let found: Vec<_> = read(dir.path(), 0).unwrap().collect();
    let errors = found.iter().filter(|i| matches!(i, Err(RecordError::Damaged { line: 4, .. }))).count();
    assert_eq!((found.len(), errors), (6, 1));
    assert_eq!(people(found.into_iter().filter(Result::is_ok)), ["p1", "p2", "p4", "p5"]);
}

#[test]
fn the_tail_is_the_end_of_all_writers_together() {
    let dir = TempDir::new().unwrap();
    let options = Options { segment_bytes: 900, ..Options::default() };
    let (a, _) = Ledger::open(dir.path(), header(), "00000000000000aa", options, 0).unwrap();
    let (b, _) = Ledger::open(dir.path(), header(), "00000000000000bb", options, 0).unwrap();
    for i in 0..30u64 {
        let ledger = if i % 3 == 0 { &a } else { &b };
        ledger.append(&mut disclosed(&i.to_string(), 1, 1_000 + i)).unwrap();
    }
    for count in [0, 1, 7, 30, 100] {
        let last: Vec<String> =
            tail(dir.path(), count).unwrap().into_iter().flat_map(|(_, e)| e.people).map(|d| d.person).collect();
        let expected: Vec<String> = (0..30).skip(30usize.saturating_sub(count)).map(|i| i.to_string()).collect();
        assert_eq!(last, expected, "the last {count}");
    }
}

#[test]
fn following_gives_every_new_entry_once_over_segments_and_writers() {
    let dir = TempDir::new().unwrap();
    let options = Options { segment_bytes: 400, ..Options::default() };
    let (a, _) = Ledger::open(dir.path(), header(), "00000000000000aa", options, 0).unwrap();
    a.append(&mut disclosed("old", 1, 1)).unwrap();
    let mut follower = Follower::from_end(dir.path()).unwrap();
    let mut fresh = || people(follower.poll().unwrap().into_iter());
    assert!(fresh().is_empty());
    a.append(&mut disclosed("a1", 1, 2)).unwrap();
    assert_eq!(fresh(), ["a1"]);
    let (b, _) = Ledger::open(dir.path(), header(), "00000000000000bb", options, 0).unwrap();
    b.append(&mut disclosed("b1", 1, 3)).unwrap();
    for i in 2..6 {
        a.append(&mut disclosed(&format!("a{i}"), 1, i)).unwrap();
    }
    let mut all = fresh();
    all.sort();
    assert_eq!(all, ["a2", "a3", "a4", "a5", "b1"]);
    assert!(segments(dir.path()).unwrap().len() > 2);
    assert!(fresh().is_empty());
}

#[test]
fn half_a_line_is_not_told_before_it_is_whole() {
    let dir = TempDir::new().unwrap();
    written(dir.path(), 2);
    let path = only_segment(dir.path());
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 10]).unwrap();
    let mut follower = Follower::from_end(dir.path()).unwrap();
    assert!(people(follower.poll().unwrap().into_iter()).is_empty());
    let report = verify(dir.path()).unwrap();
    assert!(report.is_whole() && report.unfinished.len() == 1, "{report:?}");
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(people(follower.poll().unwrap().into_iter()), ["p2"]);
}

#[test]
fn entries_that_come_late_are_found_by_their_time_in_whichever_segment_they_are() {
    let dir = TempDir::new().unwrap();
    let options = Options { segment_bytes: 1, ..Options::default() };
    let (ledger, _) = Ledger::open(dir.path(), header(), WRITER, options, 0).unwrap();
    // A long answer's second piece bears the time of its request and begins a segment.
    for at_ms in [10_000, 20_000, 5_000, 30_000] {
        ledger.append(&mut disclosed(&at_ms.to_string(), 1, at_ms)).unwrap();
    }
    for since_ms in [0, 5_000, 5_001, 10_001, 20_000, 20_001, 30_001] {
        let mut found = ask(dir.path(), Query { since_ms, ..Query::default() });
        found.sort_by_key(String::len);
        let mut expected: Vec<String> =
            [5_000u64, 10_000, 20_000, 30_000].iter().filter(|t| **t >= since_ms).map(u64::to_string).collect();
        expected.sort_by_key(String::len);
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "since {since_ms}");
    }
}

#[test]
fn an_entry_with_thousands_of_people_is_spread_over_lines_and_nobody_is_missing() {
    let dir = TempDir::new().unwrap();
    let (ledger, _) = open(dir.path(), WRITER);
    let person = |i: usize| format!("{i:05}{}", "\u{1}".repeat(123));
    let mut e = Entry::new(EntryKind::Disclosure, 1);
    e.people = (0..5_000)
        .map(|i| Disclosure { person: person(i), shown: FieldSet(u64::MAX), masked: FieldSet(u64::MAX) })
        .collect();
    let before = e.people.clone();
    assert_eq!(ledger.append(&mut e).unwrap(), 5);
    assert_eq!(e.people, before);
    let back = people(read(dir.path(), 0).unwrap());
    assert_eq!(back.len(), 5_000);
    assert!(back.iter().enumerate().all(|(i, p)| *p == person(i)));
}

#[test]
fn an_entry_that_does_not_fit_is_refused_and_the_next_is_taken() {
    let dir = TempDir::new().unwrap();
    let (ledger, _) = open(dir.path(), WRITER);
    let mut long = Entry::new(EntryKind::Gap, 1);
    long.note = Some("x".repeat(super::super::line::LONGEST));
    assert!(matches!(ledger.append(&mut long), Err(RecordError::TooLong { .. })));
    assert_eq!(ledger.append(&mut entry(2)).unwrap(), 1);
    assert_eq!(verify::problems(dir.path()), Vec::<String>::new());
}

#[test]
fn a_segment_that_is_deleted_while_others_are_read_is_passed_over() {
    let dir = TempDir::new().unwrap();
    for writer in ["00000000000000aa", "00000000000000bb"] {
        let (ledger, _) = open(dir.path(), writer);
        ledger.append(&mut disclosed(writer, 1, 1_000)).unwrap();
    }
    let items = select(dir.path(), Query::default()).unwrap();
    std::fs::remove_file(&segments(dir.path()).unwrap()[1]).unwrap();
    assert_eq!(people(items), ["00000000000000aa"]);
}
