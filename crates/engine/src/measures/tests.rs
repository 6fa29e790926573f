//! What is read, which decision holds, and what the judge and the budgets make of it.

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::doors::{Action, Evidence, Pseudonym, Request, Signal, Standing, Transport, Verdict};
use crate::judge::{Judge, Snapshot};
use crate::policy::{Limits, Site};
use crate::state::test_site::*;
use crate::state::{Ask, Posture, State, Visit};

const NOW_S: u64 = START_MS / 1000;

fn line(id: usize, level: Level, name: Pseudonym, act: Act) -> Value {
    let mut line = json!({"id": format!("m{id}"), "site": "club", "level": level, "name": name.hex(), "act": act,
        "from_s": NOW_S - 10, "until_s": NOW_S + 3_600});
    if act == Act::Budget {
        line["factor"] = json!(4);
    }
    line
}

fn read(lines: &[Value]) -> Result<Measures, MeasuresError> {
    let text = json!({"format": 1, "measures": lines}).to_string();
    Book::from_json(text.as_bytes()).map(|mut b| b.take("club"))
}

fn measures(lines: &[Value]) -> Measures {
    read(lines).unwrap()
}

/// A member with a session, behind an address, a network and a software.
fn member() -> Identity {
    visitor(1, 1).keeps_cookie(1).signed_in(1, 90 * 86_400)
}

fn name_at(id: &Identity, level: Level) -> Pseudonym {
    principals(id).into_iter().find(|(l, _)| *l == level).unwrap().1
}

/// The judge's word on a profile, after a past that the snapshot tells.
fn judged(site: &Site, id: &Identity, ruling: Ruling, change: impl FnOnce(&mut Snapshot)) -> Verdict {
    judged_at(site, "/members/7", id, ruling, change)
}

fn judged_at(site: &Site, path: &str, id: &Identity, ruling: Ruling, change: impl FnOnce(&mut Snapshot)) -> Verdict {
    let mut headers = HeaderMap::new();
    headers.insert("user-agent", HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"));
    let transport = Transport { peer: [10, 0, 0, 1].into(), tls: true, ja4: None, h2_print: None };
    let request = Request {
        method: "GET",
        host: "members.example",
        path,
        query: None,
        headers: &headers,
        header_order: None,
        transport: &transport,
        version: 20,
        now_ms: START_MS,
    };
    let mut snap = Snapshot {
        standing: crate::state::standing_of(site, id, START_MS),
        posture: Posture::Calm,
        posture_decided: false,
        people: [[0; 3]; 3],
        beyond: 0,
        spent: None,
        evidence: SmallVec::new(),
        ruling,
    };
    change(&mut snap);
    Judge::new(site).unwrap().decide(site, &request, id, site.route("GET", path).as_ref(), &snap, START_MS)
}

fn suspect(snap: &mut Snapshot) {
    snap.evidence = [Signal::Enumeration, Signal::BaitTaken, Signal::HeaderContradiction, Signal::EnvironmentOdd]
        .map(|signal| Evidence { signal, detail: String::new() })
        .into_iter()
        .collect();
    snap.beyond = 1_000;
}

fn has(v: &Verdict, code: &str) -> bool {
    v.reasons.iter().any(|r| r.code == code)
}

#[test]
fn a_file_is_taken_whole_or_not_at_all() {
    let good = line(1, Level::Address, name("address", 1), Act::Refuse);
    assert_eq!(measures(std::slice::from_ref(&good)).all().len(), 1);
    let with = |key: &str, value: Value| {
        let mut bad = good.clone();
        bad["id"] = json!("bad");
        bad[key] = value;
        read(&[good.clone(), bad]).map(|m| m.all().len()).map_err(|e| e.to_string())
    };
    for (key, value, told) in [
        ("name", json!("1F0C9A7B1F0C9A7B"), "hexadecimal"),
        ("name", json!("1f0c9a7b"), "hexadecimal"),
        ("name", json!("é".repeat(12)), "hexadecimal"),
        ("level", json!("strangers"), "level"),
        ("level", json!("licence"), "level"),
        ("until_s", json!(NOW_S - 10), "end after"),
        ("until_s", json!(NOW_S + 400 * 86_400), "366 days"),
        ("until_s", json!(u64::MAX), "366 days"),
        ("factor", json!(4), "only a `budget`"),
        ("act", json!("budget"), "factor"),
        ("act", json!("banish"), "banish"),
        ("site", json!("../club"), "site"),
        ("id", json!("m1"), "two have this identifier"),
        ("id", json!("a b"), "identifier"),
        ("colour", json!("red"), "colour"),
        ("why", json!("x".repeat(3_000)), "at most"),
    ] {
        let said = with(key, value.clone()).unwrap_err();
        assert!(said.contains(told), "{key} = {value}: {said}");
    }
    assert!(matches!(Book::from_json(br#"{"format": 2, "measures": []}"#), Err(MeasuresError::Format(2))));
    let many: Vec<Value> = (0..=MOST).map(|i| line(i, Level::Session, name("s", 1), Act::Watch)).collect();
    assert!(matches!(read(&many), Err(MeasuresError::TooMany(_))));
}

#[test]
fn sites_have_their_own_measures_and_the_rest_is_told() {
    let mut other = line(2, Level::Address, name("address", 1), Act::Refuse);
    other["site"] = json!("shop");
    let text =
        json!({"format": 1, "measures": [line(1, Level::Address, name("address", 1), Act::Watch), other]}).to_string();
    let mut book = Book::from_json(text.as_bytes()).unwrap();
    assert!(book.take("club").ruling(&visitor(1, 1), START_MS).refused_until_s().is_none());
    assert!(book.take("nobody").is_empty());
    assert_eq!(book.left(), [("shop", 1)]);
}

#[test]
fn a_name_of_the_status_hits_as_one_of_the_ledger_does() {
    let full = name("address", 1).hex();
    for written in [&full[..16], &full[..]] {
        let mut l = line(1, Level::Address, name("address", 1), Act::Refuse);
        l["name"] = json!(written);
        let m = measures(&[l]);
        assert_eq!(m.ruling(&visitor(1, 9), START_MS).refused_until_s(), Some(NOW_S + 3_600));
        assert!(m.ruling(&visitor(2, 9), START_MS).is_none());
    }
}

#[test]
fn a_measure_holds_from_its_first_second_to_the_one_before_its_end() {
    let m = measures(&[line(1, Level::Address, name("address", 1), Act::Refuse)]);
    let holds = |s: u64| !m.ruling(&visitor(1, 1), s * 1000).is_none();
    assert_eq!(
        [NOW_S - 11, NOW_S - 10, NOW_S, NOW_S + 3_599, NOW_S + 3_600].map(holds),
        [false, true, true, true, false]
    );
}

#[test]
fn what_it_meets_is_counted_and_survives_a_new_table() {
    let lines = [
        line(1, Level::Address, name("address", 1), Act::Watch),
        line(2, Level::Network, name("network", 1), Act::Refuse),
    ];
    let m = measures(&lines);
    m.meet(&visitor(1, 1), START_MS);
    m.meet(&visitor(2, 1), START_MS + 5);
    assert!(!m.ruling(&visitor(1, 1), START_MS + 9).is_none(), "a look counts nothing");
    let met = |m: &Measures| m.all().iter().map(Measure::met).collect::<Vec<_>>();
    assert_eq!(met(&m), [(1, START_MS), (2, START_MS + 5)]);
    let mut changed = lines.clone();
    changed[1]["act"] = json!("prove");
    let next = measures(&changed);
    next.take_counts(&m);
    assert_eq!(met(&next), [(1, START_MS), (0, 0)], "another decision counts anew");
}

#[test]
fn a_session_that_was_only_handed_out_is_nobody() {
    let mut id = visitor(1, 1).keeps_cookie(1);
    let m = measures(&[line(1, Level::Session, name("session", 1), Act::Refuse)]);
    assert!(!m.ruling(&id, START_MS).is_none());
    if let Some(s) = &mut id.session {
        s.returned = false;
    }
    assert!(m.ruling(&id, START_MS).is_none());
}

#[test]
fn a_refusal_stops_every_page_but_what_is_always_open_and_says_when_it_ends() {
    let site = site();
    let id = member();
    let ruling = measures(&[line(1, Level::Network, id.network, Act::Refuse)]).ruling(&id, START_MS);
    for path in ["/members/7", "/about"] {
        let v = judged_at(&site, path, &id, ruling, |_| {});
        assert_eq!((v.action, v.retry_after_s), (Action::Refuse, Some(3_600)), "{path}");
        assert!(has(&v, "measure_refuse"));
    }
    assert_eq!(judged_at(&site, "/robots.txt", &id, ruling, |_| {}).action, Action::Allow);
}

#[test]
fn a_challenge_is_put_on_pages_that_show_people_until_it_is_solved() {
    let site = site();
    let m = measures(&[line(1, Level::Address, name("address", 1), Act::Prove)]);
    let word = |path: &str, id: &Identity| judged_at(&site, path, id, m.ruling(id, START_MS), |_| {}).action;
    assert_eq!(word("/members/7", &visitor(1, 1).keeps_cookie(1)), Action::Prove);
    assert_eq!(word("/about", &visitor(1, 1).keeps_cookie(1)), Action::Allow);
    assert_eq!(word("/members/7", &visitor(1, 1).has_pass(1)), Action::Allow);
    assert_eq!(word("/members/7", &member()), Action::Prove, "an account does not excuse from it");
    let v = judged(&site, &visitor(1, 1), m.ruling(&visitor(1, 1), START_MS), suspect);
    assert_eq!(v.action, Action::Refuse, "a sterner step of the ladder stays");
}

#[test]
fn a_released_visitor_meets_no_step_of_the_ladder_and_no_rule() {
    let site = site_with(|s| {
        s["rules"] = json!([{"name": "no", "when": "true", "then": "refuse", "weight": null, "last": false}]);
    });
    let id = visitor(1, 1).keeps_cookie(1);
    let ruling = measures(&[line(1, Level::Session, name("session", 1), Act::Release)]).ruling(&id, START_MS);
    let v = judged(&site, &id, ruling, suspect);
    assert_eq!((v.action, v.risk), (Action::Allow, 0));
    let codes: Vec<&str> = v.reasons.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes, ["measure_release"]);
    assert_eq!(judged(&site, &id, Ruling::default(), suspect).action, Action::Refuse);
}

#[test]
fn watching_only_marks() {
    let site = site();
    let id = visitor(1, 1);
    let ruling = measures(&[line(1, Level::Client, id.client, Act::Watch)]).ruling(&id, START_MS);
    let v = judged(&site, &id, ruling, |_| {});
    assert_eq!(v.action, Action::Allow);
    assert!(has(&v, "measure_watch"));
    assert_eq!(v.allowance.cuts, Cuts::NONE);
}

/// How many different people's towns a visitor is shown, asking for so many.
fn shown(site: &Site, id: &Identity, ruling: &Ruling, people: u64) -> u64 {
    let state = State::new(64 << 20);
    let mut allowance = open_allowance(Standing::Stranger);
    allowance.cuts = ruling.cuts;
    let route = site.route("GET", "/members/7").unwrap();
    let mut shown = 0;
    for n in 0..people {
        state.arrive_under(ruling, site, id, Some(&route), &Visit::default(), START_MS);
        let ask = Ask::of(route.index, person_key(n), fields(&[TOWN]));
        shown += u64::from(!state.charge(site, id, &allowance, &ask, START_MS).shown.is_empty());
    }
    shown
}

#[test]
fn a_lowered_budget_ends_sooner_and_says_so() {
    let site = site();
    let id = visitor(1, 1).keeps_cookie(1);
    let whole = shown(&site, &id, &Ruling::default(), 200);
    for level in [Level::Session, Level::Address, Level::Network, Level::Client] {
        let ruling = measures(&[line(1, level, name_at(&id, level), Act::Budget)]).ruling(&id, START_MS);
        assert_eq!(shown(&site, &id, &ruling, 200), whole / 4, "{level:?} of {whole}");
    }
}

#[test]
fn a_lowered_session_leaves_its_address_whole_for_the_others() {
    let cuts = |level| {
        let mut c = Cuts::NONE;
        c.lower(level, 4);
        c
    };
    let twelve = Limits { hour: Some(12), day: Some(3), month: None };
    let lowered = Limits { hour: Some(3), day: Some(1), month: None };
    assert_eq!(cuts(Level::Session).of(Level::Session, twelve), lowered);
    assert_eq!(cuts(Level::Session).of(Level::Address, twelve), twelve);
    assert_eq!(cuts(Level::Network).of(Level::Address, twelve), lowered);
    assert_eq!(cuts(Level::Client).of(Level::Network, twelve), twelve);
    assert_eq!(cuts(Level::Network).of(Level::Network, Limits { hour: Some(0), ..twelve }).hour, Some(0));
}

fn a_level() -> impl Strategy<Value = Level> {
    proptest::sample::select(LEVELS.to_vec())
}

fn an_act() -> impl Strategy<Value = Act> {
    proptest::sample::select(Act::OF_PRINCIPALS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_narrowest_release_ends_the_reading_and_of_the_rest_the_strictest_holds(
        decided in proptest::collection::vec((a_level(), an_act()), 0..8),
    ) {
        let id = member();
        let lines: Vec<Value> = decided.iter().enumerate().map(|(i, (l, a))| line(i, *l, name_at(&id, *l), *a)).collect();
        let m = measures(&lines);
        let ruling = m.meet(&id, START_MS);
        // The same in the words of the documentation: by place in the list of levels.
        let place = |l: Level| LEVELS.iter().position(|x| *x == l).unwrap();
        let release = decided.iter().filter(|(_, a)| *a == Act::Release).map(|(l, _)| place(*l)).min();
        let read: Vec<_> = decided.iter().filter(|(l, a)| *a != Act::Release && release.is_none_or(|r| place(*l) < r)).collect();
        let any = |act: Act| read.iter().any(|(_, a)| *a == act);
        prop_assert_eq!(ruling.refused_until_s().is_some(), any(Act::Refuse));
        prop_assert_eq!(ruling.must_prove(), any(Act::Prove));
        prop_assert_eq!(ruling.cuts != Cuts::NONE, any(Act::Budget));
        prop_assert_eq!(ruling.released(), release.is_some() && !any(Act::Refuse) && !any(Act::Prove));
        let site = site();
        let v = judged(&site, &id, ruling, |_| {});
        let expected = if any(Act::Refuse) { Action::Refuse } else if any(Act::Prove) { Action::Prove } else { Action::Allow };
        prop_assert_eq!(v.action, expected);
        // Exactly what holds has met the request.
        for (measure, (l, a)) in m.all().iter().zip(&decided) {
            let holds = match a {
                Act::Release => release == Some(place(*l)),
                _ => release.is_none_or(|r| place(*l) < r),
            };
            let first_release = *a != Act::Release || decided.iter().zip(m.all()).find(|((dl, da), _)| *da == Act::Release && dl == l).is_some_and(|(_, first)| first.id == measure.id);
            prop_assert_eq!(measure.met().0, u64::from(holds && first_release), "{:?}", measure);
        }
    }

    #[test]
    fn the_order_in_which_measures_are_written_changes_nothing(
        decided in proptest::collection::vec((a_level(), an_act()), 0..8), turn in 0usize..8,
    ) {
        let id = member();
        let mut lines: Vec<Value> = decided.iter().enumerate().map(|(i, (l, a))| line(i, *l, name_at(&id, *l), *a)).collect();
        let before = measures(&lines).ruling(&id, START_MS);
        let n = lines.len().max(1);
        lines.rotate_left(turn % n);
        prop_assert_eq!(before, measures(&lines).ruling(&id, START_MS));
    }

    #[test]
    fn no_measure_ever_shows_more_than_the_policy(
        decided in proptest::collection::vec((a_level(), an_act()), 0..6), signed_in in any::<bool>(),
    ) {
        let site = site();
        let id = if signed_in { member() } else { visitor(1, 1).keeps_cookie(1) };
        let mut all = decided;
        if !signed_in {
            all.retain(|(l, _)| *l != Level::Account);
        }
        let lines: Vec<Value> = all.iter().enumerate().map(|(i, (l, a))| line(i, *l, name_at(&id, *l), *a)).collect();
        let ruling = measures(&lines).ruling(&id, START_MS);
        prop_assert!(shown(&site, &id, &ruling, 60) <= shown(&site, &id, &Ruling::default(), 60));
        if ruling.released() && ruling.cuts == Cuts::NONE {
            prop_assert_eq!(shown(&site, &id, &ruling, 60), shown(&site, &id, &Ruling::default(), 60));
            prop_assert!(judged(&site, &id, ruling, suspect).action <= Action::Mask);
        }
    }

    #[test]
    fn whatever_is_in_the_file_is_taken_or_refused_in_words(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0usize..400) {
        drop(Book::from_json(&bytes));
        let mut text = json!({"format": 1, "measures": [line(1, Level::Address, name("address", 1), Act::Budget)]}).to_string().into_bytes();
        text.truncate(cut);
        if let Err(e) = Book::from_json(&text) {
            prop_assert!(!e.to_string().is_empty());
        }
    }
}
