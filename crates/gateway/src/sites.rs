//! The sites in force: each with its policy compiled, and the memory that outlives a change of policy.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use hedgerow_engine::answer::Plan;
use hedgerow_engine::doors::{Action, Reference};
use hedgerow_engine::identify::{Accounts, AsnTable, Crawlers, Identifier, Keys};
use hedgerow_engine::judge::Judge;
use hedgerow_engine::judge::proof::Proofs;
use hedgerow_engine::measures::Measures;
use hedgerow_engine::policy::{Mode, Policy, Site};
use hedgerow_engine::record::{Entry, EntryKind, Ledger, Options, Sealer, SegmentHeader};
use hedgerow_engine::state::State;
use http::HeaderName;
use parking_lot::Mutex;

use crate::chance::Chance;
use crate::counters::Counters;
use crate::forward::UpstreamTls;
use crate::lookups::{self, Lookups};
use crate::replay;
use crate::settings::Settings;

static GENERATION: AtomicU64 = AtomicU64::new(1);

/// What a site remembers whatever its policy says: budgets, the ledger, keys, counters.
pub struct SiteMemory {
    /// Keys.
    pub keys: Arc<Keys>,
    /// Budgets and posture.
    pub state: State,
    /// Accounts the application has confirmed.
    pub accounts: Accounts,
    /// Crawlers, verified or not.
    pub crawlers: Arc<Crawlers>,
    /// The record of disclosures.
    pub ledger: Ledger,
    /// Raw addresses, sealed.
    pub sealer: Sealer,
    /// Counters.
    pub counters: Counters,
    /// Watch (0) or enforce (1), as switched last.
    pub mode: AtomicU8,
    /// What people decided about principals; swapped whole.
    pub measures: ArcSwap<Measures>,
    /// Challenges and tokens: what is spent outlives a change of policy.
    proofs: Proofs,
}

impl SiteMemory {
    /// Notes in the ledger that the site was switched.
    ///
    /// # Errors
    /// When the ledger cannot be written.
    pub fn note_mode(&self, mode: Mode, now_ms: u64) -> Result<(), String> {
        let mut entry = Entry::new(EntryKind::Mode, now_ms);
        entry.mode = Some(mode);
        self.ledger.append(&mut entry).map(drop).map_err(|e| e.to_string())
    }

    /// What is done every few seconds: asks the disk to keep the ledger, lets sealed addresses go.
    pub fn tidy(&self, site: &Site, now_ms: u64) {
        if let Err(e) = self.ledger.sync() {
            tracing::error!(site = site.name, error = %e, "the ledger could not be synced");
        }
        match self.sealer.expire(site.privacy.sealed_address_days, now_ms) {
            Ok(gone) if gone.is_empty() => {}
            Ok(gone) => tracing::info!(
                site = site.name,
                files = gone.len(),
                "sealed addresses were deleted, their time was over"
            ),
            Err(e) => tracing::error!(site = site.name, error = %e, "sealed addresses could not be deleted"),
        }
    }

    /// The last sync before the process ends.
    pub fn close(&self) {
        if let Err(e) = self.ledger.sync() {
            tracing::error!(error = %e, "the ledger could not be synced at the end");
        }
    }
}

/// One site as a request meets it: tables of one policy, and the site's memory.
pub struct SiteRuntime {
    /// Tells kept connections of this policy from those of the one before.
    pub generation: u64,
    /// The tables.
    pub site: Arc<Site>,
    /// Policy as written, by hash.
    pub policy_id: Arc<str>,
    /// Who is asking.
    pub identifier: Identifier,
    /// What they may have.
    pub judge: Judge,
    /// How each route is read.
    pub plans: Vec<Plan>,
    /// Challenges and tokens.
    pub proofs: Proofs,
    /// Headers between the site and us.
    pub private: Vec<HeaderName>,
    /// Names of those headers, parsed once.
    pub people_header: HeaderName,
    /// TLS towards the site.
    pub upstream_tls: Option<UpstreamTls>,
    /// `Host` to send, if not the visitor's.
    pub host_override: Option<http::HeaderValue>,
    /// What outlives the policy.
    pub memory: Arc<SiteMemory>,
}

impl SiteRuntime {
    /// Watch or enforce, as switched last.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.memory.mode.load(Ordering::Relaxed) == 1 { Mode::Enforce } else { Mode::Watch }
    }

    /// A verdict's action as it is carried out: in watch mode everything passes.
    #[must_use]
    pub fn carried_out(&self, action: Action) -> Action {
        match self.mode() {
            Mode::Enforce => action,
            Mode::Watch => Action::Allow,
        }
    }

    /// The entries of a reference of this site.
    #[must_use]
    pub fn find(&self, reference: Reference) -> Option<Vec<Entry>> {
        match hedgerow_engine::record::find(self.memory.ledger.dir(), reference) {
            Ok(found) => Some(found).filter(|f| !f.is_empty()),
            Err(e) => {
                tracing::error!(site = self.site.name, error = %e, "the ledger could not be searched");
                None
            }
        }
    }
}

/// Entries of a reference, and the site that made them.
pub type FoundEntries<'a> = (&'a Arc<SiteRuntime>, Vec<Entry>);

/// All sites of one policy.
pub struct Tables {
    sites: Vec<Arc<SiteRuntime>>,
    by_host: HashMap<String, usize>,
    any: Option<usize>,
}

impl Tables {
    /// The site that answers for a host (lower case, no port).
    #[must_use]
    pub fn site(&self, host: &str) -> Option<&Arc<SiteRuntime>> {
        self.by_host.get(host).copied().or(self.any).and_then(|i| self.sites.get(i))
    }

    /// All sites.
    pub fn sites(&self) -> impl Iterator<Item = &Arc<SiteRuntime>> {
        self.sites.iter()
    }

    /// The entry with a reference, whichever site gave it.
    ///
    /// # Errors
    /// When a ledger cannot be read.
    pub fn find(&self, reference: Reference) -> Result<Option<FoundEntries<'_>>, String> {
        for s in &self.sites {
            let found = hedgerow_engine::record::find(s.memory.ledger.dir(), reference).map_err(|e| e.to_string())?;
            if !found.is_empty() {
                return Ok(Some((s, found)));
            }
        }
        Ok(None)
    }
}

/// Memories by site name, kept over reloads.
pub struct Memories {
    root_secret: [u8; 32],
    lookups: Lookups,
    sites: Mutex<HashMap<String, Arc<SiteMemory>>>,
}

impl Memories {
    /// Reads the secret; sites are remembered as policies name them.
    ///
    /// # Errors
    /// A sentence about the file that is missing or wrong.
    pub fn open(settings: &Settings) -> Result<Self, String> {
        let path = settings.secret.clone().unwrap_or_else(|| settings.state_dir.join("secret"));
        let text = std::fs::read_to_string(&path)
            .map_err(|e| format!("the secret {} cannot be read: {e}; `hedgerow protect` makes it", path.display()))?;
        let root_secret = unhex(text.trim())
            .ok_or_else(|| format!("{} must hold 64 hexadecimal digits; move it away to have a new one made (budgets and pseudonyms then start anew)", path.display()))?;
        Ok(Self { root_secret, lookups: Lookups::default(), sites: Mutex::new(HashMap::new()) })
    }

    /// Builds the tables of a policy; memory of sites that stay is kept.
    ///
    /// # Errors
    /// A sentence; the tables in force stay in force.
    pub fn tables(&self, settings: &Settings, policy: Policy, now_ms: u64) -> Result<Tables, String> {
        let policy_id: Arc<str> = policy.id.into();
        if settings.drill_clock.is_some() {
            for s in &policy.sites {
                check_loopback(&s.upstream.host)?;
            }
        }
        let each = settings.memory_bytes / policy.sites.len().max(1);
        let asn = self.lookups.asn(policy.asn_table.as_deref())?;
        let secure = settings.listen.iter().all(|l| l.tls);
        let mut sites = Vec::with_capacity(policy.sites.len());
        for site in policy.sites {
            sites.push(Arc::new(self.site(settings, site, &policy_id, each, asn.clone(), secure, now_ms)?));
        }
        let mut by_host = HashMap::new();
        let mut any = None;
        for (i, s) in sites.iter().enumerate() {
            for h in &s.site.hosts {
                if h == "*" {
                    any.get_or_insert(i);
                } else {
                    by_host.entry(h.clone()).or_insert(i);
                }
            }
        }
        Ok(Tables { sites, by_host, any })
    }

    /// Looks whether a file of outside facts has changed. New ranges of crawlers are taken up at once; `true` when the
    /// tables have to be made anew, because the table of autonomous systems is another one.
    pub fn look_at_files(&self, settings: &Settings) -> bool {
        let path = crawlers_file(settings);
        if self.lookups.crawlers_changed(&path) {
            let known: Vec<_> = self.sites.lock().values().map(|m| Arc::clone(&m.crawlers)).collect();
            match known.iter().try_for_each(|c| lookups::take_crawlers(c, &path)) {
                Ok(()) => tracing::info!(file = %path.display(), "ranges of crawlers were taken up"),
                Err(e) => tracing::error!(error = e, "ranges of crawlers were not taken up"),
            }
        }
        self.lookups.asn_changed()
    }

    #[expect(clippy::too_many_arguments, reason = "what all sites share, and the one site")]
    fn site(
        &self,
        settings: &Settings,
        site: Site,
        policy_id: &Arc<str>,
        memory_bytes: usize,
        asn: Option<Arc<AsnTable>>,
        secure: bool,
        now_ms: u64,
    ) -> Result<SiteRuntime, String> {
        let memory = self.memory(settings, &site, policy_id, memory_bytes, now_ms)?;
        let named = |e: &dyn std::fmt::Display| format!("site `{}`: {e}", site.name);
        let identifier = Identifier::new(&site, Arc::clone(&memory.keys), Arc::clone(&memory.crawlers), asn, secure)
            .map_err(|e| named(&e))?;
        let judge = Judge::new(&site).map_err(|e| named(&e))?;
        let mut plans = Vec::with_capacity(site.routes.len());
        for i in 0..site.routes.len() {
            plans.push(
                Plan::compile(&site, i)
                    .map_err(|e| format!("site `{}`, route `{}`: {e}", site.name, site.routes[i].name))?,
            );
        }
        let header =
            |n: &str| HeaderName::try_from(n).map_err(|_| format!("site `{}`: `{n}` is not a header name", site.name));
        let people_header = header(&site.headers.people)?;
        let mut private =
            vec![people_header.clone(), header(&site.headers.account)?, header(&site.headers.account_since)?];
        if let Some(j) = &site.headers.ja4 {
            private.push(header(j)?);
        }
        if let Some(c) = &settings.drill_clock {
            private.push(header(c)?);
        }
        let host_override = match &site.upstream.host_header {
            None => None,
            Some(h) => Some(
                http::HeaderValue::try_from(h.as_str())
                    .map_err(|_| format!("site `{}`: `{h}` is not a Host", site.name))?,
            ),
        };
        let upstream_tls = UpstreamTls::new(&site.upstream).map_err(|e| named(&e))?;
        let proofs = memory.proofs.under(&site.proof);
        memory.mode.store(u8::from(site.mode == Mode::Enforce), Ordering::Relaxed);
        Ok(SiteRuntime {
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            site: Arc::new(site),
            policy_id: Arc::clone(policy_id),
            identifier,
            judge,
            plans,
            proofs,
            private,
            people_header,
            upstream_tls,
            host_override,
            memory,
        })
    }

    fn memory(
        &self,
        settings: &Settings,
        site: &Site,
        policy_id: &Arc<str>,
        memory_bytes: usize,
        now_ms: u64,
    ) -> Result<Arc<SiteMemory>, String> {
        let mut known = self.sites.lock();
        let header = SegmentHeader::new(&site.name, policy_id, site.fields.iter().map(|f| f.name.clone()).collect());
        if let Some(m) = known.get(&site.name) {
            m.ledger.rotate(header);
            return Ok(Arc::clone(m));
        }
        let dir = site_dir(&settings.state_dir, &site.name)?;
        let secret = site_secret(&self.root_secret, &site.name);
        let keys = Arc::new(Keys::from_secret(&secret));
        let mut chance = Chance::new().map_err(|e| format!("the operating system gives no random bytes: {e}"))?;
        let writer: String = chance.bytes16()[..8].iter().map(|b| format!("{b:02x}")).collect();
        let ledger_dir = dir.join("ledger");
        let (ledger, recovery) = Ledger::open(&ledger_dir, header, &writer, Options::default(), now_ms)
            .map_err(|e| format!("site `{}`: {e}", site.name))?;
        for found in recovery.torn.iter().chain(&recovery.damaged) {
            tracing::warn!(site = site.name, "{found}");
        }
        let crawlers = Arc::new(Crawlers::shipped());
        let refreshed = crawlers_file(settings);
        if refreshed.exists()
            && let Err(e) = lookups::take_crawlers(&crawlers, &refreshed)
        {
            tracing::error!(error = e, "the ranges of this release are used");
        }
        let state = State::new(memory_bytes);
        let accounts = Accounts::default();
        replay::tail(&state, &accounts, &keys, site, &ledger_dir, now_ms)?;
        let memory = Arc::new(SiteMemory {
            sealer: Sealer::new(dir.join("sealed"), keys.seal_key()),
            proofs: Proofs::new(secret, secret, &site.name, &site.proof),
            keys,
            state,
            accounts,
            crawlers,
            ledger,
            counters: Counters::default(),
            measures: ArcSwap::default(),
            mode: AtomicU8::new(u8::from(site.mode == Mode::Enforce)),
        });
        known.insert(site.name.clone(), Arc::clone(&memory));
        Ok(memory)
    }
}

/// Where `hedgerow crawlers refresh` puts what it found.
fn crawlers_file(settings: &Settings) -> PathBuf {
    settings.state_dir.join("crawlers.json")
}

/// The secret of one site, from the gateway's.
#[must_use]
pub fn site_secret(root: &[u8; 32], site: &str) -> [u8; 32] {
    Keys::site_secret(root, site)
}

fn site_dir(state: &Path, name: &str) -> Result<PathBuf, String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(format!("`{name}` cannot name a site: use letters, digits, `-` and `_`"));
    }
    Ok(state.join("sites").join(name))
}

fn check_loopback(host: &str) -> Result<(), String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback());
    if loopback {
        Ok(())
    } else {
        Err(format!("the drill clock works with loopback upstreams only; `{host}` is not one"))
    }
}

/// 64 hexadecimal digits as 32 bytes.
#[must_use]
pub fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes = text.as_bytes();
    if bytes.len() != 64 {
        return None;
    }
    let mut out = [0u8; 32];
    for (i, pair) in bytes.chunks_exact(2).enumerate() {
        let digit = |c: u8| (c as char).to_digit(16).and_then(|d| u8::try_from(d).ok());
        out[i] = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(out)
}
