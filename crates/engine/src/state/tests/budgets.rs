//! The budgets against a naive list of all showings.

use std::collections::BTreeSet;
use std::sync::{Barrier, Mutex};

use proptest::prelude::*;
use serde_json::json;

use super::super::*;
use crate::doors::{Allowance, Sensitivity};
use crate::policy::FieldSet;
use crate::state::test_site::*;

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

/// The same with six routes, each of a family.
fn doors(families: &[u8]) -> Site {
    let route = |(n, family): (usize, &u8)| {
        let mut route = site().routes.swap_remove(0);
        (route.name, route.family) = (format!("door-{n}"), format!("family-{family}"));
        route
    };
    Site { routes: families.iter().enumerate().map(route).collect(), ..tight() }
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
            let charged = state.charge(&site, &id, &open, &Ask::of(0, person_key(person), want), now_s * 1000);
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
            let again = state.charge(&site, &id, &open, &Ask::of(0, person_key(person), charged.shown), now_s * 1000);
            prop_assert_eq!(again.shown, charged.shown);
        }
        assert_within(&site, Standing::Stranger, &showings);
    }

    #[test]
    fn by_whichever_routes_of_whichever_families_people_are_asked_for_the_same_are_shown(
        steps in proptest::collection::vec((0u8..8, 0usize..6, 0u64..24, 1u64..32, pause_s()), 1..120),
        families in proptest::collection::vec(0u8..3, 6),
    ) {
        let site = doors(&families);
        let (by_many_doors, by_one) = (State::new(16 << 20), State::new(16 << 20));
        let open = open_allowance(Standing::Stranger);
        let mut showings = Vec::new();
        let mut now_s = START_MS / 1000;
        for (who, door, person, want, pause) in steps {
            now_s += pause;
            let (id, want) = (a_visitor(who), FieldSet(want));
            let through = |state: &State, door| {
                state.charge(&site, &id, &open, &Ask::of(door, person_key(person), want), now_s * 1000).shown
            };
            let shown = through(&by_many_doors, door);
            prop_assert_eq!(shown, through(&by_one, 0), "person {} by door {}", person, door);
            note(&mut showings, &site, &id, shown, person, now_s);
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
            let charged = live.charge(&site, &id, &open, &Ask::of(0, person_key(person), FieldSet(want)), now_s * 1000);
            rebuilt.replay(&site, &Replay {
                at_ms: now_s * 1000, principals: principals(&id), standing: Standing::Stranger,
                family: "members".to_owned(), person_key: person_key(person), shown: charged.shown, tense: false,
            });
        }
        for (who, person, want, pause) in after {
            now_s += pause;
            let id = a_visitor(who);
            let charge = |s: &State| s.charge(&site, &id, &open, &Ask::of(0, person_key(person), FieldSet(want)), now_s * 1000);
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
                            let c = state.charge(site, &id, open, &Ask::of(0, person_key(person), fields(&[NAME, TOWN, EMAIL])), now_s * 1000);
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
        !state.charge(&site, &id, &open, &Ask::of(0, person_key(person), fields(&[TOWN])), at_ms).shown.is_empty()
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
    let charge = |at_ms| state.charge(&site, &id, &allowed, &Ask::of(0, person_key(1), want), at_ms);
    let first = charge(START_MS);
    assert_eq!(first.shown, fields(&[NAME]));
    let codes: Vec<&str> = first.reasons.iter().map(|r| r.code.as_str()).collect();
    assert_eq!(codes, ["on_request.contact", "never.special"]);
    let revealed = state.charge(&site, &id, &allowed, &Ask::by_name(0, person_key(1), want), START_MS + 1_000);
    assert_eq!(revealed.shown, fields(&[NAME, EMAIL]), "never means never, also on request");
    assert_eq!(charge(START_MS + 2_000).shown, fields(&[NAME, EMAIL]));
    // One person's contact was asked for, nobody else's.
    let other = state.charge(&site, &id, &allowed, &Ask::of(0, person_key(2), want), START_MS + 3_000);
    assert_eq!(other.shown, fields(&[NAME]));
    // Asking is charged: three an hour.
    let reveals = (10..20)
        .filter(|p| {
            state
                .charge(&site, &id, &allowed, &Ask::by_name(0, person_key(*p), fields(&[EMAIL])), START_MS + 4_000)
                .shown
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
    state.charge(&site, &id, &allowed, &Ask::by_name(0, person_key(1), fields(&[EMAIL])), START_MS);
    let charged = state.charge(&site, &id, &allowed, &Ask::of(0, person_key(1), fields(&[EMAIL])), START_MS + 1_000);
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
    let charge = |want| state.charge(&site, &id, &open, &Ask::of(0, person_key(1), want), START_MS).shown;
    assert_eq!(charge(fields(&[EMAIL])), fields(&[EMAIL]));
    assert_eq!(charge(fields(&[FAITH])), FieldSet::NONE);
    // Nor does it count as having asked for it.
    let site = self::site();
    let asks = Allowance { on_request: crate::doors::SensitivitySet::NONE.with(Sensitivity::Special), ..open };
    assert_eq!(
        state.charge(&site, &id, &asks, &Ask::of(0, person_key(1), fields(&[FAITH])), START_MS).shown,
        FieldSet::NONE
    );
    assert_eq!(
        state.charge(&site, &id, &asks, &Ask::by_name(0, person_key(1), fields(&[FAITH])), START_MS).shown,
        fields(&[FAITH])
    );
    assert_eq!(
        state.charge(&site, &id, &asks, &Ask::of(0, person_key(1), fields(&[FAITH])), START_MS).shown,
        fields(&[FAITH])
    );
}
