//! The files of keys with which the sites' tokens are checked. Each is read when the gateway starts, and again when it
//! changes: keys are rotated without a restart. A broken one changes nothing.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use hedgerow_engine::identify::{TokenAlgorithm, TokenKeys};
use hedgerow_engine::policy::Site;
use parking_lot::Mutex;

use crate::lookups::{Stamp, stamp};

/// The keys of one site, and what is known of their file.
#[derive(Clone)]
pub struct KeyFile {
    path: PathBuf,
    algorithms: Vec<TokenAlgorithm>,
    stamp: Stamp,
    /// The file has changed since; the next ask reads it.
    stale: bool,
    keys: Arc<TokenKeys>,
}

impl KeyFile {
    /// The keys.
    #[must_use]
    pub fn keys(&self) -> Arc<TokenKeys> {
        Arc::clone(&self.keys)
    }
}

/// The key files in force, by the sites' names.
#[derive(Default)]
pub struct KeyFiles(Mutex<HashMap<String, KeyFile>>);

impl KeyFiles {
    /// The keys of a site's tokens, read if the policy names another file or other algorithms than before, or the file
    /// has changed. A file that was good once and is broken now is told of, and the keys read before stay in force. What
    /// is watched stays what it was before [`KeyFiles::put_in_force`]: the policy that asks may still be refused.
    ///
    /// # Errors
    /// A sentence about a file of which no keys are known; it does not name the site.
    pub fn of(&self, site: &Site) -> Result<Option<KeyFile>, String> {
        let Some(token) = &site.account.token else { return Ok(None) };
        let (path, algorithms) = (PathBuf::from(&token.key_file), token.algorithms.clone());
        let known = self.0.lock();
        let now = stamp(&path);
        let before = known.get(&site.name).filter(|f| f.path == path && f.algorithms == algorithms);
        if let Some(file) = before.filter(|f| f.stamp == now && !f.stale) {
            return Ok(Some(file.clone()));
        }
        let keys = match (TokenKeys::open(&path, &algorithms), before) {
            (Ok(keys), _) => Arc::new(keys),
            (Err(e), None) => return Err(format!("{}, the keys of `account.token`: {e}", path.display())),
            (Err(e), Some(file)) => {
                let (site, file_name) = (&site.name, path.display());
                tracing::error!(site, file = %file_name, error = %e, "the keys of tokens cannot be read; those read before stay in force");
                file.keys()
            }
        };
        Ok(Some(KeyFile { path, algorithms, stamp: now, stale: false, keys }))
    }

    /// From now on these files are looked at, and no others.
    pub fn put_in_force(&self, files: HashMap<String, KeyFile>) {
        *self.0.lock() = files;
    }

    /// Whether a file in force has changed; asked every few seconds, answered once for each change.
    pub fn changed(&self) -> bool {
        let mut any = false;
        for file in self.0.lock().values_mut() {
            let now = stamp(&file.path);
            // A file that is gone for a moment is being replaced.
            if now.is_some() && now != file.stamp {
                (file.stamp, file.stale, any) = (now, true, true);
            }
        }
        any
    }
}
