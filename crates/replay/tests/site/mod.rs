//! What these tests replay: the engine's own test site, and a log of it.

use serde_json::{Value, json};

/// A compiled policy of one site.
pub fn policy() -> Value {
    let site: Value = serde_json::from_str(include_str!("../../../engine/tests/judged_site.json")).unwrap();
    json!({"format": 1, "id": "0".repeat(64), "sites": [site]})
}

/// A line of a log, so many seconds after it began.
pub fn line(second: u64, address: &str, path: &str, agent: &str) -> String {
    let (d, h, m, s) = (10 + second / 86_400, second / 3600 % 24, second / 60 % 60, second % 60);
    format!(
        "{address} - - [{d}/Oct/2025:{h:02}:{m:02}:{s:02} +0000] \"GET {path} HTTP/1.1\" 200 512 \"-\" \"{agent}\"\n"
    )
}

/// What a reader's browser calls itself.
pub const BROWSER: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

/// Ordinary readers, and one that takes everybody.
pub fn mixed() -> String {
    let mut all = String::new();
    for i in 0..600u64 {
        let visitor = format!("198.51.{}.{}", i % 7, i % 50 + 1);
        all += &line(i * 3, &visitor, &format!("/members/{}", i * i % 40), BROWSER);
        all += &line(i * 3 + 1, &visitor, "/static/style.css", BROWSER);
        all += &line(i * 3 + 2, &visitor, "/about", BROWSER);
        all += &line(i * 3, "203.0.113.9", &format!("/members/{}", 1000 + i), "python-requests/2.32");
    }
    all
}
