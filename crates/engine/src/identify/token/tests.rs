//! The room with an application that signs tokens.

use std::sync::Arc;

use http::HeaderMap;
use jsonwebtoken::Algorithm::EdDSA;
use serde_json::{Value, json};

use super::signing::{App, settings};
use super::{Refusal, TokenKeys, TokenSeen};
use crate::doors::{Account, Lane};
use crate::identify::account::HOLDS_S;
use crate::identify::test_request::{Made, site};
use crate::identify::{Accounts, Crawlers, Identifier, Keys};
use crate::policy::Token;

const NOW_S: u64 = 1_800_000_000;
const DAY_S: u64 = 86_400;

/// A room that reads tokens of these applications.
fn room(apps: &[&App], change: impl FnOnce(&mut Token)) -> Identifier {
    let mut token = settings(&[EdDSA]);
    change(&mut token);
    let site = site(|s| s.account.token = Some(token));
    let keys = json!({"keys": apps.iter().map(|a| a.jwk(None)).collect::<Vec<_>>()});
    let keys = TokenKeys::read(keys.to_string().as_bytes(), &[EdDSA]).unwrap();
    let room =
        Identifier::new(&site, Arc::new(Keys::from_secret(&[5; 32])), Arc::new(Crawlers::shipped()), None, false);
    room.unwrap().reading_tokens(&site, Some(Arc::new(keys))).unwrap()
}

fn claims(more: Value) -> Value {
    let mut claims = json!({"sub": "ada", "exp": NOW_S + 30 * DAY_S});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    claims
}

fn in_cookie(token: &str) -> Made {
    Made::new("203.0.113.5", &[("cookie", &format!("a=b; access_token={token}; sid=abc"))])
}

fn ask(room: &Identifier, accounts: &Accounts, made: &Made) -> (Option<Account>, Option<TokenSeen>, Lane) {
    let found = room.identify(&made.request(), accounts, [1; 16]);
    (found.identity.account, found.token, found.identity.lane)
}

fn answer(fields: &[(&'static str, &str)]) -> HeaderMap {
    Made::new("127.0.0.1", fields).headers
}

/// What the application answers to a request.
fn answered(room: &Identifier, accounts: &Accounts, made: &Made, fields: &[(&'static str, &str)]) -> Option<Account> {
    let mut identity = room.identify(&made.request(), accounts, [1; 16]).identity;
    room.confirm(&mut identity, &made.headers, &answer(fields), accounts, made.now_ms);
    identity.account
}

const GOOD: Option<TokenSeen> = Some(TokenSeen::Good { odd_date: false });

#[test]
fn a_token_names_its_account_at_the_first_request_and_is_checked_once() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let room = room(&[&app], |_| {});
    let made = in_cookie(&app.token(&claims(json!({"account_created": NOW_S - DAY_S}))));
    let (first, seen, lane) = ask(&room, &accounts, &made);
    assert_eq!((seen, lane), (GOOD, Lane::Member));
    assert_eq!(first.map(|a| (a.confirmed, a.since_s)), Some((true, Some(NOW_S - DAY_S))));
    let (again, seen, _) = ask(&room, &accounts, &made);
    assert_eq!((again.map(|a| a.name), seen), (first.map(|a| a.name), None));
    let header = answered(&room, &accounts, &Made::new("203.0.113.6", &[]), &[("hedgerow-account", "ada")]);
    assert_eq!(header.map(|a| a.name), first.map(|a| a.name), "the header's name for it is the token's");
}

#[test]
fn a_token_is_found_in_the_header_before_the_cookie() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let room = room(&[&app], |_| {});
    let (ada, bob) = (app.token(&claims(json!({}))), app.token(&claims(json!({"sub": "bob"}))));
    let name =
        |headers: &[(&'static str, &str)]| ask(&room, &accounts, &Made::new("203.0.113.5", headers)).0.map(|a| a.name);
    let cookie = format!("access_token={ada}");
    let ada_s = name(&[("cookie", &cookie)]);
    assert!(ada_s.is_some());
    for header in [format!("Bearer {bob}"), format!("bearer   {bob} ")] {
        let found = name(&[("authorization", &header), ("cookie", &cookie)]);
        assert!(found.is_some() && found != ada_s);
    }
    for other in ["Basic YTpi", &bob, "", "Bearer "] {
        assert_eq!(name(&[("authorization", other), ("cookie", &cookie)]), ada_s, "{other}");
    }
}

#[test]
fn a_header_of_the_applications_own_may_hold_the_token_alone() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let room = room(&[&app], |t| (t.header, t.cookie) = (Some("x-access-token".to_owned()), None));
    let token = app.token(&claims(json!({})));
    for value in [token.clone(), format!("Bearer {token}")] {
        assert!(ask(&room, &accounts, &Made::new("203.0.113.5", &[("x-access-token", &value)])).0.is_some());
    }
    assert!(ask(&room, &accounts, &in_cookie(&token)).0.is_none());
}

#[test]
fn who_brings_no_token_or_none_that_holds_is_a_stranger() {
    let (app, thief, accounts) = (App::new(1), App::new(2), Accounts::new(100));
    let room = room(&[&app], |_| {});
    for (made, refused) in [
        (Made::new("203.0.113.5", &[("cookie", "sid=abc")]), None),
        (in_cookie(&thief.token(&claims(json!({})))), Some(Refusal::Signature)),
        (in_cookie(&app.token(&claims(json!({"exp": 5})))), Some(Refusal::Expired)),
        (in_cookie("opaque"), Some(Refusal::Unreadable)),
        (in_cookie(&"x.".repeat(5_000)), Some(Refusal::Unreadable)),
    ] {
        let (account, seen, lane) = ask(&room, &accounts, &made);
        assert!(account.is_none() && lane != Lane::Member);
        assert_eq!(seen, refused.map(TokenSeen::Refused));
    }
}

#[test]
fn a_token_ends_when_it_says_and_is_looked_at_again_each_day() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let room = room(&[&app], |_| {});
    let mut made = in_cookie(&app.token(&claims(json!({}))));
    let at = |made: &mut Made, s: u64| {
        made.now_ms = s * 1000;
        let (account, seen, _) = ask(&room, &accounts, made);
        (account.is_some(), seen)
    };
    assert_eq!(at(&mut made, NOW_S), (true, GOOD));
    assert_eq!(at(&mut made, NOW_S + HOLDS_S - 1), (true, None));
    assert_eq!(at(&mut made, NOW_S + HOLDS_S), (true, GOOD));
    let end = NOW_S + 30 * DAY_S + 60;
    assert_eq!(at(&mut made, end - 1), (true, GOOD));
    assert_eq!(at(&mut made, end), (false, Some(TokenSeen::Refused(Refusal::Expired))));
}

#[test]
fn an_age_that_no_claim_tells_counts_from_when_the_account_was_first_seen() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let room = room(&[&app], |_| {});
    let mut made = in_cookie(&app.token(&claims(json!({"account_created": "the other day"}))));
    let (account, seen, _) = ask(&room, &accounts, &made);
    assert_eq!(account.unwrap().since_s, Some(NOW_S));
    assert_eq!(seen, Some(TokenSeen::Good { odd_date: true }));
    made.now_ms += 9 * DAY_S * 1000;
    assert_eq!(ask(&room, &accounts, &made).0.unwrap().since_s, Some(NOW_S));
    // It is kept with the ages of all accounts.
    assert_eq!(accounts.ages().all().len(), 1);
}

#[test]
fn the_answers_word_is_later_than_the_tokens() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let room = room(&[&app], |_| {});
    let made = in_cookie(&app.token(&claims(json!({"account_created": NOW_S - DAY_S}))));
    let ada = ask(&room, &accounts, &made).0.unwrap();
    // The application answers as somebody else, who is older.
    let said = [("hedgerow-account", "root"), ("hedgerow-account-since", "1700000000")];
    let root = answered(&room, &accounts, &made, &said).unwrap();
    assert!(root.name != ada.name && root.since_s == Some(1_700_000_000));
    assert_eq!(ask(&room, &accounts, &made).0.map(|a| (a.name, a.since_s)), Some((root.name, root.since_s)));
}

#[test]
fn who_signed_out_stays_signed_out_with_the_same_token_until_an_answer_names_the_account_again() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let before = room(&[&app], |_| {});
    let mut made = in_cookie(&app.token(&claims(json!({}))));
    let ada = ask(&before, &accounts, &made).0.unwrap();
    assert!(answered(&before, &accounts, &made, &[("hedgerow-account", "")]).is_none());
    made.now_ms += 3 * DAY_S * 1000;
    let (nobody, seen, lane) = ask(&before, &accounts, &made);
    assert!(nobody.is_none() && seen.is_none() && lane != Lane::Member);
    // Other keys and settings change nothing of that.
    let after = room(&[&App::new(2), &app], |t| t.leeway_s = 0);
    assert!(ask(&after, &accounts, &made).0.is_none());
    assert!(ask(&after, &accounts, &in_cookie(&app.token(&claims(json!({"jti": 2}))))).0.is_some());
    assert_eq!(answered(&after, &accounts, &made, &[("hedgerow-account", "ada")]).map(|a| a.name), Some(ada.name));
    assert!(ask(&after, &accounts, &made).0.is_some());
}

#[test]
fn a_key_that_is_gone_signs_nobody_in_any_more_and_a_new_one_does_at_once() {
    let (old, new, accounts) = (App::new(1), App::new(2), Accounts::new(100));
    let before = room(&[&old], |_| {});
    let (of_old, of_new) = (in_cookie(&old.token(&claims(json!({})))), in_cookie(&new.token(&claims(json!({})))));
    assert!(ask(&before, &accounts, &of_old).0.is_some());
    assert!(ask(&before, &accounts, &of_new).0.is_none());
    let after = room(&[&new], |_| {});
    assert!(ask(&after, &accounts, &of_old).0.is_none());
    assert!(ask(&after, &accounts, &of_new).0.is_some());
}

#[test]
fn invented_tokens_are_not_kept_and_push_out_no_member() {
    let (app, thief, accounts) = (App::new(1), App::new(2), Accounts::new(32));
    let room = room(&[&app], |_| {});
    let member = in_cookie(&app.token(&claims(json!({}))));
    assert_eq!(ask(&room, &accounts, &member).1, GOOD);
    for n in 0..2_000 {
        let made = in_cookie(&thief.token(&claims(json!({"sub": n.to_string()}))));
        let (account, seen, _) = ask(&room, &accounts, &made);
        assert!(account.is_none());
        assert_eq!(seen, Some(TokenSeen::Refused(Refusal::Signature)));
        // Nor by an application that answers to them as to anybody.
        answered(&room, &accounts, &made, &[("hedgerow-account", "")]);
    }
    assert_eq!(accounts.tokens().len(), 1);
    assert_eq!(accounts.ages().all().len(), 1);
    assert_eq!(ask(&room, &accounts, &member).1, None);
    for n in 0..2_000 {
        ask(&room, &accounts, &in_cookie(&app.token(&claims(json!({"sub": n.to_string()})))));
    }
    assert!(accounts.tokens().len() <= 32);
}

#[test]
fn without_keys_or_settings_tokens_are_cookies_like_others() {
    let (app, accounts) = (App::new(1), Accounts::new(100));
    let plain = site(|_| {});
    let bare =
        Identifier::new(&plain, Arc::new(Keys::from_secret(&[5; 32])), Arc::new(Crawlers::shipped()), None, false);
    let bare = bare.unwrap().reading_tokens(&plain, None).unwrap();
    assert_eq!(ask(&bare, &accounts, &in_cookie(&app.token(&claims(json!({}))))).1, None);
}
