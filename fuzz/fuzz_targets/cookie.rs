#![no_main]
//! Any request is identified, the same way twice; no cookie is taken for ours that we did not write, and one that we wrote is.
//! Whatever its path and query name, the same request over and over is no order.

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use hedgerow_engine::doors::Signal;
use hedgerow_engine::identify::{Accounts, Crawlers, Identifier, Keys, visit};
use hedgerow_engine::policy::{RouteKind, RouteMatch, Site};
use hedgerow_engine::state::{Named, State, Visit};
use hedgerow_fuzz::{Made, NOW_MS, site};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

static ROOM: LazyLock<Identifier> = LazyLock::new(|| {
    let keys = Arc::new(Keys::from_secret(&[7; 32]));
    Identifier::new(&site(json!("path"), json!([])), keys, Arc::new(Crawlers::shipped()), None, true).expect("a room")
});
/// Only orders weigh.
static SITE: LazyLock<Site> = LazyLock::new(|| {
    let mut site = site(json!("header"), json!([]));
    site.signals = vec![(Signal::Enumeration, 1)];
    site
});
static ACCOUNTS: LazyLock<Accounts> = LazyLock::new(|| Accounts::new(1024));

/// A session cookie of ours, as `name=value`.
static OURS: LazyLock<String> = LazyLock::new(|| {
    let made = Made::read([192, 0, 2, 1].into(), 0, b"/");
    let set = ROOM.identify(&made.request(), &ACCOUNTS, [9; 16]).set_cookie.expect("a page view begins a session");
    set.split(';').next().expect("name=value").to_owned()
});

fuzz_target!(|bytes: &[u8]| {
    let [flags, place, with, text @ ..] = bytes else { return };
    let peer: IpAddr = if flags & 8 == 0 { [192, 0, 2, 1].into() } else { [127, 0, 0, 1].into() };
    let mut made = Made::read(peer, *flags, text);
    let _ = visit(&made.request());
    let one = ROOM.identify(&made.request(), &ACCOUNTS, [9; 16]);
    let two = ROOM.identify(&made.request(), &ACCOUNTS, [9; 16]);
    let names =
        |i: &hedgerow_engine::doors::Identity| (i.address, i.network, i.client, i.session.map(|s| s.name), i.lane);
    assert_eq!(names(&one.identity), names(&two.identity));
    assert_eq!(one.set_cookie, two.set_cookie);
    assert!(one.set_cookie.as_deref().is_none_or(|c| HeaderValue::from_str(c).is_ok()));
    let returned = one.identity.session.is_some_and(|s| s.returned);
    if !made.headers.get_all("cookie").iter().any(|c| c.as_bytes().windows(60).any(|w| OURS.as_bytes().ends_with(w))) {
        assert!(!returned, "a cookie that we never wrote was taken");
    }
    let found = SITE.route("GET", &made.path);
    let state = State::new(1 << 20);
    let mut route = SITE.routes[0].clone();
    route.kind = if flags & 16 == 0 { RouteKind::Profile } else { RouteKind::List };
    let person = found.and_then(|f| f.person).filter(|_| flags & 32 == 0);
    let route = Some(RouteMatch { index: 0, route: &route, person });
    for n in 0..32 {
        let named = Named::by(route.as_ref(), made.query.as_deref());
        let asset = flags & 64 != 0;
        let visit = Visit { asset, navigation: !asset, bait: false, robots_refused: false, named };
        let snapshot = state.arrive(&SITE, &one.identity, route.as_ref(), &visit, NOW_MS + n);
        assert!(snapshot.evidence.is_empty(), "one and the same is no order: {:?}", snapshot.evidence);
    }
    let _ = ROOM.robots_refused(&made.request(), &one.identity);

    // The application's answer, made of the same lines, and then the request once more.
    let mut identity = one.identity;
    ROOM.confirm(&mut identity, &made.headers, &made.headers, &ACCOUNTS, NOW_MS);
    let _ = ROOM.identify(&made.request(), &ACCOUNTS, [9; 16]);

    // Our own cookie, whole and with one character of its value changed.
    made.headers = HeaderMap::new();
    made.headers.insert("cookie", HeaderValue::from_str(&OURS).expect("a cookie"));
    let session = ROOM.identify(&made.request(), &ACCOUNTS, [1; 16]).identity.session.expect("the session");
    assert!(session.returned);
    let mut changed = OURS.clone().into_bytes();
    let value = changed.iter().position(|b| *b == b'=').expect("name=value") + 1;
    let at = value + usize::from(*place) % (changed.len() - value);
    if changed[at] != *with && *with != b';' {
        changed[at] = *with;
        if let Ok(cookie) = HeaderValue::from_bytes(&changed) {
            made.headers.insert("cookie", cookie);
            let session = ROOM.identify(&made.request(), &ACCOUNTS, [1; 16]).identity.session;
            assert!(!session.is_some_and(|s| s.returned), "a changed cookie was taken");
        }
    }
});
