//! Every operation on the disk that can fail, behind one narrow trait, so that tests can make each of them fail.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

/// What the writer asks of a file system.
pub(super) trait Disk: Send + Sync {
    /// Makes a folder (and those above it), readable by its owner only, unless it is there.
    fn make_folder(&self, dir: &Path) -> io::Result<()>;
    /// A new file to append to, locked for as long as it is open (which tells another edge that its writer is alive); an
    /// unfinished one of this name is emptied.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>>;
    /// An existing file to append to.
    fn append_to(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>>;
    /// Gives a file its final name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes names in a folder last.
    fn sync_folder(&self, dir: &Path) -> io::Result<()>;
}

/// A file that is appended to.
pub(super) trait SegmentFile: Send + Sync {
    /// One `write(2)` at the end of the file; may write less than all.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts the file.
    fn truncate(&self, bytes: u64) -> io::Result<()>;
    /// Returns when the disk holds what was written.
    fn sync(&self) -> io::Result<()>;
    /// Whether the file still has a name.
    fn linked(&self) -> io::Result<bool>;
}

/// The file system of this machine.
pub(super) struct LocalDisk;

impl Disk for LocalDisk {
    fn make_folder(&self, dir: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.try_lock().map_err(io::Error::from)?;
        file.set_len(0)?;
        Ok(Arc::new(file))
    }

    fn append_to(&self, path: &Path) -> io::Result<Arc<dyn SegmentFile>> {
        Ok(Arc::new(OpenOptions::new().append(true).open(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_folder(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

impl SegmentFile for File {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self;
        Write::write(&mut file, bytes)
    }

    fn truncate(&self, bytes: u64) -> io::Result<()> {
        self.set_len(bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    fn linked(&self) -> io::Result<bool> {
        Ok(self.metadata()?.nlink() > 0)
    }
}

/// Writes all of `bytes`; a write that does less than asked is gone on with, so that the error is the disk's own.
pub(super) fn write_whole(file: &dyn SegmentFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = bytes.get(n..).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
