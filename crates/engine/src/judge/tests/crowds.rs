//! State and judge together: a crowd behind one address, and one who goes on asking.

use super::*;

/// Fifty people behind one address read twenty people each; their first page comes without our cookie. `turn` and `who`
/// in the order of `order`, two seconds apart.
fn assert_a_crowd_is_not_stopped(order: impl Iterator<Item = (u64, u64)>) {
    let site = site();
    let state = State::new(16 << 20);
    let judge = Judge::new(&site).unwrap();
    for (n, (turn, who)) in order.enumerate() {
        let id = if turn == 0 { visitor(1, 1) } else { visitor(1, 1).keeps_cookie(who) };
        let person = person_key(turn * 50 + who) % 5_000;
        let now_ms = START_MS + n as u64 * 2_000;
        let asked = Asked::get(&format!("/members/{person}"));
        let route = site.route("GET", &asked.path);
        state.arrive(&site, &id, None, &Visit { asset: true, ..Visit::default() }, now_ms);
        let page = Visit { navigation: true, ..Visit::default() };
        let snap = state.arrive(&site, &id, route.as_ref(), &page, now_ms);
        let v = judge.decide(&site, &asked.request(), &id, route.as_ref(), &snap, now_ms);
        assert!(matches!(v.action, Action::Allow | Action::Mask), "turn {turn}, visitor {who}: {v:?}");
        state.charge(&site, &id, &v.allowance, &Ask::of(0, person_key(person), fields(&[NAME, TOWN])), now_ms);
    }
}

#[test]
fn fifty_people_behind_one_address_side_by_side_meet_no_challenge_and_no_refusal() {
    assert_a_crowd_is_not_stopped((0..20).flat_map(|turn| (0..50).map(move |who| (turn, who))));
}

#[test]
fn fifty_people_behind_one_address_one_after_the_other_meet_no_challenge_and_no_refusal() {
    assert_a_crowd_is_not_stopped((0..50).flat_map(|who| (0..20).map(move |turn| (turn, who))));
}

#[test]
fn one_visitor_who_goes_on_climbs_the_ladder_with_a_cookie_and_without() {
    let site = site();
    for (what, id) in [("cookie", visitor(1, 1).keeps_cookie(1)), ("none", visitor(2, 2))] {
        let state = State::new(16 << 20);
        let judge = Judge::new(&site).unwrap();
        let mut steps = Vec::new();
        for n in 0..400u64 {
            let now_ms = START_MS + n * 1_000;
            let asked = Asked::get(&format!("/members/{}", person_key(n) % 100_000));
            let route = site.route("GET", &asked.path);
            // An ordinary browser otherwise: it loads pictures and keeps nothing that weighs points.
            state.arrive(&site, &id, None, &Visit { asset: true, ..Visit::default() }, now_ms);
            let snap = state.arrive(&site, &id, route.as_ref(), &Visit::default(), now_ms);
            let v = judge.decide(&site, &asked.request(), &id, route.as_ref(), &snap, now_ms);
            if steps.last() != Some(&v.action) {
                steps.push(v.action);
            }
            // A challenge that is not solved shows nobody, but the asking is what counts: as in watch mode.
            state.charge(&site, &id, &v.allowance, &Ask::of(0, person_key(n), fields(&[NAME, TOWN])), now_ms);
        }
        assert_eq!(steps, [Action::Allow, Action::Mask, Action::Prove, Action::SignIn, Action::Refuse], "{what}");
    }
}
