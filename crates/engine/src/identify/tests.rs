//! The room as a whole.

use std::sync::Arc;

use http::HeaderMap;
use proptest::prelude::*;

use super::test_request::{Made, site};
use super::{Accounts, Crawlers, Identified, Identifier, Keys};
use crate::doors::{AddressSource, Lane, Signal};
use crate::policy::{AccountTrust, Site};

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36";
const BROWSER: [(&str, &str); 3] =
    [("user-agent", CHROME), ("accept", "text/html,*/*;q=0.8"), ("accept-language", "en")];

fn room(change: impl FnOnce(&mut Site)) -> Identifier {
    let keys = Arc::new(Keys::from_secret(&[5; 32]));
    Identifier::new(&site(change), keys, Arc::new(Crawlers::shipped()), None, false).unwrap()
}

fn ask(room: &Identifier, made: &Made) -> Identified {
    room.identify(&made.request(), &Accounts::default(), [1; 16])
}

fn with<'a>(fields: &[(&'static str, &'a str)], more: &[(&'static str, &'a str)]) -> Vec<(&'static str, &'a str)> {
    fields.iter().chain(more).copied().collect()
}

fn answer(fields: &[(&'static str, &str)]) -> HeaderMap {
    Made::new("127.0.0.1", fields).headers
}

fn cookie_pair(set: &str) -> &str {
    set.split(';').next().unwrap()
}

#[test]
fn an_ordinary_visitor_is_a_visitor_without_evidence_and_gets_one_cookie() {
    let room = room(|_| {});
    let first = ask(&room, &Made::new("203.0.113.5", &BROWSER));
    assert_eq!(first.identity.lane, Lane::Visitor);
    assert!(first.identity.evidence.is_empty(), "{:?}", first.identity.evidence);
    assert!(first.identity.navigation && first.identity.wants_html && first.identity.agent.is_none());
    let session = first.identity.session.unwrap();
    assert!(!session.returned);
    let set = first.set_cookie.unwrap();
    let again = ask(&room, &Made::new("203.0.113.5", &with(&BROWSER, &[("cookie", cookie_pair(&set))])));
    assert!(again.set_cookie.is_none());
    let back = again.identity.session.unwrap();
    assert!(back.returned);
    assert_eq!(back.name, session.name);
}

#[test]
fn a_proven_cookie_is_the_same_session_with_a_pass() {
    let room = room(|_| {});
    let session = ask(&room, &Made::new("203.0.113.5", &BROWSER)).identity.session.unwrap();
    let set = room.proven_cookie(&session, 1_800_003_600);
    let again = ask(&room, &Made::new("203.0.113.5", &with(&BROWSER, &[("cookie", cookie_pair(&set))])));
    let back = again.identity.session.unwrap();
    assert_eq!((back.name, back.proven_until_s), (session.name, 1_800_003_600));
}

#[test]
fn no_cookie_is_set_on_a_sub_resource_nor_for_a_verified_crawler() {
    let room = room(|_| {});
    let asset = ask(&room, &Made::new("203.0.113.5", &[("user-agent", CHROME), ("accept", "*/*")]).path("/a.css"));
    assert!(asset.set_cookie.is_none() && asset.identity.session.is_none());
    let bot = ask(&room, &Made::new("66.249.66.1", &[("user-agent", "Mozilla/5.0 (compatible; Googlebot/2.1)")]));
    assert_eq!(bot.identity.lane, Lane::SearchEngine);
    assert!(bot.set_cookie.is_none() && bot.identity.evidence.is_empty());
}

#[test]
fn crawlers_libraries_and_nameless_agents_are_put_in_their_lanes() {
    let room = room(|_| {});
    for (ua, lane, signal) in [
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", Lane::Automation, Some(Signal::ForgedCrawler)),
        ("Mozilla/5.0 (compatible; Baiduspider/2.0)", Lane::Automation, None),
        ("Mozilla/5.0 (compatible; GPTBot/1.2)", Lane::Automation, Some(Signal::ForgedCrawler)),
        ("Mozilla/5.0 (compatible; Bytespider)", Lane::Automation, Some(Signal::DeclaredAutomation)),
        ("Slackbot-LinkExpanding 1.0", Lane::Preview, None),
        ("curl/8.5.0", Lane::Automation, Some(Signal::LibraryClient)),
        (" ", Lane::Automation, Some(Signal::LibraryClient)),
        ("w3m/0.5.3", Lane::Visitor, None),
    ] {
        let id = ask(&room, &Made::new("203.0.113.5", &[("user-agent", ua)])).identity;
        assert_eq!((id.lane, id.evidence.first().map(|e| e.signal)), (lane, signal), "{ua}");
    }
    assert_eq!(ask(&room, &Made::new("203.0.113.5", &[])).identity.evidence[0].detail, "names no agent at all");
}

#[test]
fn a_signal_that_weighs_nothing_is_not_computed() {
    let room = room(|s| s.signals.clear());
    let id = ask(&room, &Made::new("203.0.113.5", &[("user-agent", "curl/8")]).tls()).identity;
    assert_eq!(id.lane, Lane::Automation);
    assert!(id.evidence.is_empty());
}

#[test]
fn a_browsers_clothes_without_its_habits_are_one_piece_of_evidence() {
    let room = room(|_| {});
    let id = ask(&room, &Made::new("203.0.113.5", &[("user-agent", CHROME), ("accept", "*/*")]).tls()).identity;
    assert_eq!(id.evidence.len(), 1);
    assert_eq!(id.evidence[0].signal, Signal::HeaderContradiction);
    assert!(id.evidence[0].detail.contains("names no language"), "{}", id.evidence[0].detail);
}

#[test]
fn an_account_counts_once_the_application_has_named_it() {
    let (room, accounts) = (room(|_| {}), Accounts::default());
    let made = Made::new("203.0.113.5", &with(&BROWSER, &[("cookie", "sid=abc")]));
    let req = made.request();
    let mut id = room.identify(&req, &accounts, [1; 16]).identity;
    assert!(id.account.is_none());
    let named = answer(&[("hedgerow-account", "ada"), ("hedgerow-account-since", "2023-11-14T22:13:20Z")]);
    room.confirm(&mut id, req.headers, &named, &accounts, req.now_ms);
    assert_eq!(id.lane, Lane::Member);
    let next = room.identify(&req, &accounts, [1; 16]).identity;
    assert_eq!(next.lane, Lane::Member);
    let account = next.account.unwrap();
    assert!(account.confirmed);
    assert_eq!((account.name, account.since_s), (id.account.unwrap().name, Some(1_700_000_000)));
    room.confirm(&mut id, req.headers, &answer(&[("hedgerow-account", "")]), &accounts, req.now_ms);
    assert!(id.account.is_none() && id.lane == Lane::Visitor);
    assert!(room.identify(&req, &accounts, [1; 16]).identity.account.is_none());
}

#[test]
fn the_cookie_given_at_sign_in_is_the_one_that_is_remembered() {
    let (room, accounts) = (room(|_| {}), Accounts::default());
    let before = Made::new("203.0.113.5", &with(&BROWSER, &[("cookie", "sid=anonymous")]));
    let mut id = room.identify(&before.request(), &accounts, [1; 16]).identity;
    let signed_in = answer(&[("hedgerow-account", "ada"), ("set-cookie", "sid=fresh; HttpOnly")]);
    room.confirm(&mut id, &before.headers, &signed_in, &accounts, before.now_ms);
    assert!(room.identify(&before.request(), &accounts, [1; 16]).identity.account.is_none());
    let after = Made::new("203.0.113.5", &with(&BROWSER, &[("cookie", "sid=fresh")]));
    assert_eq!(room.identify(&after.request(), &accounts, [1; 16]).identity.lane, Lane::Member);
}

#[test]
fn where_a_cookie_is_an_account_it_is_not_a_confirmed_one() {
    let room = room(|s| s.account.trust = AccountTrust::Present);
    let id = ask(&room, &Made::new("203.0.113.5", &with(&BROWSER, &[("cookie", "sid=abc")]))).identity;
    let account = id.account.unwrap();
    assert!(!account.confirmed && account.since_s == Some(1_800_000_000));
    assert_eq!(id.lane, Lane::Visitor);
}

#[test]
fn behind_a_trusted_hop_the_connections_prints_are_the_hops() {
    let room = room(|s| {
        s.trusted_hops = vec!["10.0.0.0/8".parse().unwrap()];
        s.headers.ja4 = Some("x-ja4".to_owned());
    });
    let visit = |order: &str, ja4: &str| {
        let fields = with(&BROWSER, &[("x-forwarded-for", "203.0.113.5"), ("x-ja4", ja4)]);
        let mut made = Made::new("10.0.0.1", &fields);
        made.order = Some(order.to_owned());
        made.transport.ja4 = Some(order.to_owned());
        ask(&room, &made).identity
    };
    let a = "t13d1715h2_5b57614c22b0_5c2c66f702b0";
    let (one, two) = (visit("Host,Accept", a), visit("accept,host", a));
    assert_eq!(
        (one.address_raw.to_string().as_str(), one.address_source),
        ("203.0.113.5", AddressSource::XForwardedFor)
    );
    assert_eq!(one.client, two.client);
    assert_ne!(one.client, visit("Host,Accept", "t13d1516h2_8daaf6152771_d8a2da3f94cd").client);
}

#[test]
fn a_visitors_own_ja4_header_is_not_believed() {
    let room = room(|s| s.headers.ja4 = Some("x-ja4".to_owned()));
    let visit = |ja4: &str| ask(&room, &Made::new("203.0.113.5", &with(&BROWSER, &[("x-ja4", ja4)]))).identity.client;
    assert_eq!(visit("t13d1715h2_5b57614c22b0_5c2c66f702b0"), visit("t13d1516h2_8daaf6152771_d8a2da3f94cd"));
}

#[test]
fn who_asks_for_privacy_is_named_by_the_kind_of_browser_only() {
    let room = room(|_| {});
    let visit = |gpc: &'static str, ja4: &str| {
        let mut made = Made::new("203.0.113.5", &with(&BROWSER, &[("sec-gpc", gpc)]));
        made.transport.ja4 = Some(ja4.to_owned());
        ask(&room, &made).identity
    };
    assert_eq!(visit("1", "a").client, visit("1", "b").client);
    assert_ne!(visit("0", "a").client, visit("0", "b").client);
    assert!(visit("1", "a").evidence.is_empty());
}

#[test]
fn robots_are_bound_by_robots_txt_and_people_are_not() {
    let room = room(|s| s.robots = Some("User-agent: *\nDisallow: /members\n".to_owned()));
    for (ua, refused) in [("curl/8.5.0", true), (CHROME, false)] {
        let made = Made::new("203.0.113.5", &[("user-agent", ua)]);
        let id = ask(&room, &made).identity;
        assert_eq!(room.robots_refused(&made.request(), &id), refused, "{ua}");
    }
}

#[test]
fn a_forgotten_proxy_is_reported() {
    let room = room(|_| {});
    let made = Made::new("10.0.0.1", &with(&BROWSER, &[("x-forwarded-for", "203.0.113.5")]));
    let found = (0..super::suspicion::WINDOW).filter_map(|_| ask(&room, &made).proxy_finding).count();
    assert_eq!(found, 1);
}

#[test]
fn an_impossible_header_name_is_refused_with_the_sites_name() {
    let keys = Arc::new(Keys::from_secret(&[5; 32]));
    let bad = site(|s| s.headers.account = "two words".to_owned());
    let error = Identifier::new(&bad, keys, Arc::new(Crawlers::shipped()), None, true).unwrap_err();
    assert!(error.to_string().contains("`t`") && error.to_string().contains("two words"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_request_makes_the_room_panic(
        values in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 12),
        path in "/\\PC{0,30}",
    ) {
        let room = room(|s| s.trusted_hops = vec!["10.0.0.0/8".parse().unwrap()]);
        let names = ["user-agent", "accept", "cookie", "forwarded", "x-forwarded-for", "sec-ch-ua", "sec-fetch-mode",
            "sec-fetch-dest", "sec-ch-ua-platform", "sec-gpc", "x-forwarded-proto", "accept-language"];
        let mut made = Made::new("10.0.0.1", &[]).path(&path);
        for (name, value) in names.iter().zip(values) {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                made.headers.append(*name, value);
            }
        }
        let _ = ask(&room, &made);
    }
}
