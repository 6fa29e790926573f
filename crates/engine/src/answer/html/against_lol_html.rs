//! The same fields in the same places as `lol_html` finds, which read these pages before: it closes elements by end
//! tags only, as [`super::nest`] does, and has no tree.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use lol_html::html_content::{Element, EndTag};
use lol_html::{ElementContentHandlers, HtmlRewriter, Selector, Settings};
use proptest::prelude::*;

use super::nest::Bytes;
use super::scan::Scan;
use crate::answer::plan::{Hit, HtmlPlan, Role};
use crate::answer::selector::Selectors;

/// Number of the hit, start tag, end tag.
type Place = (u8, (usize, usize), Option<(usize, usize)>);

const SELECTORS: [&str; 10] = [
    ".a",
    "p",
    "#i",
    "div .b",
    "ul > li",
    "[title]",
    "a[href^='/x'], .c.d",
    "li:nth-child(2)",
    "td:nth-of-type(2)",
    "span:not(.a)",
];

fn ours(selectors: &[&str], page: &str, places: &[usize]) -> Option<Vec<Place>> {
    let mut all = Selectors::default();
    let mut hits = Vec::new();
    for (i, text) in selectors.iter().enumerate() {
        all.add(text, u16::try_from(i).unwrap()).unwrap();
        let role = Role::Field { field: u8::try_from(i).unwrap(), attribute: false };
        hits.push(Hit { role, attribute: String::new() });
    }
    let plan = HtmlPlan { hits, selectors: Arc::new(all), id: None };
    let mut scan = Scan::new(Arc::new(plan), false, Some(encoding_rs::UTF_8));
    let mut ends: Vec<usize> = places.iter().map(|p| p % (page.len() + 1)).collect();
    ends.push(page.len());
    ends.sort_unstable();
    for end in ends {
        scan.read(Bytes { bytes: &page.as_bytes()[..end], base: 0 }).ok()?;
    }
    scan.end(Bytes { bytes: page.as_bytes(), base: 0 }).ok()?;
    let span = |r: &std::ops::Range<usize>| (r.start, r.end);
    let mut found: Vec<Place> = scan
        .found()
        .regions
        .iter()
        .map(|r| (r.field, span(&r.tag), r.end.as_ref().filter(|e| !e.is_empty()).map(span)))
        .collect();
    found.sort_unstable();
    Some(found)
}

fn theirs(selectors: &[&str], page: &str) -> Option<Vec<Place>> {
    let found: Rc<RefCell<Vec<Place>>> = Rc::default();
    let mut settings = Settings::new().with_strict(true);
    for (i, text) in selectors.iter().enumerate() {
        let found = Rc::clone(&found);
        let selector: Selector = text.parse().unwrap();
        let handler = move |el: &mut Element<'_, '_>| {
            let tag = el.source_location().bytes();
            let number = found.borrow().len();
            found.borrow_mut().push((u8::try_from(i).unwrap(), (tag.start, tag.end), None));
            if el.can_have_content() {
                let found = Rc::clone(&found);
                return el.on_end_tag(Box::new(move |end: &mut EndTag<'_>| {
                    let tag = end.source_location().bytes();
                    found.borrow_mut()[number].2 = Some((tag.start, tag.end));
                    Ok(())
                }));
            }
            Ok(())
        };
        settings = settings.append_element_content_handler((
            std::borrow::Cow::Owned(selector),
            ElementContentHandlers::default().element(handler),
        ));
    }
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(page.as_bytes()).ok()?;
    rewriter.end().ok()?;
    let mut found = Rc::try_unwrap(found).ok()?.into_inner();
    found.sort_unstable();
    Some(found)
}

/// Without what we read otherwise on purpose: elements that browsers put in without a tag, `</body>` and `</html>`,
/// SVG, `image`, `noscript` and broken `select`s.
const MARKUP: &[&str] = &[
    "text",
    " ",
    "<",
    "</",
    "</>",
    "<3",
    "a < b",
    "<p>",
    "</p>",
    "<P class=a>",
    "<p class='b a'>",
    "<div>",
    "</div>",
    "<div class=b>",
    "<DIV ID=i>",
    "<ul>",
    "</ul>",
    "<li>",
    "<li class=b>",
    "</li>",
    "<b>",
    "</b>",
    "<span>",
    "<span class=a>",
    "</span>",
    "<a href='/x/1'>",
    "<a href=/y>",
    "</a >",
    "<table><tbody><tr>",
    "</table>",
    "<td>",
    "<td class=b>",
    "</td>",
    "</tr>",
    "<br>",
    "<br class=a>",
    "<img title=\"a>b\" class=a>",
    "<input title>",
    "<p title='x' title=\"y\">",
    "<p a=b/c>",
    "<p / class=a>",
    "<div/>",
    "<i class=\"c d\">",
    "<i class=' d  c\tx'>",
    "<i class=c>",
    "</i/>",
    "<x-y class=b>",
    "</x-y>",
    "</p class='>'>",
    "<!-- <p class=a> -->",
    "<!-->",
    "<!--->",
    "<!-- --!>",
    "<!-- a -- b --->",
    "<!x>",
    "<!doctype html>",
    "<?php p ?>",
    "<script>if (a</p>b) '<p class=a>'</script>",
    "<script><!-- <script> </script> --></script>",
    "<script><!--</script>",
    "<script><!--><script></script>",
    "<style>p>a{}</style >",
    "<title><p class=a></titl></title>",
    "<textarea><p></textarea x=y>",
    "<xmp><p></xmp>",
    "<iframe><p></iframe>",
    "<template>",
    "</template>",
    "<button class=a>",
    "</button>",
    "<form title=f>",
    "</form>",
    "<h1 class=a>",
    "</h1>",
    "<b><b><b><b class=a>",
    "</b></b></b></b>",
    "<b title=x><b title=x><b title=x><b class=a title=x>",
    "<!doctype html public '-//IETF//DTD HTML//EN'>",
    "<p\nclass\n=\n'a'\n>",
    "<p class>",
    "<p class=>",
    "<p =class=a>",
    "<p class='a'title=x>",
    "<select><option class=a>x</select>",
    "<![CDATA[<p class=a>]]>",
    "<a\u{e9} title>",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_same_fields_in_the_same_places(
        pieces in prop::collection::vec(0usize..MARKUP.len(), 1..24), places in prop::collection::vec(any::<usize>(), 0..6)
    ) {
        let page: String = pieces.iter().map(|i| MARKUP[*i]).collect();
        let simple = ["p", ".a", "#i", "[title]", "a[href^='/x'], .c.d", "span:not(.a)", "i, b"];
        if let (Some(ours), Some(theirs)) = (ours(&simple, &page, &places), theirs(&simple, &page)) {
            prop_assert_eq!(ours, theirs, "{}", page);
        }
    }

    /// Where the surroundings are asked for, a browser's tree is asked too: what `lol_html` finds is among it.
    #[test]
    fn with_combinators_no_field_less(
        pieces in prop::collection::vec(0usize..MARKUP.len(), 1..24), places in prop::collection::vec(any::<usize>(), 0..6)
    ) {
        let page: String = pieces.iter().map(|i| MARKUP[*i]).collect();
        if let (Some(ours), Some(theirs)) = (ours(&SELECTORS, &page, &places), theirs(&SELECTORS, &page)) {
            let missing: Vec<&Place> = theirs.iter().filter(|t| !ours.contains(t)).collect();
            prop_assert!(missing.is_empty(), "{:?} in {}", missing, page);
        }
    }
}

#[test]
fn both_read_every_piece_alone() {
    for piece in MARKUP {
        assert!(theirs(&["p"], piece).is_some() && ours(&["p"], piece, &[7, 99]).is_some(), "{piece}");
    }
}
