//! What an application's token costs a request: without any, remembered, checked for the first time, forged. The tokens are
//! the examples of RFC 7515, appendix A, at their time. `cargo bench -p hedgerow-engine --bench token`.

mod crowd;

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use crowd::{headers, request, site};
use hedgerow_engine::doors::Transport;
use hedgerow_engine::identify::{Accounts, Crawlers, Identifier, Keys, TokenKeys, read_token};
use hedgerow_engine::policy::{Site, Token};
use http::HeaderValue;
use serde_json::json;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A second before these tokens are over.
const NOW_S: u64 = 1_300_819_379;
const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
/// Algorithm, key, header and signature.
const EXAMPLES: [[&str; 4]; 3] = [
    [
        "HS256",
        r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
    ],
    [
        "RS256",
        r#"{"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}"#,
        "eyJhbGciOiJSUzI1NiJ9",
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ],
    [
        "ES256",
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
        "eyJhbGciOiJFUzI1NiJ9",
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ],
];

fn settings(algorithm: &str) -> Token {
    let token = json!({"cookie": "access_token", "header": null, "key_file": "", "algorithms": [algorithm], "account": "iss",
        "since": null, "leeway_s": 0});
    serde_json::from_value(token).expect("the settings of a benchmark")
}

fn room(site: &Site, keys: Option<Arc<TokenKeys>>) -> Identifier {
    let secret = Arc::new(Keys::from_secret(&[7; 32]));
    let room = Identifier::new(site, secret, Arc::new(Crawlers::shipped()), None, true);
    room.and_then(|room| room.reading_tokens(site, keys)).expect("a room")
}

fn token(c: &mut Criterion) {
    let mut group = c.benchmark_group("token");
    let transport = Transport { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), tls: true, ja4: None, h2_print: None };
    for [algorithm, key, header, signature] in EXAMPLES {
        let s = settings(algorithm);
        let keys = Arc::new(TokenKeys::read(key.as_bytes(), &s.algorithms).expect("keys"));
        let good = format!("{header}.{CLAIMS}.{signature}");
        let forged = format!("{header}.{CLAIMS}.{}", signature.replace(['A', 'B'], "C"));
        group.bench_function(format!("{algorithm}/checked"), |b| {
            b.iter(|| read_token(black_box(&good), &s, &keys, NOW_S, || false).expect("a good token"));
        });
        group.bench_function(format!("{algorithm}/forged"), |b| {
            b.iter(|| read_token(black_box(&forged), &s, &keys, NOW_S, || false).expect_err("a forged token"));
        });
        group.bench_function(format!("{algorithm}/expired"), |b| {
            b.iter(|| read_token(black_box(&good), &s, &keys, NOW_S + 1, || false).expect_err("an old token"));
        });
        let with = site(|_| {});
        let mut with_tokens = site(|_| {});
        with_tokens.account.token = Some(s);
        for (what, site, keys, token) in [
            ("no setting", &with, None, &good),
            ("remembered", &with_tokens, Some(Arc::clone(&keys)), &good),
            ("forged again", &with_tokens, Some(keys), &forged),
        ] {
            let (room, accounts) = (room(site, keys), Accounts::default());
            let mut headers = headers();
            headers.insert("cookie", HeaderValue::try_from(format!("access_token={token}")).expect("a cookie"));
            let mut request = request(&headers, &transport);
            request.now_ms = NOW_S * 1000;
            group.bench_function(format!("{algorithm}/request, {what}"), |b| {
                b.iter(|| black_box(room.identify(black_box(&request), &accounts, [1; 16])));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, token);
criterion_main!(benches);
