//! The folder in which letters wait for the brain: one file a letter, one line of JSON in it, readable by its owner only.
//!
//! A file a letter, because then a crash, a gateway that hands over, and a reader that takes letters away never meet in
//! the middle of one. A letter is there when its name is: it is written under another one, kept by the disk, and renamed.

use std::fs::{DirBuilder, File, OpenOptions, read_dir, rename};
use std::io::{Error, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::Value;

/// Most letters that wait.
pub const MOST_LETTERS: usize = 2_000;
/// Most bytes of letters that wait.
pub const MOST_BYTES: u64 = 16 << 20;

/// Why a letter is not kept. The visitor is told to write to the site's contact.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Nobody reads.
    #[error(
        "{waiting} letters of {bytes} bytes wait in {dir} and nobody takes them up; read them with `hedgerow intake list` or start the console"
    )]
    Full {
        /// The folder.
        dir: String,
        /// Letters in it.
        waiting: usize,
        /// Their bytes.
        bytes: u64,
    },
    /// The disk.
    #[error("a letter cannot be written into {dir}: {source}")]
    Io {
        /// The folder.
        dir: String,
        /// What the system says.
        source: Error,
    },
}

/// The folder. Clones share it.
#[derive(Debug, Clone)]
pub struct Spool {
    dir: Arc<PathBuf>,
    /// One at a time: the bound is looked at before each.
    turn: Arc<Mutex<()>>,
}

impl Spool {
    /// Letters wait in `dir`, which is made with the first.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir: Arc::new(dir), turn: Arc::default() }
    }

    /// Keeps a letter: when this returns, the disk has it. The same letter again is kept once.
    ///
    /// # Errors
    /// [`SpoolError`].
    pub fn keep(&self, at_ms: u64, id: &str, line: &Value) -> Result<(), SpoolError> {
        let _turn = self.turn.lock();
        self.put(at_ms, id, line).map_err(|source| SpoolError::Io { dir: self.dir.display().to_string(), source })?
    }

    fn put(&self, at_ms: u64, id: &str, line: &Value) -> Result<Result<(), SpoolError>, Error> {
        match DirBuilder::new().mode(0o700).create(&*self.dir) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        let ending = format!("-{id}.json");
        let (mut waiting, mut bytes) = (0usize, 0u64);
        for entry in read_dir(&*self.dir)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().ends_with(&ending) {
                return Ok(Ok(()));
            }
            // What the reader takes away meanwhile is no error.
            match entry.metadata() {
                Ok(m) if m.is_file() => (waiting, bytes) = (waiting + 1, bytes + m.len()),
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => return Err(e),
            }
        }
        let mut text = line.to_string().into_bytes();
        text.push(b'\n');
        if waiting >= MOST_LETTERS || bytes + text.len() as u64 > MOST_BYTES {
            return Ok(Err(SpoolError::Full { dir: self.dir.display().to_string(), waiting, bytes }));
        }
        let name = format!("{at_ms:013}{ending}");
        let (part, whole) = (self.dir.join(format!(".{name}.part")), self.dir.join(&name));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        file.write_all(&text)?;
        file.sync_all()?;
        rename(&part, &whole)?;
        File::open(&*self.dir)?.sync_all()?;
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use serde_json::json;

    use super::*;

    fn names(spool: &Spool) -> Vec<String> {
        let mut all: Vec<_> =
            read_dir(&*spool.dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }

    #[test]
    fn a_letter_is_one_line_in_a_file_of_its_owner_and_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().join("intake"));
        spool.keep(17, "ab", &json!({"message": "line\nline"})).unwrap();
        spool.keep(18, "ab", &json!({"message": "line\nline"})).unwrap();
        spool.keep(18, "cd", &json!({})).unwrap();
        assert_eq!(names(&spool), ["0000000000017-ab.json", "0000000000018-cd.json"]);
        let path = spool.dir.join("0000000000017-ab.json");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"message\":\"line\\nline\"}\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(&*spool.dir).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_full_folder_takes_no_more_and_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let spool = Spool::new(dir.path().join("intake"));
        spool.keep(1, "aa", &json!({})).unwrap();
        File::create(spool.dir.join("old")).unwrap().set_len(MOST_BYTES - 3).unwrap();
        let said = spool.keep(2, "bb", &json!({})).unwrap_err();
        assert!(
            matches!(said, SpoolError::Full { waiting: 2, .. }) && said.to_string().contains("hedgerow intake list")
        );
        std::fs::remove_file(spool.dir.join("old")).unwrap();
        spool.keep(2, "bb", &json!({})).unwrap();
        for n in 2..MOST_LETTERS {
            File::create(spool.dir.join(n.to_string())).unwrap();
        }
        assert!(matches!(spool.keep(3, "cc", &json!({})), Err(SpoolError::Full { .. })));
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("intake"), "a file").unwrap();
        assert!(matches!(Spool::new(dir.path().join("intake")).keep(1, "a", &json!({})), Err(SpoolError::Io { .. })));
    }
}
