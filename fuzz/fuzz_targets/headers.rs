#![no_main]
//! Headers on their way to the site and back: what is hop by hop goes, what is the gateway's own never passes, and whatever
//! else is read from a header is read or ignored. With them the small words visitors send: references, paths.

use std::net::IpAddr;

use hedgerow_engine::answer::Media;
use hedgerow_engine::answer::coding::{Coding, accepts};
use hedgerow_engine::doors::Reference;
use hedgerow_engine::judge::proof::is_local_path;
use hedgerow_fuzz::{Made, site};
use hedgerow_gateway::clock::Clock;
use hedgerow_gateway::headers::{Hop, Side, bytes_changed, for_site, for_visitor, upgrade_wanted};
use http::{HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

thread_local! {
    static SITE: hedgerow_engine::policy::Site = site(json!("path"), json!([]));
    static CLOCK: Clock = Clock::new(Some("x-drill-clock")).expect("a clock");
}

fuzz_target!(|bytes: &[u8]| {
    let Some((flags, text)) = bytes.split_first() else { return };
    let peer: IpAddr = if flags & 8 == 0 { [192, 0, 2, 1].into() } else { "2001:db8::1".parse().expect("an address") };
    let made = Made::read(peer, *flags, text);
    let host = HeaderValue::from_str(&made.host).unwrap_or(HeaderValue::from_static("members.example"));
    let private = [HeaderName::from_static("hedgerow-people"), HeaderName::from_static("hedgerow-account")];
    let side = Side::new(peer, true, &host);
    let hop = Hop {
        side: &side,
        peer_trusted: flags & 16 != 0,
        host_override: None,
        via: "1.1 hedgerow",
        private: &private,
    };
    let upgrade = upgrade_wanted(&made.headers);
    let to = for_site(&made.headers, &hop, upgrade.as_ref());
    assert_eq!(to.get_all("host").iter().count(), 1);
    assert!(!private.iter().any(|p| to.contains_key(p)));
    for gone in ["transfer-encoding", "keep-alive", "proxy-authorization", "proxy-connection", "expect"] {
        assert!(!to.contains_key(gone), "{gone}");
    }
    if !hop.peer_trusted {
        assert_eq!(to.get("x-forwarded-for").map(HeaderValue::as_bytes), Some(peer.to_string().as_bytes()));
    }
    let mut back = for_visitor(&made.headers, &private, "1.1 hedgerow", upgrade.is_some());
    assert!(!private.iter().any(|p| back.contains_key(p)));
    bytes_changed(&mut back);
    let _ = CLOCK.with(|clock| clock.at(&made.headers));

    for value in made.headers.values() {
        let Ok(value) = value.to_str() else { continue };
        let _ = (Media::of_content_type(value), Coding::of_name(value), accepts(Some(value)), is_local_path(value));
        if let Ok(reference) = value.parse::<Reference>() {
            assert_eq!(reference.to_string().parse(), Ok(reference));
        }
    }
    SITE.with(|site| {
        if let Some(found) = site.route("GET", &made.path) {
            assert!(found.person.is_some_and(|p| !p.is_empty()));
        }
    });
});
