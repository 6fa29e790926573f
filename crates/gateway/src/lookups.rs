//! Tables of outside facts that the operator gives by file: autonomous systems, and refreshed ranges of crawlers. Each is
//! read when the gateway starts, and again when its file changes; a broken one changes nothing.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hedgerow_engine::identify::{AsnTable, Crawlers};
use parking_lot::Mutex;

/// When a file was written, and its size: an atomic replacement changes at least one.
pub(crate) type Stamp = Option<(SystemTime, u64)>;

pub(crate) fn stamp(path: &Path) -> Stamp {
    let found = std::fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// The tables in force.
#[derive(Default)]
pub struct Lookups {
    asn: Mutex<Option<Asn>>,
    /// Stamp of the crawlers' file as it was last read.
    crawlers: Mutex<Stamp>,
}

/// A table of autonomous systems, and what is known of its file.
#[derive(Clone)]
pub struct Asn {
    path: PathBuf,
    stamp: Stamp,
    /// The file has changed since; the next ask reads it.
    stale: bool,
    table: Arc<AsnTable>,
}

impl Asn {
    /// The table.
    #[must_use]
    pub fn table(&self) -> Arc<AsnTable> {
        Arc::clone(&self.table)
    }
}

impl Lookups {
    /// The table of autonomous systems at `path`, read if it is another one than before or has changed. A file that was
    /// good once and is broken now is told of, and the table read before stays in force: a policy must not wait for it.
    /// What is watched stays what it was before [`Lookups::put_in_force`]: the policy that asks may still be refused.
    ///
    /// # Errors
    /// A sentence about a file of which no table is known.
    pub fn asn(&self, path: Option<&str>) -> Result<Option<Asn>, String> {
        let Some(path) = path.map(PathBuf::from) else { return Ok(None) };
        let known = self.asn.lock();
        let now = stamp(&path);
        let before = known.as_ref().filter(|a| a.path == path);
        if let Some(a) = before.filter(|a| a.stamp == now && !a.stale) {
            return Ok(Some(a.clone()));
        }
        let table = match (AsnTable::open(&path), before) {
            (Ok(table), _) => Arc::new(table),
            (Err(e), None) => return Err(e.to_string()),
            (Err(e), Some(a)) => {
                tracing::error!(error = %e, "the table of autonomous systems cannot be read; the one read before stays in force");
                a.table()
            }
        };
        Ok(Some(Asn { path, stamp: now, stale: false, table }))
    }

    /// From now on this table's file is looked at.
    pub fn put_in_force(&self, asn: Option<Asn>) {
        *self.asn.lock() = asn;
    }

    /// Whether the file of the table in force has changed; asked every few seconds, answered once for each change.
    pub fn asn_changed(&self) -> bool {
        self.asn.lock().as_mut().is_some_and(|a| {
            let now = stamp(&a.path);
            // A file that is gone for a moment is being replaced.
            let changed = now.is_some() && now != a.stamp;
            if changed {
                // Whatever comes of reading it: a broken file is told once, and looked at again when it changes again.
                (a.stamp, a.stale) = (now, true);
            }
            changed
        })
    }

    /// Whether the crawlers' file is another one than was read last; what it is now counts as read.
    pub fn crawlers_changed(&self, path: &Path) -> bool {
        let now = stamp(path);
        let mut known = self.crawlers.lock();
        let changed = now.is_some() && now != *known;
        if changed {
            *known = now;
        }
        changed
    }
}

/// Takes refreshed ranges over those of the release.
///
/// # Errors
/// A sentence; the ranges in force stay.
pub fn take_crawlers(crawlers: &Crawlers, path: &Path) -> Result<(), String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
    crawlers.replace_ranges(&bytes).map_err(|e| format!("{}: {e}", path.display()))
}
