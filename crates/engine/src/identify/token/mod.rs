//! The application's signed tokens (JWT, RFC 7519): who is signed in, told by the request itself, before the answer.
//!
//! A token that holds names an account as surely as the application's header does: only the application can sign it. One
//! that does not hold is nothing. A token costs a signature once; then it is remembered.

mod keys;
mod provider;
mod reading;
mod remembered;
#[cfg(test)]
mod signing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::{HeaderMap, HeaderName};

pub use keys::{TokenKeys, TokenKeysError};
pub use reading::{Refusal, Told, read as read_token};
pub use remembered::{Known, Remembered, TokenKey};

use super::account::HOLDS_S;
use super::{Accounts, IdentifyError, Keys, cookies};
use crate::doors::{Level, Pseudonym};
use crate::policy::Token;

/// What a token came to that was checked with this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSeen {
    /// It holds.
    Good {
        /// When the account was made stands in it, and could not be read.
        odd_date: bool,
    },
    /// It names nobody.
    Refused(Refusal),
}

/// The tokens of one site, as its policy reads them.
#[derive(Debug)]
pub(super) struct Tokens {
    settings: Token,
    header: Option<HeaderName>,
    keys: Arc<TokenKeys>,
    /// What a token was checked with: keys and settings.
    print: [u8; 8],
}

/// Whom a request's token names.
pub(super) struct Named {
    pub(super) name: Pseudonym,
    pub(super) since_s: u64,
}

impl Tokens {
    pub(super) fn new(settings: &Token, site: &str, keys: Arc<TokenKeys>) -> Result<Self, IdentifyError> {
        let header = settings.header.as_ref().map(|name| {
            let wrong = |_| IdentifyError::Header { site: site.to_owned(), header: name.clone() };
            name.parse::<HeaderName>().map_err(wrong)
        });
        let mut whole = blake3::Hasher::new();
        whole.update(&keys.print()).update(format!("{settings:?}").as_bytes());
        let mut print = [0u8; 8];
        print.copy_from_slice(&whole.finalize().as_bytes()[..8]);
        Ok(Self { settings: settings.clone(), header: header.transpose()?, keys, print })
    }

    /// The account a request's token names, and what the token came to where it had to be looked at.
    pub(super) fn named(
        &self,
        headers: &HeaderMap,
        site: &Keys,
        accounts: &Accounts,
        now_s: u64,
    ) -> (Option<Named>, Option<TokenSeen>) {
        let Some(token) = self.carried(headers) else { return (None, None) };
        if token.len() > reading::MOST_BYTES {
            return (None, Some(TokenSeen::Refused(Refusal::Unreadable)));
        }
        let key = key(site, token);
        let known = accounts.tokens().get(&key, now_s);
        match known {
            // Said by an answer of the application: that is more than the token says, whatever it is checked with.
            Some(Known { name: None, .. }) => return (None, None),
            Some(Known { name: Some(name), since_s, print, good_s, .. }) if print == self.print && now_s < good_s => {
                return (Some(Named { name, since_s }), None);
            }
            _ => {}
        }
        let is_bad = || accounts.tokens().is_bad(&key, self.print);
        match reading::read(token, &self.settings, &self.keys, now_s, is_bad) {
            Err(refusal) => {
                if refusal == Refusal::Signature {
                    accounts.tokens().refuse(key, self.print);
                }
                (None, Some(TokenSeen::Refused(refusal)))
            }
            Ok(told) => {
                let name = site.pseudonym(Level::Account, told.account.as_bytes());
                let since_s = accounts.told(name, told.since_s, now_s);
                let good_s = told.over_s.min(now_s + HOLDS_S);
                let known = Known { name: Some(name), since_s, over_s: told.over_s, good_s, print: self.print };
                accounts.tokens().put(key, known);
                (Some(Named { name, since_s }), Some(TokenSeen::Good { odd_date: told.odd_date }))
            }
        }
    }

    /// Takes what the application's answer says about whoever brought this token: that is later than the token, and the
    /// next requests with it are the same account's. Tokens that do not hold are not remembered by this either.
    pub(super) fn confirm(
        &self,
        headers: &HeaderMap,
        site: &Keys,
        accounts: &Accounts,
        named: Option<Named>,
        now_s: u64,
    ) {
        let Some(token) = self.carried(headers).filter(|t| t.len() <= reading::MOST_BYTES) else { return };
        let key = key(site, token);
        let Some(known) = accounts.tokens().get(&key, now_s) else { return };
        let since_s = named.as_ref().map_or(known.since_s, |n| n.since_s);
        let good_s = known.over_s.min(now_s + HOLDS_S);
        accounts.tokens().put(key, Known { name: named.map(|n| n.name), since_s, good_s, ..known });
    }

    /// The token a request brings: in the header, else in the cookie.
    fn carried<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let in_header = self.header.as_ref().and_then(|name| bearer(name, headers.get(name)?.to_str().ok()?));
        in_header.or_else(|| cookies::named(headers, self.settings.cookie.as_deref()?).next())
    }
}

/// The token in a header: after `Bearer` (RFC 6750, section 2.1), or alone where the header is the application's own.
fn bearer<'h>(name: &HeaderName, value: &'h str) -> Option<&'h str> {
    let value = value.trim();
    let token = match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        None if *name != http::header::AUTHORIZATION => value,
        _ => return None,
    };
    Some(token).filter(|t| !t.is_empty())
}

fn key(site: &Keys, token: &str) -> TokenKey {
    site.mac("token of the site", token.as_bytes())
}
