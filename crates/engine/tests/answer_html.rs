//! What leaves of an HTML answer.

mod answer_site;

use answer_site::*;
use hedgerow_engine::answer::{AnswerError, Media, NamedPerson, Plan, Reader};
use hedgerow_engine::policy::Site;
use proptest::prelude::*;
use serde_json::json;

fn profile() -> Site {
    site(
        json!("path"),
        json!([
            html_field(NAME, "h1, title"),
            html_field(EMAIL, ".email, td.mail, a[href^='mailto:'], script[type='application/ld+json']"),
            html_attribute(PHOTO, "img.photo", "src"),
            {"field": TOWN, "at": [{"html": {"selector": "meta[name=town]", "attribute": "content"}},
                                   {"html": {"selector": "address", "attribute": null}}]},
        ]),
    )
}

fn list() -> Site {
    site(
        json!({"html": {"item": "li.member", "id": "a", "attribute": "href", "pattern": "^/members/([^/]+)$"}}),
        json!([html_field(NAME, ".name"), html_field(EMAIL, ".email"), html_attribute(PHOTO, "img", "src")]),
    )
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>Alice Example</title><meta name=town content=\"Riverbend\">\
    <script type=\"application/ld+json\">{\"email\":\"alice@b.example\"}</script></head><body><h1 id=alice title='Alice'>\
    Alice <b>Example</b></h1><img class=photo src=/p/alice.jpg srcset='/p/alice2.jpg 2x'><p>Mail: <a class=email \
    href=\"mailto:alice@b.example\">alice@b.example</a> or <span CLASS=email>alice (at) b</span></p>\
    <table><tr><td class=mail data-x=alice@b.example>alice@b.example</td><td>x</td></tr></table>\
    <address>1 Mill Lane, <i>Riverbend</i></address><!-- end --></body></html>";

#[test]
fn a_page_that_is_wholly_visible_leaves_byte_for_byte() {
    let rule = Rule::showing_all();
    assert_eq!(text(&profile(), html(), Some("1"), &rule, PAGE), PAGE);
    let asked = rule.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[&Some("1".to_owned())], [NAME, EMAIL, PHOTO, TOWN].into());
}

#[test]
fn each_masked_element_loses_its_value_everywhere_and_the_rest_stays() {
    let mut rule = Rule::masking(&[EMAIL, PHOTO, TOWN]);
    rule.links = true;
    let out = text(&profile(), html(), Some("1"), &rule, PAGE);
    for gone in ["b.example", "(at)", "alice.jpg", "alice2.jpg", "Riverbend", "Mill"] {
        assert!(!out.contains(gone), "{gone} in {out}");
    }
    for kept in ["<title>Alice Example</title>", "<h1 id=alice title='Alice'>", "<!-- end --></body></html>"] {
        assert!(out.contains(kept), "{kept} in {out}");
    }
    assert!(out.contains("<script type=\"application/ld+json\">{}</script>"), "{out}");
    assert!(out.contains("<img class=photo alt=\"\">"), "{out}");
    assert!(out.contains("<meta name=town content=\"\">"), "{out}");
    assert!(
        out.contains("<td class=mail><span class=\"hedgerow-masked\">hidden <a class=\"hedgerow-reveal\""),
        "{out}"
    );
    assert!(
        out.contains("href=\"/.hedgerow/reveal?p=1&amp;f=2\" rel=\"nofollow\">Show email</a></span></td><td>x</td>")
    );
    assert!(out.contains("Show town &amp; county</a></span><!-- end -->"), "{out}");
    assert!(out.contains("<p>Mail: <span class=\"hedgerow-masked\">"), "{out}");
}

#[test]
fn a_title_is_masked_as_text_only() {
    let mut rule = Rule::masking(&[NAME]);
    rule.links = true;
    let out = text(&profile(), html(), Some("1"), &rule, PAGE);
    assert!(out.contains("<title>hidden</title>"), "{out}");
    assert!(!out.contains("Alice Example") && !out.contains("id=alice title"));
    assert!(out.contains("<h1><span class=\"hedgerow-masked\">hidden <a"), "{out}");
}

#[test]
fn broken_markup_masks_too_much_rather_than_too_little() {
    let rule = Rule::masking(&[EMAIL]);
    for body in [
        "<p class=email>secret",
        "<p class=email>secret<p>other",
        "<div><p class=email>secret</div>after",
        "<table><tr><td class=email>secret<td>x</tr></table>",
        "<table><tr><td class=email><table><tr><td>secret</td></tr></table>secret</td></tr></table>",
        "<div class=email><!-- secret --><![CDATA[secret]]></div>",
        "<noscript><p class=email>secret</p></noscript>",
        "<NOSCRIPT><img class=email alt=secret></NOSCRIPT>",
        "<template><p class=email>secret</p></template>",
        "<svg><g class=email><text>secret</text></g></svg>",
        "<svg><path class=email d=secret /></svg>",
        "<input class=email value=secret>",
        "<textarea class=email>secret</textarea>",
        "<select><option class=email value=secret>secret</select>",
        "<a class=email href=secret>secret<a class=email href=secret>secret</a></a>",
        "<p class=email title='sec>ret secret'><b>secret</p>",
        "<p class=\"email\"/>secret",
        "<time class=email datetime=secret>secret</time><address class=email>secret</address>",
        "<picture class=email><source srcset=secret><img src=secret></picture>",
        "<tr class=email><td>secret</td></tr><ul class=email><li>secret</ul>",
    ] {
        let out = text(&profile(), html(), Some("1"), &rule, body);
        assert!(!out.contains("secret"), "{body} -> {out}");
    }
}

#[test]
fn a_masked_element_that_browsers_end_later_is_an_error_and_a_visible_one_is_not() {
    for body in ["<span class=email><p>a</span>secret</p></span>", "<div class=email><table></div>secret</table>"] {
        let got = read(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), &[body.as_bytes()]);
        assert!(matches!(got, Err(AnswerError::Ambiguous(_))), "{body}");
        assert_eq!(text(&profile(), html(), Some("1"), &Rule::showing_all(), body), body);
    }
}

#[test]
fn an_html_element_that_browsers_take_out_of_nested_svg_is_masked_there() {
    for body in [
        "<svg><svg><p class='email'/>secret</p>x",
        "<math><svg><div class='email'/>secret</div>x",
        "<svg><p class='email'/>secret</p>x",
        "<svg><svg><g class=email>secret</g></svg></svg>x",
        "<svg><svg><p class=email>a<![CDATA[</p>]]>secret</p>x",
    ] {
        let out = text(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), body);
        assert!(!out.contains("secret") && out.ends_with('x'), "{body} -> {out}");
    }
}

#[test]
fn a_very_long_attribute_is_read_within_the_limit_and_an_error_beyond_it() {
    let fields = json!([html_field(EMAIL, ".email")]);
    let small = site_of_size(json!("path"), fields, 100_000);
    let page = format!("<p class=email data-x='{}'>s</p>", "secret ".repeat(10_000));
    assert!(!text(&small, html(), Some("1"), &Rule::masking(&[EMAIL]), &page).contains("secret"));
    let longer = format!("<p class=email data-x='{}'>s</p>", "secret ".repeat(20_000));
    let rule = Rule::masking(&[EMAIL]);
    let pieces: Vec<&[u8]> = longer.as_bytes().chunks(4096).collect();
    assert_eq!(read(&small, html(), Some("1"), &rule, &pieces), Err(AnswerError::TooLarge { limit: 100_000 }));
}

#[test]
fn a_page_that_ends_inside_a_tag_shows_nothing_it_should_not() {
    for body in ["<p class=email>secret</", "<p class=email>secret<"] {
        let out = text(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), body);
        assert!(!out.contains("secret"), "{body} -> {out}");
    }
    // No browser shows a tag without an end, and no selector is told of it; but its bytes are there to be read.
    for body in ["<p class=email", "<p class=email title=secret", "<a class=email href=\"mailto:secret>secret</a>"] {
        let got = read(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), &[body.as_bytes()]);
        assert!(matches!(got, Err(AnswerError::Ambiguous(_))), "{body} -> {got:?}");
    }
}

#[test]
fn an_error_puts_out_nothing_and_stays() {
    let s = profile();
    let plan = Plan::compile(&s, 0).unwrap();
    let mut reader = Reader::new(&plan, &s, html(), Some("1".to_owned()), Box::new(Rule::masking(&[EMAIL]))).unwrap();
    let mut out = Vec::new();
    let ambiguous = b"<p>a</p><select><xmp><script>x</script></select>";
    assert!(matches!(reader.write(ambiguous, &mut out), Err(AnswerError::Ambiguous(_))));
    assert!(out.is_empty());
    assert_eq!(reader.write(b"<p>", &mut out), Err(AnswerError::Stopped));
    assert_eq!(reader.end(&mut out), Err(AnswerError::Stopped));
    assert!(out.is_empty());
}

#[test]
fn after_an_error_the_rest_is_given_back_only_if_nothing_had_to_be_masked() {
    let s = profile();
    let plan = Plan::compile(&s, 0).unwrap();
    let pieces: [&[u8]; 3] =
        [b"<p class=email>a@x</p><h1>A", b"nn</h1><p", b"><select><xmp><script>x</script></select> end"];
    for (rule, back) in [(Rule::showing_all(), true), (Rule::masking(&[EMAIL]), false)] {
        let mut reader = Reader::new(&plan, &s, html(), Some("1".to_owned()), Box::new(rule)).unwrap();
        let mut out = Vec::new();
        assert!(pieces.iter().any(|p| reader.write(p, &mut out).is_err()));
        let rest = reader.give_back();
        assert_eq!(rest.is_some(), back);
        if let Some(rest) = rest {
            assert_eq!([out, rest].concat(), pieces.concat());
        }
        assert_eq!(reader.write(b"x", &mut Vec::new()), Err(AnswerError::Stopped));
    }
}

#[test]
fn an_encoding_that_hides_markup_is_refused() {
    let s = profile();
    let with = |charset: Option<&str>, body: &[u8]| {
        let media = Media::Html { charset: charset.map(str::to_owned) };
        read(&s, media, Some("1"), &Rule::masking(&[EMAIL]), &[body])
    };
    for label in ["utf-16", "utf-16be", "iso-2022-jp", "iso-2022-kr"] {
        assert!(matches!(with(Some(label), b"x"), Err(AnswerError::Encoding(_))), "{label}");
    }
    assert!(matches!(with(Some("utf-8"), &[0xFE, 0xFF, 0, b'<']), Err(AnswerError::Encoding(_))));
    assert!(matches!(with(None, b"<meta charset=iso-2022-jp>"), Err(AnswerError::Encoding(_))));
    let http_equiv = b"<meta http-equiv=content-type content='text/html; charset=iso-2022-jp'>";
    assert!(matches!(with(None, http_equiv), Err(AnswerError::Encoding(_))));
    assert!(with(None, b"<meta charset=utf-16><p>x</p>").is_ok());
    assert!(with(Some("no-such"), b"<p>x</p>").is_ok());
    let latin = b"<p class=email>J\xF6rg</p>J\xF6rg";
    let out = with(Some("iso-8859-1"), latin).unwrap();
    assert!(out.ends_with(b"J\xF6rg") && out.iter().filter(|b| **b == 0xF6).count() == 1);
}

#[test]
fn a_document_the_route_has_no_source_for_is_refused() {
    assert_eq!(
        read(&profile(), Media::Json, Some("1"), &Rule::showing_all(), &[b"{}"]),
        Err(AnswerError::Media { found: "JSON" })
    );
}

#[test]
fn a_bad_selector_or_pattern_names_its_route() {
    let bad = site(json!("path"), json!([html_field(NAME, "p:has(> a)::before")]));
    assert!(matches!(Plan::compile(&bad, 0), Err(AnswerError::Selector { route, .. }) if route == "r"));
    let bad = site(json!({"html": {"item": "li", "id": null, "attribute": "id", "pattern": "("}}), json!([]));
    assert!(matches!(Plan::compile(&bad, 0), Err(AnswerError::Pattern { .. })));
}

#[test]
fn the_identifier_of_an_item_may_come_after_its_fields() {
    let body = "<ul><li class=member><b class=name>Ann</b><i class=email>a@x</i><a href=/members/1>more</a></li>\
        <li class=member><b class=name>Bob</b><i class=email>b@x</i><a href=/members/2>more</a></li></ul>";
    let rule = Rule::budget(1);
    let out = text(&list(), html(), None, &rule, body);
    assert_eq!(rule.people_in_order(), ["1", "2"]);
    assert!(out.contains("<b class=name>Ann</b><i class=email>a@x</i>"), "{out}");
    assert!(!out.contains("Bob") && !out.contains("b@x"), "{out}");
    assert!(out.ends_with("<a href=/members/2>more</a></li></ul>"), "{out}");
    assert_eq!(text(&list(), html(), None, &Rule::showing_all(), body), body);
}

#[test]
fn items_that_are_never_closed_are_decided_in_document_order() {
    let body = "<ul><li class=member><a href=/members/1 class=name>Ann</a><li class=member><a href=/members/2 \
        class=name>Bob</a><li class=member><a href=/members/3 class=name>Cid</a></ul><p class=name>Page</p>";
    let rule = Rule::budget(2);
    let out = text(&list(), html(), None, &rule, body);
    assert_eq!(rule.people_in_order(), ["1", "2", "3"]);
    assert!(out.contains("Ann") && out.contains("Bob") && !out.contains("Cid"), "{out}");
    assert!(out.ends_with("</ul><p class=name>Page</p>"), "a field outside of items is nobody's: {out}");
}

#[test]
fn fields_of_nested_items_belong_to_the_innermost() {
    let body = "<li class=member><a href=/members/1>x</a><ul><li class=member><a href=/members/2>y</a><b class=name>Bob\
        </b></li></ul><b class=name>Ann</b></li>";
    let rule = Rule::budget(1);
    let out = text(&list(), html(), None, &rule, body);
    assert!(out.contains("Ann") && !out.contains("Bob"), "{out}");
    assert_eq!(rule.people_in_order(), ["1", "2"]);
}

#[test]
fn an_item_without_identifier_is_masked_and_reported() {
    let long = "9".repeat(200);
    let body = format!(
        "<li class=member><b class=name>Ann</b><a href=/groups/1>g</a></li>\
         <li class=member><b class=name>Bob</b><a href=/members/{long}>g</a></li>"
    );
    let rule = Rule::masking(&[EMAIL]);
    let out = text(&list(), html(), None, &rule, &body);
    assert!(!out.contains("Ann") && !out.contains("Bob"), "{out}");
    assert_eq!(rule.asked(), [(None, [NAME].into())].into());
    assert_eq!(text(&list(), html(), None, &Rule::showing_all(), &body), body);
}

#[test]
fn the_item_itself_may_carry_its_identifier_and_be_a_field() {
    let s = site(
        json!({"html": {"item": "img", "id": null, "attribute": "data-id", "pattern": "[0-9]+"}}),
        json!([html_field(PHOTO, "img"), html_field(NAME, "b")]),
    );
    let body = "<img data-id=1 src=a><b>no item</b><img data-id=2 src=b>";
    let rule = Rule::budget(1);
    let out = text(&s, html(), None, &rule, body);
    assert_eq!(out, "<img data-id=1 src=a><b>no item</b><span class=\"hedgerow-masked\">hidden</span>");
}

#[test]
fn an_item_that_is_never_closed_is_held_back_only_so_far() {
    let mut body = "<li class=member><a href=/members/1>x</a><b class=name>Ann</b>".to_owned();
    body.push_str(&"<p>filler</p>".repeat(100_000));
    let pieces: Vec<&[u8]> = body.as_bytes().chunks(65_536).collect();
    let got = read(&list(), html(), None, &Rule::showing_all(), &pieces);
    assert!(matches!(got, Err(AnswerError::ItemTooLarge { .. })));
}

#[test]
fn more_people_than_a_response_may_show_are_an_error() {
    let s = site(json!({"html": {"item": "i", "id": null, "attribute": "id", "pattern": ".+"}}), json!([]));
    let body = "<i id=1></i>".repeat(20_001);
    let got = read(&s, html(), None, &Rule::showing_all(), &[body.as_bytes()]);
    assert_eq!(got, Err(AnswerError::TooMany { limit: 20_000 }));
}

#[test]
fn several_named_people_are_decided_before_the_page_is_read() {
    let s = site(json!("header"), json!([html_field(NAME, "h1"), html_field(EMAIL, ".email")]));
    let page = "<h1>Ann and Bob</h1><p class=email>a@x b@x</p>";
    let people = |fields: Option<&str>| {
        ["1", "2"].map(|p| NamedPerson { person: p.to_owned(), fields: fields.map(|f| vec![f.to_owned()]) }).to_vec()
    };
    let rule = Rule::showing_all();
    assert_eq!(read_named(&s, html(), people(None), &rule, page.as_bytes()).unwrap(), page.as_bytes());
    assert_eq!(rule.asked().len(), 2);
    let rule = Rule::budget(1);
    let out = String::from_utf8(read_named(&s, html(), people(None), &rule, page.as_bytes()).unwrap()).unwrap();
    assert!(!out.contains("Ann") && !out.contains("a@x"), "{out}");
    // A field that was named for nobody cannot be attributed, so it does not leave.
    let rule = Rule::masking(&[PHOTO]);
    let out = String::from_utf8(read_named(&s, html(), people(Some("name")), &rule, page.as_bytes()).unwrap()).unwrap();
    assert!(out.contains("Ann and Bob") && !out.contains("a@x"), "{out}");
}

#[test]
fn nobody_named_on_a_page_with_fields_masks_them() {
    let s = site(json!("header"), json!([html_field(EMAIL, ".email")]));
    let rule = Rule::masking(&[NAME]);
    let out = text(&s, html(), None, &rule, "<p class=email>a@x</p>");
    assert!(!out.contains("a@x"));
    assert_eq!(rule.asked(), [(None, [EMAIL].into())].into());
}

/// Markup of all sorts around values, with the fields of [`profile`] and [`list`] in it.
fn page() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("<ul>".to_owned()),
        Just("</ul>".to_owned()),
        Just("<li class=member>".to_owned()),
        Just("</li>".to_owned()),
        Just("<div><p>".to_owned()),
        Just("</p></div>".to_owned()),
        Just("<table><tr><td class=email>SECRET<td>".to_owned()),
        Just("</table>".to_owned()),
        Just("<!-- <p class=email> -->".to_owned()),
        Just("<noscript>".to_owned()),
        Just("</noscript>".to_owned()),
        Just("<script>if (a<b) {\"</p>\"}</script>".to_owned()),
        (0u8..6).prop_map(|n| format!("<a href=/members/{n}>go</a>")),
        "[a-z]{0,12}".prop_map(|t| format!("<b class=name title=\"{t}\">name {t}</b>")),
        "[a-z]{0,9}".prop_map(|t| format!("<a class='email x' href='mailto:SECRET{t}'>SECRET{t}</a>")),
        "[a-z]{0,9}".prop_map(|t| format!("<span class=email>SECRET <i>SECRET{t}</i></span>")),
        Just("<p class=email>SECRET".to_owned()),
        Just("<input class=email value=\"SECRET\">".to_owned()),
        Just("<img class=photo src=PICTURE srcset='PICTURE 2x'>".to_owned()),
        "[ -;=?-~é]{0,20}",
        Just("a < b <3 </ <>".to_owned()),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|v| v.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn however_a_page_is_cut_the_same_leaves(body in page(), places in prop::collection::vec(any::<usize>(), 0..8), people in 0usize..4) {
        for (s, person) in [(profile(), Some("1")), (list(), None)] {
            for rule in [Rule::budget(people), Rule::masking(&[EMAIL])] {
                let mut cut_rule = Rule::showing_all();
                (cut_rule.never, cut_rule.people) = (rule.never, rule.people);
                let whole = read(&s, html(), person, &rule, &[body.as_bytes()]);
                let pieces = read(&s, html(), person, &cut_rule, &cut(body.as_bytes(), &places));
                prop_assert_eq!(whole.is_ok(), pieces.is_ok());
                if let (Ok(whole), Ok(pieces)) = (whole, pieces) {
                    prop_assert_eq!(String::from_utf8_lossy(&whole), String::from_utf8_lossy(&pieces));
                    prop_assert_eq!(rule.asked(), cut_rule.asked());
                    prop_assert_eq!(rule.people_in_order(), cut_rule.people_in_order());
                }
            }
        }
    }

    #[test]
    fn byte_by_byte_is_no_different(body in page()) {
        for (s, person) in [(profile(), Some("1")), (list(), None)] {
            let rule = Rule::masking(&[EMAIL, PHOTO]);
            let bytes: Vec<&[u8]> = body.as_bytes().chunks(1).collect();
            let whole = read(&s, html(), person, &rule, &[body.as_bytes()]);
            prop_assert_eq!(whole.ok(), read(&s, html(), person, &rule, &bytes).ok());
        }
    }

    #[test]
    fn a_visible_page_is_never_changed(body in page(), places in prop::collection::vec(any::<usize>(), 0..6)) {
        for (s, person) in [(profile(), Some("1")), (list(), None)] {
            if let Ok(out) = read(&s, html(), person, &Rule::showing_all(), &cut(body.as_bytes(), &places)) {
                prop_assert_eq!(String::from_utf8_lossy(&out), body.as_str());
            }
        }
    }

    #[test]
    fn a_masked_page_holds_no_masked_value(body in page(), places in prop::collection::vec(any::<usize>(), 0..6)) {
        if let Ok(out) = read(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL, PHOTO]), &cut(body.as_bytes(), &places)) {
            let out = String::from_utf8_lossy(&out).into_owned();
            prop_assert!(!out.contains("SECRET") && !out.contains("PICTURE"), "{} -> {}", body, out);
        }
    }

    #[test]
    fn a_value_is_gone_in_every_spelling(value in "[a-zA-Z0-9äöü&'<>@. ]{6,24}", where_ in 0usize..6) {
        let raw = format!("{value}Qx9");
        let mut entities = String::new();
        for c in raw.chars() {
            entities.push_str(&format!("&#{};", u32::from(c)));
        }
        let escaped = raw.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\'', "&#39;");
        let body = match where_ {
            0 => format!("<p class=email>{escaped}</p>{}", "<p>ok</p>"),
            1 => format!("<p class=email>{entities}</p>"),
            2 => format!("<a class=email href=\"mailto:{escaped}\" title='{entities}'>{escaped}</a>"),
            3 => format!("<div class=email data-a='{escaped}'><b title='{entities}'>x</b></div>"),
            4 => format!("<input class=email value='{escaped}' data-e=\"{entities}\">"),
            _ => format!("<td class=email id=\"{escaped}\" data-x='{entities}'>{escaped}"),
        };
        let out = text(&profile(), html(), Some("1"), &Rule::masking(&[EMAIL]), &body);
        prop_assert!(!out.contains(&raw) && !out.contains(&escaped) && !out.contains(&entities));
        prop_assert!(!out.contains("Qx9") && !out.contains("&#81;&#120;&#57;"), "{}", out);
    }
}
