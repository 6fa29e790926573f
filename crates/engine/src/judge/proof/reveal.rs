//! Reveal tokens: which person's which fields a visitor asked to see, sealed between the list and the button.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead, Payload};

use super::{ProofError, base64, local_path::is_local_path};
use crate::doors::Pseudonym;
use crate::policy::{FieldSet, Site};

/// How long a reveal token holds, in seconds: a day, so that a tab left open over night still works.
pub const REVEAL_HOLDS_S: u64 = 86_400;

/// Longest token that is read, in bytes.
const MAX_TOKEN: usize = 8192;
const VERSION: u8 = 2;
const NONCE: usize = 12;
/// Keeps these tokens apart from anything else ever sealed with the same key.
const PURPOSE: &[u8] = b"hedgerow reveal 1";

/// What a reveal token asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reveal {
    /// Index of the route in the site's policy.
    pub route: usize,
    /// The person.
    pub person: String,
    /// The fields to show.
    pub fields: FieldSet,
    /// Where the visitor came from: a path of this site.
    pub back: String,
}

/// What a token asks for, in the words of the policy it is made under. Routes and fields are numbers in it, and under
/// another policy the same numbers may mean a page and fields that nobody was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Index of the route.
    pub route: usize,
    /// The fields to show.
    pub fields: FieldSet,
    /// Hash of what both mean.
    pub meaning: [u8; 16],
}

impl Terms {
    /// The terms of a site's policy; `None` when it has no such route, or not all of these fields.
    #[must_use]
    pub fn of(site: &Site, route: usize, fields: FieldSet) -> Option<Self> {
        let on = site.routes.get(route)?;
        let mut hasher = blake3::Hasher::new();
        let mut word = |w: &str| {
            hasher.update(&(w.len() as u64).to_le_bytes()).update(w.as_bytes());
        };
        word(&on.name);
        word(on.path.as_str());
        for i in fields.iter() {
            let field = site.fields.get(i)?;
            word(&field.name);
            word(field.sensitivity.word());
        }
        let mut meaning = [0; 16];
        hasher.finalize_xof().fill(&mut meaning);
        Some(Self { route, fields, meaning })
    }
}

/// The words to be sealed.
pub(super) fn write(session: Pseudonym, terms: Terms, person: &str, back: &str, now_ms: u64) -> Vec<u8> {
    let back = if is_local_path(back) { back } else { "/" };
    let until_s = (now_ms / 1000).saturating_add(REVEAL_HOLDS_S);
    let mut out = Vec::with_capacity(64 + person.len() + back.len());
    out.push(VERSION);
    out.extend_from_slice(&session.0);
    out.extend_from_slice(&u32::try_from(terms.route).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&terms.fields.0.to_be_bytes());
    out.extend_from_slice(&terms.meaning);
    out.extend_from_slice(&until_s.to_be_bytes());
    // The path is the shorter by rule, so its length is the one written; the person is what is left.
    out.extend_from_slice(&u16::try_from(back.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(back.as_bytes());
    out.extend_from_slice(person.as_bytes());
    out
}

/// Reads [`write`] back and checks for whom, until when and under which policy it was meant.
pub(super) fn read(plain: &[u8], session: Pseudonym, site: &Site, now_ms: u64) -> Result<Reveal, ProofError> {
    let bad = ProofError::Malformed;
    let (version, rest) = plain.split_first_chunk::<1>().ok_or(bad.clone())?;
    let (whose, rest) = rest.split_first_chunk::<12>().ok_or(bad.clone())?;
    let (route, rest) = rest.split_first_chunk::<4>().ok_or(bad.clone())?;
    let (fields, rest) = rest.split_first_chunk::<8>().ok_or(bad.clone())?;
    let (meaning, rest) = rest.split_first_chunk::<16>().ok_or(bad.clone())?;
    let (until_s, rest) = rest.split_first_chunk::<8>().ok_or(bad.clone())?;
    let (length, rest) = rest.split_first_chunk::<2>().ok_or(bad.clone())?;
    let (back, person) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(bad.clone())?;
    if *version != [VERSION] {
        return Err(bad);
    }
    if *whose != session.0 {
        return Err(ProofError::Foreign);
    }
    if now_ms / 1000 >= u64::from_be_bytes(*until_s) {
        return Err(ProofError::Expired);
    }
    let back = std::str::from_utf8(back).map_err(|_| bad.clone())?;
    if !is_local_path(back) {
        return Err(bad);
    }
    let route = usize::try_from(u32::from_be_bytes(*route)).map_err(|_| bad.clone())?;
    let fields = FieldSet(u64::from_be_bytes(*fields));
    if Terms::of(site, route, fields).is_none_or(|now| now.meaning != *meaning) {
        return Err(ProofError::Changed { back: back.to_owned() });
    }
    Ok(Reveal {
        route,
        person: std::str::from_utf8(person).map_err(|_| bad)?.to_owned(),
        fields,
        back: back.to_owned(),
    })
}

/// AES-256-GCM under a nonce that is a keyed hash of the plaintext; nonce first, in base 64.
pub(super) fn seal(cipher: &Aes256Gcm, plain: &[u8], hash: [u8; 16]) -> String {
    let mut nonce = [0u8; NONCE];
    nonce.copy_from_slice(&hash[..NONCE]);
    // Sealing fails only beyond 64 GiB; an empty token is then refused as malformed.
    let sealed = cipher.encrypt(&nonce.into(), Payload { msg: plain, aad: PURPOSE }).unwrap_or_default();
    let mut out = Vec::with_capacity(NONCE + sealed.len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    base64::encode(&out)
}

/// Opens [`seal`].
pub(super) fn unseal(cipher: &Aes256Gcm, token: &str) -> Result<Vec<u8>, ProofError> {
    if token.len() > MAX_TOKEN {
        return Err(ProofError::TooLarge);
    }
    let bytes = base64::decode(token).ok_or(ProofError::Malformed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(ProofError::Malformed)?;
    cipher.decrypt(&(*nonce).into(), Payload { msg: sealed, aad: PURPOSE }).map_err(|_| ProofError::Forged)
}
