//! The site's account behind a request: from the site's own cookie, once the application has confirmed whose it is.

use parking_lot::Mutex;

use super::ages::{Age, Ages};
use super::shelf::{SHARDS, Shelf, shard};
use super::token::Remembered;
use crate::doors::Pseudonym;

/// How long a confirmation holds without being repeated. Every answer that names the account renews it.
pub const HOLDS_S: u64 = 86_400;

/// Most bytes of an account's name, as the application says it.
pub(super) const MAX_ACCOUNT: usize = 256;

/// Keyed hash of the site's own session cookie; the cookie itself is never kept.
pub type CookieKey = [u8; 16];

/// What was confirmed about a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirmed {
    /// Keyed name of the account.
    pub name: Pseudonym,
    /// When the account was made, as the application said; else when it was first seen (Unix seconds).
    pub since_s: u64,
    /// Until when this holds (Unix seconds).
    until_s: u64,
}

/// Which of the site's cookies belongs to which account, as the application's answers said.
///
/// Bounded: when it is full, entries that were not used since the last round are forgotten first (the "second chance"
/// rule); a forgotten member is a stranger until the next answer names the account again. Cookies nobody confirmed are
/// kept apart, so that invented cookies never push out real members.
#[derive(Debug)]
pub struct Accounts {
    confirmed: Vec<Mutex<Shelf<CookieKey, Confirmed>>>,
    ages: Ages,
    /// Ages of names nobody confirmed: in memory only, and apart, for anybody can invent as many as they like.
    unconfirmed: Ages,
    /// The application's tokens that were checked.
    tokens: Remembered,
}

impl Default for Accounts {
    fn default() -> Self {
        Self::new(65_536)
    }
}

impl Accounts {
    /// Keeps at most `capacity` cookies, as many accounts and half as many unconfirmed ones, at about 190 bytes for all
    /// together; and where the site has tokens as many of these, at about 120 bytes.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        let each = (capacity / SHARDS).max(1);
        Self {
            confirmed: (0..SHARDS).map(|_| Mutex::new(Shelf::new(each))).collect(),
            ages: Ages::new(capacity),
            unconfirmed: Ages::unkept(capacity / 2),
            tokens: Remembered::new(capacity),
        }
    }

    /// The account a cookie was confirmed for, if that still holds.
    #[must_use]
    pub fn get(&self, cookie: &CookieKey, now_s: u64) -> Option<Confirmed> {
        let found = self.confirmed.get(shard(cookie[0]))?.lock().get(cookie)?;
        (now_s < found.until_s).then_some(found)
    }

    /// Remembers that the application named `account` for this cookie. Returns since when the account is known.
    pub fn confirm(&self, cookie: Option<&CookieKey>, account: Pseudonym, since_s: Option<u64>, now_s: u64) -> u64 {
        let since_s = self.told(account, since_s, now_s);
        if let Some(cookie) = cookie
            && let Some(shelf) = self.confirmed.get(shard(cookie[0]))
        {
            shelf.lock().put(*cookie, Confirmed { name: account, since_s, until_s: now_s + HOLDS_S });
        }
        since_s
    }

    /// The application named an account. Returns since when it is known: what it told once it may leave out later.
    pub(super) fn told(&self, account: Pseudonym, since_s: Option<u64>, now_s: u64) -> u64 {
        match since_s {
            Some(told) => self.ages.told(account, told, now_s),
            None => self.ages.first_seen(account, now_s),
        }
    }

    /// The application's tokens that were checked.
    pub(super) fn tokens(&self) -> &Remembered {
        &self.tokens
    }

    /// Forgets a cookie: the application said that nobody is signed in with it.
    pub fn forget(&self, cookie: &CookieKey) {
        if let Some(shelf) = self.confirmed.get(shard(cookie[0])) {
            shelf.lock().remove(cookie);
        }
    }

    /// Since when an account is known that nobody confirmed; from now on, if it was not.
    pub fn first_seen(&self, account: Pseudonym, now_s: u64) -> u64 {
        self.unconfirmed.first_seen(account, now_s)
    }

    /// What the ledger tells of an account: it is at least this old.
    pub fn learn(&self, account: Pseudonym, confirmed: bool, age: Age) {
        if confirmed { &self.ages } else { &self.unconfirmed }.learn(account, age);
    }

    /// How old confirmed accounts are.
    #[must_use]
    pub fn ages(&self) -> &Ages {
        &self.ages
    }
}

/// When an account was made, as the application's header says it: Unix seconds, or a date and time of RFC 3339.
#[must_use]
pub fn since(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.len() > 40 {
        return None;
    }
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok();
    }
    rfc3339(text.as_bytes())
}

fn rfc3339(b: &[u8]) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = b.get(from..to)?;
        digits.iter().try_fold(0i64, |v, d| d.is_ascii_digit().then(|| v * 10 + i64::from(d - b'0')))
    };
    let is = |at: usize, set: &[u8]| b.get(at).is_some_and(|c| set.contains(c));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let shape = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":");
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !shape || !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    if is(at, b".") {
        let digits = b.get(at + 1..)?.iter().take_while(|c| c.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        at += 1 + digits;
    }
    let offset_s = match b.get(at)? {
        b'Z' | b'z' if b.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if b.len() == at + 6 && is(at + 3, b":") => {
            let (h, m) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if h > 23 || m > 59 {
                return None;
            }
            (h * 3600 + m * 60) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    // Days since 1970 in the proleptic Gregorian calendar, counting years from March so that the leap day comes last.
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        365 * y + y.div_euclid(4) - y.div_euclid(100) + y.div_euclid(400) + (153 * m + 2) / 5 + day - 1 - 719_468;
    u64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second - offset_s).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(n: u32) -> CookieKey {
        let mut k = [0u8; 16];
        k[..4].copy_from_slice(&n.to_le_bytes());
        k
    }

    fn name(n: u8) -> Pseudonym {
        Pseudonym([n; 12])
    }

    #[test]
    fn a_confirmed_cookie_holds_for_a_day_and_is_renewed() {
        let a = Accounts::new(100);
        a.confirm(Some(&key(1)), name(1), Some(5), 1000);
        assert_eq!(a.get(&key(1), 1000).map(|c| (c.name, c.since_s)), Some((name(1), 5)));
        assert!(a.get(&key(1), 1000 + HOLDS_S).is_none());
        a.confirm(Some(&key(1)), name(1), Some(5), 1000 + HOLDS_S);
        assert!(a.get(&key(1), 1000 + HOLDS_S).is_some());
        a.forget(&key(1));
        assert!(a.get(&key(1), 1000).is_none());
    }

    #[test]
    fn an_account_keeps_its_age_when_its_cookie_changes() {
        let a = Accounts::new(100);
        assert_eq!(a.confirm(Some(&key(1)), name(1), None, 1000), 1000);
        assert_eq!(a.confirm(Some(&key(2)), name(1), None, 9000), 1000);
    }

    #[test]
    fn an_age_that_the_application_told_holds_where_it_says_nothing() {
        let a = Accounts::new(100);
        assert_eq!(a.confirm(Some(&key(1)), name(1), Some(5), 1000), 5);
        assert_eq!(a.confirm(Some(&key(1)), name(1), None, 2000), 5);
        assert_eq!(a.get(&key(1), 2000).map(|c| c.since_s), Some(5));
    }

    #[test]
    fn the_map_stays_within_its_bound_and_keeps_what_is_used() {
        let a = Accounts::new(SHARDS * 8);
        a.confirm(Some(&key(0)), name(1), Some(5), 1);
        for i in 1..2000 {
            assert!(a.get(&key(0), 2).is_some(), "forgotten at {i}");
            a.confirm(Some(&key(i)), name(2), Some(5), 2);
        }
        let kept: usize = a.confirmed.iter().map(|s| s.lock().len()).sum();
        assert!(kept <= SHARDS * 8);
    }

    #[test]
    fn invented_cookies_push_out_no_confirmed_age_and_are_not_kept() {
        let a = Accounts::new(SHARDS * 8);
        a.confirm(None, name(1), None, 1_000);
        assert_eq!(a.ages().take_fresh().len(), 1);
        for i in 0..5_000u32 {
            let mut invented = [0u8; 12];
            invented[..4].copy_from_slice(&i.to_le_bytes());
            assert_eq!(a.first_seen(Pseudonym(invented), 2_000), 2_000);
            a.learn(Pseudonym(invented), false, Age { since_s: 1_500, seen_s: 1_500 });
            assert_eq!(a.first_seen(Pseudonym(invented), 2_000), 1_500);
        }
        assert_eq!(a.ages().take_fresh(), vec![]);
        assert_eq!(a.ages().all().len(), 1);
        assert_eq!(a.confirm(None, name(1), None, 3_000), 1_000);
    }

    #[test]
    fn dates_of_the_application_are_read_in_both_forms() {
        for (text, s) in [
            ("0", Some(0)),
            ("1700000000", Some(1_700_000_000)),
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2023-11-14T22:13:20Z", Some(1_700_000_000)),
            ("2023-11-14T23:13:20.123+01:00", Some(1_700_000_000)),
            ("2000-02-29T00:00:00Z", Some(951_782_400)),
            ("2024-02-29 12:00:00z", Some(1_709_208_000)),
            ("1969-12-31T23:59:59Z", None),
            ("2023-02-29T00:00:00Z", None),
            ("2023-13-01T00:00:00Z", None),
            ("2023-11-14", None),
            ("2023-11-14T22:13:20", None),
            ("-5", None),
            ("", None),
            ("99999999999999999999999", None),
        ] {
            assert_eq!(since(text), s, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_text_makes_the_date_reader_panic(text in "\\PC{0,45}", near in "[0-9:TZ+. -]{19,26}") {
            let _ = (since(&text), since(&near));
        }
    }
}
