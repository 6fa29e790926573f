//! The budgets against a naive list of all showings, the posture against fifty harvesters, the table against a flood.

use std::collections::BTreeSet;
use std::sync::{Barrier, Mutex};

use proptest::prelude::*;
use serde_json::json;

use super::test_site::*;
use super::*;
use crate::doors::{Allowance, Lane, Sensitivity};
use crate::policy::FieldSet;

const HOUR_MS: u64 = 3_600_000;

/// One showing, as a list that forgets nothing keeps it.
#[derive(Debug, Clone)]
struct Showing {
    at_s: u64,
    who: Vec<(Level, Pseudonym)>,
    sensitivity: Sensitivity,
    person: u64,
}

/// Small budgets, so that short sequences meet them; postures off.
fn tight() -> Site {
    site_with(|j| {
        j["posture"]["raised"] = json!([]);
        j["posture"]["high"] = json!([]);
        let line = |level, sensitivity, hour, day, month| json!({"standing": "stranger", "level": level, "sensitivity": sensitivity, "hour": hour, "day": day, "month": month});
        j["budgets"] = json!([
            line("session", "personal", Some(3), Some(5), Some(8)),
            line("address", "personal", Some(4), Some(6), Some(10)),
            line("network", "personal", Some(6), None, Some(14)),
            line("client", "personal", None, Some(12), None),
            line("session", "basic", Some(5), None, None),
            line("address", "basic", None, Some(8), Some(9)),
            line("session", "contact", Some(1), Some(2), Some(3)),
            line("address", "contact", Some(2), Some(2), Some(4)),
        ]);
    })
}

fn people_shown<'s>(
    showings: impl Iterator<Item = &'s Showing>,
    who: (Level, Pseudonym),
    s: Sensitivity,
    window: Window,
    end_s: u64,
) -> BTreeSet<u64> {
    showings
        .filter(|x| x.sensitivity == s && x.at_s <= end_s && end_s - x.at_s < u64::from(window.seconds()))
        .filter(|x| x.who.contains(&who))
        .map(|x| x.person)
        .collect()
}

/// Every window that ends with a showing holds no more people than its limit, for every principal.
fn assert_within(site: &Site, standing: Standing, showings: &[Showing]) {
    for end in showings {
        for who in &end.who {
            for window in Window::ALL {
                if let Some(limit) = site.budgets.limits(standing, who.0, end.sensitivity).get(window) {
                    let people = people_shown(showings.iter(), *who, end.sensitivity, window, end.at_s);
                    assert!(people.len() <= limit as usize, "{who:?} {window:?}: {} of {limit}", people.len());
                }
            }
        }
    }
}

/// What the naive list says to one charge.
fn naive(site: &Site, showings: &[Showing], id: &Identity, s: Sensitivity, person: u64, now_s: u64) -> bool {
    principals(id).into_iter().all(|who| {
        Window::ALL.into_iter().all(|w| {
            site.budgets.limits(Standing::Stranger, who.0, s).get(w).is_none_or(|limit| {
                let people = people_shown(showings.iter(), who, s, w, now_s);
                people.contains(&person) || people.len() < limit as usize
            })
        })
    })
}

fn a_visitor(who: u8) -> Identity {
    let id = visitor(u64::from(who % 4), u64::from(who % 4 / 2));
    if who < 4 { id } else { id.keeps_cookie(u64::from(who % 3)) }
}

fn pause_s() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0u64..40, 3 => 900u64..4_000, 2 => 20_000u64..90_000, 1 => 600_000u64..2_700_000]
}

fn note(showings: &mut Vec<Showing>, site: &Site, id: &Identity, shown: FieldSet, person: u64, now_s: u64) {
    for sensitivity in shown.sensitivities(&site.fields).iter() {
        showings.push(Showing { at_s: now_s, who: principals(id).into_vec(), sensitivity, person });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn charges_answer_as_a_list_of_all_showings_would(
        steps in proptest::collection::vec((0u8..8, 0u64..24, 1u64..32, pause_s()), 1..120),
    ) {
        let site = tight();
        let state = State::new(16 << 20);
        let open = open_allowance(Standing::Stranger);
        let mut showings = Vec::new();
        let mut now_s = START_MS / 1000;
        for (who, person, want, pause) in steps {
            now_s += pause;
            let (id, want) = (a_visitor(who), FieldSet(want));
            let charged = state.charge(&site, &id, &open, 0, "", person_key(person), want, now_s * 1000);
            prop_assert_eq!(charged.shown.union(charged.masked), want);
            prop_assert_eq!(charged.shown.0 & charged.masked.0, 0);
            prop_assert_eq!(charged.reasons.is_empty(), charged.masked.is_empty());
            for s in want.sensitivities(&site.fields).iter() {
                let of_s = want.of_sensitivities(&site.fields, crate::doors::SensitivitySet::NONE.with(s));
                let fits = naive(&site, &showings, &id, s, person, now_s);
                prop_assert_eq!(charged.shown.0 & of_s.0, if fits { of_s.0 } else { 0 }, "{:?} {}", s, person);
            }
            note(&mut showings, &site, &id, charged.shown, person, now_s);
            // Reading again is free, at once and for as long as every window holds.
            let again = state.charge(&site, &id, &open, 0, "", person_key(person), charged.shown, now_s * 1000);
            prop_assert_eq!(again.shown, charged.shown);
        }
        assert_within(&site, Standing::Stranger, &showings);
    }

    #[test]
    fn a_state_rebuilt_from_the_grants_charges_as_the_one_that_lived(
        before in proptest::collection::vec((0u8..8, 0u64..24, 1u64..32, pause_s()), 1..80),
        after in proptest::collection::vec((0u8..8, 0u64..24, 1u64..32, pause_s()), 1..40),
    ) {
        let site = tight();
        let (live, rebuilt) = (State::new(16 << 20), State::new(16 << 20));
        let open = open_allowance(Standing::Stranger);
        let mut now_s = START_MS / 1000;
        for (who, person, want, pause) in before {
            now_s += pause;
            let id = a_visitor(who);
            let charged = live.charge(&site, &id, &open, 0, "", person_key(person), FieldSet(want), now_s * 1000);
            rebuilt.replay(&site, &Replay {
                at_ms: now_s * 1000, principals: principals(&id), standing: Standing::Stranger,
                family: "members".to_owned(), person_key: person_key(person), shown: charged.shown,
            });
        }
        for (who, person, want, pause) in after {
            now_s += pause;
            let id = a_visitor(who);
            let charge = |s: &State| s.charge(&site, &id, &open, 0, "", person_key(person), FieldSet(want), now_s * 1000);
            let (l, r) = (charge(&live), charge(&rebuilt));
            prop_assert_eq!(l.shown, r.shown);
            prop_assert_eq!(l.masked, r.masked);
        }
    }

    #[test]
    fn threads_together_never_pass_a_budget(
        rounds in proptest::collection::vec((0u64..12, prop_oneof![0u64..40, 900u64..4_000, 20_000u64..90_000]), 2..12),
    ) {
        const THREADS: u64 = 6;
        let site = tight();
        let state = State::new(16 << 20);
        let open = open_allowance(Standing::Stranger);
        let showings = Mutex::new(Vec::new());
        let barrier = Barrier::new(usize::try_from(THREADS).unwrap());
        std::thread::scope(|scope| {
            for t in 0..THREADS {
                let (site, state, open, showings, barrier, rounds) = (&site, &state, &open, &showings, &barrier, &rounds);
                scope.spawn(move || {
                    let mut now_s = START_MS / 1000;
                    for (first, pause) in rounds {
                        now_s += pause;
                        barrier.wait();
                        for i in 0..6 {
                            let mut id = visitor(t % 2, 0).keeps_cookie(t % 3);
                            id.client = name("client", t % 2);
                            let person = first + (i + t) % 9;
                            let c = state.charge(site, &id, open, 0, "", person_key(person), fields(&[NAME, TOWN, EMAIL]), now_s * 1000);
                            note(&mut showings.lock().unwrap(), site, &id, c.shown, person, now_s);
                        }
                    }
                });
            }
        });
        assert_within(&site, Standing::Stranger, &showings.into_inner().unwrap());
    }
}

#[test]
fn an_answer_that_ends_late_is_counted_when_it_ends() {
    let site = tight();
    let state = State::new(16 << 20);
    let open = open_allowance(Standing::Stranger);
    let id = visitor(1, 1);
    let charge = |person: u64, at_ms: u64| {
        !state.charge(&site, &id, &open, 0, "", person_key(person), fields(&[TOWN]), at_ms).shown.is_empty()
    };
    assert!((0..4).all(|p| charge(p, START_MS)));
    assert!(charge(4, START_MS + HOUR_MS));
    // Requests that began an hour ago are answered now: one more fits into the day, and into this hour.
    assert!(charge(5, START_MS + 10_000));
    assert!(!charge(6, START_MS + 10_000), "six in the day");
    let later = START_MS + HOUR_MS + 20_000;
    let hour =
        state.arrive(&site, &id, site.route("GET", "/members/1").as_ref(), &Visit::default(), later).people[0][1];
    assert_eq!(hour, 2, "both were shown within this hour, whenever they were asked for");
}

#[test]
fn what_is_on_request_is_masked_until_it_is_asked_for() {
    let site = site();
    let state = State::new(16 << 20);
    let id = visitor(1, 1).keeps_cookie(1);
    let allowed = allowance(&site, Standing::Stranger);
    let want = fields(&[NAME, EMAIL, FAITH]);
    let charge = |at_ms| state.charge(&site, &id, &allowed, 0, "", person_key(1), want, at_ms);
    let first = charge(START_MS);
    assert_eq!(first.shown, fields(&[NAME]));
    let codes: Vec<&str> = first.reasons.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes, ["on_request.contact", "never.special"]);
    let revealed = state.reveal(&site, &id, &allowed, 0, "", person_key(1), want, START_MS + 1_000);
    assert_eq!(revealed.shown, fields(&[NAME, EMAIL]), "never means never, also on request");
    assert_eq!(charge(START_MS + 2_000).shown, fields(&[NAME, EMAIL]));
    // One person's contact was asked for, nobody else's.
    let other = state.charge(&site, &id, &allowed, 0, "", person_key(2), want, START_MS + 3_000);
    assert_eq!(other.shown, fields(&[NAME]));
    // Asking is charged: three an hour.
    let reveals = (10..20)
        .filter(|p| {
            state.reveal(&site, &id, &allowed, 0, "", person_key(*p), fields(&[EMAIL]), START_MS + 4_000).shown
                == fields(&[EMAIL])
        })
        .count();
    assert_eq!(reveals, 2);
}

#[test]
fn what_was_asked_for_stays_visible_where_no_budget_limits_it() {
    let site = site_with(|j| j["budgets"] = json!([]));
    let state = State::new(16 << 20);
    let id = visitor(1, 1).keeps_cookie(1);
    let allowed = allowance(&site, Standing::Stranger);
    state.reveal(&site, &id, &allowed, 0, "", person_key(1), fields(&[EMAIL]), START_MS);
    let charged = state.charge(&site, &id, &allowed, 0, "", person_key(1), fields(&[EMAIL]), START_MS + 1_000);
    assert_eq!(charged.shown, fields(&[EMAIL]));
}

#[test]
fn contact_shown_does_not_open_what_is_special() {
    let site = site_with(|j| {
        j["budgets"] = json!([
            {"standing": "member", "level": "account", "sensitivity": "contact", "hour": 5, "day": null, "month": null},
            {"standing": "member", "level": "account", "sensitivity": "special", "hour": 0, "day": 0, "month": 0},
        ]);
    });
    let state = State::new(16 << 20);
    let id = visitor(1, 1).signed_in(1, 365 * 86_400);
    let open = open_allowance(Standing::Member);
    let charge = |want| state.charge(&site, &id, &open, 0, "", person_key(1), want, START_MS).shown;
    assert_eq!(charge(fields(&[EMAIL])), fields(&[EMAIL]));
    assert_eq!(charge(fields(&[FAITH])), FieldSet::NONE);
    // Nor does it count as having asked for it.
    let site = self::site();
    let asks = Allowance { on_request: crate::doors::SensitivitySet::NONE.with(Sensitivity::Special), ..open };
    assert_eq!(state.charge(&site, &id, &asks, 0, "", person_key(1), fields(&[FAITH]), START_MS).shown, FieldSet::NONE);
    assert_eq!(
        state.reveal(&site, &id, &asks, 0, "", person_key(1), fields(&[FAITH]), START_MS).shown,
        fields(&[FAITH])
    );
    assert_eq!(
        state.charge(&site, &id, &asks, 0, "", person_key(1), fields(&[FAITH]), START_MS).shown,
        fields(&[FAITH])
    );
}

/// Fifty addresses in fifty networks read five thousand people side by side; who was shown to any of them.
fn harvest(site: &Site, state: &State, now_ms: u64) -> BTreeSet<u64> {
    let people: u64 = 5_000;
    let all = Mutex::new(BTreeSet::new());
    let barrier = Barrier::new(50);
    std::thread::scope(|scope| {
        for t in 0..50 {
            let (all, barrier) = (&all, &barrier);
            scope.spawn(move || {
                let id = visitor(1_000 + t, 1_000 + t);
                let allowed = allowance(site, Standing::Stranger);
                barrier.wait();
                let mine: Vec<u64> = (0..people / 10)
                    .map(|i| (t * 100 + i) % people)
                    .filter(|p| {
                        state
                            .charge(site, &id, &allowed, 0, "", person_key(*p), fields(&[NAME, TOWN]), now_ms)
                            .shown
                            .has(TOWN)
                    })
                    .collect();
                all.lock().unwrap().extend(mine);
            });
        }
    });
    all.into_inner().unwrap()
}

#[test]
fn fifty_addresses_together_are_shown_a_tenth_at_most() {
    let site = site();
    let state = State::new(64 << 20);
    let obtained = harvest(&site, &state, START_MS);
    assert!(obtained.len() <= 500, "{} of 5000", obtained.len());
    assert_eq!(state.posture(&site, "members", START_MS), Posture::High);
}

#[test]
fn a_posture_falls_step_by_step_once_the_harvest_is_over() {
    let site = site();
    let state = State::new(64 << 20);
    harvest(&site, &state, START_MS);
    // Requests keep coming, one a minute.
    let mut clock = 0;
    let mut at = |s: u64| {
        clock = (clock + 60).min(s);
        while clock < s {
            state.posture(&site, "members", START_MS + clock * 1_000);
            clock += 60;
        }
        state.posture(&site, "members", START_MS + s * 1_000)
    };
    assert_eq!(at(3_540), Posture::High);
    // The people leave the window after an hour; then it is the policy's half hour, once for each step.
    assert_eq!(at(3_540 + 1_740), Posture::High);
    assert_eq!(at(3_540 + 1_800), Posture::Raised);
    assert_eq!(at(3_540 + 3_540), Posture::Raised);
    assert_eq!(at(3_540 + 3_600), Posture::Calm);
}

#[test]
fn whom_an_ordinary_visitor_has_seen_stays_visible_while_the_posture_is_high() {
    let site = site();
    let state = State::new(64 << 20);
    let id = visitor(1, 1).keeps_cookie(1);
    let allowed = allowance(&site, Standing::Stranger);
    let see = |id: &Identity, p: u64, at_ms| {
        state.charge(&site, id, &allowed, 0, "", person_key(p), fields(&[TOWN]), at_ms).shown.has(TOWN)
    };
    assert!((9_000..9_015).all(|p| see(&id, p, START_MS)));
    // Somebody who has come back for days is no newcomer.
    let regular = visitor(2, 2).keeps_cookie(2);
    assert!(see(&regular, 9_100, START_MS - 3 * 24 * HOUR_MS));
    harvest(&site, &state, START_MS + 1_000);
    assert!((9_000..9_015).all(|p| see(&id, p, START_MS + 2_000)));
    assert!(!see(&id, 9_016, START_MS + 2_000), "a newcomer is shown nobody more");
    assert!((9_000..9_020).all(|p| see(&regular, p, START_MS + 2_000)), "who is known of old keeps the written budget");
    let member = visitor(3, 3).signed_in(3, 365 * 86_400);
    let full = allowance(&site, Standing::Member);
    assert!((9_000..9_020).all(|p| {
        state.charge(&site, &member, &full, 0, "", person_key(p), fields(&[TOWN]), START_MS + 2_000).shown.has(TOWN)
    }));
}

#[test]
fn a_rebuilt_state_is_as_tense_as_the_one_that_lived() {
    let site = site();
    let state = State::new(16 << 20);
    for p in 0..400 {
        let principals = principals(&visitor(p, p));
        let shown = fields(&[TOWN]);
        state.replay(
            &site,
            &Replay {
                at_ms: START_MS,
                principals,
                standing: Standing::Stranger,
                family: "members".to_owned(),
                person_key: person_key(p),
                shown,
            },
        );
    }
    assert_eq!(state.posture(&site, "members", START_MS + 1_000), Posture::High);
}

#[test]
fn a_hundred_thousand_addresses_stay_within_the_memory_they_are_given() {
    let site = site_with(|j| {
        j["posture"]["raised"] = json!([]);
        j["posture"]["high"] = json!([]);
    });
    let bound = 16 << 20;
    let state = State::new(bound);
    let allowed = allowance(&site, Standing::Stranger);
    let now = START_MS;
    // A few who have spent their budget, and one whom somebody blocked.
    let spent: Vec<Identity> = (0..20).map(|n| visitor(n, n)).collect();
    for id in &spent {
        for p in 0..60 {
            state.charge(&site, id, &allowed, 0, "", person_key(p), fields(&[TOWN]), now);
        }
    }
    let blocked = visitor(900, 900);
    state.block(Level::Address, blocked.address, now / 1000 + 30 * 86_400, now);
    let profile = site.route("GET", "/members/1");
    for n in 1_000..101_000 {
        let id = visitor(n, n / 200);
        let at = now + n;
        state.arrive(&site, &id, profile.as_ref(), &Visit { navigation: true, ..Visit::default() }, at);
        state.charge(&site, &id, &allowed, 0, "", person_key(n % 5_000), fields(&[TOWN]), at);
    }
    assert!(state.memory_bytes() <= bound, "{} of {bound} bytes", state.memory_bytes());
    assert!(state.overview(&site, now, 5).evicted > 0, "the bound was met");
    let later = now + 200_000;
    for id in &spent {
        let c = state.charge(&site, id, &allowed, 0, "", person_key(3_000), fields(&[TOWN]), later);
        assert!(c.shown.is_empty(), "a flood of strangers does not give a spent budget back");
    }
    let snapshot = state.arrive(&site, &blocked, None, &Visit::default(), later);
    assert_eq!(u64::from(snapshot.blocked_until_s), now / 1000 + 30 * 86_400);
}

// Signals of behaviour: each has a trace that raises it, and an ordinary one that does not.

/// Requests of one visitor, a second apart: a path, and what the request is besides.
fn trace<'p>(site: &Site, id: &Identity, requests: impl IntoIterator<Item = (&'p str, Visit)>) -> Vec<Signal> {
    let state = State::new(16 << 20);
    let mut signals = Vec::new();
    for (i, (path, visit)) in requests.into_iter().enumerate() {
        let at = START_MS + i as u64 * 1_000;
        let snapshot = state.arrive(site, id, site.route("GET", path).as_ref(), &visit, at);
        signals = snapshot.evidence.iter().map(|e| e.signal).collect();
    }
    signals
}

const PAGE: Visit = Visit { asset: false, navigation: true, bait: false, robots_refused: false };
const ASSET: Visit = Visit { asset: true, navigation: false, bait: false, robots_refused: false };

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
