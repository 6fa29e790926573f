#![no_main]
//! A compiled policy is taken or refused, never trusted.

use hedgerow_engine::policy::Policy;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(policy) = Policy::from_json(bytes) {
        let _ = policy.site_index("www.example.org");
        for site in &policy.sites {
            let _ = site.route("GET", "/members/42");
        }
    }
});
