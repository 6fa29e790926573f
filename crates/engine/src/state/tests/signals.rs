//! Signals of behaviour: each has a trace that raises it, and an ordinary one that does not. And standings.

use serde_json::json;

use super::super::*;
use crate::doors::Lane;
use crate::state::test_site::*;

const HOUR_MS: u64 = 3_600_000;

/// Requests of one visitor, a second apart: a path, and what the request is besides.
pub(super) fn trace<'p>(
    site: &Site,
    id: &Identity,
    requests: impl IntoIterator<Item = (&'p str, Visit)>,
) -> Vec<Signal> {
    let state = State::new(16 << 20);
    let mut signals = Vec::new();
    for (i, (path, visit)) in requests.into_iter().enumerate() {
        let at = START_MS + i as u64 * 1_000;
        let snapshot = state.arrive(site, id, site.route("GET", path).as_ref(), &visit, at);
        signals = snapshot.evidence.iter().map(|e| e.signal).collect();
    }
    signals
}

const NOTHING: Named = Named { person: None, otherwise: [None; 3], page: None };
pub(super) const PAGE: Visit =
    Visit { asset: false, navigation: true, bait: false, robots_refused: false, named: NOTHING };
pub(super) const ASSET: Visit = Visit { asset: true, navigation: false, ..PAGE };

fn profiles(ids: impl Iterator<Item = u64>) -> Vec<String> {
    ids.map(|i| format!("/members/{i}")).collect()
}

/// Pages as a browser loads them: with a picture each.
fn with_assets(pages: &[String]) -> Vec<(&str, Visit)> {
    pages.iter().flat_map(|p| [(p.as_str(), PAGE), ("/site.css", ASSET)]).collect()
}

#[test]
fn identifiers_asked_in_order_are_enumeration_and_scattered_ones_are_not() {
    let site = site();
    let id = visitor(1, 1).keeps_cookie(1);
    for (what, ids) in [
        ("one by one", (1..=20).collect::<Vec<u64>>()),
        ("every fifth", (1..=20).map(|i| i * 5).collect()),
        ("side by side, out of order", (0..20u64).map(|i| 100 + i * 4 + (i % 2) * 3).collect()),
    ] {
        let pages = profiles(ids.into_iter());
        assert!(trace(&site, &id, with_assets(&pages)).contains(&Signal::Enumeration), "{what}");
    }
    let scattered = profiles((0..30).map(|i| person_key(i) % 5_000));
    assert!(!trace(&site, &id, with_assets(&scattered)).contains(&Signal::Enumeration));
    let named: Vec<String> =
        ["ada", "ben", "cem", "dee"].iter().cycle().take(24).map(|n| format!("/members/{n}")).collect();
    assert!(!trace(&site, &id, with_assets(&named)).contains(&Signal::Enumeration));
}

#[test]
fn nothing_but_profiles_is_a_diet_and_profiles_found_by_lists_are_not() {
    let site = site();
    let id = visitor(1, 1).keeps_cookie(1);
    let only = profiles((0..20).map(|i| person_key(i) % 5_000));
    assert!(trace(&site, &id, with_assets(&only)).contains(&Signal::ProfileOnlyDiet));
    let found: Vec<String> = only
        .iter()
        .enumerate()
        .flat_map(|(i, p)| if i % 3 == 0 { vec!["/members".to_owned(), p.clone()] } else { vec![p.clone()] })
        .collect();
    assert!(!trace(&site, &id, with_assets(&found)).contains(&Signal::ProfileOnlyDiet));
}

#[test]
fn ten_pages_without_a_picture_are_a_signal_and_with_one_are_not() {
    let site = site();
    let id = visitor(1, 1).keeps_cookie(1);
    let bare = |n| (0..n).map(|_| ("/about", PAGE));
    assert!(trace(&site, &id, bare(10)).contains(&Signal::NoSubresources));
    assert!(!trace(&site, &id, bare(9)).contains(&Signal::NoSubresources));
    assert!(
        !trace(&site, &id, std::iter::once(("/site.css", ASSET)).chain(bare(30))).contains(&Signal::NoSubresources)
    );
}

#[test]
fn a_pass_used_from_five_networks_is_shared_and_from_two_is_a_commuter() {
    let site = site();
    let state = State::new(16 << 20);
    let mut last = Vec::new();
    for network in 0..5 {
        let id = visitor(network, network).has_pass(1);
        let at = START_MS + network * 10_000;
        last = state.arrive(&site, &id, None, &PAGE, at).evidence.iter().map(|e| e.signal).collect();
        assert_eq!(last.contains(&Signal::PassShared), network >= 3, "network {network}");
    }
    assert_eq!(last, [Signal::PassShared]);
    // Five networks over a day are somebody who travels.
    for network in 0..5 {
        let id = visitor(network, network).has_pass(2);
        let at = START_MS + network * 2 * HOUR_MS;
        assert!(state.arrive(&site, &id, None, &PAGE, at).evidence.is_empty());
    }
}

#[test]
fn robots_baits_and_cookies_leave_their_signals() {
    let site = site();
    let id = visitor(1, 1);
    let refused = Visit { robots_refused: true, ..PAGE };
    assert!(trace(&site, &id, [("/private", refused)]).contains(&Signal::RobotsRefused));
    assert!(trace(&site, &id, [("/members/archive-all", Visit { bait: true, ..PAGE })]).contains(&Signal::BaitTaken));
    let pages = |n| (0..n).flat_map(|_| [("/about", PAGE), ("/site.css", ASSET)]);
    assert!(trace(&site, &id, pages(20)).contains(&Signal::CookieNotKept));
    assert_eq!(trace(&site, &id, pages(19)), []);
    assert_eq!(trace(&site, &id.keeps_cookie(1), pages(60)), []);
}

#[test]
fn three_challenges_without_an_answer_are_a_signal_until_one_is_solved() {
    let site = site();
    let state = State::new(16 << 20);
    let id = visitor(1, 1).keeps_cookie(1);
    let unsolved =
        |at| state.arrive(&site, &id, None, &PAGE, at).evidence.iter().any(|e| e.signal == Signal::UnsolvedChallenges);
    for n in 0..3 {
        assert!(!unsolved(START_MS + n));
        state.challenged(&id, START_MS + n);
    }
    assert!(unsolved(START_MS + 4));
    state.solved(&id, START_MS + 5);
    assert!(!unsolved(START_MS + 6));
}

#[test]
fn a_signal_without_a_weight_is_not_computed() {
    let site = site_with(|j| j["signals"] = json!([]));
    let pages = profiles(1..=30);
    assert_eq!(
        trace(
            &site,
            &visitor(1, 1),
            pages.iter().map(|p| (p.as_str(), Visit { bait: true, robots_refused: true, ..PAGE }))
        ),
        []
    );
}

#[test]
fn a_text_browser_that_keeps_cookies_is_not_challenged() {
    let site = site();
    let id = visitor(1, 1).keeps_cookie(1);
    let mut pages = Vec::new();
    for i in 0..30u64 {
        pages.push(match i % 5 {
            0 => "/members".to_owned(),
            1 => "/about".to_owned(),
            _ => format!("/members/{}", person_key(i) % 5_000),
        });
    }
    let signals = trace(&site, &id, pages.iter().map(|p| (p.as_str(), PAGE)));
    assert_eq!(signals, [Signal::NoSubresources]);
    // Even with a header that looks odd, it stays below the step.
    let risk: u16 = signals.iter().map(|s| site.weight(*s)).sum::<u16>() + site.weight(Signal::HeaderContradiction);
    assert!(risk < site.ladder.prove_at, "{risk}");
}

#[test]
fn standings_follow_lane_account_and_pass() {
    let site = site();
    let of = |id: &Identity| standing_of(&site, id, START_MS);
    let plain = || visitor(1, 1);
    assert_eq!(of(&plain()), Standing::Stranger);
    assert_eq!(of(&plain().keeps_cookie(1)), Standing::Stranger);
    assert_eq!(of(&plain().has_pass(1)), Standing::Proven);
    assert_eq!(of(&plain().signed_in(1, 86_400)), Standing::NewMember);
    assert_eq!(of(&plain().signed_in(1, 30 * 86_400)), Standing::Member);
    assert_eq!(of(&Identity { lane: Lane::Automation, ..plain().has_pass(1) }), Standing::Automation);
    let mut made_now = plain().has_pass(1);
    made_now.session.as_mut().unwrap().returned = false;
    assert_eq!(of(&made_now), Standing::Stranger, "a pass that was not brought is none");
}

#[test]
fn what_is_considered_once_more_is_not_noted_again() {
    let site = site();
    let id = visitor(1, 1).keeps_cookie(1);
    let state = State::new(16 << 20);
    let route = site.route("GET", "/members/7").unwrap();
    let arrived = state.arrive(&site, &id, Some(&route), &PAGE, START_MS);
    for second in 0..100 {
        let now_ms = START_MS + second * 1_000;
        let considered = state.consider_under(&Ruling::default(), &site, &id, &route, now_ms);
        assert!(considered.evidence.is_empty(), "one page was asked for: {:?}", considered.evidence);
        assert_eq!((considered.standing, considered.people), (arrived.standing, arrived.people));
    }
}

#[test]
fn whoever_goes_halfway_to_a_challenge_beyond_its_budget_keeps_asking_and_whoever_looks_once_more_does_not() {
    let site = site_with(|j| {
        let line = |level| json!({"standing": "stranger", "level": level, "sensitivity": "personal", "hour": 3});
        j["budgets"] = json!([line("session")]);
        j["ladder"]["prove_beyond"] = json!(9);
    });
    let id = visitor(1, 1).keeps_cookie(1);
    let allowance = allowance(&site, Standing::Stranger);
    let state = State::new(16 << 20);
    let mut first = None;
    for n in 1..=12 {
        let path = format!("/members/{}", person_key(n) % 5_000);
        let at = START_MS + n * 1_000;
        let snapshot = state.arrive(&site, &id, site.route("GET", &path).as_ref(), &PAGE, at);
        if first.is_none() && snapshot.evidence.iter().any(|e| e.signal == Signal::AsksBeyondBudget) {
            first = Some(n);
        }
        state.charge(&site, &id, &allowance, &Ask::of(0, person_key(n), fields(&[TOWN])), at);
    }
    // Three are within the budget, five beyond it is more than half of nine; the next request shows it.
    assert_eq!(first, Some(9));
    let silent = site_with(|j| j["signals"] = json!([]));
    let snapshot = state.arrive(&silent, &id, silent.route("GET", "/members/1").as_ref(), &PAGE, START_MS + 20_000);
    assert!(snapshot.evidence.is_empty(), "what weighs nothing is not computed");
}

#[test]
fn considering_somebody_again_leaves_no_trace() {
    let site = site();
    let state = State::new(16 << 20);
    let route = site.route("GET", "/members/7").unwrap();
    let consider = |id: &Identity, at| state.consider_under(&Ruling::default(), &site, id, &route, at);
    let unknown = consider(&visitor(1, 1).keeps_cookie(1), START_MS);
    assert!(unknown.evidence.is_empty());
    assert_eq!(state.principals(), 0, "nobody came");
    // Five networks would be a shared pass; the pass came from one.
    let known = visitor(0, 0).has_pass(1);
    state.arrive(&site, &known, Some(&route), &PAGE, START_MS);
    let (principals, bytes) = (state.principals(), state.memory_bytes());
    for network in 0..8 {
        let considered = consider(&visitor(network, network).has_pass(1), START_MS + 1_000);
        assert!(considered.evidence.is_empty(), "{network}: {:?}", considered.evidence);
    }
    assert_eq!((state.principals(), state.memory_bytes()), (principals, bytes));
    let seen = state.arrive(&site, &known, None, &PAGE, START_MS + 2_000).evidence;
    assert!(seen.is_empty(), "{seen:?}");
    // What is known already is told again.
    for network in 1..4 {
        state.arrive(&site, &visitor(network, network).has_pass(1), None, &PAGE, START_MS + 3_000);
    }
    let told = consider(&known, START_MS + 4_000).evidence;
    assert!(told.iter().any(|e| e.signal == Signal::PassShared), "{told:?}");
}

#[test]
fn people_are_counted_beside_the_map_only_for_rules_that_ask_for_them() {
    let told = |when: &str| {
        let site = site_with(|j| j["rules"] = json!([{"name": "r", "when": when, "then": "refuse"}]));
        let (state, id) = (State::new(16 << 20), visitor(1, 1).keeps_cookie(1));
        state.charge(
            &site,
            &id,
            &allowance(&site, Standing::Stranger),
            &Ask::of(0, person_key(1), fields(&[TOWN])),
            START_MS,
        );
        state.arrive(&site, &id, None, &PAGE, START_MS + 1_000).people != [[0; COLUMNS]; 3]
    };
    for asks in [
        "state.people_hour.personal > 3",
        "request.path == '/look' && state.people_day['basic'] > 1u",
        "state['people_hour'].basic > 1u",
        "state.all(fact, fact != 'x')",
        "state . people_month.basic > 1u",
        "state.risk > 5 || state.people_hour.basic > 5u",
    ] {
        assert!(told(asks), "{asks}");
    }
    for other in ["request.path == '/look'", "state.risk > 5", "state.beyond > 2u && state.posture == 'high'"] {
        assert!(!told(other), "{other}");
    }
}
