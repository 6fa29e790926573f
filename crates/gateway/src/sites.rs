//! The sites in force: each with its policy compiled, and with its memory.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hedgerow_engine::answer::Plan;
use hedgerow_engine::doors::{Action, Reference};
use hedgerow_engine::identify::{Identifier, Keys};
use hedgerow_engine::judge::Judge;
use hedgerow_engine::judge::proof::Proofs;
use hedgerow_engine::policy::{Mode, Policy, Site};
use hedgerow_engine::record::Entry;
use http::HeaderName;
use parking_lot::Mutex;

use crate::forward::UpstreamTls;
use crate::lookups::{self, Asn, Lookups};
use crate::memory::{self, SiteMemory};
use crate::settings::{Limits, Settings};
use crate::token_keys::{KeyFile, KeyFiles};

static GENERATION: AtomicU64 = AtomicU64::new(1);

/// One site as a request meets it: tables of one policy, and the site's memory.
pub struct SiteRuntime {
    /// Tells kept connections of this policy from those of the one before.
    pub generation: u64,
    /// The tables.
    pub site: Arc<Site>,
    /// Policy as written, by hash.
    pub policy_id: Arc<str>,
    /// Names of the tables' fields: entries tell the ledger what their bits stand for.
    pub fields: Arc<[String]>,
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
    /// The keys of the application's tokens.
    key_file: Option<KeyFile>,
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
    limits: Limits,
    sites: Vec<Arc<SiteRuntime>>,
    by_host: HashMap<String, usize>,
    any: Option<usize>,
    asn: Option<Asn>,
}

impl Tables {
    /// The site that answers for a host (lower case, no port).
    #[must_use]
    pub fn site(&self, host: &str) -> Option<&Arc<SiteRuntime>> {
        self.by_host.get(host).copied().or(self.any).and_then(|i| self.sites.get(i))
    }

    /// Limits on visitors.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
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
    key_files: KeyFiles,
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
        Ok(Self {
            root_secret,
            lookups: Lookups::default(),
            key_files: KeyFiles::default(),
            sites: Mutex::new(HashMap::new()),
        })
    }

    /// Builds the tables of a policy; memory of sites that stay is kept, and nothing of it is changed before
    /// [`Memories::put_in_force`]: one site that cannot be built must not leave another half switched.
    ///
    /// # Errors
    /// A sentence that names the site; the tables in force stay in force.
    pub fn tables(&self, settings: &Settings, policy: Policy, now_ms: u64) -> Result<Tables, String> {
        let limits = Limits::of(&policy.limits)?;
        let policy_id: Arc<str> = policy.id.into();
        if settings.drill_clock.is_some() {
            for s in &policy.sites {
                check_loopback(&s.upstream.host).map_err(|e| format!("site `{}`: {e}", s.name))?;
            }
        }
        let each = settings.memory_bytes / policy.sites.len().max(1);
        let asn = self.lookups.asn(policy.asn_table.as_deref())?;
        let secure = settings.listen.iter().all(|l| l.tls);
        // What can fail and costs nothing comes first, for all sites: one that is new reads its whole ledger below.
        let compiled =
            policy.sites.into_iter().map(|site| self.compiled(settings, site)).collect::<Result<Vec<_>, _>>()?;
        let mut sites = Vec::with_capacity(compiled.len());
        for site in compiled {
            sites.push(Arc::new(self.site(settings, site, &policy_id, each, asn.as_ref(), secure, now_ms)?));
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
        Ok(Tables { limits, sites, by_host, any, asn })
    }

    /// Switches the sites' memories to these tables: modes, what segments of the ledgers are headed by, sites that are
    /// new, and which table of autonomous systems is looked at. Nothing here can fail.
    pub fn put_in_force(&self, tables: &Tables) {
        self.lookups.put_in_force(tables.asn.clone());
        let key_files = tables.sites().filter_map(|s| Some((s.site.name.clone(), s.key_file.clone()?)));
        self.key_files.put_in_force(key_files.collect());
        let mut known = self.sites.lock();
        for s in tables.sites() {
            s.memory.mode.store(u8::from(s.site.mode == Mode::Enforce), Ordering::Relaxed);
            if known.insert(s.site.name.clone(), Arc::clone(&s.memory)).is_some() {
                s.memory.ledger.rotate(memory::header(&s.site, &s.policy_id));
            }
        }
    }

    /// Looks whether a file of outside facts has changed. New ranges of crawlers are taken up at once; `true` when the
    /// tables have to be made anew, because the table of autonomous systems or the keys of tokens are others.
    pub fn look_at_files(&self, settings: &Settings) -> bool {
        let path = crawlers_file(settings);
        if self.lookups.crawlers_changed(&path) {
            let known: Vec<_> = self.sites.lock().values().map(|m| Arc::clone(&m.crawlers)).collect();
            match known.iter().try_for_each(|c| lookups::take_crawlers(c, &path)) {
                Ok(()) => tracing::info!(file = %path.display(), "ranges of crawlers were taken up"),
                Err(e) => tracing::error!(error = e, "ranges of crawlers were not taken up"),
            }
        }
        let (asn, keys) = (self.lookups.asn_changed(), self.key_files.changed());
        asn || keys
    }

    #[expect(clippy::too_many_arguments, reason = "what all sites share, and the one site")]
    fn site(
        &self,
        settings: &Settings,
        compiled: Compiled,
        policy_id: &Arc<str>,
        memory_bytes: usize,
        asn: Option<&Asn>,
        secure: bool,
        now_ms: u64,
    ) -> Result<SiteRuntime, String> {
        let Compiled { site, judge, plans, private, people_header, upstream_tls, host_override, key_file } = compiled;
        let named = |e: &dyn std::fmt::Display| format!("site `{}`: {e}", site.name);
        let known = self.sites.lock().get(&site.name).map(Arc::clone);
        let memory = match known {
            Some(m) => m,
            None => {
                let root = &self.root_secret;
                let opened = SiteMemory::open(settings, root, &site, policy_id, memory_bytes, now_ms);
                Arc::new(opened.map_err(|e| named(&e))?)
            }
        };
        let (keys, crawlers, asn) = (Arc::clone(&memory.keys), Arc::clone(&memory.crawlers), asn.map(Asn::table));
        let identifier = Identifier::new(&site, keys, crawlers, asn, secure)
            .and_then(|room| room.reading_tokens(&site, key_file.as_ref().map(KeyFile::keys)))
            .map_err(|e| named(&e))?;
        let proofs = memory.proofs(&site);
        Ok(SiteRuntime {
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            fields: site.field_names().collect(),
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
            key_file,
            memory,
        })
    }
}

/// What a site's policy comes to without its memory.
struct Compiled {
    site: Site,
    judge: Judge,
    plans: Vec<Plan>,
    private: Vec<HeaderName>,
    people_header: HeaderName,
    upstream_tls: Option<UpstreamTls>,
    host_override: Option<http::HeaderValue>,
    key_file: Option<KeyFile>,
}

impl Memories {
    fn compiled(&self, settings: &Settings, site: Site) -> Result<Compiled, String> {
        let named = |e: &dyn std::fmt::Display| format!("site `{}`: {e}", site.name);
        let key_file = self.key_files.of(&site).map_err(|e| named(&e))?;
        let upstream_tls = UpstreamTls::new(&site.upstream).map_err(|e| named(&e))?;
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
        Ok(Compiled { site, judge, plans, private, people_header, upstream_tls, host_override, key_file })
    }
}

/// Where `hedgerow crawlers refresh` puts what it found.
#[must_use]
pub fn crawlers_file(settings: &Settings) -> PathBuf {
    settings.state_dir.join("crawlers.json")
}

/// The secret of one site, from the gateway's.
#[must_use]
pub fn site_secret(root: &[u8; 32], site: &str) -> [u8; 32] {
    Keys::site_secret(root, site)
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
