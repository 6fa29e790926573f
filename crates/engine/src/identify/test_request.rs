//! Requests and a site for the tests of this room.

use http::{HeaderMap, HeaderValue};

use crate::doors::{Request, Transport};
use crate::policy::Site;

/// A request that owns its parts.
pub(crate) struct Made {
    pub(crate) transport: Transport,
    pub(crate) headers: HeaderMap,
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) order: Option<String>,
    pub(crate) version: u8,
    pub(crate) now_ms: u64,
}

impl Made {
    pub(crate) fn new(peer: &str, fields: &[(&'static str, &str)]) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let transport = Transport { peer: peer.parse().unwrap(), tls: false, ja4: None, h2_print: None };
        let (path, host) = ("/members/7".to_owned(), "members.example".to_owned());
        Self { transport, headers, path, host, order: None, version: 11, now_ms: 1_800_000_000_000 }
    }

    pub(crate) fn path(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    pub(crate) fn tls(mut self) -> Self {
        self.transport.tls = true;
        self
    }

    pub(crate) fn request(&self) -> Request<'_> {
        Request {
            method: "GET",
            host: &self.host,
            path: &self.path,
            query: None,
            headers: &self.headers,
            header_order: self.order.as_deref(),
            transport: &self.transport,
            version: self.version,
            now_ms: self.now_ms,
        }
    }
}

/// A site with all signals on, changed by `change`.
pub(crate) fn site(change: impl FnOnce(&mut Site)) -> Site {
    let json = serde_json::json!({
        "name": "t", "hosts": ["*"], "mode": "enforce", "contact": "a@b.example", "title": "T",
        "upstream": {"scheme": "http", "host": "127.0.0.1", "port": 1, "connect_timeout_s": 1.0,
            "answer_timeout_s": 1.0, "idle_timeout_s": 1.0, "keep_idle": 1},
        "headers": {"people": "hedgerow-people", "account": "hedgerow-account",
            "account_since": "hedgerow-account-since"},
        "account": {"cookie": "sid", "trust": "confirmed", "new_for_s": 0},
        "fields": [], "routes": [], "budgets": [],
        "posture": {"raised": [], "high": [], "learn_after_hours": 0, "learned_factor": 1.0, "newcomer_age_s": 0,
            "newcomer_raised": [], "newcomer_high": [], "calm_after_s": 0},
        "signals": [["declared_automation", 10], ["library_client", 10], ["header_contradiction", 10],
            ["forged_crawler", 10]],
        "ladder": {"prove_at": 1, "slow_at": 1, "refuse_at": 1, "prove_beyond": 1, "sign_in_beyond": 1,
            "refuse_beyond": 1, "slow_ms": 1, "refuse_for_s": 1},
        "enforcement": {"never": [], "on_request": []},
        "proof": {"easy_work": 1, "hard_work": 1, "easy_wait_s": 1, "hard_wait_s": 1, "answer_within_s": 1,
            "holds_s": 1, "shared_networks": 1},
        "failures": {"ledger": "refuse", "rule": "pass"},
        "privacy": {"sealed_address_days": 0, "honour_gpc": true}
    });
    let mut site: Site = serde_json::from_value(json).unwrap();
    change(&mut site);
    site
}
