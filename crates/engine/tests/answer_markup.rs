//! Markup that is unusual but well defined is read as browsers read it, and what they do not agree on is no field that
//! leaves.

mod answer_site;

use answer_site::*;
use hedgerow_engine::answer::{AnswerError, check_selector};
use hedgerow_engine::policy::Site;
use serde_json::json;

fn profile() -> Site {
    site(json!("path"), json!([html_field(NAME, "h1"), html_field(EMAIL, ".email")]))
}

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

/// What leaves of a profile without e-mails, however the page is cut in two.
fn without_email(page: &str) -> String {
    let rule = Rule::masking(&[EMAIL]);
    let whole = text(&profile(), html(), Some("1"), &rule, page);
    for at in 0..page.len() {
        let (one, two) = page.as_bytes().split_at(at);
        let out = read(&profile(), html(), Some("1"), &rule, &[one, two]).unwrap();
        assert_eq!(String::from_utf8_lossy(&out), whole, "{page} cut at {at}");
    }
    whole
}

#[test]
fn a_field_behind_a_noscript_that_only_some_browsers_read_does_not_leave() {
    for page in [
        "<ul><li class=person data-id=1><noscript></li></noscript><span class=email>a@b.example</span></li></ul>",
        "<li class=person data-id=1><noscript></li><x-a><x-b></noscript><span class=email>a@b.example</span>",
        "<li class=person data-id=1><noscript></li><noscript>x</noscript><span class=email>a@b.example</span>",
        "<div class=person data-id=1><noscript></div><div class=person data-id=2></noscript><i class=email>a</i></div>",
        "<td><li class=person data-id=1><noscript><li class=person data-id=2><noscript></noscript><i class=email>a</i></td>",
        "<noscript><div class=person data-id=1><td class=person data-id=2><i class=email>a</i>",
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

#[test]
fn formatting_elements_nested_in_one_another_leave_the_rest_of_the_page_readable() {
    let mut deep = String::new();
    for n in 0..100 {
        deep.push_str(&format!("<font color={n}>"));
    }
    let deep = format!("{deep}x{}", "</font>".repeat(100));
    for body in ["<b><b><b><b>x</b></b></b></b>", "<b id=1><b id=2><b id=3><b id=4>x</b></b></b></b>", &deep] {
        let page = format!("<!doctype html><p>{body}</p><p class=email>secret</p>");
        let out = text(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), &page);
        assert!(!out.contains("secret") && out.contains(body), "{out}");
        let page = format!(
            "<div class=person data-id=1>{body}</div><div class=person data-id=2><i class=email>secret</i></div>"
        );
        let out = text(&list(), html(), None, &Rule::masking(&[EMAIL]), &page);
        assert!(!out.contains("secret") && out.contains(body), "{out}");
    }
}

#[test]
fn of_four_formatting_elements_that_are_the_same_three_are_opened_again() {
    let masked = Rule::masking(&[EMAIL]);
    // The first of the four is forgotten, so the masked element ends with its paragraph.
    let page = "<!doctype html><p><b class=email><b class=email><b class=email><b class=email>secret</p>x";
    assert!(refused(&profile(), Some("1"), &masked, page));
    let page = "<!doctype html><p><b class='email'>secret<b><b><b>y</b></b></b></b></p>x";
    assert!(without_email(page).ends_with("</p>x"));
    // Other attributes, so none is forgotten, and the masked one goes on.
    let page = "<!doctype html><p><b class=email>secret<b><b><b></p>x";
    assert!(refused(&profile(), Some("1"), &masked, page));
    // In another order they are the same attributes; of two with one name the first counts.
    let page = "<!doctype html><p><b class=x id=2>a<b ID=2 class=x id=3><b id='2' class='x'><b class=\"x\" id=2></p><h1>x</h1>";
    assert!(text(&profile(), html(), Some("1"), &Rule::masking(&[NAME]), page).contains("<h1>"));
}

#[test]
fn whether_a_table_ends_a_paragraph_is_known_where_there_is_a_doctype_or_an_html_element() {
    for start in [
        "<html>",
        "<!doctype html>",
        "<!doctype html public \"-//W3C//DTD HTML 3.2 Final//EN\">",
        "<!doctype html public '-//W3C//DTD HTML 4.01 Transitional//EN'>",
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" \"http://www.w3.org/TR/html4/loose.dtd\">",
        "<!doctype html public \"-//Example//DTD Own//EN\">",
        "<!doctype html system 'about:legacy-compat'>",
        "<!doctype>",
        "<!doctype other>",
    ] {
        let page = format!("{start}<body><p>x<table><tr><td class=email>secret</td></tr></table>y</body>");
        assert!(without_email(&page).ends_with("</tr></table>y</body>"), "{start}");
    }
    let fragment = "<p>x<table><tr><td class=email>secret</td></tr></table>y";
    assert!(refused(&profile(), Some("1"), &Rule::masking(&[EMAIL]), fragment));
}

#[test]
fn a_masked_paragraph_ends_at_a_table_by_the_first_doctype() {
    let masked = Rule::masking(&[EMAIL]);
    // In quirks mode the table is in the paragraph; otherwise the paragraph has ended before it.
    let quirks = "<!doctype html public \"-//IETF//DTD HTML//EN\">";
    let body = "<div><p class=email>a<table></p></table>secret</div>";
    for (start, goes_on) in [
        (quirks.to_owned(), true),
        ("<!doctype html>".to_owned(), false),
        (format!("{quirks}<!doctype html>"), true),
        (format!("<!doctype html>{quirks}"), false),
    ] {
        let page = format!("{start}{body}");
        assert_eq!(refused(&profile(), Some("1"), &masked, &page), goes_on, "{page}");
    }
    // Classes are compared with regard to case in the mode of the first.
    let page = format!("<!doctype html>{quirks}<p class=EMAIL>shown</p>");
    assert!(without_email(&page).contains("shown"));
    let page = format!("{quirks}<!doctype html><p class=EMAIL>shown</p>");
    assert!(!without_email(&page).contains("shown"));
}

#[test]
fn icons_do_not_make_a_page_unreadable_where_browsers_disagree_about_something_else() {
    let icon = "<svg viewBox='0 0 8 8'><title>Post</title><g><path d='M0 0'/></g></svg>";
    let plain = "<svg viewBox='0 0 8 8'><g><path d='M0 0'/></g></svg>";
    for torn in [
        // Whether the paragraph goes on around the table depends on a doctype that is not here.
        format!("{icon}<p>text<table><tr><td>{plain}</table>"),
        // Browsers since 2025 have the button and the icon in the select, others do not.
        format!("{icon}<select><button>{plain}<selectedcontent></selectedcontent></button><option>{plain}a</select>"),
    ] {
        let page =
            format!("{torn}<script>x = '<p>'</script><style>p {{ }}</style><textarea>t</textarea><input>{plain}end");
        assert_eq!(without_email(&page), page);
    }
}

#[test]
fn a_text_before_a_cdata_section_decides_whether_it_is_one() {
    let page = "<!doctype html><svg><foreignObject><p><b></p>x<![CDATA[><i class=email>a@b.example</i>]]>";
    assert!(!without_email(page).contains("a@b.example"));
    // Where the element itself is the current one it is a section, and no element is in it.
    let page = "<!doctype html><svg><foreignObject>x<![CDATA[><i class=email>a@b.example</i>]]></svg>y";
    assert_eq!(without_email(page), page);
}

#[test]
fn the_text_of_a_cdata_section_opens_formatting_elements_again_wherever_it_is_cut() {
    let masked = Rule::masking(&[EMAIL]);
    for (section, goes_on) in
        [("<![CDATA[a@b.example]]>", true), ("<![CDATA[a]]", true), ("<![CDATA[ ]]>", true), ("<![CDATA[]]>", false)]
    {
        let page = format!("<!doctype html><svg><foreignObject><p><b class=email>x</p>{section}");
        let close = if goes_on { "" } else { "</foreignObject></svg>" };
        assert_eq!(refused(&profile(), Some("1"), &masked, &format!("{page}{close}")), goes_on, "{page}");
    }
}

#[test]
fn attributes_that_decide_how_a_page_is_read_are_decoded_first() {
    let masked = Rule::masking(&[EMAIL]);
    // The breakout happens only outside of an integration point: in it the paragraph is one and the `svg` goes on.
    let page = "<!doctype html><math><annotation-xml encoding='text&#47;html'><p class=email>a<b></p><i class=email>secret</i>\
        </annotation-xml></math>x";
    assert!(without_email(page).ends_with('x'));
    let page = "<!doctype html><math><annotation-xml encoding='text&#47;html'><p><b class=email>a</p>secret";
    assert!(refused(&profile(), Some("1"), &masked, page));
    // A hidden control stays in the table, any other goes before it and opens the element again.
    let hidden = "<!doctype html><p><b class=email>a</p><table><input type='hid&#100;en'></table>";
    assert!(without_email(hidden).contains("<input type='hid&#100;en'>"));
    let meta = read(
        &profile(),
        hedgerow_engine::answer::Media::Html { charset: None },
        Some("1"),
        &masked,
        &[b"<meta charset='iso-2022&#45;jp'>"],
    );
    assert!(matches!(meta, Err(AnswerError::Encoding(_))), "{meta:?}");
}

#[test]
fn a_selector_within_selectors_is_bounded() {
    assert!(check_selector("p:not(:not(.x))").is_ok());
    let deep = format!("{}.x{}", ":not(".repeat(100_000), ")".repeat(100_000));
    assert!(check_selector(&deep).is_err_and(|e| e.contains(":not")));
}

#[test]
fn end_tags_may_be_left_out_as_often_as_the_page_likes() {
    let options = format!("<select>{}</select>", "<option>x".repeat(9_000));
    let rows = format!("<table>{}</table>", "<tr><td>a<td>b<th>c<td><p>d".repeat(3_000));
    let items = format!("<ul>{}</ul><dl>{}</dl>", "<li><p>x".repeat(9_000), "<dt>x<dd>y".repeat(9_000));
    for many in [options, rows, items, "<p>x".repeat(20_000)] {
        let page = format!("<!doctype html><div>{many}</div><p class=email>secret</p>");
        let out = text(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), &page);
        assert!(!out.contains("secret") && out.contains(&many));
    }
    let masked = format!("<!doctype html><ul class=email>{}</ul>x", "<li>secret".repeat(9_000));
    let out = text(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), &masked);
    assert!(!out.contains("secret") && out.ends_with('x'));
}

#[test]
fn the_first_of_its_type_in_an_element_that_was_opened_again_is_the_first() {
    let s = site(json!("path"), json!([html_field(EMAIL, "b.email:first-of-type")]));
    let page = "<!doctype html><b class=email>secret<a></b><b class=email>secret</b></a>x";
    let got = read(&s, html(), Some("1"), &Rule::masking(&[EMAIL]), &[page.as_bytes()]);
    assert!(got.as_ref().map_or(true, |out| !String::from_utf8_lossy(out).contains("secret")), "{got:?}");
}
