//! The file with the ages of a site's accounts: one line each, `NAME SINCE SEEN`, the last one counts. New lines are added
//! every few seconds; what was missed by a crash, the ledger's last thirty days tell.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hedgerow_engine::doors::Pseudonym;
use hedgerow_engine::identify::{Age, Ages, KEPT_S};
use parking_lot::Mutex;

/// Longest line: 24 digits of the name, two times of at most 20 digits, two spaces, the newline.
const LONGEST: u64 = 24 + 2 * 21 + 1;

/// Lines more than this many times the accounts they tell of: the file is written anew.
const WORN: usize = 2;

/// A file of ages.
#[derive(Debug)]
pub struct AgesFile {
    path: PathBuf,
    lines: Mutex<usize>,
}

impl AgesFile {
    /// Reads the file, if there is one. Lines that are none are passed over: a crash leaves one, and a wrong age is no
    /// reason not to serve.
    ///
    /// # Errors
    /// A sentence when it cannot be read or written.
    pub fn open(path: PathBuf, ages: &Ages, now_s: u64) -> Result<Self, String> {
        let fail = |e: std::io::Error| {
            format!("{}, the ages of accounts, cannot be used: {e}; mend or delete it", path.display())
        };
        let (mut lines, mut odd) = (0, 0);
        match File::open(&path) {
            Ok(file) => {
                let most = LONGEST * (ages.capacity() * (WORN + 1)) as u64;
                for line in BufReader::new(file.take(most)).split(b'\n') {
                    lines += 1;
                    match read(&line.map_err(fail)?) {
                        Some((account, age)) if age.seen_s + KEPT_S > now_s => ages.restore(account, age),
                        Some(_) => {}
                        None => odd += 1,
                    }
                }
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(fail(e)),
        }
        if odd > 0 {
            tracing::warn!(file = %path.display(), lines = odd, "lines that tell no account's age were passed over");
        }
        let this = Self { path, lines: Mutex::new(lines) };
        if odd > 0 || lines > WORN * ages.all().len() {
            this.write_anew(ages, &mut this.lines.lock())
                .map_err(|e| format!("{}, the ages of accounts, cannot be written: {e}", this.path.display()))?;
        }
        Ok(this)
    }

    /// Adds what is new.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self, ages: &Ages) -> std::io::Result<()> {
        let fresh = ages.take_fresh();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut lines = self.lines.lock();
        if *lines + fresh.len() > WORN * ages.capacity() {
            return self.write_anew(ages, &mut lines);
        }
        *lines += fresh.len();
        // One write: a gateway that takes over may add to the file at the same time.
        OpenOptions::new().append(true).create(true).mode(0o600).open(&self.path)?.write_all(text(&fresh).as_bytes())
    }

    fn write_anew(&self, ages: &Ages, lines: &mut usize) -> std::io::Result<()> {
        let all = ages.all();
        let fresh = self.path.with_extension("new");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&fresh)?
            .write_all(text(&all).as_bytes())?;
        std::fs::rename(&fresh, &self.path)?;
        *lines = all.len();
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn text(ages: &[(Pseudonym, Age)]) -> String {
    ages.iter().map(|(account, age)| format!("{} {} {}\n", account.hex(), age.since_s, age.seen_s)).collect()
}

fn read(line: &[u8]) -> Option<(Pseudonym, Age)> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let account = Pseudonym::from_hex(words.next()?)?;
    let (since_s, seen_s) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    words.next().is_none().then_some((account, Age { since_s, seen_s }))
}

#[cfg(test)]
mod tests {
    use hedgerow_engine::identify::Accounts;

    use super::*;

    const NOW_S: u64 = 1_800_000_000;

    fn name(n: u8) -> Pseudonym {
        Pseudonym([n; 12])
    }

    #[test]
    fn a_file_with_half_a_line_and_forgotten_accounts_is_read_and_mended() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("accounts");
        let long_ago = NOW_S - KEPT_S - 1;
        let whole =
            text(&[(name(1), Age { since_s: 5, seen_s: NOW_S - 10 }), (name(2), Age { since_s: 6, seen_s: long_ago })]);
        std::fs::write(&path, format!("{whole}0101")).unwrap();
        let accounts = Accounts::new(100);
        AgesFile::open(path.clone(), accounts.ages(), NOW_S).unwrap();
        assert_eq!(accounts.first_seen(name(1), NOW_S), 5);
        assert_eq!(accounts.first_seen(name(2), NOW_S), NOW_S);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    #[test]
    fn the_file_stays_within_its_bound() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("accounts");
        let accounts = Accounts::new(32);
        let file = AgesFile::open(path.clone(), accounts.ages(), 0).unwrap();
        for n in 0..2_000u32 {
            let mut bytes = [0u8; 12];
            bytes[..4].copy_from_slice(&n.to_le_bytes());
            accounts.first_seen(Pseudonym(bytes), u64::from(n));
            file.keep(accounts.ages()).unwrap();
        }
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= WORN * accounts.ages().capacity(), "{lines}");
    }
}
