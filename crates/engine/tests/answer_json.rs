//! What leaves of a JSON answer.

mod answer_site;

use answer_site::*;
use hedgerow_engine::answer::{AnswerError, Media, Plan, Reader};
use hedgerow_engine::policy::Site;
use proptest::prelude::*;
use serde_json::{Value, json};

fn api() -> Site {
    site(
        json!({"json": {"item": path("$.results[*]"), "id": path("$.id")}}),
        json!([json_field(NAME, "$.name"), json_field(EMAIL, "$.contact.email"), json_field(PHOTO, "$.photos[0]")]),
    )
}

fn one() -> Site {
    site(
        json!("path"),
        json!([json_field(NAME, "$.name"), json_field(EMAIL, "$.contact.email"), json_field(TOWN, "$.contact")]),
    )
}

const BODY: &str = "{ \"total\" : 2.50e1,\n \"results\": [ {\"id\": 7, \"name\":\"Ann\", \"contact\": {\"email\" : \"a@x\", \"k\":1}},\n\
    {\"name\": \"B\\u006fb\", \"photos\": [\"p\", \"q\"], \"id\": \"b\\u002f1\", \"cont\\u0061ct\": {\"email\": null}} ] }";

#[test]
fn a_document_that_is_wholly_visible_leaves_byte_for_byte() {
    let rule = Rule::showing_all();
    assert_eq!(text(&api(), Media::Json, None, &rule, BODY), BODY);
    let asked = rule.asked();
    assert_eq!(asked[&Some("7".to_owned())], [NAME, EMAIL].into());
    assert_eq!(asked[&Some("b/1".to_owned())], [NAME, PHOTO].into(), "null shows nothing");
    assert_eq!(rule.people_in_order(), ["7", "b/1"]);
}

#[test]
fn masked_values_become_null_and_nothing_else_changes() {
    let out = text(&api(), Media::Json, None, &Rule::budget(1), BODY);
    assert_eq!(out, BODY.replace("\"B\\u006fb\"", "null").replace("\"p\"", "null"));
    let out = text(&api(), Media::Json, None, &Rule::masking(&[EMAIL]), BODY);
    assert_eq!(out, BODY.replace("\"a@x\"", "null"));
}

#[test]
fn a_member_that_occurs_twice_is_masked_twice() {
    let body = r#"{"name":"a","name":{"x":[1]},"contact":{"email":"a"},"contact":{"email":"b","email":"c"}}"#;
    let out = text(&one(), Media::Json, Some("1"), &Rule::masking(&[NAME, EMAIL]), body);
    assert_eq!(out, r#"{"name":null,"name":null,"contact":{"email":null},"contact":{"email":null,"email":null}}"#);
    let out = text(&one(), Media::Json, Some("1"), &Rule::masking(&[TOWN, EMAIL]), body);
    assert_eq!(out, r#"{"name":"a","name":{"x":[1]},"contact":null,"contact":null}"#);
}

#[test]
fn an_item_whose_identifier_is_unclear_is_masked_and_reported() {
    for item in [
        r#"{"name":"Ann"}"#,
        r#"{"id":1,"id":2,"name":"Ann"}"#,
        r#"{"id":null,"name":"Ann"}"#,
        r#"{"id":{"x":1},"name":"Ann"}"#,
        r#"{"id":"","name":"Ann"}"#,
        r#"{"id":1,"name":"Ann","id":true}"#,
    ] {
        let rule = Rule::masking(&[EMAIL]);
        let out = text(&api(), Media::Json, None, &rule, &format!("{{\"results\":[{item}]}}"));
        assert!(!out.contains("Ann"), "{out}");
        assert_eq!(rule.asked(), [(None, [NAME].into())].into());
    }
}

#[test]
fn a_document_may_be_one_person_or_a_list_of_names() {
    let s = site(json!({"json": {"item": [], "id": path("$.id")}}), json!([json_field(NAME, "$.name")]));
    let rule = Rule::masking(&[NAME]);
    assert_eq!(text(&s, Media::Json, None, &rule, r#"{"name":"Ann","id":3}"#), r#"{"name":null,"id":3}"#);
    assert_eq!(rule.people_in_order(), ["3"]);
    let s = site(json!({"json": {"item": path("$[*]"), "id": []}}), json!([json_field(NAME, "$")]));
    assert_eq!(text(&s, Media::Json, None, &Rule::budget(1), r#"["ann", "bob"]"#), r#"["ann", null]"#);
}

#[test]
fn broken_json_is_an_error_and_nothing_leaves() {
    for bad in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "01",
        "1.",
        "-",
        "1e",
        "+1",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\t\"",
        "tru",
        "nul",
        "[1 2]",
        "{} {}",
        "{'a':1}",
        "[\"a]",
        "\u{feff}\u{feff}1",
        "NaN",
        "/**/1",
        "{a:1}",
        "[1",
        "\"",
    ] {
        let got = read(&api(), Media::Json, None, &Rule::masking(&[NAME]), &[bad.as_bytes()]);
        assert!(matches!(got, Err(AnswerError::Malformed { .. })), "{bad:?}");
    }
    let got = read(&api(), Media::Json, None, &Rule::masking(&[NAME]), &[b"\"\xff\""]);
    assert!(matches!(got, Err(AnswerError::Malformed { at: 1, .. })));
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    assert!(read(&api(), Media::Json, None, &Rule::masking(&[NAME]), &[deep.as_bytes()]).is_err());
}

#[test]
fn a_broken_document_is_given_back_as_it_came() {
    let s = api();
    let plan = Plan::compile(&s, 0).unwrap();
    let mut reader = Reader::new(&plan, &s, Media::Json, None, Box::new(Rule::masking(&[NAME]))).unwrap();
    let mut out = Vec::new();
    reader.write(b"{\"results\": ", &mut out).unwrap();
    reader.write(b"<html>", &mut out).unwrap();
    assert!(matches!(reader.end(&mut out), Err(AnswerError::Malformed { at: 12, .. })));
    assert!(out.is_empty());
    assert_eq!(reader.give_back().as_deref(), Some(&b"{\"results\": <html>"[..]));
    assert_eq!(reader.end(&mut out), Err(AnswerError::Stopped));
}

#[test]
fn a_document_longer_than_the_route_allows_is_an_error() {
    let s = site_of_size(json!("path"), json!([json_field(NAME, "$.name")]), 10);
    let got = read(&s, Media::Json, Some("1"), &Rule::showing_all(), &[b"{\"name\":", b"\"Annabel\"}"]);
    assert_eq!(got, Err(AnswerError::TooLarge { limit: 10 }));
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        "[a-zé\"\\\\\u{1}😀]{0,6}".prop_map(Value::from)
    ];
    let any_value = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}|name|email|id", inner, 0..4)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    });
    let person = (any::<u8>(), any_value.clone(), any_value.clone(), any_value.clone(), any::<bool>()).prop_map(
        |(id, name, email, photo, with_id)| {
            let mut v = json!({"name": name, "contact": {"email": email, "other": 1}, "photos": [photo, "second"]});
            if with_id {
                v["id"] = json!(id);
            }
            v
        },
    );
    (prop::collection::vec(person, 0..5), any_value)
        .prop_map(|(people, rest)| json!({"rest": rest, "results": people, "z": 1}))
}

/// The oracle: the same masking on the parsed document.
fn masked(mut v: Value, fields: &[usize]) -> Value {
    for p in v["results"].as_array_mut().unwrap() {
        let unread = p.get("id").is_none();
        for (field, at) in [(NAME, "/name"), (EMAIL, "/contact/email"), (PHOTO, "/photos/0")] {
            if (unread || fields.contains(&field))
                && let Some(slot) = p.pointer_mut(at)
            {
                *slot = Value::Null;
            }
        }
    }
    v
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_masked_document_is_the_original_with_those_values_null(v in document(), pretty in any::<bool>(),
        fields in prop::collection::vec(0usize..3, 1..3), places in prop::collection::vec(any::<usize>(), 0..6)) {
        let body = if pretty { serde_json::to_string_pretty(&v) } else { serde_json::to_string(&v) }.unwrap();
        let out = read(&api(), Media::Json, None, &Rule::masking(&fields), &cut(body.as_bytes(), &places)).unwrap();
        let parsed: Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(parsed, masked(v, &fields));
        let all = read(&api(), Media::Json, None, &Rule::showing_all(), &cut(body.as_bytes(), &places)).unwrap();
        prop_assert_eq!(all, body.into_bytes());
    }

    #[test]
    fn what_is_json_here_is_json_elsewhere(v in document(), at in any::<usize>(), byte in any::<u8>(), cut_off in any::<bool>()) {
        let mut body = serde_json::to_vec(&v).unwrap();
        let at = at % body.len();
        if cut_off { body.truncate(at) } else { body[at] = byte }
        let ours = read(&api(), Media::Json, None, &Rule::showing_all(), &[&body]).is_ok();
        // A value that is passed over is not checked for UTF-8 there.
        let theirs = std::str::from_utf8(&body).is_ok() && serde_json::from_slice::<serde::de::IgnoredAny>(&body).is_ok();
        prop_assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(&body));
    }
}
