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

/// So often the file is written anew whatever is in it: without the accounts whose time is over.
const ANEW_S: u64 = 86_400;

/// A file of ages.
#[derive(Debug)]
pub struct AgesFile {
    path: PathBuf,
    written: Mutex<Written>,
}

/// What is known of the file.
#[derive(Debug)]
struct Written {
    /// Lines in it.
    lines: usize,
    /// When it was read, or written anew, last.
    whole_s: u64,
    /// A write failed: it lacks ages that count as kept, and may end with half a line.
    behind: bool,
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
        let (mut lines, mut odd, mut over) = (0, 0, 0);
        match File::open(&path) {
            // To its end, however long it is: the last line of an account counts, and the ages are bounded.
            Ok(file) => each_line(BufReader::new(file), |line| {
                lines += 1;
                match line.and_then(read) {
                    Some((_, age)) if is_over(age, now_s) => over += 1,
                    Some((account, age)) => ages.restore(account, age),
                    None => odd += 1,
                }
            })
            .map_err(fail)?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(fail(e)),
        }
        if odd > 0 {
            tracing::warn!(file = %path.display(), lines = odd, "lines that tell no account's age were passed over");
        }
        let this = Self { path, written: Mutex::new(Written { lines, whole_s: now_s, behind: false }) };
        if odd + over > 0 || lines > WORN * ages.all().len() {
            this.write_anew(ages, &mut this.written.lock(), now_s)
                .map_err(|e| format!("{}, the ages of accounts, cannot be written: {e}", this.path.display()))?;
        }
        Ok(this)
    }

    /// Adds what is new. What a failed write left out, the next call writes.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self, ages: &Ages, now_s: u64) -> std::io::Result<()> {
        let mut written = self.written.lock();
        let fresh = ages.take_fresh();
        let worn = written.lines + fresh.len() > WORN * ages.capacity();
        if written.behind || worn || now_s > written.whole_s + ANEW_S {
            return self.write_anew(ages, &mut written, now_s);
        }
        if fresh.is_empty() {
            return Ok(());
        }
        // From here on they are not fresh any more, and not in the file yet either.
        written.behind = true;
        // One write: a gateway that takes over may add to the file at the same time.
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)?
            .write_all(text(&fresh).as_bytes())?;
        (written.behind, written.lines) = (false, written.lines + fresh.len());
        Ok(())
    }

    fn write_anew(&self, ages: &Ages, written: &mut Written, now_s: u64) -> std::io::Result<()> {
        written.behind = true;
        let mut all = ages.all();
        all.retain(|(_, age)| !is_over(*age, now_s));
        let fresh = self.path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text(&all).as_bytes())?;
        // A name must not be on the disk before what it names: a power cut would leave an empty file for a full one.
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)?;
        *written = Written { lines: all.len(), whole_s: now_s, behind: false };
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

/// Whether an account has not been seen for so long that its name is not kept any more.
fn is_over(age: Age, now_s: u64) -> bool {
    age.seen_s + KEPT_S <= now_s
}

/// Tells each line. `None` is one that is too long to be one, or that lacks its end: whoever wrote it did not finish.
fn each_line(mut from: impl BufRead, mut tell: impl FnMut(Option<&[u8]>)) -> std::io::Result<()> {
    let mut piece = Vec::new();
    let mut too_long = false;
    loop {
        piece.clear();
        if from.by_ref().take(LONGEST).read_until(b'\n', &mut piece)? == 0 {
            return Ok(());
        }
        match piece.strip_suffix(b"\n") {
            Some(line) => {
                if !too_long {
                    tell(Some(line));
                }
                too_long = false;
            }
            None => {
                if !too_long {
                    tell(None);
                }
                too_long = true;
            }
        }
    }
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
        assert_eq!(accounts.confirm(None, name(1), None, NOW_S), 5);
        assert_eq!(accounts.confirm(None, name(2), None, NOW_S), NOW_S);
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
            accounts.confirm(None, Pseudonym(bytes), None, u64::from(n));
            file.keep(accounts.ages(), u64::from(n)).unwrap();
        }
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= WORN * accounts.ages().capacity(), "{lines}");
    }

    #[test]
    fn what_a_failed_write_left_out_is_written_by_the_next() {
        let dir = tempfile::TempDir::new().unwrap();
        let folder = dir.path().join("site");
        let accounts = Accounts::new(100);
        let file = AgesFile::open(folder.join("accounts"), accounts.ages(), NOW_S).unwrap();
        accounts.confirm(None, name(1), Some(5), NOW_S);
        file.keep(accounts.ages(), NOW_S).unwrap_err();
        file.keep(accounts.ages(), NOW_S).unwrap_err();
        std::fs::create_dir(&folder).unwrap();
        file.keep(accounts.ages(), NOW_S).unwrap();
        let again = Accounts::new(100);
        AgesFile::open(folder.join("accounts"), again.ages(), NOW_S).unwrap();
        assert_eq!(again.confirm(None, name(1), None, NOW_S), 5);
    }

    #[test]
    fn a_name_whose_time_is_over_leaves_the_file_within_a_day() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("accounts");
        let accounts = Accounts::new(100);
        let file = AgesFile::open(path.clone(), accounts.ages(), NOW_S).unwrap();
        accounts.confirm(None, name(1), None, NOW_S);
        accounts.confirm(None, name(2), None, NOW_S + 20 * 86_400);
        let names = || std::fs::read_to_string(&path).unwrap().lines().count();
        file.keep(accounts.ages(), NOW_S + KEPT_S - 1).unwrap();
        assert_eq!(names(), 2);
        file.keep(accounts.ages(), NOW_S + KEPT_S + ANEW_S).unwrap();
        assert_eq!(names(), 1);
    }

    #[test]
    fn the_last_line_counts_however_long_the_file_is() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("accounts");
        let accounts = Accounts::new(16);
        let said = |since_s| text(&[(name(1), Age { since_s, seen_s: NOW_S })]);
        let long = "x".repeat(1_000) + &said(6);
        std::fs::write(&path, said(9).repeat(10_000) + &long + &said(7)).unwrap();
        AgesFile::open(path.clone(), accounts.ages(), NOW_S).unwrap();
        assert_eq!(accounts.confirm(None, name(1), None, NOW_S), 7);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), said(7));
    }

    #[test]
    fn a_line_without_its_end_is_not_believed_and_takes_no_other_with_it() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("accounts");
        let whole = text(&[(name(1), Age { since_s: 5, seen_s: NOW_S }), (name(2), Age { since_s: 6, seen_s: NOW_S })]);
        std::fs::write(&path, whole.trim_end()).unwrap();
        let accounts = Accounts::new(100);
        let file = AgesFile::open(path.clone(), accounts.ages(), NOW_S).unwrap();
        accounts.confirm(None, name(3), Some(8), NOW_S);
        file.keep(accounts.ages(), NOW_S).unwrap();
        let again = Accounts::new(100);
        AgesFile::open(path, again.ages(), NOW_S).unwrap();
        let ages = [1, 2, 3].map(|n| again.confirm(None, name(n), None, NOW_S));
        assert_eq!(ages, [5, NOW_S, 8]);
    }
}
