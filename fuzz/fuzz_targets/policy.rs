#![no_main]
//! A compiled policy is taken or refused, never trusted; so is each thing that is made of it.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use hedgerow_engine::answer::{Plan, check_selector};
use hedgerow_engine::identify::{Accounts, Crawlers, Identifier, Keys};
use hedgerow_engine::judge::Judge;
use hedgerow_engine::policy::Policy;
use hedgerow_fuzz::{Made, despite_assertions_of};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<Arc<Keys>> = LazyLock::new(|| Arc::new(Keys::from_secret(&[7; 32])));
static CRAWLERS: LazyLock<Arc<Crawlers>> = LazyLock::new(|| Arc::new(Crawlers::shipped()));
static REQUEST: LazyLock<Made> = LazyLock::new(|| {
    let peer: IpAddr = [192, 0, 2, 1].into();
    Made::read(peer, 2, b"members/42\nuser-agent: curl/8.0\nforwarded: for=\"[2001:db8::1]\"\ncookie: sid=1")
});

// `:not(::not(` meets a debug assertion of the selector parser, which a release build answers with an error.
fuzz_target!(|bytes: &[u8]| despite_assertions_of("selectors_vm/error.rs", || try_policy(bytes)));

fn try_policy(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.len() < 200
    {
        let _ = check_selector(text);
    }
    let Ok(policy) = Policy::from_json(bytes) else { return };
    let _ = policy.site_index("www.example.org");
    for site in policy.sites.iter().take(3) {
        let _ = site.route("GET", "/members/42");
        let _ = Judge::new(site);
        for route in 0..site.routes.len().min(5) {
            let _ = Plan::compile(site, route);
        }
        if let Ok(room) = Identifier::new(site, Arc::clone(&KEYS), Arc::clone(&CRAWLERS), None, true) {
            let found = room.identify(&REQUEST.request(), &Accounts::new(16), [9; 16]);
            let _ = room.robots_refused(&REQUEST.request(), &found.identity);
        }
    }
}
