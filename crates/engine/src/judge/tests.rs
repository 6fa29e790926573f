//! The ladder and the list of reasons.

mod crowds;
mod rules;

use std::collections::BTreeSet;

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::json;
use smallvec::smallvec;

use super::*;
use crate::doors::{Level, Sensitivity, Transport};
use crate::measures::Ruling;
use crate::state::test_site::*;
use crate::state::{Ask, State, Visit};

/// A request that owns its parts.
struct Asked {
    transport: Transport,
    headers: HeaderMap,
    path: String,
    method: &'static str,
}

impl Asked {
    fn get(path: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", HeaderValue::from_static("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"));
        let transport = Transport { peer: [10, 0, 0, 1].into(), tls: true, ja4: None, h2_print: None };
        Self { transport, headers, path: path.to_owned(), method: "GET" }
    }

    fn request(&self) -> Request<'_> {
        Request {
            method: self.method,
            host: "members.example",
            path: &self.path,
            query: None,
            headers: &self.headers,
            header_order: None,
            transport: &self.transport,
            version: 20,
            now_ms: START_MS,
        }
    }
}

/// Nothing remarkable is remembered.
fn calm(standing: Standing) -> Snapshot {
    Snapshot {
        standing,
        posture: Posture::Calm,
        posture_decided: false,
        people: [[0; 3]; 3],
        beyond: 0,
        spent: None,
        evidence: SmallVec::new(),
        ruling: Ruling::default(),
    }
}

fn spent() -> Option<Spent> {
    Some(Spent { level: Level::Session, sensitivity: Sensitivity::Personal, window: Window::Hour, limit: 25 })
}

fn says(signals: &[Signal]) -> SmallVec<[Evidence; 4]> {
    signals.iter().map(|s| Evidence { signal: *s, detail: "in a test".to_owned() }).collect()
}

fn decide(site: &Site, path: &str, id: &Identity, snap: &Snapshot) -> Verdict {
    let asked = Asked::get(path);
    Judge::new(site).unwrap().decide(site, &asked.request(), id, site.route("GET", path).as_ref(), snap, START_MS)
}

fn codes(v: &Verdict) -> Vec<&str> {
    v.reasons.iter().map(|r| r.code.as_str()).collect()
}

#[test]
fn an_ordinary_request_is_allowed_without_a_word() {
    let site = site();
    let v = decide(&site, "/members/7", &visitor(1, 1), &calm(Standing::Stranger));
    assert_eq!((v.action, v.risk, v.retry_after_s), (Action::Allow, 0, None));
    assert!(v.reasons.is_empty());
    assert!(v.allowance.never.has(Sensitivity::Special) && v.allowance.on_request.has(Sensitivity::Contact));
}

#[test]
fn the_ladder_goes_from_allow_over_mask_proof_and_sign_in_to_refusal() {
    let site = site();
    let at = |beyond| {
        let v = decide(
            &site,
            "/members/7",
            &visitor(1, 1),
            &Snapshot { spent: spent(), beyond, ..calm(Standing::Stranger) },
        );
        assert_eq!(codes(&v)[0], "budget.personal.session.hour");
        (v.action, codes(&v).last().map(|c| (*c).to_owned()), v.retry_after_s)
    };
    let budget = Some("budget.personal.session.hour".to_owned());
    assert_eq!(at(0), (Action::Mask, budget.clone(), None));
    assert_eq!(at(19), (Action::Mask, budget, None));
    assert_eq!(at(20), (Action::Prove, Some("beyond.prove".to_owned()), None));
    assert_eq!(at(59).0, Action::Prove);
    assert_eq!(at(60), (Action::SignIn, Some("beyond.sign_in".to_owned()), Some(900)));
    assert_eq!(at(149).0, Action::SignIn);
    assert_eq!(at(150), (Action::Refuse, Some("beyond.refuse".to_owned()), Some(900)));
}

#[test]
fn automation_that_solved_its_challenge_is_not_set_another_at_once() {
    let site = site();
    let robot = |id: Identity, beyond| {
        let evidence = says(&[Signal::LibraryClient, Signal::NoSubresources]);
        let snap = Snapshot { spent: spent(), beyond, evidence, ..calm(Standing::Automation) };
        decide(&site, "/members/7", &Identity { lane: Lane::Automation, ..id }, &snap).action
    };
    assert_eq!(robot(visitor(1, 1), 30), Action::Prove);
    assert_eq!(robot(visitor(1, 1).keeps_cookie(1), 30), Action::Prove);
    assert_eq!(robot(visitor(1, 1).has_pass(1), 30), Action::Mask, "its small budget holds all the same");
    assert_eq!(robot(visitor(1, 1).has_pass(1), 60), Action::SignIn);
}

#[test]
fn points_lead_to_a_proof_then_a_wait_then_a_refusal() {
    let site = site();
    let with = |standing, signals: &[Signal]| {
        decide(&site, "/members/7", &visitor(1, 1), &Snapshot { evidence: says(signals), ..calm(standing) })
    };
    let diet = [Signal::ProfileOnlyDiet, Signal::NoSubresources];
    assert_eq!(with(Standing::Stranger, &diet).action, Action::Allow);
    let order = [Signal::ProfileOnlyDiet, Signal::NoSubresources, Signal::Enumeration];
    let v = with(Standing::Stranger, &order);
    assert_eq!((v.action, v.risk), (Action::Prove, 60));
    assert_eq!(with(Standing::Proven, &order).action, Action::Allow);
    let slow = [Signal::Enumeration, Signal::PassShared];
    assert_eq!(with(Standing::Stranger, &slow).action, Action::Prove);
    assert_eq!(with(Standing::Proven, &slow).action, Action::Slow);
    let v = with(Standing::Proven, &[Signal::Enumeration, Signal::PassShared, Signal::BaitTaken]);
    assert_eq!((v.action, v.risk, v.retry_after_s), (Action::Refuse, 130, Some(900)));
}

#[test]
fn a_signal_counts_once_wherever_it_was_seen() {
    let site = site();
    let mut id = visitor(1, 1);
    id.evidence = smallvec![Evidence { signal: Signal::HeaderContradiction, detail: String::new() }];
    let snap =
        Snapshot { evidence: says(&[Signal::HeaderContradiction, Signal::EnvironmentOdd]), ..calm(Standing::Stranger) };
    let v = decide(&site, "/members/7", &id, &snap);
    // The second signal has no weight in this policy, so it is not mentioned either.
    assert_eq!((v.risk, codes(&v)), (25, vec!["signal.header_contradiction"]));
}

#[test]
fn who_has_proved_it_is_not_challenged_again_and_keeps_a_budget() {
    let site = site();
    let id = visitor(1, 1).has_pass(1);
    let v = decide(&site, "/members/7", &id, &Snapshot { spent: spent(), beyond: 40, ..calm(Standing::Proven) });
    assert_eq!(v.action, Action::Mask);
    // The budget is real: forty people in an hour, and not one more.
    let state = State::new(16 << 20);
    let allowed = Judge::new(&site).unwrap().allowance(&site, &id, START_MS);
    assert_eq!(allowed.standing, Standing::Proven);
    let shown = (0..100).filter(|p| {
        !state.charge(&site, &id, &allowed, &Ask::of(0, person_key(*p), fields(&[TOWN])), START_MS).shown.is_empty()
    });
    assert_eq!(shown.count(), 40);
    let snap = state.arrive(&site, &id, site.route("GET", "/members/7").as_ref(), &Visit::default(), START_MS + 1_000);
    assert_eq!(snap.spent, Some(Spent { limit: 40, ..spent().unwrap() }));
    assert_eq!(snap.people[Window::Hour as usize][1], 40);
}

#[test]
fn members_and_verified_lanes_are_never_challenged_but_their_budgets_hold() {
    let site = site();
    let all: Vec<Signal> = signals::ALL.into_iter().map(|(s, _, _)| s).collect();
    for (lane, standing) in [
        (Lane::Member, Standing::Member),
        (Lane::Member, Standing::NewMember),
        (Lane::SearchEngine, Standing::SearchEngine),
        (Lane::Licensed, Standing::Licensed),
        (Lane::Researcher, Standing::Researcher),
    ] {
        let id = Identity { lane, ..visitor(1, 1) };
        let at = |beyond, spent| {
            decide(&site, "/members/7", &id, &Snapshot { beyond, spent, evidence: says(&all), ..calm(standing) }).action
        };
        assert_eq!(at(0, None), Action::Allow);
        assert_eq!(at(0, spent()), Action::Mask);
        assert_eq!(at(149, spent()), Action::Mask);
        assert_eq!(at(150, spent()), Action::Refuse);
    }
}

#[test]
fn robots_txt_and_well_known_are_open_to_everybody() {
    let site = site_with(|j| j["rules"] = json!([{"name": "nobody", "when": "true", "then": "refuse"}]));
    let mut snap = calm(Standing::Stranger);
    snap.ruling.everybody.closed_until_s = Some(u64::MAX);
    snap.beyond = 10_000;
    for path in ["/robots.txt", "/.well-known/security.txt", "/favicon.ico"] {
        assert_eq!(decide(&site, path, &visitor(1, 1), &snap).action, Action::Allow, "{path}");
    }
    assert_eq!(decide(&site, "/robots.txt/x", &visitor(1, 1), &snap).action, Action::Refuse);
}

#[test]
fn a_bait_is_answered_with_made_up_people() {
    let site = site();
    assert_eq!(decide(&site, "/members/archive-all", &visitor(1, 1), &calm(Standing::Stranger)).action, Action::Decoy);
    let off = site_with(|j| j["signals"] = json!([]));
    assert_eq!(decide(&off, "/members/archive-all", &visitor(1, 1), &calm(Standing::Stranger)).action, Action::Allow);
}

#[test]
fn pages_that_show_nobody_are_never_challenged() {
    let site = site();
    let all: Vec<Signal> = signals::ALL.into_iter().map(|(s, _, _)| s).collect();
    let snap = Snapshot {
        spent: spent(),
        beyond: 10_000,
        posture: Posture::High,
        evidence: says(&all),
        ..calm(Standing::Stranger)
    };
    for path in ["/", "/about", "/sign-in", "/site.css"] {
        assert_eq!(decide(&site, path, &visitor(1, 1), &snap).action, Action::Allow, "{path}");
    }
}

fn ruled(rules: serde_json::Value, on_failure: &str) -> Site {
    site_with(|j| {
        j["rules"] = rules;
        j["failures"]["rule"] = json!(on_failure);
    })
}

fn any_signals() -> impl Strategy<Value = Vec<Signal>> {
    proptest::sample::subsequence(signals::ALL.map(|(s, _, _)| s).to_vec(), 0..=signals::ALL.len())
}

fn any_snapshot() -> impl Strategy<Value = (Snapshot, bool)> {
    let standing = proptest::sample::select(vec![
        Standing::Stranger,
        Standing::Proven,
        Standing::NewMember,
        Standing::Member,
        Standing::Automation,
        Standing::Preview,
    ]);
    let posture = (proptest::sample::select(vec![Posture::Calm, Posture::Raised, Posture::High]), any::<bool>());
    (standing, posture, 0u32..300, any::<bool>(), any::<bool>(), any_signals(), any::<bool>()).prop_map(
        |(standing, (posture, posture_decided), beyond, is_spent, closed, signals, page)| {
            let spent = if is_spent { spent() } else { None };
            let mut snap =
                Snapshot { posture, posture_decided, beyond, spent, evidence: says(&signals), ..calm(standing) };
            if closed && !page {
                snap.ruling.everybody.closed_until_s = Some(START_MS / 1000 + 600);
            }
            (snap, page)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_request_gets_the_same_verdict_and_every_reason_is_in_the_list((snap, page) in any_snapshot()) {
        let site = ruled(json!([
            {"name": "points", "when": "state.beyond > 100", "then": "allow", "weight": 7},
            {"name": "fails", "when": "request.headers['x-none'] == 'a'", "then": "allow"},
        ]), "pass");
        let path = if page { "/about" } else { "/members/7" };
        let (one, two) = (decide(&site, path, &visitor(1, 1), &snap), decide(&site, path, &visitor(1, 1), &snap));
        prop_assert_eq!(format!("{one:?}"), format!("{two:?}"));
        for r in &one.reasons {
            prop_assert!(reasons::lookup(&r.code).is_some(), "{}", r.code);
        }
        prop_assert_eq!(u32::from(one.risk), one.reasons.iter().map(|r| u32::from(r.weight)).sum::<u32>());
        // Whoever is stopped is told why, and how long where waiting helps.
        prop_assert!(one.action == Action::Allow || !one.reasons.is_empty());
        prop_assert!(one.action != Action::Refuse || one.retry_after_s.is_some_and(|s| s > 0));
        if page {
            prop_assert!(matches!(one.action, Action::Allow | Action::Refuse));
        }
    }

    #[test]
    fn more_signals_or_people_never_lead_to_a_lower_step((snap, _) in any_snapshot(), more in any_signals(), beyond in 0u32..300) {
        let site = site();
        let rank = |s: &Snapshot| match decide(&site, "/members/7", &visitor(1, 1), s).action {
            Action::Allow | Action::Mask => 0,
            Action::Slow => 1,
            Action::Prove => 2,
            Action::SignIn => 3,
            Action::Refuse => 4,
            Action::Decoy => 5,
        };
        let mut worse = snap.clone();
        worse.beyond += beyond;
        worse.evidence.extend(says(&more));
        prop_assert!(rank(&worse) >= rank(&snap));
    }
}

#[test]
fn every_reason_of_a_charge_is_in_the_list() {
    let mut seen = BTreeSet::new();
    for s in Sensitivity::ALL {
        for level in [Level::Address, Level::Network, Level::Session, Level::Account, Level::Client, Level::Licence] {
            for window in Window::ALL {
                seen.insert(charge_code(s, level, window));
            }
        }
    }
    assert_eq!(seen.len(), 4 * 6 * 3);
    let site = site();
    let state = State::new(16 << 20);
    for (id, standing) in [(visitor(1, 1), Standing::Stranger), (visitor(2, 2), Standing::Automation)] {
        let allowed = allowance(&site, standing);
        for p in 0..60 {
            let want = fields(&[NAME, TOWN, EMAIL, FAITH]);
            seen.extend(
                state
                    .charge(&site, &id, &allowed, &Ask::of(0, person_key(p), want), START_MS)
                    .reasons
                    .into_iter()
                    .map(|r| r.code),
            );
            seen.extend(
                state
                    .charge(&site, &id, &allowed, &Ask::by_name(0, person_key(p), want), START_MS)
                    .reasons
                    .into_iter()
                    .map(|r| r.code),
            );
        }
    }
    assert!(seen.contains("never.special") && seen.contains("never.contact") && seen.contains("on_request.contact"));
    for code in &seen {
        assert!(reasons::lookup(code).is_some(), "{code}");
        assert!(reasons::visitor_sentence(code).is_some(), "{code}");
    }
}

#[test]
fn the_list_of_reasons_is_closed_and_complete() {
    let codes: Vec<&str> = reasons::all().map(|r| r.code).collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len(), "no code twice");
    for (signal, code, _) in signals::ALL {
        assert_eq!(signals::code(signal), code);
        assert!(reasons::lookup(code).is_some());
    }
    assert!(reasons::all().all(|r| !r.operator.is_empty()));
    for not_a_code in ["", "budget", "budgets.x", "signal.nothing", "blocked"] {
        assert!(reasons::lookup(not_a_code).is_none(), "{not_a_code}");
    }
}
