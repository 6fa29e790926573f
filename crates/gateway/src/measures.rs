//! Measures in the gateway: read from `measures.json`, swapped in whole, listed with what they met.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hedgerow_engine::measures::{About, Book, MOST_BYTES, Measure, Measures};
use hedgerow_engine::policy::Site;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::lookups::{Stamp, stamp};
use crate::sites::Tables;

/// Where the measures stand.
#[must_use]
pub fn file(state: &Path) -> PathBuf {
    state.join("measures.json")
}

/// Reads the file, and remembers which one it was and what was wrong with it.
#[derive(Default)]
pub struct Reader {
    stamp: Mutex<Stamp>,
    problem: Mutex<Option<String>>,
}

impl Reader {
    /// Reads the file and gives each site its measures; says how many each has. No file is no measures.
    ///
    /// # Errors
    /// A sentence; every measure that was in force stays so.
    pub fn take_up(&self, state: &Path, tables: &Tables) -> Result<Value, String> {
        let path = file(state);
        *self.stamp.lock() = stamp(&path);
        let read = read(&path);
        *self.problem.lock() = read.as_ref().err().cloned();
        let mut book = read?;
        let mut counts = serde_json::Map::new();
        for s in tables.sites() {
            let fresh = book.take(&s.site.name);
            fresh.take_counts(&s.memory.measures.load());
            counts.insert(s.site.name.clone(), json!(fresh.all().len()));
            s.memory.measures.store(Arc::new(fresh));
        }
        // The policy may have let a site go whose measures have not ended yet.
        let unknown: serde_json::Map<String, Value> =
            book.left().into_iter().map(|(site, n)| (site.to_owned(), json!(n))).collect();
        Ok(json!({"sites": counts, "unknown_sites": unknown}))
    }

    /// As [`Reader::take_up`], where nobody waits for the answer: a file that cannot be read is told in the log.
    pub fn take_up_or_tell(&self, state: &Path, tables: &Tables) {
        if let Err(e) = self.take_up(state, tables) {
            tracing::error!(error = e, "the measures were not taken up; those in force stay, at a start that is none");
        }
    }

    /// Whether the file is another one than was read last. A gateway that takes over looks by itself: what is written
    /// while it starts may be told to the one before it.
    #[must_use]
    pub fn changed(&self, state: &Path) -> bool {
        stamp(&file(state)) != *self.stamp.lock()
    }

    /// What is wrong with the file.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        self.problem.lock().clone()
    }

    /// All measures of the sites, or of one.
    ///
    /// # Errors
    /// When no site has that name.
    pub fn listed(&self, tables: &Tables, site: Option<&str>, now_ms: u64) -> Result<Value, String> {
        let sites: Vec<Value> = tables
            .sites()
            .filter(|s| site.is_none_or(|n| n == s.site.name))
            .map(|s| {
                let measures = s.memory.measures.load();
                let all: Vec<Value> = measures.all().iter().map(|m| shown(m, &s.site, now_ms)).collect();
                json!({"site": s.site.name, "mode": s.mode(), "measures": all})
            })
            .collect();
        match (sites.is_empty(), site) {
            (true, Some(n)) => Err(format!("no site is named `{n}`")),
            _ => Ok(json!({"sites": sites, "now_ms": now_ms, "problem": self.problem()})),
        }
    }
}

/// Measures for everybody that hold now, for the status.
pub fn for_everybody(measures: &Measures, site: &Site, now_ms: u64) -> Vec<Value> {
    let wide = measures.all().iter().filter(|m| m.act.of_everybody() && m.holds(now_ms));
    wide.map(|m| shown(m, site, now_ms)).collect()
}

fn shown(m: &Measure, site: &Site, now_ms: u64) -> Value {
    let (hits, last_ms) = m.met();
    let (mut level, mut name, mut route, mut field, mut posture) = Default::default();
    match &m.about {
        About::Principal { level: l, name: n } => (level, name) = (Some(*l), Some(n)),
        About::Everybody { route: r, field: f, posture: p } => (route, field, posture) = (r.as_ref(), f.as_ref(), *p),
    }
    json!({
        "id": m.id,
        "level": level,
        "name": name,
        "route": route,
        "field": field,
        "posture": posture,
        // Whether the policy in force has the route and the field.
        "known": m.known_to(site),
        "act": m.act,
        "factor": (m.factor > 1).then_some(m.factor),
        "from_s": m.from_s,
        "until_s": m.until_s,
        "holds": m.holds(now_ms),
        "hits": hits,
        "last_ms": (last_ms > 0).then_some(last_ms),
    })
}

fn read(path: &Path) -> Result<Book, String> {
    let named = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Book::default()),
        Err(e) => return Err(named(&e)),
    };
    let mut bytes = Vec::new();
    file.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|e| named(&e))?;
    Book::from_json(&bytes).map_err(|e| named(&e))
}
