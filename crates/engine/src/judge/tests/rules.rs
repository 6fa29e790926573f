//! The operator's rules.

use serde_json::json;

use super::*;
use crate::doors::{Pseudonym, Session};

#[test]
fn an_operators_rule_decides() {
    let site = ruled(
        json!([{"name": "old-client", "when": "request.user_agent.contains('Firefox/140') && request.path.startsWith('/members')", "then": "prove"}]),
        "pass",
    );
    let v = decide(&site, "/members/7", &visitor(1, 1), &calm(Standing::Stranger));
    assert_eq!((v.action, codes(&v)), (Action::Prove, vec!["rule.old-client"]));
    assert_eq!(decide(&site, "/about", &visitor(1, 1), &calm(Standing::Stranger)).action, Action::Allow);
}

#[test]
fn a_rule_does_not_set_a_challenge_again_that_was_solved() {
    let site = ruled(json!([{"name": "everybody", "when": "true", "then": "prove"}]), "pass");
    let mut id = visitor(1, 1);
    assert_eq!(decide(&site, "/members/7", &id, &calm(Standing::Stranger)).action, Action::Prove);
    let proven_until_s = START_MS / 1000 + 60;
    id.session = Some(Session { name: Pseudonym([1; 12]), since_s: 0, returned: true, proven_until_s });
    assert_eq!(decide(&site, "/members/7", &id, &calm(Standing::Proven)).action, Action::Allow);
}

#[test]
fn a_rule_that_allows_stands_above_the_ladder_until_another_rule_says_more() {
    let partner = json!({"name": "partner", "when": "identity.asn == 0 && state.beyond > 100", "then": "allow"});
    let snap = Snapshot { beyond: 500, ..calm(Standing::Stranger) };
    let act = |rules| decide(&ruled(rules, "pass"), "/members/7", &visitor(1, 1), &snap).action;
    let refuse = json!({"name": "no", "when": "identity.standing == 'stranger'", "then": "refuse"});
    assert_eq!(act(json!([partner])), Action::Allow);
    assert_eq!(act(json!([partner, refuse])), Action::Refuse);
    let mut last = partner.clone();
    last["last"] = json!(true);
    assert_eq!(act(json!([last, refuse])), Action::Allow);
}

#[test]
fn a_rule_with_points_weighs_and_the_ladder_decides() {
    let weigh = |n| json!({"name": format!("w{n}"), "when": "request.method == 'GET' && state.posture == 'calm'", "then": "allow", "weight": 30});
    let act = |rules| {
        let v = decide(&ruled(rules, "pass"), "/members/7", &visitor(1, 1), &calm(Standing::Stranger));
        (v.action, v.risk)
    };
    assert_eq!(act(json!([weigh(1)])), (Action::Allow, 30));
    assert_eq!(act(json!([weigh(1), weigh(2)])), (Action::Prove, 60));
}

#[test]
fn a_rule_that_fails_follows_the_declared_policy() {
    let broken = json!({"name": "broken", "when": "request.headers['x-none'] == 'a'", "then": "allow", "last": true});
    let text = json!({"name": "text", "when": "'yes'", "then": "allow"});
    let prove = json!({"name": "prove", "when": "true", "then": "prove"});
    for bad in [&broken, &text] {
        let site = ruled(json!([bad, prove]), "refuse");
        let v = decide(&site, "/members/7", &visitor(1, 1), &calm(Standing::Stranger));
        assert_eq!(v.action, Action::Refuse);
        assert!(codes(&v)[0].starts_with("rule_failed."), "{:?}", v.reasons);
        let site = ruled(json!([bad, prove]), "pass");
        let v = decide(&site, "/members/7", &visitor(1, 1), &calm(Standing::Stranger));
        assert_eq!(v.action, Action::Prove, "the broken rule is ignored, the next one is not");
    }
}

#[test]
fn a_rule_that_cannot_be_compiled_is_named() {
    for when in ["request.path ==", &"x".repeat(5_000)] {
        let site = ruled(json!([{"name": "typo", "when": when, "then": "allow"}]), "pass");
        let error = Judge::new(&site).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("`typo`"), "{error}");
    }
}

#[test]
fn a_rule_challenges_pages_and_calls_but_not_their_pictures_styles_and_scripts() {
    let site = ruled(json!([{"name": "everything", "when": "true", "then": "prove"}]), "pass");
    let act = |path: &str, headers: &[(&'static str, &'static str)]| {
        let mut asked = Asked::get(path);
        for (name, value) in headers {
            asked.headers.insert(*name, HeaderValue::from_static(value));
        }
        let id = visitor(1, 1);
        let route = site.route("GET", path);
        let judge = Judge::new(&site).unwrap();
        judge.decide(&site, &asked.request(), &id, route.as_ref(), &calm(Standing::Stranger), START_MS).action
    };
    let picture = [("sec-fetch-dest", "image"), ("accept", "image/avif,*/*")];
    assert_eq!(act("/about", &[("accept", "text/html")]), Action::Prove);
    assert_eq!(act("/data", &[("sec-fetch-dest", "empty")]), Action::Prove, "it is told so in its own words");
    assert_eq!(act("/about", &picture), Action::Allow);
    assert_eq!(act("/site.css", &[("accept", "text/css,*/*;q=0.1")]), Action::Allow);
    assert_eq!(act("/members/7", &picture), Action::Prove, "whatever it is called, it shows a person");
}

#[test]
fn a_rule_says_by_its_name_what_it_did() {
    let rules = json!([
        {"name": "night-shift", "when": "true", "then": "allow", "weight": 30},
        {"name": "no-export", "when": "request.path == '/members/7'", "then": "sign_in"},
    ]);
    let v = decide(&ruled(rules, "pass"), "/members/7", &visitor(1, 1), &calm(Standing::Stranger));
    let told: Vec<_> = v.reasons.iter().map(|r| (r.code.as_str(), r.weight, r.detail.as_str())).collect();
    assert_eq!(
        told,
        [
            ("rule.night-shift", 30, "the rule `night-shift` adds 30 points"),
            ("rule.no-export", 0, "the rule `no-export` says sign_in, at 30 points"),
        ]
    );
}
