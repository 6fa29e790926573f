//! What reading and masking one answer costs: a profile of 4 KiB with eight fields, a list of 50 people in 32 KiB,
//! and the same list as JSON. `cargo bench -p hedgerow-engine --bench answer`.

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hedgerow_engine::answer::{Decide, Media, Plan, Reader};
use hedgerow_engine::policy::{FieldSet, Site};
use serde_json::{Value, json};

#[path = "../tests/answer_site/mod.rs"]
mod answer_site;
use answer_site::{html_field, json_field, path, site};

struct Fixed(FieldSet);

impl Decide for Fixed {
    fn decide(&mut self, _: &str, fields: FieldSet) -> FieldSet {
        fields.minus(self.0)
    }
    fn reveal_link(&mut self, person: &str, _: FieldSet) -> Option<String> {
        Some(format!("/.hedgerow/reveal?p={person}"))
    }
}

fn profile() -> (Site, String) {
    let fields: Vec<Value> = [".name", "p.headline", "a.email", "a.phone", ".town", ".employer", "#bio", "dd.birthday"]
        .iter()
        .enumerate()
        .map(|(i, s)| html_field(i % 4, s))
        .collect();
    let mut page = String::from(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>A member</title><link rel=stylesheet \
         href=/site.css></head><body><nav><ul>",
    );
    for i in 0..8 {
        let _ = write!(page, "<li class=\"nav-item\"><a href=\"/section/{i}\" class=\"nav-link\">Section {i}</a></li>");
    }
    page.push_str(
        "</ul></nav><main><h1 class=name>Alex Example</h1><p class=headline>Builds boats</p><dl><dt>Mail</dt><dd>\
         <a class=email href=\"mailto:alex@riverbend.example\">alex@riverbend.example</a></dd><dt>Phone</dt><dd><a \
         class=phone href=tel:+15550100>+1 555 0100</a></dd><dt>Town</dt><dd class=town>Riverbend</dd><dt>Works at</dt>\
         <dd class=employer>Mill Boats</dd><dt>Born</dt><dd class=birthday>1 April</dd></dl><div id=bio>",
    );
    for i in 0..12 {
        let _ =
            write!(page, "<p>Paragraph {i} of a biography that says some <em>ordinary</em> things about a member.</p>");
    }
    page.push_str("</div></main><footer>");
    while page.len() < 4080 {
        page.push_str("<p class=\"foot small\">Riverbend members' directory</p>");
    }
    page.push_str("</footer></body></html>");
    (site(json!("path"), json!(fields)), page)
}

fn list() -> (Site, String) {
    let person =
        json!({"html": {"item": "li.member", "id": "a", "attribute": "href", "pattern": "^/members/([0-9]+)$"}});
    let fields = json!([html_field(0, ".name"), html_field(1, ".email"), html_field(3, ".town")]);
    let mut page = String::from("<!doctype html><html><head><title>Members</title></head><body><ul class=members>");
    for i in 0..50 {
        let _ = write!(
            page,
            "<li class=\"member card\" data-index=\"{i}\"><img class=photo src=\"/photos/{i}.jpg\" alt=\"\" width=64 \
             height=64><h2><a href=\"/members/{i}\" class=\"card-link\"><span class=name>Member Number {i}</span></a></h2>\
             <p class=\"headline muted\">A headline about something that this member does on most days</p><p><span \
             class=town>Riverbend</span> &middot; <a class=email href=\"mailto:m{i}@riverbend.example\">m{i}@riverbend.example\
             </a></p><p class=\"card-text\">A few more words so that an item is as long as items usually are on such a \
             page, with <b>some</b> <i>markup</i> in it.</p><button type=button class=\"btn btn-small\">Follow</button></li>",
        );
    }
    page.push_str("</ul></body></html>");
    (site(person, fields), page)
}

fn api() -> (Site, String) {
    let person = json!({"json": {"item": path("$.results[*]"), "id": path("$.id")}});
    let fields = json!([json_field(0, "$.name"), json_field(1, "$.contact.email"), json_field(3, "$.town")]);
    let people: Vec<Value> = (0..50)
        .map(|i| {
            json!({"id": i, "name": format!("Member Number {i}"), "town": "Riverbend", "headline": "Builds boats",
                "contact": {"email": format!("m{i}@riverbend.example"), "phone": null}, "tags": ["boats", "mills", "rivers"],
                "joined": "2024-05-01", "about": "A few more words so that an item is as long as items usually are"})
        })
        .collect();
    (site(person, fields), json!({"count": 50, "next": "/api/members?page=2", "results": people}).to_string())
}

fn answer(c: &mut Criterion) {
    let html = || Media::Html { charset: Some("utf-8".to_owned()) };
    let cases =
        [("profile", profile(), true, html()), ("list", list(), false, html()), ("json", api(), false, Media::Json)];
    let mut group = c.benchmark_group("answer");
    for (name, (site, body), known, media) in cases {
        let plan = Plan::compile(&site, 0).expect("the plan of a benchmark");
        group.throughput(Throughput::Bytes(body.len() as u64));
        for (what, masked) in [("visible", FieldSet::NONE), ("masked", FieldSet::of(1))] {
            group.bench_function(format!("{name}/{what}"), |b| {
                let mut out = Vec::with_capacity(body.len() * 2);
                b.iter(|| {
                    out.clear();
                    let person = known.then(|| "42".to_owned());
                    let mut reader =
                        Reader::new(&plan, &site, media.clone(), person, Box::new(Fixed(masked))).expect("a reader");
                    reader.write(black_box(body.as_bytes()), &mut out).expect("a readable body");
                    reader.end(&mut out).expect("a readable body");
                    black_box(&out);
                });
            });
        }
        group.bench_function(format!("{name}/reader alone"), |b| {
            b.iter(|| {
                let person = known.then(|| "42".to_owned());
                black_box(
                    Reader::new(&plan, &site, media.clone(), person, Box::new(Fixed(FieldSet::NONE)))
                        .expect("a reader"),
                );
            });
        });
    }
    group.finish();
}

criterion_group!(benches, answer);
criterion_main!(benches);
