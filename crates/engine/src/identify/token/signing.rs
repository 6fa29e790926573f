//! An application that signs tokens, for the tests of this room. Keys and examples of the RFCs are theirs.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use crate::policy::Token;

/// The payload of RFC 7515, appendices A.1 to A.3.
pub(super) const JOE: &str =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// When the token of these examples is over.
pub(super) const JOE_OVER_S: u64 = 1_300_819_380;
/// RFC 7515, appendix A.1.
pub(super) const A1_KEY: &str =
    r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
pub(super) const A1: [&str; 2] =
    ["eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"];
/// RFC 7515, appendix A.2.
pub(super) const A2_KEY: &str = r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#;
pub(super) const A2: [&str; 2] = [
    "eyJhbGciOiJSUzI1NiJ9",
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
];
/// RFC 7515, appendix A.3.
pub(super) const A3_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
pub(super) const A3: [&str; 2] =
    ["eyJhbGciOiJFUzI1NiJ9", "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"];
const A3_PRIVATE: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
/// RFC 8037, appendices A.2 and A.4; its payload is no JSON.
pub(super) const ED_KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
pub(super) const ED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

pub(super) const SECRET: &[u8] = b"a secret that nobody else has, long enough for SHA-512: 64 bytes and more";

pub(super) fn url64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An application with a key for each kind of signature; another number is another application.
pub(super) struct App {
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
}

impl App {
    pub(super) fn new(n: u8) -> Self {
        let d = URL_SAFE_NO_PAD.decode(A3_PRIVATE).unwrap();
        let public: Value = serde_json::from_str(A3_KEY).unwrap();
        let mut point = vec![4];
        for part in ["x", "y"] {
            point.extend(URL_SAFE_NO_PAD.decode(public[part].as_str().unwrap()).unwrap());
        }
        let random = SystemRandom::new();
        let ec = EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &d, &point, &random);
        Self { ed: Ed25519KeyPair::from_seed_unchecked(&[n; 32]).unwrap(), ec: ec.unwrap() }
    }

    /// Its Ed25519 key as a JWK.
    pub(super) fn jwk(&self, id: Option<&str>) -> Value {
        let mut jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": url64(self.ed.public_key().as_ref())});
        if let Some(id) = id {
            jwk["kid"] = json!(id);
        }
        jwk
    }

    /// A token with this header and these claims, signed by the header's algorithm whatever the header says.
    pub(super) fn signed(&self, algorithm: Algorithm, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", url64(header.to_string().as_bytes()), url64(claims.to_string().as_bytes()));
        let signature = match algorithm {
            Algorithm::HS256 => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), message.as_bytes()).as_ref().to_vec()
            }
            Algorithm::ES256 => self.ec.sign(&SystemRandom::new(), message.as_bytes()).unwrap().as_ref().to_vec(),
            Algorithm::EdDSA => self.ed.sign(message.as_bytes()).as_ref().to_vec(),
            other => panic!("{other:?} is not signed here"),
        };
        format!("{message}.{}", url64(&signature))
    }

    /// An ordinary token of Ed25519.
    pub(super) fn token(&self, claims: &Value) -> String {
        self.signed(Algorithm::EdDSA, &json!({"alg": "EdDSA", "typ": "JWT"}), claims)
    }
}

/// What a policy says of tokens in the cookie `access_token`.
pub(super) fn settings(algorithms: &[Algorithm]) -> Token {
    Token {
        cookie: Some("access_token".to_owned()),
        header: Some("authorization".to_owned()),
        key_file: "keys.json".to_owned(),
        algorithms: algorithms.to_vec(),
        issuer: Vec::new(),
        audience: Vec::new(),
        account: "sub".to_owned(),
        since: Some("account_created".to_owned()),
        leeway_s: 60,
    }
}
