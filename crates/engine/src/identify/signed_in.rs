//! Who of the site's accounts is signed in: what a request shows of it, and what the application's answer says.

use std::sync::Arc;

use http::HeaderMap;

use super::account::{self, Accounts, CookieKey, MAX_ACCOUNT};
use super::token::{Named, TokenKeys, TokenSeen, Tokens};
use super::{Identifier, IdentifyError, cookies};
use crate::doors::{Account, Identity, Lane, Level};
use crate::policy::{AccountTrust, Site};

impl Identifier {
    /// Reads the tokens of the site's application with these keys.
    ///
    /// # Errors
    /// [`IdentifyError`], when the policy names an impossible header.
    pub fn reading_tokens(mut self, site: &Site, keys: Option<Arc<TokenKeys>>) -> Result<Self, IdentifyError> {
        if let (Some(settings), Some(keys)) = (&site.account.token, keys) {
            self.tokens = Some(Tokens::new(settings, &site.name, keys)?);
        }
        Ok(self)
    }

    /// Whose request it is, before the site has answered: the application's token says it of this very request, a cookie
    /// was confirmed by an earlier answer.
    pub(super) fn account(
        &self,
        headers: &HeaderMap,
        accounts: &Accounts,
        now_s: u64,
    ) -> (Option<Account>, Option<TokenSeen>) {
        let (named, seen) = match &self.tokens {
            None => (None, None),
            Some(tokens) => tokens.named(headers, &self.keys, accounts, now_s),
        };
        let by_token = named.map(|n| Account { name: n.name, confirmed: true, since_s: Some(n.since_s) });
        (by_token.or_else(|| self.by_cookie(headers, accounts, now_s)), seen)
    }

    fn by_cookie(&self, headers: &HeaderMap, accounts: &Accounts, now_s: u64) -> Option<Account> {
        let key = self.cookie_key(self.site_cookie(headers)?);
        if let Some(c) = accounts.get(&key, now_s) {
            return Some(Account { name: c.name, confirmed: true, since_s: Some(c.since_s) });
        }
        if self.account_trust == AccountTrust::Confirmed {
            return None;
        }
        let name = self.keys.pseudonym(Level::Account, &key);
        Some(Account { name, confirmed: false, since_s: Some(accounts.first_seen(name, now_s)) })
    }

    /// Takes what the application's answer says about the account: updates the identity (account, lane) and remembers
    /// whose cookie and whose token it is. An empty header says that nobody is signed in.
    pub fn confirm(
        &self,
        identity: &mut Identity,
        req_headers: &HeaderMap,
        answer_headers: &HeaderMap,
        accounts: &Accounts,
        now_ms: u64,
    ) {
        let Some(said) = answer_headers.get(&self.headers.account).map(|v| v.as_bytes().trim_ascii()) else {
            return;
        };
        let now_s = now_ms / 1000;
        let brought = self.site_cookie(req_headers).map(|value| self.cookie_key(value));
        if said.is_empty() || said.len() > MAX_ACCOUNT {
            if let Some(key) = &brought {
                accounts.forget(key);
            }
            if let Some(tokens) = &self.tokens {
                tokens.confirm(req_headers, &self.keys, accounts, None, now_s);
            }
            identity.account = None;
            if identity.lane == Lane::Member {
                identity.lane = Lane::Visitor;
            }
            return;
        }
        let name = self.keys.pseudonym(Level::Account, said);
        let since = answer_headers.get(&self.headers.account_since).and_then(|v| v.to_str().ok());
        let since_s = since.and_then(account::since);
        // An answer that signs somebody in gives a new cookie: it is the one that comes back.
        let cookie_name = self.account_cookie.as_deref();
        let given = cookie_name.and_then(|n| cookies::given(answer_headers, n)).filter(|v| !v.is_empty());
        let given = given.map(|value| self.cookie_key(value));
        let since_s = accounts.confirm(given.as_ref().or(brought.as_ref()), name, since_s, now_s);
        if let Some(tokens) = &self.tokens {
            tokens.confirm(req_headers, &self.keys, accounts, Some(Named { name, since_s }), now_s);
        }
        identity.account = Some(Account { name, confirmed: true, since_s: Some(since_s) });
        if matches!(identity.lane, Lane::Visitor | Lane::Automation) {
            identity.lane = Lane::Member;
        }
    }

    fn site_cookie<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        cookies::named(headers, self.account_cookie.as_deref()?).next()
    }

    fn cookie_key(&self, value: &str) -> CookieKey {
        self.keys.mac("cookie of the site", value.as_bytes())
    }
}

/// Who is signed in, as the application confirmed, is a member whatever its software says.
pub(super) fn with_account(lane: Lane, account: Option<&Account>) -> Lane {
    if account.is_some_and(|a| a.confirmed) && matches!(lane, Lane::Visitor | Lane::Automation) {
        return Lane::Member;
    }
    lane
}
