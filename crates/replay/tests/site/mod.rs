//! The policy these tests replay against: the engine's own test site.

use serde_json::{Value, json};

/// A compiled policy of one site.
pub fn policy() -> Value {
    let site: Value = serde_json::from_str(include_str!("../../../engine/tests/judged_site.json")).unwrap();
    json!({"format": 1, "id": "0".repeat(64), "sites": [site]})
}
