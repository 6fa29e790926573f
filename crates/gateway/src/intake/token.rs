//! The token of a form: signed, for one kind of letter, one address and a few hours. A page of another site can have a
//! visitor's browser post a form, but it cannot make a token for that visitor's address.
//!
//! Not bound to the cookie: whoever was stopped for keeping none must be able to write.

use hedgerow_engine::doors::Pseudonym;
use hedgerow_engine::identify::Keys;

use super::Written;
use crate::pages::Letter;

/// How long a form can be sent, seconds.
pub const HOLDS_S: u64 = 4 * 3_600;

const PURPOSE: &str = "form of a letter";
const BODY: usize = 24;
const WHOLE: usize = BODY + 16;

/// A form's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    until_ms: u64,
    nonce: [u8; 16],
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not one of ours, or another address's, or of another form.
    #[error("it was not made for this form and this visitor")]
    Foreign,
    /// Too old.
    #[error("it is too old")]
    Expired,
}

impl Token {
    /// A token that holds from now; `fresh` are random bytes, never used before.
    #[must_use]
    pub fn new(fresh: [u8; 16], now_ms: u64) -> Self {
        Self { until_ms: now_ms.saturating_add(HOLDS_S * 1000), nonce: fresh }
    }

    /// As it stands in the form: hexadecimal digits.
    #[must_use]
    pub fn sealed(&self, keys: &Keys, letter: Letter, address: Pseudonym) -> String {
        let mut whole = [0u8; WHOLE];
        whole[..8].copy_from_slice(&self.until_ms.to_be_bytes());
        whole[8..BODY].copy_from_slice(&self.nonce);
        let mac = keys.mac(PURPOSE, &message(&whole[..BODY], letter, address));
        whole[BODY..].copy_from_slice(&mac);
        whole.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Reads a token back.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn open(text: &str, keys: &Keys, letter: Letter, address: Pseudonym, now_ms: u64) -> Result<Self, TokenError> {
        let digits = text.as_bytes();
        if digits.len() != 2 * WHOLE {
            return Err(TokenError::Foreign);
        }
        let digit = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let mut whole = [0u8; WHOLE];
        for (place, pair) in whole.iter_mut().zip(digits.chunks_exact(2)) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return Err(TokenError::Foreign) };
            *place = high << 4 | low;
        }
        let (body, mac) = whole.split_at(BODY);
        if !keys.check_mac(PURPOSE, &message(body, letter, address), mac) {
            return Err(TokenError::Foreign);
        }
        let mut until = [0u8; 8];
        until.copy_from_slice(&body[..8]);
        let mut nonce = [0u8; 16];
        nonce.copy_from_slice(&body[8..]);
        let until_ms = u64::from_be_bytes(until);
        if now_ms >= until_ms { Err(TokenError::Expired) } else { Ok(Self { until_ms, nonce }) }
    }

    /// The identifier of what was written in this form: the same letter sent twice has the same, another has another.
    #[must_use]
    pub fn id_of(&self, written: &Written) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.nonce);
        for (name, value) in written.values() {
            hasher.update(name.as_bytes()).update(&(value.len() as u64).to_le_bytes()).update(value.as_bytes());
        }
        hasher.finalize().as_bytes()[..16].iter().map(|b| format!("{b:02x}")).collect()
    }
}

fn message(body: &[u8], letter: Letter, address: Pseudonym) -> Vec<u8> {
    [letter.action().as_bytes(), b" ", body, &address.0].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_800_000_000_000;

    #[test]
    fn a_token_is_good_for_its_form_its_address_its_site_and_its_time() {
        let keys = Keys::from_secret(&[1; 32]);
        let (home, away) = (Pseudonym([1; 12]), Pseudonym([2; 12]));
        let text = Token::new([9; 16], NOW_MS).sealed(&keys, Letter::Appeal, home);
        let open = |keys: &Keys, letter, address, at| Token::open(&text, keys, letter, address, at).map(|t| t.nonce);
        assert_eq!(open(&keys, Letter::Appeal, home, NOW_MS), Ok([9; 16]));
        assert_eq!(open(&keys, Letter::Appeal, home, NOW_MS + HOLDS_S * 1000 - 1), Ok([9; 16]));
        assert_eq!(open(&keys, Letter::Appeal, home, NOW_MS + HOLDS_S * 1000), Err(TokenError::Expired));
        assert_eq!(open(&keys, Letter::Report, home, NOW_MS), Err(TokenError::Foreign));
        assert_eq!(open(&keys, Letter::Appeal, away, NOW_MS), Err(TokenError::Foreign));
        assert_eq!(open(&Keys::from_secret(&[2; 32]), Letter::Appeal, home, NOW_MS), Err(TokenError::Foreign));
        for bad in ["", "00", &"g".repeat(80), &text[1..], &format!("{text}0")] {
            assert_eq!(Token::open(bad, &keys, Letter::Appeal, home, NOW_MS), Err(TokenError::Foreign), "{bad}");
        }
        let mut later = text.clone().into_bytes();
        later[15] = if later[15] == b'f' { b'e' } else { b'f' };
        let later = String::from_utf8(later).unwrap();
        assert_eq!(Token::open(&later, &keys, Letter::Appeal, home, NOW_MS), Err(TokenError::Foreign));
    }

    #[test]
    fn the_same_letter_sent_twice_is_one_and_a_changed_one_is_another() {
        let letter =
            |text: &str| super::super::read(Letter::Appeal, &[("message".to_owned(), text.to_owned())]).unwrap();
        let token = Token::new([9; 16], NOW_MS);
        assert_eq!(token.id_of(&letter("a")), token.id_of(&letter("a")));
        assert_ne!(token.id_of(&letter("a")), token.id_of(&letter("b")));
        assert_ne!(token.id_of(&letter("a")), Token::new([8; 16], NOW_MS).id_of(&letter("a")));
    }
}
