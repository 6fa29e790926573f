//! The order in which people are asked for: what is one, however it is written, and what is none.

use serde_json::json;

use super::super::*;
use super::signals::{ASSET, PAGE, trace};
use crate::state::test_site::*;

/// Requests by path and query, a second apart, as the gateway tells of them; whether they ever are enumeration.
fn enumerates(site: &Site, requests: impl IntoIterator<Item = String>) -> bool {
    let (state, id) = (State::new(16 << 20), visitor(1, 1).keeps_cookie(1));
    let mut seen = false;
    for (at, target) in (START_MS..).step_by(1_000).zip(requests) {
        let (path, query) = target.split_once('?').map_or((target.as_str(), None), |(p, q)| (p, Some(q)));
        let route = site.route("GET", path);
        let visit = Visit { named: Named::by(route.as_ref(), query), ..PAGE };
        let snapshot = state.arrive(site, &id, route.as_ref(), &visit, at);
        seen |= snapshot.evidence.iter().any(|e| e.signal == Signal::Enumeration);
    }
    seen
}

fn with_one_page_for_all() -> Site {
    site_with(|j| {
        let one = json!({"name": "card", "path": "/card", "kind": "profile", "family": "members", "person": "header",
            "on_unreadable": "refuse", "max_body_bytes": 4_194_304});
        j["routes"].as_array_mut().unwrap().push(one);
    })
}

#[test]
fn an_order_is_seen_however_the_identifiers_are_written_and_wherever_they_stand() {
    let site = with_one_page_for_all();
    type Target = fn(u64) -> String;
    let made: [(&str, Target); 8] = [
        ("with noughts before", |n| format!("/members/{n:06}")),
        ("after a letter", |n| format!("/members/u{n:06}")),
        ("after a word", |n| format!("/members/user-{}", n * 3)),
        ("before a name", |n| format!("/members/{n}-{}", ["ada", "ben", "cem"][usize::try_from(n % 3).unwrap()])),
        ("by a query", |n| format!("/card?id={n}")),
        ("by a query with other things in it", |n| format!("/card?tab=2&user_id=u{n:05}&lang=en")),
        ("by a query of its own", |n| format!("/card?nr={n}")),
        ("in parts of a list", |n| format!("/members?sort=name&page={n}")),
    ];
    for (what, target) in made {
        assert!(enumerates(&site, (1..=25).map(target)), "{what}");
        assert!(!enumerates(&site, (1..=25).map(|n| target(person_key(n) % 5_000))), "{what}, scattered");
    }
    assert!(enumerates(&site, (0..25).map(|n| format!("/search?q=a&offset={}", n * 50))));
    let whole_list = (1..=40).map(|n| format!("/members/{}", n * 7 + person_key(n) % 6));
    assert!(enumerates(&site, whole_list), "everybody a list named, in its order, with gaps");
}

#[test]
fn what_only_ends_in_a_number_has_no_order() {
    let site = site();
    let named = (1..=25).map(|n| format!("/members/{}{n}", ["ada", "ben", "cem", "dee"][n % 4]));
    assert!(!enumerates(&site, named));
    let random = (1..=25).map(|n| format!("/members/{}", name("id", n).hex()));
    assert!(!enumerates(&site, random));
}

#[test]
fn somebody_who_opens_entries_of_a_list_in_its_order_with_gaps_enumerates_nothing() {
    let site = site();
    for one_in in [3, 5, 10] {
        let suspected = (0..200)
            .filter(|seed| {
                let picks = (1..500u64).filter(|n| person_key(seed * 1_000 + n).is_multiple_of(one_in)).take(15);
                enumerates(&site, picks.map(|n| format!("/members/{n}")))
            })
            .count();
        assert!(suspected <= 2, "every {one_in}th entry: {suspected} of 200");
    }
}

#[test]
fn somebody_who_turns_the_pages_of_a_list_enumerates_nothing() {
    let site = site();
    assert!(!enumerates(&site, (1..=20).map(|n| format!("/members?page={n}"))), "looking for a face");
    let looks_in = (1..=60).flat_map(|n| {
        let profile = (n % 12 == 0).then(|| format!("/members/{}", person_key(n) % 5_000));
        std::iter::once(format!("/members?page={n}")).chain(profile)
    });
    assert!(!enumerates(&site, looks_in), "and at a profile now and then");
    let to_and_fro = (0..60).map(|n| format!("/members?page={}", 1 + n % 3));
    assert!(!enumerates(&site, to_and_fro));
}

#[test]
fn somebody_who_compares_a_handful_of_people_enumerates_nothing() {
    let site = site();
    let over_and_over = |people: &[u64]| {
        let pages = people.iter().copied().cycle().take(60);
        enumerates(&site, pages.map(|n| format!("/members/{n}")))
    };
    for few in [&[7, 9][..], &[7, 9, 12], &[7, 8, 9], &[1, 2, 3, 4], &[40, 30, 20, 10, 5]] {
        assert!(!over_and_over(few), "{few:?}");
    }
    // To look once more at the one before does not hide that all are gone through.
    let back_and_on = (10..40).flat_map(|n| [format!("/members/{n}"), format!("/members/{}", n - 1)]);
    assert!(enumerates(&site, back_and_on));
}

#[test]
fn a_parameter_that_says_nothing_does_not_hide_an_order() {
    let site = with_one_page_for_all();
    type Target = fn(u64) -> String;
    let made: [(&str, Target); 6] = [
        ("a word where a part of a list could stand", |n| format!("/members?from=x&page={n}")),
        ("where a list begins, always the same", |n| format!("/members?start=0&page={n}")),
        ("a name that never changes", |n| format!("/card?id=1&nr={n}")),
        ("two names that never change", |n| format!("/card?id=1&uid=7&nr={n}")),
        ("one after the other", |n| format!("/card?id=1&user={n}")),
        ("a number that changes every other time", |n| format!("/card?id={}&nr={}", n / 2, n % 2)),
    ];
    for (what, target) in made {
        assert!(enumerates(&site, (1..=50).map(target)), "{what}");
        assert!(!enumerates(&site, (1..=50).map(|n| target(person_key(n) % 5_000))), "{what}, scattered");
    }
    // Tabs and a dozen pictures of one person, and how far down an ordinary search its people stood.
    assert!(!enumerates(&site, (1..=60).map(|n| format!("/card?id=7&tab={}", n % 5))));
    assert!(!enumerates(&site, (1..=12).map(|n| format!("/card?id=7&picture={n}"))));
    assert!(!enumerates(&site, (1..=60).map(|n| format!("/card?id={}&place={n}", person_key(n) % 5_000))));
}

#[test]
fn the_pictures_of_a_list_are_no_order_and_profiles_called_pictures_are() {
    let site = site_with(|j| {
        let of = |name: &str, kind: &str| {
            json!({"name": name, "path": format!("/{name}/{{person}}"), "kind": kind, "family": "members",
                "person": "path", "on_unreadable": "refuse", "max_body_bytes": 4_194_304})
        };
        j["routes"].as_array_mut().unwrap().extend([of("photo", "other"), of("data", "api")]);
    });
    let loads = |path: &str, visit: Visit| {
        let paths: Vec<String> = (1001..=1040).map(|n| path.replace("{}", &n.to_string())).collect();
        trace(&site, &visitor(1, 1).keeps_cookie(1), paths.iter().map(|p| (p.as_str(), visit)))
            .contains(&Signal::Enumeration)
    };
    assert!(!loads("/photo/{}.jpg", ASSET), "a list page loads the pictures of its members");
    assert!(loads("/photo/{}.jpg", PAGE), "a program that asks for them one by one as pages");
    assert!(loads("/members/{}", ASSET), "a profile stays one, whatever it is called");
    assert!(loads("/members/{}.jpg", ASSET));
    assert!(loads("/data/{}", ASSET));
}
