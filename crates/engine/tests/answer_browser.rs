//! No value that a browser's tree has in a masked field leaves, however broken the page is: html5ever says what the
//! tree is, with scripting and without.
//!
//! `HEDGEROW_FULL=1` reads two hundred times as many pages.

mod answer_site;
mod browser;

use std::collections::BTreeSet;

use answer_site::*;
use browser::markup::{DISAGREED, FOREIGN, INTEGRATION, LIST, MARKUP, REPEATED, TORN};
use browser::{Step, held, is_email, of_somebody_else, words_of};
use hedgerow_engine::answer::{Decide, Plan, Reader};
use hedgerow_engine::policy::{FieldSet, Site};
use proptest::prelude::*;
use serde_json::json;

fn cases(few: u32) -> u32 {
    if std::env::var_os("HEDGEROW_FULL").is_some() { few * 200 } else { few }
}

/// A page made of these pieces, with a word for every `#`.
fn page(pieces: &[usize], markup: &[&str]) -> String {
    let mut out = String::new();
    let mut n = 0;
    for piece in pieces {
        for c in markup[piece % markup.len()].chars() {
            if c == '#' {
                n += 1;
                out.push_str(&format!("w{n}q"));
            } else {
                out.push(c);
            }
        }
    }
    out
}

fn email() -> Site {
    site(json!("path"), json!([html_field(EMAIL, ".email"), html_field(NAME, ".nobody")]))
}

/// Selectors that ask for the surroundings.
fn placed() -> (Site, fn(&[Step]) -> bool) {
    let selector =
        "div .email, p > .email, table > tbody > tr > td.email, ul > li.email:nth-child(2), b.email:first-of-type";
    let fits = |around: &[Step]| {
        let Some((own, above)) = around.split_last() else { return false };
        let parent = above.last();
        let within = |tag: &str| above.iter().any(|s| s.tag == tag);
        let tags: Vec<&str> = around.iter().rev().take(4).map(|s| s.tag.as_str()).collect();
        own.has("email")
            && (within("div")
                || parent.is_some_and(|p| p.tag == "p")
                || tags == ["td", "tr", "tbody", "table"]
                || (own.tag == "li" && parent.is_some_and(|p| p.tag == "ul") && own.place.0 == 2)
                || (own.tag == "b" && own.place.1 == 1))
    };
    (site(json!("path"), json!([html_field(EMAIL, selector)])), fits)
}

/// What leaves when e-mails are masked, in three pieces; `None` when the page cannot be read.
fn masked(site: &Site, page: &str) -> Option<String> {
    let places = [page.len() / 3, page.len() * 2 / 3];
    let out = read(site, html(), Some("1"), &Rule::masking(&[EMAIL]), &cut(page.as_bytes(), &places)).ok()?;
    Some(String::from_utf8_lossy(&out).into_owned())
}

fn leaked(page: &str, out: &str, hidden: &BTreeSet<String>) -> Result<(), TestCaseError> {
    let left: Vec<String> = words_of(out).into_iter().filter(|w| hidden.contains(w)).collect();
    prop_assert!(left.is_empty(), "{left:?} left of\n{page}\nin\n{out}");
    Ok(())
}

fn pieces() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0usize..MARKUP.len(), 1..16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(3000), max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_a_browser_has_in_a_masked_element_leaves(pieces in pieces()) {
        let page = page(&pieces, MARKUP);
        if let Some(out) = masked(&email(), &page) {
            leaked(&page, &out, &held(&page, is_email))?;
        }
    }

    #[test]
    fn nor_on_a_page_with_a_doctype(pieces in pieces()) {
        let page = format!("<!doctype html>{}", page(&pieces, MARKUP));
        if let Some(out) = masked(&email(), &page) {
            leaked(&page, &out, &held(&page, is_email))?;
        }
    }

    #[test]
    fn nor_where_the_map_asks_for_the_surroundings(pieces in pieces()) {
        let page = format!("<!doctype html>{}", page(&pieces, MARKUP));
        let (site, fits) = placed();
        if let Some(out) = masked(&site, &page) {
            leaked(&page, &out, &held(&page, fits))?;
        }
    }

    #[test]
    fn nor_where_html_stands_in_svg_however_the_page_is_cut(
        at in prop::sample::select(INTEGRATION), pieces in prop::collection::vec(0usize..FOREIGN.len(), 1..10),
        places in places(), doctype in any::<bool>()
    ) {
        nothing_leaves_however_it_is_cut(&page_of(doctype, &format!("{at}{}", page(&pieces, FOREIGN))), &places)?;
    }

    #[test]
    fn nor_where_formatting_elements_are_repeated_however_the_page_is_cut(
        pieces in prop::collection::vec(0usize..REPEATED.len(), 1..12), places in places(), doctype in any::<bool>()
    ) {
        nothing_leaves_however_it_is_cut(&page_of(doctype, &page(&pieces, REPEATED)), &places)?;
    }

    #[test]
    fn nor_where_browsers_disagree_about_svg_however_the_page_is_cut(
        start in 0usize..3, pieces in prop::collection::vec(0usize..TORN.len(), 1..10), places in places(),
        doctype in any::<bool>()
    ) {
        let pieces: Vec<usize> = std::iter::once(start).chain(pieces).collect();
        nothing_leaves_however_it_is_cut(&page_of(doctype, &page(&pieces, TORN)), &places)?;
    }

    #[test]
    fn nobody_is_shown_as_part_of_somebody_else(
        pieces in prop::collection::vec(0usize..LIST.len(), 1..16), places in places(), doctype in any::<bool>()
    ) {
        nobody_leaves_as_somebody_else(&page_of(doctype, &list_page(&pieces, LIST)), &places)?;
    }

    #[test]
    fn nor_where_browsers_disagree_about_what_is_open(
        pieces in prop::collection::vec(0usize..DISAGREED.len(), 1..10), places in places(), doctype in any::<bool>()
    ) {
        nobody_leaves_as_somebody_else(&page_of(doctype, &list_page(&pieces, DISAGREED)), &places)?;
    }
}

fn places() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(any::<usize>(), 0..5)
}

fn page_of(doctype: bool, body: &str) -> String {
    format!("{}{body}", if doctype { "<!doctype html>" } else { "" })
}

/// A page in one piece, in some, and byte by byte.
fn cuts<'p>(page: &'p str, places: &[usize]) -> [Vec<&'p [u8]>; 3] {
    [vec![page.as_bytes()], cut(page.as_bytes(), places), page.as_bytes().chunks(1).collect()]
}

/// What has left when a page turns out to be an error counts too.
fn nothing_leaves_however_it_is_cut(page: &str, places: &[usize]) -> Result<(), TestCaseError> {
    let (s, hidden) = (email(), held(page, is_email));
    let all = cuts(page, places).map(|pieces| read_so_far(&s, html(), Some("1"), &Rule::masking(&[EMAIL]), &pieces));
    for (out, _) in &all {
        leaked(page, &String::from_utf8_lossy(out), &hidden)?;
    }
    let [whole, some, bytes] = all;
    prop_assert!(whole.1 == some.1 && whole.1 == bytes.1, "{} {} {} in {page}", whole.1, some.1, bytes.1);
    if whole.1 {
        prop_assert!(whole.0 == some.0 && whole.0 == bytes.0, "{page}");
    }
    Ok(())
}

fn nobody_leaves_as_somebody_else(page: &str, places: &[usize]) -> Result<(), TestCaseError> {
    let s = site(
        json!({"html": {"item": ".member", "id": null, "attribute": "data-id", "pattern": "([0-9]+)"}}),
        json!([html_field(NAME, ".name"), html_field(EMAIL, ".email")]),
    );
    for pieces in cuts(page, places) {
        let rule = Rule::budget(1);
        let (out, _) = read_so_far(&s, html(), None, &rule, &pieces);
        let shown = rule.people_in_order().into_iter().next();
        let hidden = held(page, |around| of_somebody_else(around, shown.as_ref()));
        leaked(page, &String::from_utf8_lossy(&out), &hidden)?;
    }
    Ok(())
}

fn list_page(pieces: &[usize], markup: &[&str]) -> String {
    let mut n = 0;
    let page = page(pieces, markup);
    page.split('@').fold(String::new(), |mut out, part| {
        if n > 0 {
            out.push_str(&n.to_string());
        }
        n += 1;
        out.push_str(part);
        out
    })
}

/// A page as its author meant it: every element closed in its turn, paragraphs without blocks, rows in tables.
fn tidy(depth: u32) -> impl Strategy<Value = String> {
    let words = "[a-z ]{0,8}";
    let inline = prop_oneof![
        words.prop_map(|t| format!("{t} #")),
        prop::sample::select(vec![
            "<b>#</b>",
            "<a href=x>#</a>",
            "<br>#",
            "<img alt=x>",
            "<i class=x><u>#</u></i>",
            "<b><b><b><b>#</b></b></b></b>",
            "<i id=1><i id=2><i id=3><i id=4>#</i></i></i></i>",
            "<noscript><img alt=x></noscript>",
            "<!-- # -->"
        ])
        .prop_map(str::to_owned),
        prop::sample::select(vec![
            "<span class=email>#</span>",
            "<a class=email href='#'>#</a>",
            "<b class='email'><i>#</i></b>",
            "<input class=email value=#>"
        ])
        .prop_map(str::to_owned),
    ];
    let line = prop::collection::vec(inline, 0..4).prop_map(|v| v.concat());
    let leaf = line.prop_flat_map(|l| {
        prop::sample::select(vec![
            "<p>@</p>",
            "<p class=email>@</p>",
            "<h2>@</h2>",
            "@",
            "@<svg><g class=email><text>#</text></g><path d=x /></svg>",
        ])
        .prop_map(move |t| t.replace('@', &l))
    });
    leaf.prop_recursive(depth, 24, 4, |inner| {
        prop::collection::vec(inner, 1..4).prop_flat_map(|v| {
            let cells = v.iter().map(|c| format!("<td>{c}</td>")).collect::<String>();
            let items = v.iter().map(|c| format!("<li>{c}</li>")).collect::<String>();
            let loose = v.iter().map(|c| format!("<li>{c}")).collect::<String>();
            let all = v.concat();
            prop::sample::select(vec![
                format!("<div>{all}</div>"),
                format!("<div class=email>{all}</div>"),
                format!("<section><article>{all}</article></section>"),
                format!("<table><thead><tr><th>x</th></tr></thead><tbody><tr>{cells}</tr></tbody></table>"),
                format!("<table><tr class=email>{cells}</tr><tr>{cells}</tr></table>"),
                format!("<ul>{items}</ul>"),
                format!("<ol>{loose}</ol>"),
                format!("<form><button type=button>x</button>{all}</form>"),
                format!("<template>{all}</template>"),
                format!("<details><summary>x</summary>{all}</details>"),
                format!("<dl><dt>x<dd>{all}</dl>"),
                format!("<select><option>x<option selected>y</select>{all}"),
                format!("<noscript><p>{}</p></noscript>{all}", "x"),
            ])
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(600), ..ProptestConfig::default() })]

    #[test]
    fn of_a_tidy_page_exactly_the_masked_elements_go(body in prop::collection::vec(tidy(3), 1..4)) {
        let body = body.concat();
        let page = page(&[0], &[&format!("<!doctype html><html><head><title>x</title></head><body>{body}</body></html>")]);
        let out = masked(&email(), &page);
        prop_assert!(out.is_some(), "not read: {page}");
        let out = out.unwrap_or_default();
        let hidden = held(&page, is_email);
        let all: BTreeSet<String> = words_of(&page).into_iter().collect();
        let left: BTreeSet<String> = words_of(&out).into_iter().collect();
        prop_assert_eq!(left, all.difference(&hidden).cloned().collect::<BTreeSet<_>>(), "{}\n{}", page, out);
    }
}

#[test]
fn the_known_traps_of_broken_markup_are_closed() {
    let doctype = "<!doctype html>";
    for body in [
        "<caption><p class=email></caption>#",
        "<p><b class=email></p>#",
        "<a><p class=email></a>#</p>",
        "<td><p class=email></td>#",
        "<svg><svg><p class=email>#<![CDATA[</p>]]>#",
        "<b class=email><p></b>#</p>#",
        "<b><i class=email><p></b>#</p>",
        "<a class=email><table><a><tr><td>#</table>#",
        "<form class=email><div></form>#</div>",
        "<table><b class=email></table>#",
        "<noscript><!-- </noscript><p class=email>#</p> --></noscript>",
        "<p class=email><noscript><p>x</noscript>#",
        "<span class=email><noscript></span></noscript>#</span>",
        "<div class=email><button></div>#</button>#</div>",
        "<body>#<body class=email>#",
        "<p class='e&#109;ail'>#</p>",
        "<nobr class=email><nobr>#</nobr>#",
        "<select><b class=email></select>#",
        "<div class=email><select></div>#</select>#</div>",
        "<template><td class=email></template>#",
        "<math><mi class=email><p>#</mi>#",
        "<table><tr class=email><td></body>#</table>",
        "<div class=email></body>#</div>",
        "<image class=email alt=#>#",
        "<p class=email></br>#",
        "<h1 class=email><h2></h1>#",
        "<li class=email><ul></li>#</ul>#",
        "<svg><desc class=email><p></desc>#",
        "<select><svg><script><p class=email>#",
        "<select><svg><textarea><p class=email>#",
        "<select><svg><input><title><p class=email>#",
        "<select><b class=email><div>#</div></b></select>#",
        "<b><noscript></b><plaintext></noscript><b class=email>#",
        "<form><b><noscript></form><!--</noscript><div class=email>#",
        "<div class=email><b><noscript></b></div>#</noscript>#</div>",
        "<div><noscript></div><noscript></noscript><!--</noscript><p class=email>#",
        "<ul><li class=email><ul><noscript></ul></noscript></ul>#",
        "<ul><noscript></ul><div></noscript><p class=email></div>#",
        "<svg><foreignObject><li><noscript></li></noscript><![CDATA[><i class=email>#</i>]]>",
        "<svg><foreignObject><li><p><noscript></li></noscript>x<![CDATA[><i class=email>#</i>]]>",
        "<svg><desc><p><noscript></p></desc></svg></noscript></p></desc><![CDATA[><!--]]><i class=email>#</i><!-- -->",
        "<svg><foreignObject><div><noscript></div></foreignObject></svg></noscript></div></foreignObject>x\
         <![CDATA[><!--]]><i class=email>#</i><!-- -->",
        "<svg><foreignObject><div><noscript></div></foreignObject></svg></noscript></div></foreignObject>\
         <style><g class=email>#</g></style>",
        "<svg><foreignObject><div><noscript></div></foreignObject></svg></noscript></div></foreignObject>\
         <input class=email>#</input>",
        "<svg><foreignObject><div><noscript></div></noscript></div></foreignObject><g class=email />#</g>",
        "<svg><foreignObject><li><noscript></li></noscript><g class=email />#</g>",
        "<svg><foreignObject><li><noscript></li></noscript><style><i class=email>#</i></style>",
        "<select><svg></select><![CDATA[><i class=email>#</i>]]>",
    ] {
        for page in [format!("{doctype}{body}"), body.to_owned()].map(|b| page(&[0], &[&b])) {
            if let Some(out) = masked(&email(), &page) {
                let hidden = held(&page, is_email);
                let left: Vec<String> = words_of(&out).into_iter().filter(|w| hidden.contains(w)).collect();
                assert!(left.is_empty(), "{left:?} of {page} left in {out}");
            }
        }
    }
}

#[test]
fn nor_are_traps_open_where_the_map_counts_or_lists_people() {
    let (s, fits) = placed();
    for body in [
        "<ul></br><li class=email>#",
        "<ul><table><table><li class=email>#",
        "<ul><li>x</li><table><li class=email>#</table></ul>",
    ] {
        let page = page(&[0], &[body]);
        if let Some(out) = masked(&s, &page) {
            leaked(&page, &out, &held(&page, fits)).unwrap();
        }
    }
    for body in [
        "<li class=member data-id=1><table class=member data-id=2><a><noscript><a class=email>#</a>",
        "<li class=member data-id=1><table class=member data-id=2><a><div><a class=email>#</a>",
        "<li class=member data-id=1><table class=member data-id=2><a><object><a class=email>#</a>",
        "<table class=member data-id=1><a class=member data-id=2><tr class=member data-id=3><noscript>#</noscript>\
         <li class=member data-id=4><b class=name>#</b>",
        "<b class=member data-id=1><li class=member data-id=2><span class=email>#</span><noscript></li><x-y><x-y>\
         </noscript></b>",
        "<select><p><b class=member data-id=1><div class=member data-id=2><span class=email>#</span>",
        "<li class=member data-id=1><b class=name>#<div class=member data-id=2><noscript>#</noscript><ul></li></b>",
        "<span class=member data-id=1><a class=member data-id=2><p class=email>#</span><a>",
        "<ul><template><noscript></ul><div><noscript>#</noscript><li class=member data-id=1></div><b class=name>#</b>",
        "<ul><li class=member data-id=1><ul><noscript></ul></noscript></ul><b class=name>#</b>",
    ] {
        nobody_leaves_as_somebody_else(&page(&[0], &[body]), &[]).unwrap();
    }
}

/// How many pages of that sort cannot be read: few enough that the other tests say something.
#[test]
fn most_broken_pages_are_read_all_the_same() {
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let s = email();
    let (mut visible, mut read_masked) = (0, 0);
    let total = 2000;
    for _ in 0..total {
        let pieces: Vec<usize> = (0..10).map(|_| random()).collect();
        let page = format!("<!doctype html>{}", page(&pieces, MARKUP));
        visible += usize::from(read(&s, html(), Some("1"), &Rule::showing_all(), &[page.as_bytes()]).is_ok());
        read_masked += usize::from(masked(&s, &page).is_some());
    }
    println!("of {total} broken pages {visible} are read when they are visible, {read_masked} when e-mails are masked");
    assert!(visible * 100 >= total * 95 && read_masked * 100 >= total * 60, "{visible} and {read_masked} of {total}");
}

/// Masks nothing and remembers nothing.
struct Everything;

impl Decide for Everything {
    fn decide(&mut self, _: &str, fields: FieldSet) -> FieldSet {
        fields
    }
    fn reveal_link(&mut self, _: &str, _: FieldSet) -> Option<String> {
        None
    }
}

#[test]
fn open_elements_are_bounded_and_so_is_a_tag() {
    let s = email();
    let plan = Plan::compile(&s, 0).unwrap();
    for (piece, times, fits) in
        [("<x-y>", 1_000, true), ("<x-y>", 20_000, false), ("<li>", 4_000, true), ("</p>", 100_000, true)]
    {
        let mut reader = Reader::new(&plan, &s, html(), Some("1".to_owned()), Box::new(Everything)).unwrap();
        let mut out = Vec::new();
        let done = reader.write(piece.repeat(times).as_bytes(), &mut out).and_then(|()| reader.end(&mut out));
        assert_eq!(done.is_ok(), fits, "{piece} {done:?}");
    }
    let tag = format!("<p {}>", "a=1 ".repeat(5_000));
    let mut reader = Reader::new(&plan, &s, html(), Some("1".to_owned()), Box::new(Everything)).unwrap();
    let done = reader.write(tag.as_bytes(), &mut Vec::new());
    assert_eq!(done, Err(hedgerow_engine::answer::AnswerError::Memory));
}
