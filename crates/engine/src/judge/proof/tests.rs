use altcha::{Challenge as AltchaChallenge, SolveChallengeOptions};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::policy::FieldSet;
use crate::state::test_site::{EMAIL, NAME, TOWN, site, site_with};

const NOW_MS: u64 = 1_800_000_000_000;
const ALICE: Pseudonym = Pseudonym([1; 12]);
const BOB: Pseudonym = Pseudonym([2; 12]);

fn policy() -> ProofPolicy {
    ProofPolicy {
        easy_work: 32,
        hard_work: 64,
        easy_wait_s: 5,
        hard_wait_s: 25,
        answer_within_s: 600,
        holds_s: 3600,
        shared_networks: 4,
    }
}

fn proofs() -> Proofs {
    Proofs::new([7; 32], [8; 32], "directory", &policy())
}

/// What the widget does: finds the counter and sends base 64 of JSON.
fn solved(challenge: &Challenge) -> String {
    base64::encode(solved_json(challenge).to_string().as_bytes())
}

fn solved_json(challenge: &Challenge) -> serde_json::Value {
    let parsed: AltchaChallenge = serde_json::from_str(&challenge.widget).unwrap();
    let solution = altcha::solve_challenge(SolveChallengeOptions::new(&parsed)).unwrap().unwrap();
    serde_json::json!({ "challenge": parsed, "solution": solution })
}

#[test]
fn a_solved_challenge_is_taken_once() {
    let proofs = proofs();
    let payload = solved(&proofs.issue(ALICE, 0.0, NOW_MS, [3; 16]).unwrap());
    assert_eq!(proofs.verify_work(&payload, ALICE, NOW_MS + 1000), Ok(()));
    assert_eq!(proofs.verify_work(&payload, ALICE, NOW_MS + 1000), Err(ProofError::Spent));
    assert_eq!(proofs.spent(), 1);
}

#[test]
fn both_ways_share_one_use() {
    let proofs = proofs();
    let challenge = proofs.issue(ALICE, 0.0, NOW_MS, [3; 16]).unwrap();
    assert_eq!(proofs.verify_wait(&challenge.token, ALICE, NOW_MS + 5000), Ok(()));
    assert_eq!(proofs.verify_work(&solved(&challenge), ALICE, NOW_MS + 6000), Err(ProofError::Spent));
}

#[test]
fn several_tabs_have_a_challenge_each() {
    let proofs = proofs();
    let one = solved(&proofs.issue(ALICE, 0.0, NOW_MS, [3; 16]).unwrap());
    let two = solved(&proofs.issue(ALICE, 0.0, NOW_MS, [4; 16]).unwrap());
    assert_eq!(proofs.verify_work(&one, ALICE, NOW_MS), Ok(()));
    assert_eq!(proofs.verify_work(&two, ALICE, NOW_MS), Ok(()));
}

#[test]
fn a_challenge_belongs_to_one_session_of_one_site_and_ends() {
    let proofs = proofs();
    let challenge = proofs.issue(ALICE, 0.0, NOW_MS, [3; 16]).unwrap();
    let payload = solved(&challenge);
    assert_eq!(proofs.verify_work(&payload, BOB, NOW_MS), Err(ProofError::Foreign));
    assert_eq!(proofs.verify_work(&payload, ALICE, NOW_MS + 600_000), Err(ProofError::Expired));
    assert_eq!(proofs.verify_wait(&challenge.token, BOB, NOW_MS + 9000), Err(ProofError::Foreign));
    assert_eq!(proofs.verify_wait(&challenge.token, ALICE, NOW_MS + 600_000), Err(ProofError::Expired));
    let elsewhere = Proofs::new([7; 32], [8; 32], "forum", &policy());
    assert_eq!(elsewhere.verify_work(&payload, ALICE, NOW_MS), Err(ProofError::Forged));
    assert_eq!(elsewhere.verify_wait(&challenge.token, ALICE, NOW_MS + 9000), Err(ProofError::Forged));
    assert_eq!(proofs.verify_work(&payload, ALICE, NOW_MS), Ok(()), "no failure above spent it");
}

#[test]
fn pressing_too_early_says_how_long_and_spends_nothing() {
    let proofs = proofs();
    let challenge = proofs.issue(ALICE, 1.0, NOW_MS, [3; 16]).unwrap();
    assert_eq!(challenge.wait_s, 25);
    assert_eq!(proofs.verify_wait(&challenge.token, ALICE, NOW_MS + 4500), Err(ProofError::Early { wait_s: 21 }));
    assert_eq!(proofs.verify_wait(&challenge.token, ALICE, NOW_MS + 25_000), Ok(()));
    assert_eq!(proofs.verify_wait(&challenge.token, ALICE, NOW_MS + 26_000), Err(ProofError::Spent));
}

#[test]
fn a_wrong_answer_spends_the_challenge_so_that_checking_stays_cheap() {
    let proofs = proofs();
    let mut payload = solved_json(&proofs.issue(ALICE, 0.0, NOW_MS, [3; 16]).unwrap());
    payload["solution"]["counter"] = 4_000_000_000u32.into();
    let payload = base64::encode(payload.to_string().as_bytes());
    assert_eq!(proofs.verify_work(&payload, ALICE, NOW_MS), Err(ProofError::WrongAnswer));
    assert_eq!(proofs.verify_work(&payload, ALICE, NOW_MS), Err(ProofError::Spent));
}

#[test]
fn a_changed_policy_keeps_what_was_issued_and_what_was_spent() {
    let proofs = proofs();
    let challenge = proofs.issue(ALICE, 0.0, NOW_MS, [3; 16]).unwrap();
    assert_eq!(proofs.verify_wait(&challenge.token, ALICE, NOW_MS + 5000), Ok(()));
    let harder = proofs.under(&ProofPolicy { easy_wait_s: 50, hard_wait_s: 50, ..policy() });
    assert_eq!(harder.verify_wait(&challenge.token, ALICE, NOW_MS + 5000), Err(ProofError::Spent));
    assert_eq!(harder.issue(ALICE, 0.0, NOW_MS, [4; 16]).unwrap().wait_s, 50);
}

#[test]
fn a_payload_beyond_the_limit_is_not_read() {
    assert_eq!(proofs().verify_work(&"A".repeat(MAX_PAYLOAD + 1), ALICE, NOW_MS), Err(ProofError::TooLarge));
}

#[test]
fn a_challenge_tells_nothing_of_the_session() {
    let challenge = proofs().issue(ALICE, 0.0, NOW_MS, [3; 16]).unwrap();
    assert!(!challenge.widget.contains(&ALICE.hex()), "the ledger's name of the session leaves with the challenge");
    assert!(challenge.widget.len() < 700, "{}", challenge.widget.len());
}

fn terms(route: usize, fields: FieldSet) -> Terms {
    Terms::of(&site(), route, fields).unwrap()
}

#[test]
fn there_are_no_terms_for_what_the_policy_does_not_have() {
    let site = site();
    let all = FieldSet(u64::MAX >> (64 - site.fields.len()));
    assert!(Terms::of(&site, 0, all).is_some());
    for beyond in [1 << site.fields.len(), all.0 + 2, 1 << 63, u64::MAX] {
        assert_eq!(Terms::of(&site, 0, FieldSet(beyond)), None, "{beyond:b}");
    }
    assert_eq!(Terms::of(&site, site.routes.len(), all), None);
}

#[test]
fn a_reveal_token_opens_for_its_session_for_a_day() {
    let (proofs, site) = (proofs(), site());
    let asked = terms(1, FieldSet(0b101));
    let token = proofs.reveal_token(ALICE, asked, "person 42", "/members?page=2", NOW_MS);
    let reveal =
        Reveal { route: 1, person: "person 42".into(), fields: FieldSet(0b101), back: "/members?page=2".into() };
    assert_eq!(proofs.open_reveal(&token, ALICE, &site, NOW_MS), Ok(reveal));
    assert_eq!(proofs.open_reveal(&token, BOB, &site, NOW_MS), Err(ProofError::Foreign));
    assert_eq!(proofs.open_reveal(&token, ALICE, &site, NOW_MS + REVEAL_HOLDS_S * 1000), Err(ProofError::Expired));
    let elsewhere = Proofs::new([7; 32], [8; 32], "forum", &policy());
    assert_eq!(elsewhere.open_reveal(&token, ALICE, &site, NOW_MS), Err(ProofError::Forged));
    assert!(proofs.open_reveal(&"A".repeat(9000), ALICE, &site, NOW_MS).is_err());
}

#[test]
fn a_reveal_token_opens_nothing_once_its_numbers_mean_something_else() {
    let (proofs, before) = (proofs(), site());
    let token = proofs.reveal_token(ALICE, terms(0, FieldSet::of(EMAIL)), "42", "/members/42", NOW_MS);
    let opened = |changed: &Site| proofs.open_reveal(&token, ALICE, changed, NOW_MS).map(|r| r.fields);
    assert_eq!(opened(&before), Ok(FieldSet::of(EMAIL)));
    let changed = Err(ProofError::Changed { back: "/members/42".to_owned() });
    assert_eq!(opened(&site_with(|j| j["fields"].as_array_mut().unwrap().swap(EMAIL, TOWN))), changed);
    assert_eq!(opened(&site_with(|j| j["fields"][EMAIL]["sensitivity"] = "special".into())), changed);
    assert_eq!(opened(&site_with(|j| j["routes"].as_array_mut().unwrap().swap(0, 1))), changed);
    assert_eq!(opened(&site_with(|j| j["routes"] = json!([]))), changed);
    assert_eq!(opened(&site_with(|j| j["fields"][NAME]["name"] = "called".into())), opened(&before), "another field");
    assert_eq!(opened(&site_with(|j| j["ladder"]["slow_ms"] = 7.into())), opened(&before), "not about the map");
}

#[test]
fn a_reveal_never_leads_off_the_site() {
    let (proofs, site) = (proofs(), site());
    for back in ["//evil.example/", "https://evil.example/", "/\\evil.example", "", "javascript:alert(1)"] {
        let token = proofs.reveal_token(ALICE, terms(0, FieldSet(1)), "1", back, NOW_MS);
        assert_eq!(proofs.open_reveal(&token, ALICE, &site, NOW_MS).unwrap().back, "/");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_wait_token_with_any_bit_flipped_is_refused(byte in 0usize..65, bit in 0u8..8, fresh: [u8; 16]) {
        let proofs = proofs();
        let challenge = proofs.issue(ALICE, 0.0, NOW_MS, fresh).unwrap();
        let mut bytes = base64::decode(&challenge.token).unwrap();
        bytes[byte] ^= 1 << bit;
        prop_assert!(proofs.verify_wait(&base64::encode(&bytes), ALICE, NOW_MS + 9000).is_err());
        prop_assert_eq!(proofs.verify_wait(&challenge.token, ALICE, NOW_MS + 9000), Ok(()));
    }

    #[test]
    fn a_reveal_token_with_any_bit_flipped_is_refused(
        at in any::<prop::sample::Index>(), bit in 0u8..8, person in "\\PC{0,40}", fields in 0u64..64,
    ) {
        let (proofs, site) = (proofs(), site());
        let token = proofs.reveal_token(ALICE, terms(1, FieldSet(fields)), &person, "/m", NOW_MS);
        let opened = proofs.open_reveal(&token, ALICE, &site, NOW_MS).unwrap();
        prop_assert_eq!((&*opened.person, opened.fields), (&*person, FieldSet(fields)));
        let mut bytes = base64::decode(&token).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(proofs.open_reveal(&base64::encode(&bytes), ALICE, &site, NOW_MS), Err(ProofError::Forged));
    }

    #[test]
    fn easier_parameters_than_those_issued_are_refused(
        cost in 1u32..3, prefix in "0{0,1}", until_s in 0u64..9_000_000_000,
    ) {
        let proofs = proofs();
        let challenge = proofs.issue(ALICE, 1.0, NOW_MS, [5; 16]).unwrap();
        let mut widget: serde_json::Value = serde_json::from_str(&challenge.widget).unwrap();
        let issued = widget.clone();
        widget["parameters"]["cost"] = cost.into();
        widget["parameters"]["keyPrefix"] = prefix.into();
        widget["parameters"]["data"]["until_s"] = until_s.into();
        prop_assume!(widget != issued);
        let forged = Challenge { widget: widget.to_string(), ..challenge };
        prop_assert_eq!(proofs.verify_work(&solved(&forged), ALICE, NOW_MS), Err(ProofError::Forged));
    }

    #[test]
    fn no_text_is_taken_and_none_breaks_the_checks(text in "\\PC{0,200}", json in "[\\[{}\\]\",:0-9a-z]{0,80}") {
        let (proofs, site) = (proofs(), site());
        for t in [&text, &base64::encode(text.as_bytes()), &base64::encode(json.as_bytes())] {
            prop_assert!(proofs.verify_work(t, ALICE, NOW_MS).is_err());
            prop_assert!(proofs.verify_wait(t, ALICE, NOW_MS).is_err());
            prop_assert!(proofs.open_reveal(t, ALICE, &site, NOW_MS).is_err());
        }
    }
}
