#![no_main]
//! An HTML answer that is wholly visible leaves byte for byte; a masked one holds nothing of what stood inside a declared
//! field; neither depends on how the bytes were cut.
//!
//! Bytes below 128 are themselves, others stand for pieces of markup. In the second mode text cannot open markup, so every
//! `SECRET` stands inside a declared field, whatever is unclosed or misplaced around it. In the third a browser's tree says
//! what stands in a field: html5ever's, with scripting and without, as in the engine's `tests/answer_browser.rs`.

#[path = "../../crates/engine/tests/browser/mod.rs"]
mod browser;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex};

use browser::markup::{DISAGREED, FOREIGN, INTEGRATION, LIST as PEOPLE, MARKUP as PIECES, REPEATED, TORN};
use browser::{held, is_email, of_somebody_else, words_of};

use hedgerow_engine::answer::{AnswerError, Decide, Media, Plan, Reader};
use hedgerow_engine::policy::{FieldSet, Site};
use hedgerow_fuzz::{EMAIL, NAME, PHOTO, TOWN, fields, html_field, pieces, site};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// The sites of the third mode: one person, and a list of them.
static TOLD_ONE: LazyLock<(Site, Plan)> = LazyLock::new(|| {
    planned(site(json!("path"), json!([html_field(EMAIL, ".email", None), html_field(NAME, ".nobody", None)])))
});
static TOLD_LIST: LazyLock<(Site, Plan)> = LazyLock::new(|| {
    let people = json!({"html": {"item": ".member", "id": null, "attribute": "data-id", "pattern": "([0-9]+)"}});
    planned(site(people, json!([html_field(NAME, ".name", None), html_field(EMAIL, ".email", None)])))
});
static LIST: LazyLock<(Site, Plan)> = LazyLock::new(|| {
    let people =
        json!({"html": {"item": "li.member", "id": "a", "attribute": "href", "pattern": "^/members/([^/]+)$"}});
    planned(site(
        people,
        json!([
            html_field(NAME, ".name", None),
            html_field(EMAIL, ".email", None),
            html_field(PHOTO, "img", Some("src"))
        ]),
    ))
});
static ONE: LazyLock<(Site, Plan)> = LazyLock::new(|| {
    planned(site(
        json!("path"),
        json!([
            html_field(NAME, "h1, title", None),
            html_field(EMAIL, ".email, td.mail, a[href^='mailto:'], script[type='application/ld+json']", None),
            html_field(PHOTO, "img.photo", Some("src")),
            html_field(TOWN, "meta[name=town]", Some("content")),
        ]),
    ))
});

fn planned(site: Site) -> (Site, Plan) {
    let plan = Plan::compile(&site, 0).expect("a plan");
    (site, plan)
}

/// Markup for the bytes from 128 on. `SECRET` stands only where the e-mail, photo or town fields are.
const MARKUP: [&str; 64] = [
    "<ul>",
    "</ul>",
    "<li class=member>",
    "</li>",
    "<div>",
    "</div>",
    "<p>",
    "</p>",
    "<table>",
    "<tr>",
    "<td>",
    "</td>",
    "</tr>",
    "</table>",
    "<a href=/members/1>",
    "</a>",
    "<a href='/members/2'>",
    "<b class=name>",
    "</b>",
    "<h1>",
    "</h1>",
    "<title>Ann</title>",
    "<span>",
    "</span>",
    "<p class=email>SECRET",
    "<span class=email>SECRET",
    "<a class='email x' href='mailto:SECRET'>SECRET",
    "<td class=email>SECRET",
    "<tr class=email><td>SECRET",
    "<div class=email title=\"SECRET>\">SECRET",
    "<li class=email>SECRET",
    "<b class=email>SECRET",
    "<input class=email value=SECRET>",
    "<img class=photo src=SECRET srcset='SECRET 2x'>",
    "<meta name=town content=SECRET>",
    "<p class=email>SECRET</p>",
    "<span CLASS=\"email\">SECRET<i>SECRET</i></span>",
    "<textarea class=email>SECRET</textarea>",
    "<option class=email value=SECRET>SECRET",
    "<script type='application/ld+json' class=email>{\"a\":\"SECRET\"}</script>",
    "<noscript>",
    "</noscript>",
    "<template>",
    "</template>",
    "<svg>",
    "</svg>",
    "<math>",
    "</math>",
    "<select>",
    "</select>",
    "<!-- c -->",
    "<script>if (a<b) {\"</p>\"}</script>",
    "<form>",
    "</form>",
    "<button>",
    "</button>",
    "<br>",
    "<hr/>",
    "<object>",
    "</object>",
    "<svg><g class=email><text>SECRET</text></g></svg>",
    "<x-y class=email>SECRET",
    "</x-y>",
    "<p class=\"email\"/>SECRET</p>",
];

struct Rule {
    never: FieldSet,
    people: usize,
    /// Whom it was asked about, in order.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Decide for Rule {
    fn decide(&mut self, person: &str, fields: FieldSet) -> FieldSet {
        let mut seen = self.seen.lock().expect("one thread");
        if !seen.iter().any(|p| p == person) {
            seen.push(person.to_owned());
        }
        let place = seen.iter().position(|p| p == person).unwrap_or(usize::MAX);
        if place < self.people { fields.minus(self.never) } else { FieldSet::NONE }
    }
    fn reveal_link(&mut self, _: &str, _: FieldSet) -> Option<String> {
        Some("/.hedgerow/reveal?t=\"'&<>".to_owned())
    }
    fn unread(&mut self, fields: FieldSet) -> FieldSet {
        if self.people == usize::MAX { fields.minus(self.never) } else { FieldSet::NONE }
    }
}

/// What left, or the error with what left before it and what is given back.
type Left = Result<Vec<u8>, (AnswerError, Vec<u8>, Option<Vec<u8>>)>;

fn read(at: &(Site, Plan), list: bool, charset: Option<&str>, rule: Rule, parts: &[&[u8]]) -> Left {
    let (site, plan) = at;
    let person = (!list).then(|| "1".to_owned());
    let media = Media::Html { charset: charset.map(str::to_owned) };
    let mut reader = Reader::new(plan, site, media, person, Box::new(rule)).expect("a reader");
    let mut out = Vec::new();
    let done = parts.iter().try_for_each(|p| reader.write(p, &mut out)).and_then(|()| reader.end(&mut out));
    match done {
        Ok(()) => Ok(out),
        Err(e) => {
            let back = reader.give_back();
            Err((e, out, back))
        }
    }
}

fn rule(never: FieldSet, people: usize) -> Rule {
    Rule { never, people, seen: Arc::default() }
}

/// A page of pieces of markup, one a byte from 128 on; each `#` becomes a word of its own and each `@` a person. Other bytes
/// are themselves, but for the letters that words begin and end with.
fn told_page(flags: u8, text: &[u8]) -> String {
    let kinds = [PIECES, PEOPLE, DISAGREED, FOREIGN, REPEATED, TORN];
    let (mut page, mut words, mut people) = (String::new(), 0, 0);
    if flags & 4 == 0 {
        page.push_str("<!doctype html>");
    }
    let mut bytes = text.iter();
    while let Some(b) = bytes.next() {
        let piece = match b {
            // Which list a piece is from, and which of it.
            128.. => {
                let kind = kinds[usize::from(*b & 127) % kinds.len()];
                kind[usize::from(bytes.next().copied().unwrap_or_default()) % kind.len()]
            }
            1..=5 => INTEGRATION[usize::from(*b - 1)],
            b'w' | b'q' | b'#' | b'@' | 0 => "v",
            b => {
                page.push(char::from(*b));
                continue;
            }
        };
        for c in piece.chars() {
            match c {
                '#' => {
                    words += 1;
                    page.push_str(&format!("w{words}q"));
                }
                '@' => {
                    people += 1;
                    page.push_str(&people.to_string());
                }
                c => page.push(c),
            }
        }
    }
    page
}

/// Nothing leaves that a browser has in a masked field, or in a field of somebody else than who may be seen. What left before
/// an error is not asked about: a second `<body class=email>` makes a field of what has gone already.
fn as_a_browser_has_it(list: bool, flags: u8, seed: u8, text: &[u8]) {
    let page = told_page(flags, text);
    let parts = pieces(page.as_bytes(), seed);
    for parts in [vec![page.as_bytes()], parts] {
        let rule = if list { rule(FieldSet::NONE, 1) } else { rule(fields(&[EMAIL]), usize::MAX) };
        let seen = Arc::clone(&rule.seen);
        let Ok(out) = read(if list { &TOLD_LIST } else { &TOLD_ONE }, list, Some("utf-8"), rule, &parts) else {
            continue;
        };
        let shown = seen.lock().expect("one thread").first().cloned();
        let hidden: BTreeSet<String> = match list {
            true => held(&page, |around| of_somebody_else(around, shown.as_ref())),
            false => held(&page, is_email),
        };
        let out = String::from_utf8_lossy(&out);
        let leaked: Vec<String> = words_of(&out).into_iter().filter(|w| hidden.contains(w)).collect();
        assert!(leaked.is_empty(), "{leaked:?} left of\n{page}\nin\n{out}");
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [flags, seed, text @ ..] = bytes else { return };
    let list = flags & 1 == 0;
    if flags & 32 != 0 {
        return as_a_browser_has_it(list, *flags, *seed, text);
    }
    let at = if list { &*LIST } else { &*ONE };
    let marked = flags & 2 == 0;
    let charset = [Some("utf-8"), None, Some("windows-1252"), Some("gbk")][usize::from(flags >> 2 & 3)];
    let mut body = Vec::new();
    for b in text {
        match b {
            128.. => body.extend_from_slice(MARKUP[usize::from(*b & 63)].as_bytes()),
            b'<' | b'&' | b'S' if marked => body.push(b'.'),
            b => body.push(*b),
        }
    }
    let parts = pieces(&body, *seed);

    match read(at, list, charset, rule(FieldSet::NONE, usize::MAX), &parts) {
        Ok(out) => assert_eq!(out, body),
        // What was taken is what left and what is given back; pieces after the one that failed were never given.
        Err((_, out, back)) => assert!(body.starts_with(&[out, back.expect("nothing was masked")].concat())),
    }
    for (never, people) in [(fields(&[EMAIL, PHOTO, TOWN]), usize::MAX), (FieldSet::NONE, 1)] {
        let whole = read(at, list, charset, rule(never, people), &[&body]);
        let cut = read(at, list, charset, rule(never, people), &parts);
        // Only the bound on bytes held back depends on the pieces, and no body here is that long.
        assert_eq!(whole.is_ok(), cut.is_ok());
        if let Ok(cut) = &cut {
            assert_eq!(whole.as_ref().ok().map(|w| String::from_utf8_lossy(w)), Some(String::from_utf8_lossy(cut)));
        }
        // Outside of items a list has no fields.
        if marked && !list && people == usize::MAX {
            for out in [&whole, &cut].map(|w| w.as_ref().unwrap_or_else(|(_, out, _)| out)) {
                assert!(memchr::memmem::find(out, b"SECRET").is_none(), "{}", String::from_utf8_lossy(out));
            }
        }
    }
});
