//! The posture against fifty harvesters, the table against a flood.

use std::collections::BTreeSet;
use std::sync::{Barrier, Mutex};

use serde_json::json;

use super::super::*;
use crate::state::test_site::*;

const HOUR_MS: u64 = 3_600_000;

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
                            .charge(site, &id, &allowed, &Ask::of(0, person_key(*p), fields(&[NAME, TOWN])), now_ms)
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
        state.charge(&site, id, &allowed, &Ask::of(0, person_key(p), fields(&[TOWN])), at_ms).shown.has(TOWN)
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
        state
            .charge(&site, &member, &full, &Ask::of(0, person_key(p), fields(&[TOWN])), START_MS + 2_000)
            .shown
            .has(TOWN)
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
                tense: false,
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
    // A few who have spent their budget.
    let spent: Vec<Identity> = (0..20).map(|n| visitor(n, n)).collect();
    for id in &spent {
        for p in 0..60 {
            state.charge(&site, id, &allowed, &Ask::of(0, person_key(p), fields(&[TOWN])), now);
        }
    }
    let profile = site.route("GET", "/members/1");
    for n in 1_000..101_000 {
        let id = visitor(n, n / 200);
        let at = now + n;
        state.arrive(&site, &id, profile.as_ref(), &Visit { navigation: true, ..Visit::default() }, at);
        state.charge(&site, &id, &allowed, &Ask::of(0, person_key(n % 5_000), fields(&[TOWN])), at);
    }
    assert!(state.memory_bytes() <= bound, "{} of {bound} bytes", state.memory_bytes());
    assert!(state.overview(&site, now, 5).evicted > 0, "the bound was met");
    let later = now + 200_000;
    for id in &spent {
        let c = state.charge(&site, id, &allowed, &Ask::of(0, person_key(3_000), fields(&[TOWN])), later);
        assert!(c.shown.is_empty(), "a flood of strangers does not give a spent budget back");
    }
}

#[test]
fn fifty_addresses_that_go_on_for_two_days_do_not_come_of_age_by_waiting() {
    let site = site_with(|j| {
        j["posture"]["raised"][0]["day"] = json!(600);
        j["posture"]["high"][0]["day"] = json!(1_200);
    });
    let state = State::new(64 << 20);
    let allowed = allowance(&site, Standing::Stranger);
    let mut obtained = BTreeSet::new();
    let mut next = [0u64; 50];
    let mut hours = Vec::new();
    for slot in 0..48 * 6u64 {
        let now_ms = START_MS + slot * 600_000;
        for t in (0..50u64).cycle().take(300) {
            let place = &mut next[usize::try_from(t).unwrap()];
            let person = (t * 100 + *place) % 5_000;
            let id = visitor(t, t);
            if state
                .charge(&site, &id, &allowed, &Ask::of(0, person_key(person), fields(&[TOWN])), now_ms)
                .shown
                .has(TOWN)
            {
                obtained.insert(person);
                *place += 1;
            }
        }
        if slot % 6 == 5 {
            hours.push(obtained.len());
        }
    }
    let (day, two) = (hours[23], hours[47]);
    // The written threshold of a day, and what fifty newcomers may add: once a day, not everybody on the second.
    assert!(day <= 650, "{hours:?}");
    assert!(two <= 1_300, "{hours:?}");
}

#[test]
fn who_was_known_before_the_wave_is_no_newcomer_in_it() {
    let policy = site().posture;
    let age = policy.newcomer_age_s;
    let now = 2_000_000_000;
    let wave = Tension { posture: Posture::High, since_s: now - 3 * age };
    assert!(wave.newcomer(&policy, now - 10, now));
    assert!(wave.newcomer(&policy, now - 3 * age, now), "older than the age, but only since the wave began");
    assert!(!wave.newcomer(&policy, now - 4 * age, now));
    let endless = Tension { posture: Posture::High, since_s: now - 90 * 86_400 };
    assert!(endless.newcomer(&policy, now - 29 * 86_400, now));
    assert!(!endless.newcomer(&policy, now - 32 * 86_400, now));
}

#[test]
fn families_of_an_older_policy_make_room_for_those_in_force() {
    let site = site();
    let state = State::new(16 << 20);
    let shown = |family: &str, p: u64| {
        let principals = principals(&visitor(p, p));
        let (standing, person_key) = (Standing::Stranger, person_key(p));
        let family = family.to_owned();
        state.replay(
            &site,
            &Replay { at_ms: START_MS, principals, standing, family, person_key, shown: fields(&[TOWN]), tense: false },
        );
    };
    (0..200).for_each(|n| shown(&format!("renamed-{n}"), n));
    (0..400).for_each(|p| shown("one-too-many", p));
    assert_eq!(state.posture(&site, "members", START_MS), Posture::Calm, "what others were shown is not its own");
    (0..400).for_each(|p| shown("members", p));
    assert_eq!(state.posture(&site, "members", START_MS), Posture::High);
    assert!(state.overview(&site, START_MS, 1).postures.len() <= crate::policy::MOST_FAMILIES + 1);
}

#[test]
fn doors_of_one_family_move_one_posture_and_doors_of_others_do_not() {
    let alternating = |site: &Site| {
        let state = State::new(16 << 20);
        for n in 0..160u64 {
            let door = usize::try_from(n % 3).unwrap();
            let (id, allowed) = (visitor(n, n), allowance(site, Standing::Stranger));
            let shown =
                state.charge(site, &id, &allowed, &Ask::of(door, person_key(n), fields(&[TOWN])), START_MS).shown;
            assert!(shown.has(TOWN), "{n}");
        }
        state
    };
    let together = site();
    assert_eq!(alternating(&together).posture(&together, "members", START_MS), Posture::Raised);
    let apart = site_with(|j| {
        for (route, family) in j["routes"].as_array_mut().unwrap().iter_mut().zip(["a", "b", "c"]) {
            route["family"] = json!(family);
        }
    });
    let state = alternating(&apart);
    assert!(["a", "b", "c"].iter().all(|f| state.posture(&apart, f, START_MS) == Posture::Calm));
}
