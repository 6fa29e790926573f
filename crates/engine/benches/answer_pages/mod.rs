//! The pages that are read in measurements: a profile of 4 KiB with eight fields, a list of 50 people in 32 KiB, and the
//! same list as JSON.

use std::fmt::Write as _;

use hedgerow_engine::policy::Site;
use serde_json::{Value, json};

use super::answer_site::{html_field, json_field, path, site};

pub fn profile() -> (Site, String) {
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

pub fn list() -> (Site, String) {
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

pub fn api() -> (Site, String) {
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
