//! Randomness for references, nonces and sessions: one generator per worker, seeded by the operating system.

use std::io::Read;

/// Bytes made at once: BLAKE3 makes many blocks of output for little more than one.
const BATCH: usize = 1024;

/// A generator: BLAKE3's output under a key that is replaced with each batch and erased, so that who reads the memory
/// of a worker learns nothing about what was given out before ("fast key erasure").
pub struct Chance {
    key: [u8; 32],
    batch: [u8; BATCH],
    used: usize,
}

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chance(secret)")
    }
}

impl Chance {
    /// A generator with a seed of its own.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new() -> std::io::Result<Self> {
        let mut key = [0u8; 32];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
        Ok(Self { key, batch: [0; BATCH], used: BATCH })
    }

    /// 16 fresh bytes.
    pub fn bytes16(&mut self) -> [u8; 16] {
        if self.used + 16 > BATCH {
            let mut output = blake3::Hasher::new_keyed(&self.key).finalize_xof();
            output.fill(&mut self.key);
            output.fill(&mut self.batch);
            self.used = 0;
        }
        let mut out = [0u8; 16];
        let given = &mut self.batch[self.used..self.used + 16];
        out.copy_from_slice(given);
        given.fill(0);
        self.used += 16;
        out
    }

    /// 60 fresh bits, for a reference.
    pub fn reference(&mut self) -> hedgerow_engine::doors::Reference {
        let b = self.bytes16();
        let mut eight = [0u8; 8];
        eight.copy_from_slice(&b[..8]);
        hedgerow_engine::doors::Reference(u64::from_le_bytes(eight) >> 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_given_out_twice_over_many_batches() {
        let mut chance = Chance::new().unwrap();
        let given: std::collections::HashSet<[u8; 16]> = (0..10_000).map(|_| chance.bytes16()).collect();
        assert_eq!(given.len(), 10_000);
    }

    #[test]
    fn what_was_given_out_does_not_stay_in_memory() {
        let mut chance = Chance::new().unwrap();
        let given = chance.bytes16();
        assert!(!chance.batch.windows(16).any(|w| w == given));
    }
}
