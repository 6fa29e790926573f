//! Randomness for references, nonces and sessions: one generator per worker, seeded by the operating system.

use std::io::Read;

/// A generator: BLAKE3 keyed with an operating-system seed, over a counter.
#[derive(Debug)]
pub struct Chance {
    key: [u8; 32],
    counter: u64,
}

impl Chance {
    /// A generator with a seed of its own.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn new() -> std::io::Result<Self> {
        let mut key = [0u8; 32];
        std::fs::File::open("/dev/urandom")?.read_exact(&mut key)?;
        Ok(Self { key, counter: 0 })
    }

    /// 16 fresh bytes.
    pub fn bytes16(&mut self) -> [u8; 16] {
        self.counter += 1;
        let hash = blake3::keyed_hash(&self.key, &self.counter.to_le_bytes());
        let mut out = [0u8; 16];
        out.copy_from_slice(&hash.as_bytes()[..16]);
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
