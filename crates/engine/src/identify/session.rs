//! The one cookie Hedgerow sets: first-party, signed, used for protection only.

use std::sync::Arc;

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit};
use http::HeaderMap;

use super::cookies;
use super::keys::Keys;
use crate::doors::{Level, Pseudonym, Session};

/// How long a browser keeps the cookie, and how long we accept it after it was made.
pub const KEEP_S: u64 = 30 * 86_400;

const VERSION: u8 = 1;
const BODY: usize = 29;
const TOKEN: usize = BODY + 16;
/// 45 bytes are 60 characters of base64url with no bit left over: one token has exactly one spelling.
const TEXT: usize = TOKEN / 3 * 4;
const PURPOSE: &str = "session cookie";

/// Makes and checks session cookies.
///
/// The cookie's value is base64url of: version (1 byte), identifier (16), issued and proven-until (Unix seconds, 6 bytes
/// each, big-endian), authentication code (16). The identifier is the session's name encrypted with a key of the site, so
/// that a cookie can be written anew from the name alone and yet shows nothing that is in the ledger.
pub struct Cookie {
    name: &'static str,
    attributes: String,
    keys: Arc<Keys>,
    cipher: Aes256,
}

impl Cookie {
    /// `secure` chooses the name with the `__Host-` prefix, which browsers accept over https only (RFC 6265bis, section
    /// 4.1.3.2).
    #[must_use]
    pub fn new(keys: Arc<Keys>, secure: bool) -> Self {
        let name = if secure { "__Host-hedgerow" } else { "hedgerow" };
        let cipher = Aes256::new(keys.session_key().into());
        let flag = if secure { "; Secure" } else { "" };
        let attributes = format!("; Path=/; Max-Age={KEEP_S}; HttpOnly; SameSite=Lax{flag}");
        Self { name, attributes, keys, cipher }
    }

    /// The session a request brings: the first cookie of our name that is ours and not too old. A forged one is none.
    #[must_use]
    pub fn read(&self, headers: &HeaderMap, now_s: u64) -> Option<Session> {
        cookies::named(headers, self.name).find_map(|value| self.open(value, now_s))
    }

    /// A session made now. `fresh` is 16 random bytes.
    #[must_use]
    pub fn make(&self, fresh: [u8; 16], now_s: u64) -> Session {
        let name = self.keys.pseudonym(Level::Session, &fresh);
        Session { name, since_s: now_s, returned: false, proven_until_s: 0 }
    }

    /// The `Set-Cookie` value that gives `session` to the visitor.
    #[must_use]
    pub fn set(&self, session: &Session) -> String {
        let value = self.seal(session);
        let mut cookie = String::with_capacity(160);
        for part in [self.name, "=", &value, &self.attributes] {
            cookie.push_str(part);
        }
        cookie
    }

    fn seal(&self, session: &Session) -> String {
        let mut token = [0u8; TOKEN];
        token[0] = VERSION;
        let mut block = [0u8; 16];
        block[..12].copy_from_slice(&session.name.0);
        let mut block = block.into();
        self.cipher.encrypt_block(&mut block);
        token[1..17].copy_from_slice(&block);
        token[17..23].copy_from_slice(&session.since_s.to_be_bytes()[2..]);
        token[23..29].copy_from_slice(&session.proven_until_s.to_be_bytes()[2..]);
        let mac = self.keys.mac(PURPOSE, &token[..BODY]);
        token[BODY..].copy_from_slice(&mac);
        encode(&token)
    }

    fn open(&self, value: &str, now_s: u64) -> Option<Session> {
        let token = decode(value)?;
        if token[0] != VERSION || !self.keys.check_mac(PURPOSE, &token[..BODY], &token[BODY..]) {
            return None;
        }
        let mut block = [0u8; 16];
        block.copy_from_slice(&token[1..17]);
        let mut block = block.into();
        self.cipher.decrypt_block(&mut block);
        let mut name = [0u8; 12];
        name.copy_from_slice(&block[..12]);
        let since_s = seconds(&token[17..23]);
        if now_s.saturating_sub(since_s) > KEEP_S {
            return None;
        }
        Some(Session { name: Pseudonym(name), since_s, returned: true, proven_until_s: seconds(&token[23..29]) })
    }
}

fn seconds(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |v, b| v << 8 | u64::from(*b))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn encode(token: &[u8; TOKEN]) -> String {
    let mut out = String::with_capacity(TEXT);
    for three in token.chunks_exact(3) {
        let v = u32::from(three[0]) << 16 | u32::from(three[1]) << 8 | u32::from(three[2]);
        for shift in [18, 12, 6, 0] {
            out.push(ALPHABET[(v >> shift & 63) as usize] as char);
        }
    }
    out
}

fn decode(text: &str) -> Option<[u8; TOKEN]> {
    if text.len() != TEXT {
        return None;
    }
    let mut token = [0u8; TOKEN];
    for (four, three) in text.as_bytes().chunks_exact(4).zip(token.chunks_exact_mut(3)) {
        let mut v = 0u32;
        for c in four {
            let digit = match c {
                b'A'..=b'Z' => c - b'A',
                b'a'..=b'z' => c - b'a' + 26,
                b'0'..=b'9' => c - b'0' + 52,
                b'-' => 62,
                b'_' => 63,
                _ => return None,
            };
            v = v << 6 | u32::from(digit);
        }
        three.copy_from_slice(&v.to_be_bytes()[1..]);
    }
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cookie(secret: u8, secure: bool) -> Cookie {
        Cookie::new(Arc::new(Keys::from_secret(&[secret; 32])), secure)
    }

    fn request(value: &str) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.append("cookie", value.parse().unwrap());
        map
    }

    fn value(set: &str) -> &str {
        set.split(';').next().unwrap()
    }

    #[test]
    fn a_cookie_comes_back_as_the_session_that_was_given() {
        let c = cookie(1, true);
        let made = c.make([9; 16], 1_000_000);
        let set = c.set(&made);
        assert!(set.starts_with("__Host-hedgerow=") && set.ends_with("; HttpOnly; SameSite=Lax; Secure"), "{set}");
        assert!(set.contains("; Path=/; Max-Age=2592000;"));
        let back = c.read(&request(&format!("a=b; {}", value(&set))), 1_000_500).unwrap();
        assert_eq!((back.name, back.since_s, back.returned, back.proven_until_s), (made.name, 1_000_000, true, 0));
    }

    #[test]
    fn proving_changes_the_cookie_and_not_the_session() {
        let c = cookie(1, false);
        let made = c.make([9; 16], 1_000_000);
        let set = c.set(&Session { proven_until_s: 1_003_600, ..made });
        assert!(!set.contains("Secure"));
        let back = c.read(&request(value(&set)), 1_000_001).unwrap();
        assert_eq!((back.name, back.proven_until_s), (made.name, 1_003_600));
    }

    #[test]
    fn the_cookie_does_not_show_the_name_that_is_in_the_ledger() {
        let c = cookie(1, false);
        let made = c.make([9; 16], 1_000_000);
        let token = decode(c.seal(&made).as_str()).unwrap();
        assert!(!token.windows(4).any(|w| made.name.0.windows(4).any(|n| n == w)));
    }

    #[test]
    fn a_cookie_of_another_site_or_another_month_is_none() {
        let c = cookie(1, false);
        let set = c.set(&c.make([9; 16], 1_000_000));
        assert!(cookie(2, false).read(&request(value(&set)), 1_000_000).is_none());
        assert!(c.read(&request(value(&set)), 1_000_000 + KEEP_S + 1).is_none());
    }

    #[test]
    fn of_several_cookies_the_first_that_is_ours_counts() {
        let c = cookie(1, false);
        let (a, b) = (c.make([1; 16], 10), c.make([2; 16], 10));
        let text = format!("hedgerow=planted; {}; {}", value(&c.set(&b)), value(&c.set(&a)));
        assert_eq!(c.read(&request(&text), 20).unwrap().name, b.name);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_cookie_with_any_bit_flipped_is_none(fresh in any::<[u8; 16]>(), bit in 0usize..TOKEN * 8) {
            let c = cookie(1, false);
            let mut token = decode(&c.seal(&c.make(fresh, 77))).unwrap();
            prop_assert!(c.open(&encode(&token), 77).is_some());
            token[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(c.open(&encode(&token), 77).is_none());
        }

        #[test]
        fn no_text_is_accepted_that_we_did_not_write(text in "\\PC{0,80}", shaped in "[A-Za-z0-9_-]{60}") {
            let c = cookie(1, false);
            prop_assert!(c.open(&text, 77).is_none());
            prop_assert!(c.open(&shaped, 77).is_none());
        }

        #[test]
        fn writing_and_reading_are_inverse(bytes in proptest::collection::vec(any::<u8>(), TOKEN)) {
            let token: [u8; TOKEN] = bytes.try_into().unwrap();
            prop_assert_eq!(decode(&encode(&token)), Some(token));
        }
    }
}
