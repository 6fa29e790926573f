//! Raw addresses, sealed: once a day per address, beside the ledger, opened only with the key and inside a case.

use std::collections::HashSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::RecordError;
use crate::doors::Pseudonym;

const DAY_MS: u64 = 86_400_000;

/// Most addresses remembered as sealed today; beyond it some are sealed twice, which costs a line and harms nothing.
const MOST_REMEMBERED: usize = 1 << 20;

/// One sealed address.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sealed {
    /// Keyed name of the address.
    pub a: String,
    /// Nonce, hexadecimal.
    pub n: String,
    /// AES-256-GCM of the address's text, hexadecimal; the keyed name is authenticated with it.
    pub b: String,
}

/// Seals addresses into one file a day.
pub struct Sealer {
    dir: PathBuf,
    cipher: Aes256Gcm,
    today: Mutex<(u64, HashSet<u64>)>,
}

impl Sealer {
    /// A sealer that writes to `dir`.
    #[must_use]
    pub fn new(dir: PathBuf, key: &[u8; 32]) -> Self {
        Self { dir, cipher: Aes256Gcm::new(key.into()), today: Mutex::new((0, HashSet::new())) }
    }

    /// Seals an address unless it was today. `nonce`: 12 random bytes, never used before.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn seal(&self, name: Pseudonym, address: IpAddr, nonce: [u8; 12], now_ms: u64) -> Result<(), RecordError> {
        let day = now_ms / DAY_MS;
        {
            let mut today = self.today.lock();
            if today.0 != day || today.1.len() >= MOST_REMEMBERED {
                *today = (day, HashSet::new());
            }
            if !today.1.insert(name.key()) {
                return Ok(());
            }
        }
        let path = self.dir.join(format!("{day:08}.jsonl"));
        self.write(&path, name, address, nonce).inspect_err(|_| {
            self.today.lock().1.remove(&name.key());
        })
    }

    fn write(&self, path: &Path, name: Pseudonym, address: IpAddr, nonce: [u8; 12]) -> Result<(), RecordError> {
        let fail = |source| RecordError::Io { path: path.to_owned(), act: "written", source };
        let text = address.to_string();
        let sealed = self
            .cipher
            .encrypt(Nonce::from_slice(&nonce), Payload { msg: text.as_bytes(), aad: &name.0 })
            .map_err(|_| fail(std::io::Error::other("the address could not be sealed")))?;
        let mut line = serde_json::to_vec(&Sealed { a: name.hex(), n: hex(&nonce), b: hex(&sealed) })?;
        line.push(b'\n');
        DirBuilder::new().recursive(true).mode(0o700).create(&self.dir).map_err(fail)?;
        OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut f| f.write_all(&line))
            .map_err(fail)
    }

    /// Deletes what is older than `days`; returns the files that went.
    ///
    /// # Errors
    /// [`RecordError::Io`].
    pub fn expire(&self, days: u32, now_ms: u64) -> Result<Vec<PathBuf>, RecordError> {
        let fail = |source| RecordError::Io { path: self.dir.clone(), act: "deleted", source };
        let oldest = (now_ms / DAY_MS).saturating_sub(u64::from(days));
        let mut gone = Vec::new();
        if !self.dir.exists() {
            return Ok(gone);
        }
        for item in std::fs::read_dir(&self.dir).map_err(fail)? {
            let path = item.map_err(fail)?.path();
            let day = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<u64>().ok());
            if day.is_some_and(|d| d < oldest) {
                std::fs::remove_file(&path).map_err(fail)?;
                gone.push(path);
            }
        }
        Ok(gone)
    }
}

/// Opens a sealed address: the newest one under its keyed name, `None` when none is kept. Whoever calls this records
/// who did, and why.
///
/// # Errors
/// [`RecordError::Io`] when the folder cannot be read.
pub fn open_address(dir: &Path, key: &[u8; 32], name: Pseudonym) -> Result<Option<IpAddr>, RecordError> {
    let fail = |source| RecordError::Io { path: dir.to_owned(), act: "read", source };
    if !dir.exists() {
        return Ok(None);
    }
    let cipher = Aes256Gcm::new(key.into());
    let mut files = std::fs::read_dir(dir)
        .map_err(fail)?
        .map(|i| i.map(|i| i.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(fail)?;
    files.sort();
    let wanted = name.hex();
    for path in files.into_iter().rev() {
        for line in BufReader::new(std::fs::File::open(&path).map_err(fail)?).lines() {
            let line = line.map_err(fail)?;
            let Ok(sealed) = serde_json::from_str::<Sealed>(&line) else { continue };
            if sealed.a != wanted {
                continue;
            }
            if let (Some(nonce), Some(b)) = (unhex(&sealed.n), unhex(&sealed.b))
                && nonce.len() == 12
                && let Ok(text) = cipher.decrypt(Nonce::from_slice(&nonce), Payload { msg: &b, aad: &name.0 })
                && let Some(address) = String::from_utf8(text).ok().and_then(|t| t.parse().ok())
            {
                return Ok(Some(address));
            }
        }
    }
    Ok(None)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|d| char::from_digit(u32::from(d), 16)).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
    let digits = digits.filter(|d| d.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|p| p[0] << 4 | p[1]).collect())
}
