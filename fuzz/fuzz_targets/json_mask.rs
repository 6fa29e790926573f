#![no_main]
//! A JSON answer that is wholly visible leaves byte for byte, a masked one is the same document with the declared values null,
//! and neither depends on how the bytes were cut. The oracle masks the document as serde_json reads it.

use std::sync::LazyLock;

use hedgerow_engine::answer::{AnswerError, Decide, Media, Plan, Reader};
use hedgerow_engine::policy::{FieldSet, Site};
use hedgerow_fuzz::{EMAIL, NAME, PHOTO, TOWN, fields, pieces, site};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

static LIST: LazyLock<(Site, Plan)> = LazyLock::new(|| {
    let people = json!({"json": {"item": [{"name": "results"}, "each"], "id": [{"name": "id"}]}});
    planned(site(people, declared()))
});
static ONE: LazyLock<(Site, Plan)> = LazyLock::new(|| planned(site(json!("path"), declared())));

fn planned(site: Site) -> (Site, Plan) {
    let plan = Plan::compile(&site, 0).expect("a plan");
    (site, plan)
}

fn declared() -> Value {
    let at = |field: usize, path: Value| json!({"field": field, "at": [{"json": {"path": path}}]});
    json!([
        at(NAME, json!([{"name": "name"}])),
        at(EMAIL, json!([{"name": "contact"}, {"name": "email"}])),
        at(PHOTO, json!([{"name": "photos"}, {"index": 0}])),
        at(TOWN, json!([{"name": "towns"}, "each", {"name": "t"}])),
    ])
}

struct Rule {
    never: FieldSet,
}

impl Decide for Rule {
    fn decide(&mut self, _: &str, fields: FieldSet) -> FieldSet {
        fields.minus(self.never)
    }
    fn reveal_link(&mut self, _: &str, _: FieldSet) -> Option<String> {
        Some("/.hedgerow/reveal".to_owned())
    }
    fn unread(&mut self, fields: FieldSet) -> FieldSet {
        fields.minus(self.never)
    }
}

/// An error, what left before it and what is given back.
type Broken = (AnswerError, Vec<u8>, Option<Vec<u8>>);

/// What left.
fn read(list: bool, never: FieldSet, parts: &[&[u8]]) -> Result<Vec<u8>, Broken> {
    let (site, plan) = if list { &*LIST } else { &*ONE };
    let person = (!list).then(|| "1".to_owned());
    let mut reader = Reader::new(plan, site, Media::Json, person, Box::new(Rule { never })).expect("a reader");
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

fn mask_person(person: &mut Value, never: FieldSet) {
    for (field, at) in [(NAME, "/name"), (EMAIL, "/contact/email"), (PHOTO, "/photos/0")] {
        // Only what is an array has elements: a pointer would also find a member called `0`.
        if field == PHOTO && !person.get("photos").is_some_and(Value::is_array) {
            continue;
        }
        if never.has(field)
            && person.is_object()
            && (field != EMAIL || person.get("contact").is_some_and(Value::is_object))
            && let Some(slot) = person.pointer_mut(at)
        {
            *slot = Value::Null;
        }
    }
    if never.has(TOWN)
        && let Some(towns) = person.get_mut("towns").and_then(Value::as_array_mut)
    {
        for slot in towns.iter_mut().filter_map(|t| t.get_mut("t")) {
            *slot = Value::Null;
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [flags, seed, body @ ..] = bytes else { return };
    let list = flags & 1 == 0;
    let some = [fields(&[NAME, EMAIL, PHOTO, TOWN]), fields(&[EMAIL]), fields(&[NAME, TOWN]), fields(&[PHOTO])];
    let never = some[usize::from(flags >> 1 & 3)];
    let parts = pieces(body, *seed);

    match read(list, FieldSet::NONE, &parts) {
        Ok(out) => assert_eq!(out, body),
        Err((_, out, back)) => assert_eq!([out, back.expect("nothing was masked")].concat(), body),
    }
    let whole = read(list, never, &[body]);
    assert_eq!(whole, read(list, never, &parts));
    if let (Ok(out), Ok(mut value)) =
        (whole, serde_json::from_slice::<Value>(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)))
    {
        if !list {
            mask_person(&mut value, never);
        } else if let Some(results) = value.get_mut("results").and_then(Value::as_array_mut) {
            results.iter_mut().for_each(|p| mask_person(p, never));
        }
        let out =
            serde_json::from_slice::<Value>(out.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&out)).expect("still JSON");
        assert_eq!(out, value);
    }
});
