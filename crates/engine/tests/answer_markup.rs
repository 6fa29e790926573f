//! Markup that is unusual but well defined is read as browsers read it, and what they do not agree on is no field that
//! leaves.

mod answer_site;

use answer_site::*;
use hedgerow_engine::answer::AnswerError;
use hedgerow_engine::policy::Site;
use serde_json::json;

fn list() -> Site {
    site(
        json!({"html": {"item": ".person", "id": null, "attribute": "data-id", "pattern": "([0-9]+)"}}),
        json!([html_field(NAME, ".name"), html_field(EMAIL, ".email")]),
    )
}

/// Whether the page is an error, however it is cut in two.
fn refused(site: &Site, person: Option<&str>, rule: &Rule, page: &str) -> bool {
    let mut all = (0..=page.len()).map(|at| {
        let (one, two) = page.as_bytes().split_at(at);
        matches!(read(site, html(), person, rule, &[one, two]), Err(AnswerError::Ambiguous(_)))
    });
    let first = all.next().unwrap_or_default();
    assert!(all.all(|r| r == first), "{page}");
    first
}

#[test]
fn a_field_behind_a_noscript_that_only_some_browsers_read_does_not_leave() {
    for page in [
        "<ul><li class=person data-id=1><noscript></li></noscript><span class=email>a@b.example</span></li></ul>",
        "<li class=person data-id=1><noscript></li><x-a><x-b></noscript><span class=email>a@b.example</span>",
        "<li class=person data-id=1><noscript></li><noscript>x</noscript><span class=email>a@b.example</span>",
        "<div class=person data-id=1><noscript></div><div class=person data-id=2></noscript><i class=email>a</i></div>",
        "<li class=person data-id=1><noscript></li></noscript><li class=person data-id=2><i class=email>a</i></li>",
    ] {
        for rule in [Rule::masking(&[EMAIL]), Rule::showing_all()] {
            assert!(refused(&list(), None, &rule, page), "{page}");
        }
    }
}

#[test]
fn a_noscript_that_is_whole_in_a_person_changes_nothing() {
    let page = "<ul><li class=person data-id=1><noscript><img alt=x></noscript><b class=name>Ann</b></li>\
        <li class=person data-id=2><b class=name>Bob</b></li></ul><p class=name>Page</p>";
    let out = text(&list(), html(), None, &Rule::budget(1), page);
    assert!(out.contains("Ann") && !out.contains("Bob") && out.ends_with("<p class=name>Page</p>"), "{out}");
}
