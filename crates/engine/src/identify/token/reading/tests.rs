//! RFC 8725 as a list of what must not be taken, and the examples of the RFCs as what must.

use jsonwebtoken::Algorithm::{self, ES256, EdDSA, HS256, RS256};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::keys::TokenKeys;
use super::super::signing::{
    A1, A1_KEY, A2, A2_KEY, A3, A3_KEY, App, ED, ED_KEY, JOE, JOE_OVER_S, SECRET, settings, url64,
};
use super::{MOST_BYTES, Refusal, Told, read, taken_apart};
use crate::policy::Token;

const NOW_S: u64 = 1_800_000_000;

fn claims() -> Value {
    json!({"sub": "ada", "exp": NOW_S + 600})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn keys(app: &App) -> TokenKeys {
    TokenKeys::read(app.jwk(None).to_string().as_bytes(), &[EdDSA]).unwrap()
}

fn check(claims: &Value, change: impl FnOnce(&mut Token)) -> Result<Told, Refusal> {
    let app = App::new(1);
    let mut s = settings(&[EdDSA]);
    change(&mut s);
    read(&app.token(claims), &s, &keys(&app), NOW_S, || false)
}

#[test]
fn the_examples_of_the_rfcs_are_taken_and_end_when_they_say() {
    for (algorithm, key, [header, signature]) in [(HS256, A1_KEY, A1), (RS256, A2_KEY, A2), (ES256, A3_KEY, A3)] {
        let token = format!("{header}.{JOE}.{signature}");
        let keys = TokenKeys::read(key.as_bytes(), &[algorithm]).unwrap();
        let s = Token { account: "iss".to_owned(), leeway_s: 0, ..settings(&[algorithm]) };
        let told = read(&token, &s, &keys, JOE_OVER_S - 1, || false).unwrap();
        assert_eq!((told.account.as_str(), told.since_s, told.over_s), ("joe", None, JOE_OVER_S), "{algorithm:?}");
        assert_eq!(read(&token, &s, &keys, JOE_OVER_S, || false), Err(Refusal::Expired));
        let other = format!("{header}.{}.{signature}", JOE.replacen("eyJpc3MiOiJqb2Ui", "eyJpc3MiOiJqb2Ei", 1));
        assert_eq!(read(&other, &s, &keys, JOE_OVER_S - 1, || false), Err(Refusal::Signature), "{algorithm:?}");
    }
    let keys = TokenKeys::read(ED_KEY.as_bytes(), &[EdDSA]).unwrap();
    let (header, message, signature) = taken_apart(ED).unwrap();
    let key = keys.for_token(header.alg, None).next().unwrap();
    assert!(key.signed(EdDSA, message.as_bytes(), signature) && !key.signed(EdDSA, b"else", signature));
    assert_eq!(read(ED, &settings(&[EdDSA]), &keys, NOW_S, || false), Err(Refusal::Unreadable), "no claims");
}

#[test]
fn an_algorithm_is_the_policys_and_never_the_tokens() {
    let app = App::new(1);
    let eddsa = keys(&app);
    let none = |signature: &str| {
        let header = url64(br#"{"alg":"none"}"#);
        format!("{header}.{}.{signature}", url64(claims().to_string().as_bytes()))
    };
    for unsigned in
        [none(""), none("AAAA"), none("").replace(&url64(br#"{"alg":"none"}"#), &url64(br#"{"alg":"NoNe"}"#))]
    {
        assert_eq!(read(&unsigned, &settings(&[EdDSA]), &eddsa, NOW_S, || false), Err(Refusal::Unreadable));
    }
    // The public key, which everybody knows, as the secret of an HMAC.
    let public = app.jwk(None)["x"].as_str().unwrap().to_owned();
    for secret in [public.as_bytes(), app.jwk(None).to_string().as_bytes(), SECRET] {
        let message = format!("{}.{}", url64(br#"{"alg":"HS256"}"#), url64(claims().to_string().as_bytes()));
        let mac = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret), message.as_bytes());
        let token = format!("{message}.{}", url64(mac.as_ref()));
        assert_eq!(read(&token, &settings(&[EdDSA]), &eddsa, NOW_S, || false), Err(Refusal::Algorithm));
        // Not even where a policy got past its own check.
        assert_eq!(read(&token, &settings(&[EdDSA, HS256]), &eddsa, NOW_S, || false), Err(Refusal::Key));
    }
    // A good signature under the name of another algorithm.
    for alg in ["RS256", "ES256", "ES384", "HS256"] {
        let token = app.signed(EdDSA, &json!({"alg": alg}), &claims());
        assert_eq!(read(&token, &settings(&[EdDSA]), &eddsa, NOW_S, || false), Err(Refusal::Algorithm), "{alg}");
    }
    assert!(
        read(&app.signed(EdDSA, &json!({"alg": "ES512"}), &claims()), &settings(&[EdDSA]), &eddsa, NOW_S, || false)
            .is_err()
    );
}

#[test]
fn keys_that_a_token_brings_along_are_never_looked_at() {
    let (app, thief) = (App::new(1), App::new(2));
    for header in [
        json!({"alg": "EdDSA", "jwk": thief.jwk(None)}),
        json!({"alg": "EdDSA", "jku": "https://thief.example/keys.json"}),
        json!({"alg": "EdDSA", "x5u": "https://thief.example/chain.pem"}),
        json!({"alg": "EdDSA", "x5c": ["MIIB"]}),
    ] {
        let told = |signer: &App| {
            read(&signer.signed(EdDSA, &header, &claims()), &settings(&[EdDSA]), &keys(&app), NOW_S, || false)
        };
        assert_eq!(told(&thief), Err(Refusal::Signature), "{header}");
        assert!(told(&app).is_ok(), "{header}");
    }
}

#[test]
fn what_must_be_understood_and_is_not_is_refused() {
    let app = App::new(1);
    for header in [
        json!({"alg": "EdDSA", "crit": ["b64"], "b64": false}),
        json!({"alg": "EdDSA", "crit": []}),
        json!({"alg": "EdDSA", "zip": "DEF"}),
        json!({"alg": "EdDSA", "enc": "A128GCM"}),
        json!({"typ": "JWT"}),
        json!({"alg": 7}),
        json!([]),
    ] {
        let token = app.signed(EdDSA, &header, &claims());
        let told = read(&token, &settings(&[EdDSA]), &keys(&app), NOW_S, || false);
        assert_eq!(told, Err(Refusal::Unreadable), "{header}");
    }
}

#[test]
fn times_are_kept_with_the_leeway_and_a_token_without_an_end_is_none() {
    let n = NOW_S;
    for (claims, told) in [
        (with("exp", json!(n - 59)), Ok(n + 1)),
        (with("exp", json!(n - 60)), Err(Refusal::Expired)),
        (with("exp", json!(1.8e9 - 0.5)), Ok(n + 59)),
        (with("exp", json!(-5)), Err(Refusal::NoExpiry)),
        (with("exp", json!("2100-01-01T00:00:00Z")), Err(Refusal::NoExpiry)),
        (with("exp", Value::Null), Err(Refusal::NoExpiry)),
        (json!({"sub": "ada"}), Err(Refusal::NoExpiry)),
        (with("exp", json!(u64::MAX)), Ok(u64::MAX)),
        (with("nbf", json!(n + 60)), Ok(n + 660)),
        (with("nbf", json!(n + 61)), Err(Refusal::NotYet)),
        (with("nbf", json!("now")), Err(Refusal::NotYet)),
    ] {
        assert_eq!(check(&claims, |_| {}).map(|t| t.over_s), told, "{claims}");
    }
}

#[test]
fn the_issuer_and_the_audience_are_those_of_the_policy() {
    let ours = |iss: &[&str], aud: &[&str]| {
        let (iss, aud) = (iss.iter().map(|s| (*s).to_owned()).collect(), aud.iter().map(|s| (*s).to_owned()).collect());
        move |s: &mut Token| (s.issuer, s.audience) = (iss, aud)
    };
    let a = || with("aud", json!("club"));
    let both = with("aud", json!(["shop", "club"]));
    for (claims, iss, aud, refused) in [
        (claims(), &[][..], &[][..], None),
        (with("iss", json!("anybody")), &[][..], &[][..], None),
        (with("iss", json!("https://id.club.example")), &["https://id.club.example"][..], &[][..], None),
        (
            with("iss", json!("https://id.club.example/")),
            &["https://id.club.example"][..],
            &[][..],
            Some(Refusal::Issuer),
        ),
        (
            with("iss", json!(["https://id.club.example"])),
            &["https://id.club.example"][..],
            &[][..],
            Some(Refusal::Issuer),
        ),
        (claims(), &["https://id.club.example"][..], &[][..], Some(Refusal::Issuer)),
        (a(), &[][..], &["club"][..], None),
        (both.clone(), &[][..], &["club"][..], None),
        (with("aud", json!("shop")), &[][..], &["club"][..], Some(Refusal::Audience)),
        (with("aud", json!(["shop", 7])), &[][..], &["club"][..], Some(Refusal::Audience)),
        (with("aud", json!({"club": 1})), &[][..], &["club"][..], Some(Refusal::Audience)),
        (claims(), &[][..], &["club"][..], Some(Refusal::Audience)),
        (a(), &[][..], &[][..], Some(Refusal::Audience)),
        (both, &[][..], &[][..], Some(Refusal::Audience)),
    ] {
        assert_eq!(check(&claims, ours(iss, aud)).err(), refused, "{claims} {iss:?} {aud:?}");
    }
}

#[test]
fn the_account_is_the_claims_text_or_number_as_the_header_would_say_it() {
    for (value, told) in [
        (json!("ada"), Some("ada")),
        (json!("  ada "), Some("ada")),
        (json!(8812), Some("8812")),
        (json!(""), None),
        (json!(" "), None),
        (json!(1.5), None),
        (json!(true), None),
        (json!(["ada"]), None),
        (Value::Null, None),
        (json!("x".repeat(257)), None),
    ] {
        let found = check(&with("sub", value.clone()), |_| {});
        assert_eq!(found.as_ref().map(|t| t.account.as_str()).map_err(|e| *e), told.ok_or(Refusal::Account), "{value}");
    }
    let other =
        check(&with("https://club.example/id", json!("7")), |s| s.account = "https://club.example/id".to_owned());
    assert_eq!(other.unwrap().account, "7");
}

#[test]
fn the_age_is_read_in_every_form_it_is_written_in() {
    for (value, since_s, odd) in [
        (json!(1_700_000_000), Some(1_700_000_000), false),
        (json!(1_700_000_000.9), Some(1_700_000_000), false),
        (json!("1700000000"), Some(1_700_000_000), false),
        (json!("2023-11-14T22:13:20Z"), Some(1_700_000_000), false),
        (json!("2023-11-14T22:13:20.5+00:00"), Some(1_700_000_000), false),
        (json!(NOW_S + 1), Some(NOW_S), false),
        (json!(1_700_000_000_000_u64), Some(NOW_S), false),
        (json!("the other day"), None, true),
        (json!("2023-11-14"), None, true),
        (json!(-1), None, true),
        (json!({}), None, true),
        (Value::Null, None, false),
    ] {
        let told = check(&with("account_created", value.clone()), |_| {}).unwrap();
        assert_eq!((told.since_s, told.odd_date), (since_s, odd), "{value}");
    }
    let told = check(&with("account_created", json!(5)), |s| s.since = None).unwrap();
    assert_eq!((told.since_s, told.odd_date), (None, false));
}

#[test]
fn keys_are_rotated_by_their_names() {
    let (old, new, other) = (App::new(1), App::new(2), App::new(3));
    let set = json!({"keys": [old.jwk(Some("old")), new.jwk(Some("new"))]}).to_string();
    let keys = TokenKeys::read(set.as_bytes(), &[EdDSA]).unwrap();
    let told = |signer: &App, kid: Option<&str>| {
        let mut header = json!({"alg": "EdDSA"});
        if let Some(kid) = kid {
            header["kid"] = json!(kid);
        }
        read(&signer.signed(EdDSA, &header, &claims()), &settings(&[EdDSA]), &keys, NOW_S, || false).err()
    };
    for (signer, kid, refused) in [
        (&old, Some("old"), None),
        (&new, Some("new"), None),
        (&new, None, None),
        (&new, Some("old"), Some(Refusal::Signature)),
        (&new, Some("later"), Some(Refusal::Key)),
        (&other, Some("new"), Some(Refusal::Signature)),
        (&other, None, Some(Refusal::Signature)),
    ] {
        assert_eq!(told(signer, kid), refused, "{kid:?}");
    }
    // Keys without names, as PEM has none, are for tokens with any.
    let unnamed = read(
        &old.signed(EdDSA, &json!({"alg": "EdDSA", "kid": "x"}), &claims()),
        &settings(&[EdDSA]),
        &super::tests::keys(&old),
        NOW_S,
        || false,
    );
    assert!(unnamed.is_ok());
}

#[test]
fn a_token_that_is_known_to_be_bad_costs_no_signature() {
    let app = App::new(1);
    let told = read(&app.token(&claims()), &settings(&[EdDSA]), &keys(&app), NOW_S, || true);
    assert_eq!(told, Err(Refusal::Signature));
}

#[test]
fn a_huge_or_deep_token_is_refused() {
    let app = App::new(1);
    let told = |claims: &Value| read(&app.token(claims), &settings(&[EdDSA]), &keys(&app), NOW_S, || false);
    assert!(told(&with("pad", json!("x".repeat(5_900)))).is_ok());
    let huge = app.token(&with("pad", json!("x".repeat(6_100))));
    assert!(huge.len() > MOST_BYTES);
    assert_eq!(told(&with("pad", json!("x".repeat(6_100)))), Err(Refusal::Unreadable));
    let deep = format!(r#"{{"sub":"ada","exp":{},"x":{}{}}}"#, NOW_S + 9, "[".repeat(2_500), "]".repeat(2_500));
    let message = format!("{}.{}", url64(br#"{"alg":"EdDSA"}"#), url64(deep.as_bytes()));
    assert_eq!(
        read(&format!("{message}.AAAA"), &settings(&[EdDSA]), &keys(&app), NOW_S, || false),
        Err(Refusal::Unreadable)
    );
}

#[test]
fn every_refusal_has_a_word_of_its_own() {
    let words: std::collections::BTreeSet<_> = Refusal::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(words.len(), Refusal::ALL.len());
    for (at, refusal) in Refusal::ALL.iter().enumerate() {
        assert_eq!(*refusal as usize, at);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn no_change_of_a_token_is_taken(at in any::<prop::sample::Index>(), to in any::<u8>(), which in 0..3usize) {
        let app = App::new(1);
        let algorithm = [EdDSA, HS256, ES256][which];
        let file = match algorithm {
            EdDSA => app.jwk(None).to_string().into_bytes(),
            HS256 => SECRET.to_vec(),
            _ => A3_KEY.as_bytes().to_vec(),
        };
        let keys = TokenKeys::read(&file, &[algorithm]).unwrap();
        let token = app.signed(algorithm, &json!({"alg": format!("{algorithm:?}")}), &claims());
        prop_assert!(read(&token, &settings(&[algorithm]), &keys, NOW_S, || false).is_ok());
        let mut bytes = token.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(changed) = String::from_utf8(bytes)
            && changed != token
        {
            prop_assert!(read(&changed, &settings(&[algorithm]), &keys, NOW_S, || false).is_err(), "{changed}");
        }
        let cut = &token[..at];
        prop_assert!(read(cut, &settings(&[algorithm]), &keys, NOW_S, || false).is_err());
    }

    #[test]
    fn no_text_makes_the_reader_panic_or_is_taken(
        text in "\\PC{0,80}",
        header in "[\\[\\]{}\":,a-zA-Z0-9]{0,40}",
        payload in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let app = App::new(1);
        let all: Vec<Algorithm> = vec![EdDSA, ES256, RS256];
        let keys = keys(&app);
        for token in [
            text,
            format!("{}.{}.AAAA", url64(header.as_bytes()), url64(&payload)),
            format!("{}.{}.AAAA", url64(br#"{"alg":"EdDSA"}"#), url64(&payload)),
        ] {
            prop_assert!(read(&token, &settings(&all), &keys, NOW_S, || false).is_err());
        }
    }
}
