//! The self-test of addresses: what we would record for a visitor, told to the operator who asks through the same door.
//!
//! A gateway behind a proxy it does not know records the proxy's address for everybody, and its records then name
//! nobody. So the operator, who knows the address the test is sent from, can compare: `hedgerow self-test` arms one
//! token over the control socket and asks for `/.hedgerow/address` through the public entry.

use std::time::{Duration, Instant};

use hedgerow_engine::identify::explain_address;
use http::{HeaderMap, Response, StatusCode};
use parking_lot::Mutex;
use serde_json::json;

use crate::body::Body;
use crate::path::{Judged, Passage};
use crate::respond;

/// How long a token can be used.
const HOLDS: Duration = Duration::from_secs(120);

/// Tokens armed at once.
const MOST: usize = 16;

/// Armed tokens.
#[derive(Debug, Default)]
pub struct SelfTests(Mutex<Vec<(String, Instant)>>);

impl SelfTests {
    /// Arms a token for one use.
    pub fn arm(&self, token: String) {
        let mut armed = self.0.lock();
        armed.retain(|(_, at)| at.elapsed() < HOLDS);
        if armed.len() >= MOST {
            armed.remove(0);
        }
        armed.push((token, Instant::now()));
    }

    /// Uses a token up; whether it was armed.
    fn take(&self, token: &str) -> bool {
        let mut armed = self.0.lock();
        armed.retain(|(_, at)| at.elapsed() < HOLDS);
        let before = armed.len();
        armed.retain(|(t, _)| blake3::hash(t.as_bytes()) != blake3::hash(token.as_bytes()));
        armed.len() < before
    }
}

/// Tells what would be recorded for this request; `None` when its token is not armed.
#[must_use]
pub fn answer(passage: &Passage, judged: &Judged, headers: &HeaderMap, token: &str) -> Option<Response<Body>> {
    if !passage.worker.shared.self_tests.take(token) {
        return None;
    }
    let id = &judged.identity;
    let told = json!({
        "site": passage.site.site.name,
        "address": id.address_raw.to_string(),
        "source": id.address_source,
        "recorded_as": id.address.hex(),
        "explanation": explain_address(headers, passage.connection.transport().peer, &passage.site.site.trusted_hops),
    });
    let mut response = respond::plain(StatusCode::OK, "");
    *response.body_mut() = Body::from(told.to_string());
    response.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    Some(response)
}
