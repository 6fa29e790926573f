//! What is known of tokens, so that each is checked once: bounded, by a keyed hash of the token.

use parking_lot::Mutex;

use crate::doors::Pseudonym;
use crate::identify::shelf::{SHARDS, Shelf, shard};

/// Keyed hash of a token; the token itself is never kept.
pub type TokenKey = [u8; 16];

/// Most tokens with a wrong signature that are remembered as such.
const MOST_REFUSED: usize = 1_024;

/// Of a token that was checked: whom it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Keyed name of the account; `None` when the application said that nobody is signed in with it.
    pub name: Option<Pseudonym>,
    /// When the account was made, or first seen (Unix seconds).
    pub since_s: u64,
    /// Until when the token holds (Unix seconds).
    pub over_s: u64,
    /// Until when it need not be checked again (Unix seconds).
    pub good_s: u64,
    /// What it was checked with.
    pub print: [u8; 8],
}

/// Tokens that were checked. Only those whose signature holds have a place in `known`: invented ones push out nobody.
#[derive(Debug)]
pub struct Remembered {
    known: Vec<Mutex<Shelf<TokenKey, Known>>>,
    refused: Mutex<Shelf<TokenKey, [u8; 8]>>,
}

impl Remembered {
    /// Keeps at most `capacity` tokens, at about 120 bytes each.
    pub fn new(capacity: usize) -> Self {
        let each = (capacity / SHARDS).max(1);
        Self {
            known: (0..SHARDS).map(|_| Mutex::new(Shelf::new(each))).collect(),
            refused: Mutex::new(Shelf::new(MOST_REFUSED)),
        }
    }

    /// What is known of a token that is not over.
    pub fn get(&self, token: &TokenKey, now_s: u64) -> Option<Known> {
        self.known.get(shard(token[0]))?.lock().get(token).filter(|k| now_s < k.over_s)
    }

    /// Keeps what is known of a token whose signature holds.
    pub fn put(&self, token: TokenKey, known: Known) {
        if let Some(shelf) = self.known.get(shard(token[0])) {
            shelf.lock().put(token, known);
        }
    }

    /// Whether this token's signature was wrong under these keys.
    pub fn is_bad(&self, token: &TokenKey, print: [u8; 8]) -> bool {
        self.refused.lock().get(token) == Some(print)
    }

    /// This token's signature is wrong under these keys.
    pub fn refuse(&self, token: TokenKey, print: [u8; 8]) {
        self.refused.lock().put(token, print);
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.known.iter().map(|s| s.lock().len()).sum()
    }
}
