use hedgerow_engine::doors::{Action, Reference};
use hedgerow_engine::judge::proof::{Challenge, ProofError};
use proptest::prelude::*;

use super::*;

fn context() -> PageContext<'static> {
    PageContext::new("Riverbend members", "privacy@riverbend.example", Some(Reference(77)))
}

fn issued() -> Challenge {
    Challenge {
        widget: "{\"parameters\":{\"data\":{\"for\":\"<b>'\\\"\"}}}".to_owned(),
        token: "TOKEN".to_owned(),
        wait_s: 7,
        answer_within_s: 600,
        work: 1,
    }
}

/// What somebody wrote into every field of a form.
fn letter(letter: Letter, word: &str) -> Vec<(String, String)> {
    letter.fields().iter().map(|f| (f.name.to_owned(), word.to_owned())).collect()
}

/// Every page with `word` wherever a word can come from outside.
fn every_page(page: &PageContext<'_>, word: &str) -> Vec<(&'static str, String)> {
    let carried = [(word.to_owned(), word.to_owned())];
    let issued = Challenge { token: word.to_owned(), ..issued() };
    let shown = ChallengePage { challenge: &issued, back: word, agent: None, resend: Resend::Fields(&carried) };
    let told = Why {
        reference: Reference(5),
        at_s: 1_800_000_000,
        action: Action::Refuse,
        fault: None,
        sentences: &[word],
        retry_after_s: Some(60),
    };
    vec![
        ("challenge", challenge(page, &shown)),
        ("challenge, lost post", challenge(page, &ChallengePage { resend: Resend::Lost, ..shown })),
        ("too early", too_early(page, word, 3, word, Resend::Fields(&carried))),
        ("proof not taken", proof_not_taken(page, &ProofError::Spent, word)),
        ("cookies needed", cookies_needed(page, word, Some(word))),
        ("reveal", reveal(page, word, &[word, "phone"], word)),
        ("reveal not taken", reveal_not_taken(page, &ProofError::Expired)),
        ("reveal of another map", reveal_not_taken(page, &ProofError::Changed { back: word.to_owned() })),
        ("sign in", sign_in(page, Some(word), Some(600))),
        ("budget spent", budget_spent(page, Some(600), Some(word))),
        ("refuse", refuse(page, &[word], Some(600))),
        ("upstream", upstream_error(page, Fault::Unreachable, Some(word))),
        ("bad request", bad_request(page, BadRequest::Malformed)),
        ("not found", not_found(page)),
        ("why", why(page, &told)),
        ("why unknown", why_unknown(page)),
        ("stopped", stopped(page, 1_800_000_000, Some(60))),
        ("closed", closed(page, Some(1_800_000_000), Some(60))),
        ("appeal", letter_form(page, Letter::Appeal, word, &letter(Letter::Appeal, word), Some(word))),
        ("report", letter_form(page, Letter::Report, word, &letter(Letter::Report, word), None)),
        ("letter kept", letter_kept(page, Letter::Appeal, Reference(77), Some(Reference(5)), false)),
        ("decoy", decoy(page, 9, &[word])),
    ]
}

#[test]
fn every_page_has_one_heading_a_language_a_main_part_a_contact_and_a_reference() {
    for (name, html) in every_page(&context(), "/members/42") {
        assert!(html.starts_with("<!doctype html>\n<html lang=\"en\">"), "{name}");
        for once in ["<h1>", "<main>", "<header", "<footer>", "<title>", "<meta name=\"viewport\""] {
            assert_eq!(html.matches(once).count(), 1, "{name}: {once}");
        }
        assert!(html.contains("Riverbend members"), "{name}");
        assert!(html.contains("mailto:privacy@riverbend.example"), "{name}");
        assert!(html.contains("noindex"), "{name}");
        assert!(html.contains(if name == "why" { "0000-0000-0005" } else { "0000-0000-002D" }), "{name}");
    }
}

#[test]
fn no_page_holds_a_script_a_style_or_an_address_of_another_host() {
    for (name, html) in every_page(&context(), "/members/42") {
        assert!(!html.contains("style=") && !html.contains("<style"), "{name}");
        assert!(!html.split_whitespace().any(|w| w.starts_with("on") && w.contains('=')), "{name}");
        assert!(!html.contains("http:") && !html.contains("https:") && !html.contains("\"//"), "{name}");
        assert_eq!(html.matches("<script").count(), usize::from(name.starts_with("challenge")), "{name}");
        assert!(!html.contains("http-equiv"), "{name}: nothing happens by itself without JavaScript");
    }
}

#[test]
fn words_from_outside_stay_words() {
    let page = PageContext { title: "<i>T</i>", contact: "\"><i>C</i>", ..context() };
    for (name, html) in every_page(&page, "/\"'><i>x</i><script>alert(1)</script>") {
        assert!(!html.contains("<i>") && !html.contains("<script>"), "{name}");
    }
}

#[test]
fn no_page_leads_back_to_another_site() {
    for (name, html) in every_page(&context(), "//evil.example/") {
        assert!(
            !html.contains("href=\"//evil") || matches!(name, "cookies needed" | "sign in" | "budget spent"),
            "{name}"
        );
        assert!(!html.contains(&format!("name=\"{FIELD_BACK}\" value=\"//")), "{name}");
    }
}

#[test]
fn the_challenge_has_a_way_with_and_a_way_without_javascript() {
    let issued = issued();
    let html = challenge(
        &context(),
        &ChallengePage { challenge: &issued, back: "/members?page=2", agent: None, resend: Resend::Nothing },
    );
    assert!(html.contains("<form id=\"work\"") && html.contains("data-challenge=\"{"));
    assert!(html.contains(&format!("name=\"{FIELD_WAIT}\" value=\"TOKEN\"")));
    assert!(html.contains("Wait 7 seconds"));
    assert_eq!(html.matches("action=\"/.hedgerow/prove\"").count(), 2);
    assert_eq!(html.matches(&format!("name=\"{FIELD_BACK}\" value=\"/members?page=2\"")).count(), 2);
    assert_eq!(html.matches("<button").count(), 1);
}

#[test]
fn every_page_that_stops_somebody_leads_to_an_appeal_about_its_reference() {
    for (name, html) in every_page(&context(), "/members/42") {
        let stops = ["challenge", "refuse", "budget spent", "sign in", "stopped", "cookies needed", "proof not taken"];
        if stops.contains(&name) {
            assert_eq!(html.matches("href=\"/.hedgerow/appeal?ref=0000-0000-002D\"").count(), 1, "{name}");
        }
    }
}

#[test]
fn every_field_of_a_letter_has_a_label_and_keeps_what_was_written() {
    for which in [Letter::Appeal, Letter::Report] {
        let html = letter_form(&context(), which, "TOKEN", &letter(which, "a \"b\""), Some("Please write something."));
        for f in which.fields() {
            assert_eq!(html.matches(&format!("<label for=\"{}\">{}</label>", f.name, f.label)).count(), 1);
            assert_eq!(html.matches(&format!("id=\"{}\"", f.name)).count(), 1);
        }
        let kept = which.fields().iter().filter(|f| f.kind != "check").count();
        assert_eq!(html.matches("a &#34;b&#34;").count(), kept);
        assert_eq!(html.matches("role=\"alert\"").count(), 1);
        assert_eq!(html.matches("required").count(), 1, "one field is needed, and no more");
    }
}

#[test]
fn a_decision_says_when_it_ends() {
    let html = stopped(&context(), 1_798_761_599, Some(7_200));
    assert!(html.contains("31 December 2026, 23:59 UTC") && html.contains("about 2 hours"));
}

#[test]
fn a_form_that_was_challenged_is_carried_by_both_ways() {
    let issued = issued();
    let fields = [("q".to_owned(), "a \"b\"".to_owned())];
    let shown = ChallengePage { challenge: &issued, back: "/search", agent: None, resend: Resend::Fields(&fields) };
    let html = challenge(&context(), &shown);
    assert_eq!(html.matches("name=\"q\" value=\"a &#34;b&#34;\"").count(), 2, "{html}");
    let html = challenge(&context(), &ChallengePage { resend: Resend::Lost, ..shown });
    assert!(html.contains("not saved"));
}

#[test]
fn faults_have_the_status_that_says_whose_they_are() {
    use Fault::{Garbled, NotRecorded, TimedOut, Unavailable, Unreachable};
    let statuses = [Unreachable, Garbled, Unavailable, NotRecorded, TimedOut].map(Fault::status);
    assert_eq!(statuses, [502, 502, 503, 503, 504]);
    use BadRequest::{BrokenOff, HeadersTooLarge, Malformed, NoWebsockets, TooLarge};
    assert_eq!(
        [Malformed, BrokenOff, TooLarge, HeadersTooLarge, NoWebsockets].map(BadRequest::status),
        [400, 408, 413, 431, 501]
    );
}

#[test]
fn made_up_people_have_only_details_that_belong_to_nobody() {
    let page = context();
    for seed in 0..50 {
        let html = decoy(&page, seed, &["/members/old"]);
        assert_eq!(html, decoy(&page, seed, &["/members/old"]), "the same seed, the same people");
        let mails = html.split("href=\"mailto:").skip(1).filter(|m| !m.starts_with("privacy@"));
        let mut n = 0;
        for mail in mails {
            let address = mail.split('"').next().unwrap();
            assert!(["@example.org", "@example.com", "@example.net"].iter().any(|d| address.ends_with(d)), "{address}");
            n += 1;
        }
        assert_eq!(n, 20);
        assert_eq!(html.matches(") 555-01").count(), 20);
    }
    assert_ne!(decoy(&page, 1, &[]), decoy(&page, 2, &[]));
}

#[test]
fn a_problem_document_names_its_kind_and_cannot_be_overwritten() {
    let extra = serde_json::json!({"retry_after_s": 60, "status": 200, "type": "x"});
    let document =
        problem(ProblemKind::BudgetSpent, "try later", Some(Reference(77)), extra.as_object().unwrap().clone());
    assert_eq!(
        document,
        serde_json::json!({
            "type": "urn:hedgerow:problem:budget-spent",
            "title": "The budget of distinct people is spent",
            "status": 429,
            "detail": "try later",
            "instance": "/.hedgerow/why/0000-0000-002D",
            "reference": "0000-0000-002D",
            "retry_after_s": 60,
        })
    );
}

#[test]
fn every_kind_of_problem_is_documented_with_its_status() {
    let docs = include_str!("../../../../docs/reference/problems.md");
    for kind in ProblemKind::ALL {
        let line = format!("| `{}` | {} |", kind.urn(), kind.status());
        assert!(docs.contains(&line), "problems.md lacks the line that begins with {line}");
    }
    assert_eq!(docs.matches("| `urn:").count(), ProblemKind::ALL.len(), "problems.md names a kind that is gone");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_word_opens_a_tag_of_its_own(word in "[<>\"'&/a-z =!-]{0,40}") {
        let tags = |html: &str| html.matches('<').count();
        for ((name, plain), (_, odd)) in every_page(&context(), "/x").iter().zip(every_page(&context(), &word)) {
            prop_assert_eq!(tags(plain), tags(&odd), "{} with {:?}", name, word);
        }
    }
}
