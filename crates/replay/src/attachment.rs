//! The engine's rooms of one site, as a log's attachment: which policy, with which sight, for which routes.

use std::path::PathBuf;
use std::sync::Arc;

use hedgerow_engine::answer::Plan;
use hedgerow_engine::doors::SensitivitySet;
use hedgerow_engine::identify::{AsnTable, Crawlers, Identifier, Keys};
use hedgerow_engine::judge::{Judge, Sight};
use hedgerow_engine::policy::{FieldSet, Policy, RouteKind, Site};
use serde::Deserialize;

use crate::ReplayError;
use crate::formats::Choice;

/// What whoever replays a log may choose.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// Format of the log: `auto`, or a name; see `formats::Choice`.
    pub format: String,
    /// Name of the policy's site; absent when it has one only.
    pub site: Option<String>,
    /// Threads; 0 for one a core.
    pub workers: usize,
    /// Folder for what does not fit into memory; absent for the system's.
    pub temporary_folder: Option<PathBuf>,
    /// Folder of a ledger to write; absent for none.
    pub ledger_folder: Option<PathBuf>,
    /// 64 hexadecimal digits from which names are keyed; absent for ones drawn at random, so that names mean nothing
    /// outside this replay. Steps that are divided among machines need one and the same: see [`Options::with_secret`].
    pub secret: Option<String>,
    /// Table of autonomous systems.
    pub asn_table: Option<PathBuf>,
    /// When the log is read, Unix seconds: later lines are from a wrong clock.
    pub now_s: u64,
    /// Memory for events of one worker before they go to the temporary folder, MiB.
    pub run_mb: usize,
    /// Memory of the engine's state for one partition, MiB.
    pub state_mb: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: "auto".to_owned(),
            site: None,
            workers: 0,
            temporary_folder: None,
            ledger_folder: None,
            secret: None,
            asn_table: None,
            now_s: u64::MAX,
            run_mb: 128,
            state_mb: 64,
        }
    }
}

/// Bytes of a number of MiB, as far as this machine can count them.
fn bytes(mb: usize) -> usize {
    mb.saturating_mul(1 << 20)
}

impl Options {
    /// The folder for what does not fit into memory.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.temporary_folder.clone().unwrap_or_else(std::env::temp_dir)
    }

    /// Reads options, and draws a secret where none is given; the options with it, as JSON, for all who share in a replay.
    ///
    /// # Errors
    /// [`ReplayError::Options`] for what are no options; [`ReplayError::Io`] when the system has no random bytes to give.
    pub fn with_secret(json: &[u8]) -> Result<String, ReplayError> {
        let wrong = |e: serde_json::Error| ReplayError::Options(e.to_string());
        let options: Self = serde_json::from_slice(json).map_err(wrong)?;
        let mut all: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(json).map_err(wrong)?;
        if options.secret.is_none() {
            all.insert("secret".to_owned(), drawn()?.into());
        }
        serde_json::to_string(&all).map_err(wrong)
    }

    /// Bytes of events of one worker that are kept in memory.
    #[must_use]
    pub fn run_bytes(&self) -> usize {
        bytes(self.run_mb.max(1))
    }

    /// Bytes of the engine's state for so many partitions at once.
    #[must_use]
    pub fn state_bytes(&self, partitions: usize) -> usize {
        bytes(self.state_mb.saturating_mul(partitions))
    }
}

/// A route, as far as a log shows what it shows.
#[derive(Debug)]
pub struct Shown {
    /// Fields a page of it is taken to show.
    pub fields: FieldSet,
    /// Their sensitivities.
    pub sensitivities: SensitivitySet,
}

/// The rooms of one site.
pub struct Attachment {
    /// The site, judged with a log's sight.
    pub site: Site,
    /// The policy, by hash of its text.
    pub policy_id: String,
    /// Keys.
    pub keys: Arc<Keys>,
    /// Identify.
    pub identifier: Identifier,
    /// Judge.
    pub judge: Judge,
    /// Its routes.
    pub routes: Vec<Shown>,
    /// Number of each route's family, among [`Attachment::family_names`].
    pub families: Vec<u16>,
    /// The families.
    pub family_names: Vec<String>,
    /// Format to read.
    pub choice: Choice,
    /// Nothing later than this is believed, milliseconds.
    pub latest_ms: u64,
    /// As given.
    pub options: Options,
}

/// A secret nobody knows. Keyed with one that anybody knows, an IPv4 address is found behind its name by trying them all.
fn drawn() -> Result<String, ReplayError> {
    const SOURCE: &str = "/dev/urandom";
    let mut key = [0u8; 32];
    let read = std::fs::File::open(SOURCE).and_then(|mut f| std::io::Read::read_exact(&mut f, &mut key));
    read.map_err(|source| ReplayError::Io { path: SOURCE.into(), act: "read", source })?;
    Ok(key.iter().map(|b| format!("{b:02x}")).collect())
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> =
        text.trim().chars().filter_map(|c| c.to_digit(16)).filter_map(|d| u8::try_from(d).ok()).collect();
    let mut out = [0u8; 32];
    if digits.len() != 64 || text.trim().len() != 64 {
        return None;
    }
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Some(out)
}

impl Attachment {
    /// Compiles a policy and the options.
    ///
    /// # Errors
    /// [`ReplayError`] says which of the two cannot be used, and why.
    pub fn new(policy_json: &[u8], options_json: &[u8]) -> Result<Self, ReplayError> {
        let policy = Policy::from_json(policy_json).map_err(|e| ReplayError::Policy(e.to_string()))?;
        let mut options: Options =
            serde_json::from_slice(options_json).map_err(|e| ReplayError::Options(e.to_string()))?;
        let policy_id = policy.id;
        let mut sites = policy.sites;
        let at = match &options.site {
            Some(name) => sites
                .iter()
                .position(|s| s.name == *name)
                .ok_or_else(|| ReplayError::Options(format!("the policy has no site `{name}`")))?,
            None if sites.len() == 1 => 0,
            None => {
                return Err(ReplayError::Options(format!(
                    "the policy has {} sites; say which one with `site`",
                    sites.len()
                )));
            }
        };
        // Whether a log shows sub-resources is known when all of it was read; see `past`.
        let site = sites.swap_remove(at).seen_by(Sight::of_a_log(true));
        let text = match options.secret.take() {
            Some(given) => given,
            None => drawn()?,
        };
        let secret =
            unhex(&text).ok_or_else(|| ReplayError::Options("`secret` must be 64 hexadecimal digits".to_owned()))?;
        options.secret = Some(text);
        let keys = Arc::new(Keys::from_secret(&Keys::site_secret(&secret, &site.name)));
        let asn = match &options.asn_table {
            None => None,
            Some(path) => Some(Arc::new(AsnTable::open(path).map_err(|e| ReplayError::Options(e.to_string()))?)),
        };
        let identifier = Identifier::new(&site, Arc::clone(&keys), Arc::new(Crawlers::shipped()), asn, true)
            .map_err(|e| ReplayError::Policy(e.to_string()))?;
        let judge = Judge::new(&site).map_err(|e| ReplayError::Policy(e.to_string()))?;
        let routes = (0..site.routes.len()).map(|i| shown(&site, i)).collect::<Result<_, _>>()?;
        let mut family_names: Vec<String> = Vec::new();
        let mut families = Vec::with_capacity(site.routes.len());
        for route in &site.routes {
            let known = family_names.iter().position(|f| *f == route.family).unwrap_or_else(|| {
                family_names.push(route.family.clone());
                family_names.len() - 1
            });
            families.push(u16::try_from(known).map_err(|_| ReplayError::Policy("too many families".to_owned()))?);
        }
        let choice = Choice::parse(&options.format).map_err(|e| ReplayError::Options(e.to_string()))?;
        // A clock may run ahead by a time zone; beyond a day it is wrong.
        let latest_ms = options.now_s.saturating_add(86_400).saturating_mul(1000);
        Ok(Self {
            site,
            policy_id,
            keys,
            identifier,
            judge,
            routes,
            families,
            family_names,
            choice,
            latest_ms,
            options,
        })
    }

    /// Takes up what the whole log showed about itself: without pictures, styles and scripts in it, nobody can be held to
    /// have loaded none.
    pub fn see(&mut self, subresources: bool) {
        let sight = Sight::of_a_log(subresources);
        self.site.signals.retain(|(signal, _)| sight.shows(*signal));
    }

    /// Whether the replay may be divided by network: not where the policy limits something that spans networks.
    #[must_use]
    pub fn divisible(&self) -> bool {
        use hedgerow_engine::doors::{Level, Sensitivity, Standing};
        use hedgerow_engine::policy::Limits;
        Standing::ALL.into_iter().all(|standing| {
            let limits = |s| self.site.budgets.limits(standing, Level::Client, s);
            Sensitivity::ALL.into_iter().all(|s| *limits(s) == Limits::default())
        })
    }
}

/// What a page of a route shows. Where the people map does not say, a page of one person shows what such pages do:
/// everything basic and personal.
fn shown(site: &Site, index: usize) -> Result<Shown, ReplayError> {
    let declared = Plan::compile(site, index).map_err(|e| ReplayError::Policy(e.to_string()))?.declared();
    let usual = SensitivitySet::NONE
        .with(hedgerow_engine::doors::Sensitivity::Basic)
        .with(hedgerow_engine::doors::Sensitivity::Personal);
    let fields = if declared.is_empty() && site.routes[index].kind != RouteKind::Other {
        let all = (0..site.fields.len()).fold(FieldSet::NONE, |set, i| set.union(FieldSet::of(i)));
        all.of_sensitivities(&site.fields, usual)
    } else {
        declared
    };
    Ok(Shown { fields, sensitivities: fields.sensitivities(&site.fields) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_drawn_where_none_is_given_and_kept_where_one_is() {
        let read = |json: &str| serde_json::from_str::<Options>(json).unwrap();
        let drawn = Options::with_secret(br#"{"run_mb": 7}"#).unwrap();
        assert_eq!(read(&drawn).run_mb, 7);
        assert!(unhex(&read(&drawn).secret.unwrap()).is_some());
        assert_ne!(drawn, Options::with_secret(br#"{"run_mb": 7, "secret": null}"#).unwrap());
        let given = format!(r#"{{"secret":"{}"}}"#, "5a".repeat(32));
        assert_eq!(Options::with_secret(given.as_bytes()).unwrap(), given);
        assert!(Options::with_secret(b"[]").is_err());
    }

    #[test]
    fn memory_without_bound_is_as_much_as_can_be_counted() {
        let options = Options { state_mb: usize::MAX, run_mb: usize::MAX / 2, ..Options::default() };
        assert_eq!(
            (options.state_bytes(1), options.state_bytes(64), options.run_bytes()),
            (usize::MAX, usize::MAX, usize::MAX)
        );
        assert_eq!(Options { run_mb: 0, ..options }.run_bytes(), 1 << 20);
    }
}
