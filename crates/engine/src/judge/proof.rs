//! Proofs: the challenge a visitor answers, the way through without JavaScript, and the tokens of the reveal page.
//!
//! In: the session, how risky the visitor looks, the clock and sixteen fresh random bytes. Out: an ALTCHA challenge
//! (proof-of-work protocol v2) with a waiting token beside it, and later yes or a typed no. Never: a clock, a random
//! number or a socket of its own, nor anything about the visitor beyond the session's keyed name.
//!
//! What a proof is worth: it moves a session to another budget, nothing more. So the checks here keep a proof from
//! being forged, used twice, lent to another session or kept for later; they do not try to tell people from machines.
//!
//! Both ways through share one identifier, the challenge's nonce: whichever is taken first spends the other.

mod base64;
mod difficulty;
mod error;
mod local_path;
mod reveal;
mod spent;
mod wait;

pub use error::ProofError;
pub use local_path::{MAX_LOCAL_PATH, is_local_path};
pub use reveal::{REVEAL_HOLDS_S, Reveal, Terms};

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use aes_gcm::{Aes256Gcm, KeyInit};
use altcha::{ChallengeParameters, HmacAlgorithm, Payload, VerifySolutionOptions};

use crate::doors::Pseudonym;
use crate::policy::{ProofPolicy, Site};
use difficulty::Range;
use spent::Spent;
use wait::WaitToken;

/// Longest work payload that is read, in bytes: the widget's is about 700.
pub const MAX_PAYLOAD: usize = 4096;

/// How many answered challenges are remembered at once, over all shards (about 24 bytes each, plus the tree).
const SPENT_CAPACITY: usize = 1 << 18;

/// Name of the algorithm in the ALTCHA protocol. PBKDF2 and not a bare hash: a browser then spends its time inside
/// one native call per try, as a program does, instead of in the hand-over to that call; the work costs both alike.
const ALGORITHM: &str = "PBKDF2/SHA-256";

/// Length of the derived key in bytes; the widget exports it as an AES key, so 32 it is.
const KEY_LENGTH: usize = 32;

/// A challenge as issued, for the page that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The challenge for the ALTCHA widget, as JSON.
    pub widget: String,
    /// Token of the way without JavaScript: good once [`Challenge::wait_s`] have passed.
    pub token: String,
    /// How long that way waits, in seconds.
    pub wait_s: u32,
    /// How long either way can be answered, in seconds from now.
    pub answer_within_s: u32,
    /// Expected work: number of PBKDF2 iterations a browser makes on average.
    pub work: u32,
}

/// Issues and checks challenges and reveal tokens of one site.
///
/// What has been spent is kept in memory: after a restart a session can present the same proof once more. That is
/// harmless by construction, because a proof is bound to its session and its end, and only repeats what it gave.
pub struct Proofs {
    mac_key: [u8; 32],
    hmac_secret: String,
    cipher: Aes256Gcm,
    work: Range,
    wait_s: Range,
    answer_within_s: u32,
    spent: Arc<Spent>,
}

impl std::fmt::Debug for Proofs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proofs")
            .field("work", &self.work)
            .field("wait_s", &self.wait_s)
            .field("answer_within_s", &self.answer_within_s)
            .finish_non_exhaustive()
    }
}

impl Proofs {
    /// Proofs of `site`. Sub-keys are derived from both keys and the site's name, so the keys may serve other purposes
    /// and other sites too: nothing made for one site is taken by another.
    #[must_use]
    pub fn new(mac_key: [u8; 32], seal_key: [u8; 32], site: &str, policy: &ProofPolicy) -> Self {
        let derive = |context: &str, key: &[u8; 32]| {
            let mut hasher = blake3::Hasher::new_derive_key(context);
            hasher.update(key).update(site.as_bytes());
            *hasher.finalize().as_bytes()
        };
        let hmac_key = derive("hedgerow 2026 proof: ALTCHA signature", &mac_key);
        Self {
            mac_key: derive("hedgerow 2026 proof: tokens", &mac_key),
            hmac_secret: hex(&hmac_key),
            cipher: Aes256Gcm::new(&derive("hedgerow 2026 proof: reveal tokens", &seal_key).into()),
            work: Range::new(policy.easy_work, policy.hard_work),
            wait_s: Range::new(policy.easy_wait_s, policy.hard_wait_s),
            answer_within_s: policy.answer_within_s,
            spent: Arc::new(Spent::new(SPENT_CAPACITY)),
        }
    }

    /// The same keys and the same memory of what is spent, under a changed policy. Challenges already issued keep the
    /// terms they were issued on.
    #[must_use]
    pub fn under(&self, policy: &ProofPolicy) -> Self {
        Self {
            mac_key: self.mac_key,
            hmac_secret: self.hmac_secret.clone(),
            cipher: self.cipher.clone(),
            work: Range::new(policy.easy_work, policy.hard_work),
            wait_s: Range::new(policy.easy_wait_s, policy.hard_wait_s),
            answer_within_s: policy.answer_within_s,
            spent: Arc::clone(&self.spent),
        }
    }

    /// A challenge for `session`. `risk` from 0 (easiest) to 1 (hardest) sets work and wait; `fresh` are 16 random
    /// bytes, never used before.
    ///
    /// # Errors
    /// [`ProofError::Unsigned`] if the challenge could not be signed; it does not happen with well-formed parameters.
    pub fn issue(&self, session: Pseudonym, risk: f32, now_ms: u64, fresh: [u8; 16]) -> Result<Challenge, ProofError> {
        let work = self.work.at(risk);
        let wait_s = self.wait_s.at(risk);
        let until_s = (now_ms / 1000).saturating_add(u64::from(self.answer_within_s));
        let binding = self.binding(session);
        let (cost, key_prefix) = difficulty::shape(work);
        let data = BTreeMap::from([("for".to_owned(), hex(&binding).into()), ("until_s".to_owned(), until_s.into())]);
        let mut parameters = ChallengeParameters {
            algorithm: ALGORITHM.to_owned(),
            cost,
            data: Some(data),
            // Left out on purpose: the widget would compare it with the visitor's clock, and a clock that is an hour
            // off would make every challenge expired on arrival. `until_s` above is read with our clock.
            expires_at: None,
            key_length: KEY_LENGTH,
            key_prefix,
            key_signature: None,
            memory_cost: None,
            nonce: hex(&fresh),
            parallelism: None,
            salt: hex(&self.mac("salt", &[&fresh])),
        };
        let signed = altcha::sign_challenge(&HmacAlgorithm::Sha256, &mut parameters, None, &self.hmac_secret, None)
            .map_err(|e| ProofError::Unsigned(e.to_string()))?;
        let token = WaitToken {
            id: fresh,
            binding,
            ready_ms: now_ms.saturating_add(u64::from(wait_s) * 1000),
            until_ms: until_s.saturating_mul(1000),
        };
        Ok(Challenge {
            widget: serde_json::to_string(&signed).map_err(|e| ProofError::Unsigned(e.to_string()))?,
            token: token.sealed(|body| self.mac("wait", &[body])),
            wait_s,
            answer_within_s: self.answer_within_s,
            work,
        })
    }

    /// Checks the widget's payload (base64 of JSON, as the ALTCHA protocol has it). Right answers are taken once.
    ///
    /// Cost is bounded: at most [`MAX_PAYLOAD`] bytes are read, and the key is derived (at most 4096 iterations) only
    /// for a challenge of ours that is then spent, so each challenge issued buys a visitor one derivation.
    ///
    /// # Errors
    /// [`ProofError`] says why the answer is not taken.
    pub fn verify_work(&self, payload: &str, session: Pseudonym, now_ms: u64) -> Result<(), ProofError> {
        if payload.len() > MAX_PAYLOAD {
            return Err(ProofError::TooLarge);
        }
        let bytes = base64::decode(payload).ok_or(ProofError::Malformed)?;
        let payload: Payload = serde_json::from_slice(&bytes).map_err(|_| ProofError::Malformed)?;
        let Payload { challenge, solution } = payload;

        let mut parameters = challenge.parameters.clone();
        let ours = altcha::sign_challenge(&HmacAlgorithm::Sha256, &mut parameters, None, &self.hmac_secret, None)
            .map_err(|_| ProofError::Malformed)?;
        let (Some(theirs), Some(ours)) = (&challenge.signature, &ours.signature) else {
            return Err(ProofError::Forged);
        };
        if !same(theirs.as_bytes(), ours.as_bytes()) {
            return Err(ProofError::Forged);
        }
        // From here on the parameters are our own words.
        let data = challenge.parameters.data.as_ref().ok_or(ProofError::Malformed)?;
        let bound_to = data.get("for").and_then(|v| v.as_str()).ok_or(ProofError::Malformed)?;
        let until_s = data.get("until_s").and_then(serde_json::Value::as_u64).ok_or(ProofError::Malformed)?;
        let id = unhex16(&challenge.parameters.nonce).ok_or(ProofError::Malformed)?;
        if !same(bound_to.as_bytes(), hex(&self.binding(session)).as_bytes()) {
            return Err(ProofError::Foreign);
        }
        // Spent before the costly part, whatever comes out of it: see above.
        self.spent.spend(id, until_s.saturating_mul(1000), now_ms)?;
        let result = altcha::verify_solution(VerifySolutionOptions::new(&challenge, &solution, &*self.hmac_secret))
            .map_err(|_| ProofError::WrongAnswer)?;
        if result.verified { Ok(()) } else { Err(ProofError::WrongAnswer) }
    }

    /// Checks the token of the way without JavaScript. Pressing too early spends nothing.
    ///
    /// # Errors
    /// [`ProofError`] says why the token is not taken; [`ProofError::Early`] says how long it still takes.
    pub fn verify_wait(&self, token: &str, session: Pseudonym, now_ms: u64) -> Result<(), ProofError> {
        let token = WaitToken::open(token, |body| self.mac("wait", &[body]))?;
        if !same(&token.binding, &self.binding(session)) {
            return Err(ProofError::Foreign);
        }
        if now_ms >= token.until_ms {
            return Err(ProofError::Expired);
        }
        if now_ms < token.ready_ms {
            let left_ms = token.ready_ms - now_ms;
            return Err(ProofError::Early { wait_s: u32::try_from(left_ms.div_ceil(1000)).unwrap_or(u32::MAX) });
        }
        self.spent.spend(token.id, token.until_ms, now_ms)
    }

    /// A sealed token for the page that shows one person's fields; it holds for [`REVEAL_HOLDS_S`]. What it says is
    /// unreadable to whoever holds it. `back` falls to `/` if it is not a path of this site ([`is_local_path`]).
    ///
    /// The nonce is the keyed hash of the plaintext (as in SIV, RFC 5297 section 3): equal words give equal tokens and
    /// no randomness is needed for the fifty links of a list page.
    #[must_use]
    pub fn reveal_token(&self, session: Pseudonym, terms: Terms, person: &str, back: &str, now_ms: u64) -> String {
        let plain = reveal::write(session, terms, person, back, now_ms);
        reveal::seal(&self.cipher, &plain, self.mac("reveal nonce", &[&plain]))
    }

    /// Opens a token of [`Proofs::reveal_token`]. Opening does not spend it: showing the page again is harmless, and
    /// the reveal itself is charged once per person by the budgets.
    ///
    /// # Errors
    /// [`ProofError`] for tokens forged, made for another session, too old, or made under a policy by which the route or
    /// the fields meant something else.
    pub fn open_reveal(&self, token: &str, session: Pseudonym, site: &Site, now_ms: u64) -> Result<Reveal, ProofError> {
        let plain = reveal::unseal(&self.cipher, token)?;
        reveal::read(&plain, session, site, now_ms)
    }

    /// How many answered challenges are remembered now, for the metrics.
    #[must_use]
    pub fn spent(&self) -> usize {
        self.spent.len()
    }

    /// What a challenge carries instead of the session's name, which also stands in the ledger.
    fn binding(&self, session: Pseudonym) -> [u8; 16] {
        self.mac("session", &[&session.0])
    }

    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.mac_key);
        hasher.update(purpose.as_bytes()).update(&[0]);
        for part in parts {
            hasher.update(part);
        }
        let mut out = [0u8; 16];
        hasher.finalize_xof().fill(&mut out);
        out
    }
}

/// Compares without telling by its duration where two differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && std::hint::black_box(a.iter().zip(b).fold(0u8, |d, (x, y)| d | (x ^ y))) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

fn unhex16(text: &str) -> Option<[u8; 16]> {
    let mut out = [0u8; 16];
    if text.len() != 32 {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(out)
}

#[cfg(test)]
mod tests;
