#![no_main]
//! No text is a proof: neither arbitrary text, nor arbitrary JSON where the widget's belongs, nor a token of ours with one
//! character changed. Solutions of a genuine challenge are checked within bounds.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use hedgerow_engine::doors::Pseudonym;
use hedgerow_engine::judge::proof::{Proofs, Terms, is_local_path};
use hedgerow_engine::policy::{FieldSet, Site};
use hedgerow_fuzz::{NOW_MS, site};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

const ALICE: Pseudonym = Pseudonym([1; 12]);
static SITE: LazyLock<Site> = LazyLock::new(|| site(json!("path"), json!([])));
static PROOFS: LazyLock<Proofs> = LazyLock::new(|| Proofs::new([7; 32], [8; 32], "directory", &SITE.proof));
static TERMS: LazyLock<Terms> = LazyLock::new(|| Terms::of(&SITE, 0, FieldSet(2)).expect("a route and a field"));
static REVEAL: LazyLock<String> =
    LazyLock::new(|| PROOFS.reveal_token(ALICE, *TERMS, "42", "/members?page=2", NOW_MS));
static COUNT: AtomicU64 = AtomicU64::new(0);

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0u32, |w, (i, b)| w | u32::from(*b) << (16 - 8 * i));
        out.extend((0..=chunk.len()).map(|i| char::from(DIGITS[(word >> (18 - 6 * i) & 63) as usize])));
    }
    out
}

fn refused(text: &str) {
    assert!(PROOFS.verify_work(text, ALICE, NOW_MS).is_err());
    assert!(PROOFS.verify_wait(text, ALICE, NOW_MS + 6_000).is_err());
    assert!(PROOFS.open_reveal(text, ALICE, &SITE, NOW_MS).is_err());
}

/// One character changed into another that means something else, or `None`.
fn changed(token: &str, place: u8, with: u8) -> Option<String> {
    let mut bytes = token.as_bytes().to_vec();
    let at = usize::from(place) % bytes.len();
    let same = |a: u8, b: u8| a == b || matches!((a, b), (b'-', b'+') | (b'_', b'/')) || b == b'=';
    if same(bytes[at], with) {
        return None;
    }
    bytes[at] = with;
    String::from_utf8(bytes).ok()
}

fuzz_target!(|bytes: &[u8]| {
    let [flags, place, with, body @ ..] = bytes else { return };
    if let Ok(text) = std::str::from_utf8(body) {
        refused(text);
        let _ = is_local_path(text);
        let token = PROOFS.reveal_token(ALICE, *TERMS, text, text, NOW_MS);
        if let Ok(reveal) = PROOFS.open_reveal(&token, ALICE, &SITE, NOW_MS) {
            assert_eq!(reveal.person, text);
            assert!(is_local_path(&reveal.back));
        }
    }
    refused(&base64(body));
    if let Some(token) = changed(&REVEAL, *place, *with) {
        assert!(PROOFS.open_reveal(&token, ALICE, &SITE, NOW_MS).is_err());
    }

    let mut fresh = [0; 16];
    fresh[..8].copy_from_slice(&COUNT.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    let now_ms = NOW_MS + COUNT.load(Ordering::Relaxed);
    let challenge = PROOFS.issue(ALICE, 0.0, now_ms, fresh).expect("issued");
    if let Some(token) = changed(&challenge.token, *place, *with) {
        assert!(PROOFS.verify_wait(&token, ALICE, now_ms + 6_000).is_err());
    }
    // The genuine challenge with any solution, or with parts of it replaced.
    if let Ok(theirs) = serde_json::from_slice::<Value>(body) {
        let mut ours: Value = serde_json::from_str(&challenge.widget).expect("JSON of ours");
        let forged = flags & 1 != 0;
        let solution = theirs.get("solution").unwrap_or(&theirs).clone();
        if forged
            && let (Some(to), Some(from)) =
                (ours["parameters"].as_object_mut(), theirs.get("parameters").and_then(Value::as_object))
        {
            to.extend(from.clone());
        }
        let payload = json!({"challenge": ours, "solution": solution}).to_string();
        let _ = PROOFS.verify_work(&base64(payload.as_bytes()), ALICE, now_ms);
    }
});
