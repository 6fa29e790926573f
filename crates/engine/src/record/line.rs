//! One line of a segment: hash, space, JSON, newline.

use sha2::{Digest, Sha256};

/// Length of the hash at the head of a line: 32 hexadecimal digits, 128 bits of SHA-256.
pub(super) const HASH: usize = 32;

/// Longest line that is read, bytes.
pub(super) const LONGEST: usize = 8 << 20;

/// The hash before the first line of a writer's first segment.
pub(super) const NOTHING: [u8; HASH] = [b'0'; HASH];

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// No newline, or shorter than a hash.
    #[error("it is cut short")]
    Short,
    /// Longer than any line of ours.
    #[error("it is longer than any line of a ledger")]
    Long,
    /// The first part is not a hash.
    #[error("it does not begin with a hash")]
    NoHash,
    /// The hash does not fit the line or the line before.
    #[error("its hash does not fit it and the line before")]
    Hash,
    /// What follows is not an entry.
    #[error("it is not an entry of a ledger")]
    NotAnEntry,
}

/// The hash of a line, given the one before.
pub(super) fn chain(previous: &[u8; HASH], json: &[u8]) -> [u8; HASH] {
    let digest = Sha256::new().chain_update(previous).chain_update(json).finalize();
    let mut out = [0u8; HASH];
    for (i, b) in digest.iter().take(HASH / 2).enumerate() {
        out[2 * i] = b"0123456789abcdef"[usize::from(b >> 4)];
        out[2 * i + 1] = b"0123456789abcdef"[usize::from(b & 15)];
    }
    out
}

/// Takes a line (without its newline) apart: its hash and its JSON. Whether the hash fits is not checked here.
///
/// # Errors
/// [`LineError`].
pub fn parse_line(line: &[u8]) -> Result<([u8; HASH], &[u8]), LineError> {
    if line.len() > LONGEST {
        return Err(LineError::Long);
    }
    let (head, rest) = line.split_at_checked(HASH).ok_or(LineError::Short)?;
    let json = rest.strip_prefix(b" ").ok_or(LineError::NoHash)?;
    if !head.iter().all(|c| c.is_ascii_digit() || (b'a'..=b'f').contains(c)) {
        return Err(LineError::NoHash);
    }
    let mut hash = [0u8; HASH];
    hash.copy_from_slice(head);
    Ok((hash, json))
}

/// Takes a line apart and checks its hash against the one before.
pub(super) fn check<'l>(line: &'l [u8], previous: &[u8; HASH]) -> Result<([u8; HASH], &'l [u8]), LineError> {
    let (hash, json) = parse_line(line)?;
    if chain(previous, json) == hash { Ok((hash, json)) } else { Err(LineError::Hash) }
}
