//! The token of the way without JavaScript: a signed moment before which it is not taken.

use super::{ProofError, base64, same};

const VERSION: u8 = 1;
const BODY: usize = 1 + 16 + 16 + 8 + 8;
const MAC: usize = 16;
const TEXT: usize = (BODY + MAC).div_ceil(3) * 4;

/// What the token says. It is signed, not secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WaitToken {
    /// Nonce of the challenge it belongs to.
    pub id: [u8; 16],
    /// For which session.
    pub binding: [u8; 16],
    /// When it becomes good, in milliseconds.
    pub ready_ms: u64,
    /// When it stops being good, in milliseconds.
    pub until_ms: u64,
}

impl WaitToken {
    /// Version, identifier, session, two times and a MAC over them, in base 64.
    pub(super) fn sealed(&self, mac: impl Fn(&[u8]) -> [u8; MAC]) -> String {
        let mut bytes = Vec::with_capacity(BODY + MAC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&self.binding);
        bytes.extend_from_slice(&self.ready_ms.to_be_bytes());
        bytes.extend_from_slice(&self.until_ms.to_be_bytes());
        let mac = mac(&bytes);
        bytes.extend_from_slice(&mac);
        base64::encode(&bytes)
    }

    /// Reads [`WaitToken::sealed`] back if its MAC is ours.
    pub(super) fn open(text: &str, mac: impl Fn(&[u8]) -> [u8; MAC]) -> Result<Self, ProofError> {
        if text.len() > TEXT {
            return Err(ProofError::TooLarge);
        }
        let bytes = base64::decode(text).ok_or(ProofError::Malformed)?;
        let (body, theirs) = bytes.split_at_checked(BODY).ok_or(ProofError::Malformed)?;
        if !same(theirs, &mac(body)) {
            return Err(ProofError::Forged);
        }
        let (version, rest) = body.split_first_chunk::<1>().ok_or(ProofError::Malformed)?;
        let (id, rest) = rest.split_first_chunk::<16>().ok_or(ProofError::Malformed)?;
        let (binding, rest) = rest.split_first_chunk::<16>().ok_or(ProofError::Malformed)?;
        let (ready, rest) = rest.split_first_chunk::<8>().ok_or(ProofError::Malformed)?;
        let until = rest.first_chunk::<8>().ok_or(ProofError::Malformed)?;
        if *version != [VERSION] {
            return Err(ProofError::Malformed);
        }
        Ok(Self {
            id: *id,
            binding: *binding,
            ready_ms: u64::from_be_bytes(*ready),
            until_ms: u64::from_be_bytes(*until),
        })
    }
}
