//! What a token says, once everything about it holds. What is cheap to ask comes before the signature: an invented token
//! seldom gets as far as that.

use jsonwebtoken::dangerous::insecure_decode_claims;
use jsonwebtoken::{Header, decode_header};
use serde_json::{Map, Value};

use super::keys::TokenKeys;
use crate::identify::account::{MAX_ACCOUNT, since};
use crate::policy::Token;

/// Longest token that is read, in bytes.
pub const MOST_BYTES: usize = 8 * 1024;

macro_rules! refusals {
    ($($name:ident = $code:literal, $sentence:literal;)*) => {
        /// Why a token names nobody. Its sender is then a stranger, as without it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $(#[doc = $sentence] $name,)*
        }

        impl Refusal {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its word in the status.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What it means and what to look at, for the operator.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

refusals! {
    Unreadable = "unreadable", "it is not a JWT, is over 8 KiB, or asks for what is not known (RFC 7515, `alg` and `crit`); is it the right cookie or header?";
    Algorithm = "algorithm", "it is signed with an algorithm that `algorithms` does not name";
    Expired = "expired", "its `exp` is over";
    NoExpiry = "no_expiry", "it has no `exp`: it would name its account for ever, whoever has it; let the application set one";
    NotYet = "not_yet", "its `nbf` is still to come; compare the clocks";
    Issuer = "issuer", "its `iss` is not one of `issuer`";
    Audience = "audience", "its `aud` is not one of `audience`; where that is not set, a token with an `aud` is for somebody else (RFC 7519, section 4.1.3)";
    Account = "account", "the claim that `account` names is absent, empty, longer than 256 bytes, or neither text nor a whole number";
    Key = "key", "`key_file` has no key of its `kid` that is for its algorithm; has the application new keys?";
    Signature = "signature", "its signature is not that of a key in `key_file`: it was changed or invented, or the keys are not the application's";
}

/// What a token says that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The site's own identifier of the account.
    pub account: String,
    /// When the account was made, in Unix seconds; never later than now.
    pub since_s: Option<u64>,
    /// It says when, and that could not be read.
    pub odd_date: bool,
    /// When it is over, the leeway included (Unix seconds).
    pub over_s: u64,
}

/// Reads a token and checks it by RFC 7519, section 7.2, and RFC 8725. What its header says of keys elsewhere (`jku`,
/// `jwk`, `x5u`, `x5c`) is never looked at. `is_known_bad` is asked before the signature is.
///
/// # Errors
/// The first [`Refusal`] there is.
pub fn read(
    token: &str,
    settings: &Token,
    keys: &TokenKeys,
    now_s: u64,
    is_known_bad: impl FnOnce() -> bool,
) -> Result<Told, Refusal> {
    let (header, message, signature) = taken_apart(token)?;
    if !settings.algorithms.contains(&header.alg) {
        return Err(Refusal::Algorithm);
    }
    let mut fitting = keys.for_token(header.alg, header.kid.as_deref()).peekable();
    if fitting.peek().is_none() {
        return Err(Refusal::Key);
    }
    let claims: Map<String, Value> = insecure_decode_claims(token).map_err(|_| Refusal::Unreadable)?;
    let told = claimed(&claims, settings, now_s)?;
    if is_known_bad() || !fitting.any(|k| k.signed(header.alg, message.as_bytes(), signature)) {
        return Err(Refusal::Signature);
    }
    Ok(told)
}

/// The header, what is signed, and the signature.
pub(super) fn taken_apart(token: &str) -> Result<(Header, &str, &str), Refusal> {
    if token.len() > MOST_BYTES {
        return Err(Refusal::Unreadable);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Refusal::Unreadable)?;
    let header = decode_header(token).map_err(|_| Refusal::Unreadable)?;
    // An extension that must be understood, compressed or encrypted contents, and a token in a token: none is known here.
    if header.crit.is_some() || header.zip.is_some() || header.enc.is_some() {
        return Err(Refusal::Unreadable);
    }
    Ok((header, message, signature))
}

fn claimed(claims: &Map<String, Value>, settings: &Token, now_s: u64) -> Result<Told, Refusal> {
    let leeway_s = u64::from(settings.leeway_s);
    let over_s = claims.get("exp").and_then(seconds).ok_or(Refusal::NoExpiry)?.saturating_add(leeway_s);
    if now_s >= over_s {
        return Err(Refusal::Expired);
    }
    if let Some(begins) = claims.get("nbf")
        && seconds(begins).is_none_or(|nbf| now_s.saturating_add(leeway_s) < nbf)
    {
        return Err(Refusal::NotYet);
    }
    let one_of = |value: &Value, known: &[String]| value.as_str().is_some_and(|v| known.iter().any(|k| k == v));
    if !settings.issuer.is_empty() && !claims.get("iss").is_some_and(|iss| one_of(iss, &settings.issuer)) {
        return Err(Refusal::Issuer);
    }
    let for_us = match claims.get("aud") {
        None => settings.audience.is_empty(),
        Some(Value::Array(several)) => several.iter().any(|aud| one_of(aud, &settings.audience)),
        Some(one) => one_of(one, &settings.audience),
    };
    if !for_us {
        return Err(Refusal::Audience);
    }
    let account = match claims.get(&settings.account) {
        Some(Value::String(name)) => name.trim_ascii().to_owned(),
        // Applications whose accounts have numbers often write them as such.
        Some(Value::Number(number)) if number.is_u64() || number.is_i64() => number.to_string(),
        _ => return Err(Refusal::Account),
    };
    if account.is_empty() || account.len() > MAX_ACCOUNT {
        return Err(Refusal::Account);
    }
    let date = settings.since.as_ref().and_then(|claim| claims.get(claim)).filter(|date| !date.is_null());
    let made_s = date.and_then(|date| date.as_str().map_or_else(|| seconds(date), since));
    // A date that is still to come is no age.
    Ok(Told { account, since_s: made_s.map(|s| s.min(now_s)), odd_date: date.is_some() && made_s.is_none(), over_s })
}

/// A `NumericDate` (RFC 7519, section 2) in whole Unix seconds.
fn seconds(value: &Value) -> Option<u64> {
    if let Some(whole) = value.as_u64() {
        return Some(whole);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and saturating is right"
    )]
    value.as_f64().filter(|s| *s >= 0.0).map(|s| s as u64)
}

#[cfg(test)]
mod tests;
