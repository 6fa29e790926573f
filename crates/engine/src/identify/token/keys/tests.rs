use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm::{self, ES256, ES384, EdDSA, HS256, HS512, PS256, RS256};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::signing::{A1_KEY, A2, A2_KEY, A3, A3_KEY, App, ED_KEY, JOE, SECRET};
use super::{MOST_BYTES, TokenKeys, TokenKeysError};

fn read(file: &str, algorithms: &[Algorithm]) -> Result<usize, TokenKeysError> {
    TokenKeys::read(file.as_bytes(), algorithms).map(|k| k.keys.len())
}

fn part(jwk: &str, name: &str) -> Vec<u8> {
    let jwk: Value = serde_json::from_str(jwk).unwrap();
    URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

/// The keys of the RFCs as `SubjectPublicKeyInfo` (RFC 5280), and RSA's as PKCS #1.
fn rsa_pkcs1() -> Vec<u8> {
    [hex("3082010a0282010100"), part(A2_KEY, "n"), hex("0203010001")].concat()
}

fn rsa_pem() -> String {
    pem("PUBLIC KEY", &[hex("30820122300d06092a864886f70d01010105000382010f00"), rsa_pkcs1()].concat())
}

fn ec_pem() -> String {
    let prefix = hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
    pem("PUBLIC KEY", &[prefix, part(A3_KEY, "x"), part(A3_KEY, "y")].concat())
}

fn ed_pem() -> String {
    pem("PUBLIC KEY", &[hex("302a300506032b6570032100"), part(ED_KEY, "x")].concat())
}

#[test]
fn pem_and_jwk_of_one_key_verify_the_same() {
    for (algorithm, files, [header, signature]) in [
        (RS256, vec![A2_KEY.to_owned(), rsa_pem(), pem("RSA PUBLIC KEY", &rsa_pkcs1())], A2),
        (ES256, vec![A3_KEY.to_owned(), ec_pem(), format!("A comment\n{}\n", ec_pem())], A3),
    ] {
        for file in files {
            let keys = TokenKeys::read(file.as_bytes(), &[algorithm]).unwrap();
            let key = keys.for_token(algorithm, None).next().unwrap();
            assert!(key.signed(algorithm, format!("{header}.{JOE}").as_bytes(), signature), "{file}");
            assert!(!key.signed(algorithm, format!("{header}.{JOE}A").as_bytes(), signature), "{file}");
        }
    }
    assert_eq!(read(&ed_pem(), &[EdDSA]), Ok(1));
}

#[test]
fn a_set_is_read_for_its_keys_of_signatures_and_several_pems_are_a_set() {
    let app = App::new(1);
    let mut encrypts: Value = serde_json::from_str(A2_KEY).unwrap();
    encrypts["use"] = json!("enc");
    let mut signs_only: Value = app.jwk(None);
    signs_only["key_ops"] = json!(["sign"]);
    let mut oaep: Value = serde_json::from_str(A2_KEY).unwrap();
    oaep["alg"] = json!("RSA-OAEP");
    let x25519 = json!({"kty": "OKP", "crv": "X25519", "x": "3p7bfXt9wbTTW2HC7OQ1Nz-DQ8hbeGdNrfx-FG-IK08"});
    let later = json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"});
    let one: Value = serde_json::from_str(A3_KEY).unwrap();
    let set = json!({"keys": [encrypts, signs_only, oaep, x25519, later, one, app.jwk(Some("k"))], "more": 1});
    assert_eq!(read(&set.to_string(), &[RS256, ES256, EdDSA]), Ok(2));
    assert_eq!(
        read(&set.to_string(), &[RS256]),
        Err(TokenKeysError::NoneFits { wanted: "RS256".to_owned(), found: "EC P-256, Ed25519".to_owned() })
    );
    assert_eq!(read(&format!("{}{}{}", rsa_pem(), ec_pem(), ed_pem()), &[RS256, ES256]), Ok(2));
}

#[test]
fn a_key_is_used_for_what_the_file_says_and_for_its_own_curve_only() {
    let mut ps: Value = serde_json::from_str(A2_KEY).unwrap();
    ps["alg"] = json!("PS256");
    let keys = TokenKeys::read(ps.to_string().as_bytes(), &[RS256, PS256]).unwrap();
    assert_eq!((keys.for_token(RS256, None).count(), keys.for_token(PS256, None).count()), (0, 1));
    let keys = TokenKeys::read(ec_pem().as_bytes(), &[ES256, ES384]).unwrap();
    assert_eq!((keys.for_token(ES256, None).count(), keys.for_token(ES384, None).count()), (1, 0));
    assert!(matches!(read(A3_KEY, &[ES384]), Err(TokenKeysError::NoneFits { .. })));
}

#[test]
fn a_secret_is_a_line_or_a_jwk_long_enough_and_never_a_key() {
    let secret = std::str::from_utf8(SECRET).unwrap();
    for file in [secret.to_owned(), format!("{secret}\n"), format!("{secret}\r\n"), A1_KEY.to_owned()] {
        assert_eq!(read(&file, &[HS256]), Ok(1));
    }
    let same = |file: &str| {
        TokenKeys::read(file.as_bytes(), &[HS256]).unwrap().keys[0].key.try_get_as_bytes().unwrap().to_vec()
    };
    assert_eq!(same(&format!("{secret}\n")), SECRET);
    assert_eq!(same(&format!(" {secret}")), [b" ", SECRET].concat(), "a blank may belong to it");
    assert_eq!(read("twelve bytes", &[HS256]), Err(TokenKeysError::ShortSecret(12, 32)));
    assert_eq!(read(&"x".repeat(40), &[HS256, HS512]), Err(TokenKeysError::ShortSecret(40, 64)));
    assert_eq!(read(r#"{"kty":"oct","k":"AAAA"}"#, &[HS256]), Err(TokenKeysError::ShortSecret(3, 32)));
    for key in [rsa_pem(), ec_pem(), pem("CERTIFICATE", b"x")] {
        assert_eq!(read(&key, &[HS256]), Err(TokenKeysError::PemAsSecret));
    }
    assert!(matches!(read(A2_KEY, &[HS256]), Err(TokenKeysError::NoneFits { .. })));
    assert_eq!(read(A2_KEY, &[HS256, RS256]), Err(TokenKeysError::Mixed));
    assert!(matches!(read(A1_KEY, &[RS256]), Err(TokenKeysError::NoneFits { .. })));
}

#[test]
fn what_cannot_be_used_is_refused_with_what_to_do() {
    let app = App::new(1);
    let mut private = app.jwk(None);
    private["d"] = json!("AAAA");
    let set = |key: Value| json!({"keys": [app.jwk(None), key]}).to_string();
    let weak = json!({"kty": "RSA", "e": "AQAB", "n": &part_text()[..172]});
    let weak_pem = pem("RSA PUBLIC KEY", &[hex("30818902818100"), vec![0xc1; 128], hex("0203010001")].concat());
    for (file, error) in [
        (String::new(), TokenKeysError::NoKey),
        ("just words".to_owned(), TokenKeysError::NoKey),
        ("{".to_owned(), TokenKeysError::NotKeys("line 1, column 1 is not JSON".to_owned())),
        ("{}".to_owned(), TokenKeysError::NotKeys("it has no list `keys`".to_owned())),
        (r#"{"keys": 5}"#.to_owned(), TokenKeysError::NotKeys("it has no list `keys`".to_owned())),
        (set(json!({"x": 1})), TokenKeysError::Damaged(2)),
        (set(json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})), TokenKeysError::Damaged(2)),
        (set(json!({"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"})), TokenKeysError::Damaged(2)),
        (set(private), TokenKeysError::Private(2)),
        (set(weak), TokenKeysError::Weak(2)),
        (weak_pem, TokenKeysError::Weak(1)),
        (format!("{}{}", ed_pem(), pem("PRIVATE KEY", b"x")), TokenKeysError::Private(2)),
        (pem("EC PRIVATE KEY", b"x"), TokenKeysError::Private(1)),
        (pem("CERTIFICATE", b"x"), TokenKeysError::Certificate(1)),
        (pem("PUBLIC KEY", b"x"), TokenKeysError::Damaged(1)),
        (pem("DH PARAMETERS", b"x"), TokenKeysError::Damaged(1)),
        ("-----BEGIN PUBLIC KEY-----\nAAAA".to_owned(), TokenKeysError::Damaged(1)),
        (ed_pem().repeat(17), TokenKeysError::TooMany),
        ("x".repeat(MOST_BYTES + 1), TokenKeysError::TooLarge),
    ] {
        assert_eq!(read(&file, &[EdDSA, RS256, ES256]), Err(error), "{file}");
    }
}

fn part_text() -> String {
    URL_SAFE_NO_PAD.encode(part(A2_KEY, "n"))
}

#[test]
fn a_zero_in_front_of_a_modulus_is_overlooked() {
    let mut key: Value = serde_json::from_str(A2_KEY).unwrap();
    key["n"] = json!(URL_SAFE_NO_PAD.encode([&[0][..], &part(A2_KEY, "n")].concat()));
    let keys = TokenKeys::read(key.to_string().as_bytes(), &[RS256]).unwrap();
    let key = keys.for_token(RS256, None).next().unwrap();
    assert!(key.signed(RS256, format!("{}.{JOE}", A2[0]).as_bytes(), A2[1]));
}

#[test]
fn keys_print_nothing_of_themselves() {
    let keys = TokenKeys::read(SECRET, &[HS256]).unwrap();
    assert_eq!(format!("{keys:?}"), "TokenKeys(1 keys)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn no_file_makes_the_reader_panic(at in any::<prop::sample::Index>(), to in any::<u8>(), which in 0..4usize) {
        let mut file = [rsa_pem(), ec_pem(), ed_pem(), A2_KEY.to_owned()][which].clone().into_bytes();
        let at = at.index(file.len());
        file[at] = to;
        for algorithms in [&[RS256, ES256, EdDSA][..], &[HS256][..]] {
            let _ = TokenKeys::read(&file, algorithms);
            let _ = TokenKeys::read(&file[..at], algorithms);
        }
    }
}
