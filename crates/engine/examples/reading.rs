//! What reading one answer that came whole costs: `reading CASE [TIMES]` reads a page that many times; CASE is one of
//! `profile`, `list`, `api` (the pages of `benches/answer.rs`), `bench-profile`, `bench-list` (those of
//! `benches/gateway.py`).
//! Instructions: `valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/reading list 1000`.

use std::fmt::Write as _;

use hedgerow_engine::answer::{Decide, Media, Plan, Reader};
use hedgerow_engine::policy::{FieldSet, Site};
use serde_json::{Value, json};

#[path = "../benches/answer_pages/mod.rs"]
mod answer_pages;
#[path = "../tests/answer_site/mod.rs"]
mod answer_site;

struct All;

impl Decide for All {
    fn decide(&mut self, _: &str, fields: FieldSet) -> FieldSet {
        fields
    }
    fn reveal_link(&mut self, _: &str, _: FieldSet) -> Option<String> {
        None
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let case = arguments.next().unwrap_or_else(|| "profile".to_owned());
    let times: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1000);
    let ((site, body), known, media) = match case.as_str() {
        "profile" => (answer_pages::profile(), true, html()),
        "list" => (answer_pages::list(), false, html()),
        "api" => (answer_pages::api(), false, Media::Json),
        "bench-profile" => (bench_profile(), true, html()),
        "bench-list" => (bench_list(), false, html()),
        other => panic!("there is no case {other}"),
    };
    let plan = Plan::compile(&site, 0).expect("the plan of a benchmark");
    let mut left = 0usize;
    let mut out = Vec::with_capacity(body.len() * 2);
    for _ in 0..times {
        out.clear();
        let person = known.then(|| "42".to_owned());
        let mut reader = Reader::new(&plan, &site, media.clone(), person, Box::new(All)).expect("a reader");
        reader.whole(body.clone().into_bytes(), &mut out).expect("a readable body");
        left += out.len();
    }
    println!("{case}: {} bytes read, {left} bytes left in {times} times", body.len());
}

fn html() -> Media {
    Media::Html { charset: Some("utf-8".to_owned()) }
}

fn filler() -> String {
    "river meadow lantern harbour willow ".repeat(45)
}

fn pad(mut page: String, size: usize) -> String {
    let missing = size.saturating_sub(page.len() + 7);
    let _ = write!(page, "<!--{}-->", "x".repeat(missing));
    page
}

fn bench_profile() -> (Site, String) {
    let fields: Vec<Value> =
        [".name", "img.photo", ".headline", ".biography", ".employer", ".town", "a.email", ".phone"]
            .iter()
            .enumerate()
            .map(|(i, s)| answer_site::html_field(i % 4, s))
            .collect();
    let page = format!(
        "<!doctype html><html lang=\"en\"><head><title>Member 7</title></head><body><main><article><h1 class=\"name\">Member \
         7</h1><img class=\"photo\" src=\"/photos/7.svg\" alt=\"\"><p class=\"headline\">Keeper of lists</p><p class=\"biography\">\
         {}</p><dl><dt>Works at</dt><dd class=\"employer\">Mill 7</dd><dt>Town</dt><dd class=\"town\">Town 7</dd><dt>E-mail</dt>\
         <dd><a class=\"email\" href=\"mailto:m7@example.org\">m7@example.org</a></dd><dt>Phone</dt><dd class=\"phone\">555-0107\
         </dd></dl></article></main></body></html>",
        filler()
    );
    (answer_site::site(json!("path"), json!(fields)), pad(page, 4096))
}

fn bench_list() -> (Site, String) {
    let person = json!({"html": {"item": "li.member", "id": null, "attribute": "data-id", "pattern": "([0-9]+)"}});
    let fields = json!([answer_site::html_field(0, ".name"), answer_site::html_field(1, ".headline")]);
    let filler = filler();
    let mut page = "<!doctype html><html lang=\"en\"><title>Members</title><main><ul>".to_owned();
    for n in 0..50 {
        let _ = write!(
            page,
            "<li class=\"member\" data-id=\"{n}\"><a href=\"/members/{n}.html\"><img src=\"/photos/{n}.svg\" alt=\"\"> <span \
             class=\"name\">Member {n}</span></a> <span class=\"headline\">Keeper of lists</span><p>{}</p></li>",
            &filler[..400]
        );
    }
    page.push_str("</ul></main></html>");
    (answer_site::site(person, fields), pad(page, 32768))
}
