#![no_main]
//! A rule compiles or is refused, whatever is written; one that compiles is evaluated, or fails, on a visitor's request: with
//! the stack of a worker's thread, because there a rule is read when the policy is read anew.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use hedgerow_engine::doors::{Action, Identity, Standing};
use hedgerow_engine::identify::{Accounts, Crawlers, Identifier, Keys};
use hedgerow_engine::judge::{Judge, Snapshot, check_expression};
use hedgerow_engine::policy::{Rule, Site};
use hedgerow_engine::state::Posture;
use hedgerow_fuzz::{Made, NOW_MS, site};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Stack of a worker's thread, in bytes.
const STACK: usize = 2 << 20;

thread_local! {
    static SITE: RefCell<Site> = RefCell::new(site(json!("path"), json!([])));
}

static REQUEST: LazyLock<Made> = LazyLock::new(|| {
    let peer: IpAddr = [192, 0, 2, 1].into();
    Made::read(peer, 2, b"members/42\nuser-agent: curl/8.0\naccept: */*\nx-number: 7\n:query: page=2")
});
static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
    let keys = Arc::new(Keys::from_secret(&[7; 32]));
    let room = Identifier::new(&site(json!("path"), json!([])), keys, Arc::new(Crawlers::shipped()), None, true);
    room.expect("a room").identify(&REQUEST.request(), &Accounts::default(), [9; 16]).identity
});

fn try_rule(text: &str) {
    if check_expression(text).is_err() {
        return;
    }
    SITE.with_borrow_mut(|site| {
        let rule = Rule { name: "r".to_owned(), when: text.to_owned(), then: Action::Prove, weight: None, last: false };
        site.rules = vec![rule];
        let judge = Judge::new(site).expect("what was checked compiles");
        let snapshot = Snapshot {
            standing: Standing::Stranger,
            posture: Posture::Calm,
            posture_decided: false,
            people: [[3; 3]; 3],
            beyond: 1,
            spent: None,
            evidence: Default::default(),
            ruling: Default::default(),
        };
        let _ = judge.decide(site, &REQUEST.request(), &IDENTITY, None, &snapshot, NOW_MS);
    });
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || try_rule(text));
        worker.expect("a thread").join().expect("no panic");
    });
});
