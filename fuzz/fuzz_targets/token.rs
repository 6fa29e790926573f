#![no_main]
//! No text is a token that we did not sign, and none that we signed is one with a byte changed. What is taken has a name, an
//! end that is to come and an age that is not. A file of keys is read or refused with a short reason.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hedgerow_engine::identify::{TokenAlgorithm, TokenKeys, read_token};
use hedgerow_engine::policy::Token;
use hedgerow_fuzz::NOW_MS;
use libfuzzer_sys::fuzz_target;
use ring::hmac;

const NOW_S: u64 = NOW_MS / 1000;
const SECRET: &[u8] = b"a secret of the application, long enough for SHA-256";
/// Keys whose private halves are nobody's here (RFC 7515, appendix A.3; RFC 8037, appendix A.2).
const PUBLIC: &[u8] = br#"{"keys": [
    {"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "k"}]}"#;

use TokenAlgorithm::{ES256, EdDSA, HS256, HS384, PS256, RS256};

static OF_SECRET: LazyLock<TokenKeys> = LazyLock::new(|| TokenKeys::read(SECRET, &[HS256]).expect("a secret"));
static OF_PUBLIC: LazyLock<TokenKeys> = LazyLock::new(|| TokenKeys::read(PUBLIC, &[ES256, EdDSA]).expect("keys"));

fn settings(algorithms: &[TokenAlgorithm], flags: u8) -> Token {
    let named = |bit: u8, name: &str| if flags & bit == 0 { Vec::new() } else { vec![name.to_owned()] };
    Token {
        cookie: Some("jwt".to_owned()),
        header: None,
        key_file: String::new(),
        algorithms: algorithms.to_vec(),
        issuer: named(16, "i"),
        audience: named(32, "a"),
        account: "sub".to_owned(),
        since: Some("made".to_owned()),
        leeway_s: 60,
    }
}

fn never() -> bool {
    false
}

fuzz_target!(|bytes: &[u8]| {
    let [flags, place, with, text @ ..] = bytes else { return };
    match flags & 3 {
        0 => {
            let Ok(token) = std::str::from_utf8(text) else { return };
            assert!(read_token(token, &settings(&[ES256, EdDSA], *flags), &OF_PUBLIC, NOW_S, never).is_err());
            assert!(read_token(token, &settings(&[HS256], *flags), &OF_SECRET, NOW_S, never).is_err());
        }
        1 => {
            // Header and claims, signed by whoever knows how; without a header of its own, a plain one.
            let at = text.iter().position(|b| *b == b'\n').unwrap_or(0);
            let (header, claims) = text.split_at(at);
            let header = if header.is_empty() { br#"{"alg":"HS256"}"# } else { header };
            let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
            let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), message.as_bytes());
            let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
            let s = settings(&[HS256], *flags);
            if let Ok(told) = read_token(&token, &s, &OF_SECRET, NOW_S, never) {
                assert!((1..=256).contains(&told.account.len()));
                assert!(told.over_s > NOW_S && told.since_s.is_none_or(|since_s| since_s <= NOW_S));
                assert!(read_token(&token, &s, &OF_SECRET, told.over_s, never).is_err());
                assert!(read_token(&token, &settings(&[ES256, EdDSA], *flags), &OF_PUBLIC, NOW_S, never).is_err());
                let mut changed = token.clone().into_bytes();
                let at = usize::from(*place) * changed.len() / 256;
                changed[at] = *with;
                if let Ok(changed) = String::from_utf8(changed)
                    && changed != token
                {
                    assert!(read_token(&changed, &s, &OF_SECRET, NOW_S, never).is_err(), "a changed token was taken");
                }
            }
        }
        _ => {
            for algorithms in [&[ES256, EdDSA, RS256, PS256][..], &[HS256, HS384][..]] {
                if let Err(error) = TokenKeys::read(text, algorithms) {
                    assert!(error.to_string().len() < 512);
                }
            }
        }
    }
});
