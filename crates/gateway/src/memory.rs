//! The memory of a site that outlives a change of its policy: budgets, the ledger, keys, counters.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU8;

use arc_swap::ArcSwap;
use hedgerow_engine::identify::{Accounts, Crawlers, Keys};
use hedgerow_engine::judge::proof::Proofs;
use hedgerow_engine::measures::Measures;
use hedgerow_engine::policy::{Mode, Site};
use hedgerow_engine::record::{Entry, EntryKind, Ledger, Options, Sealer, SegmentHeader};
use hedgerow_engine::state::{Disclosed, State};

use crate::ages::AgesFile;
use crate::chance::Chance;
use crate::counters::Counters;
use crate::faults::Faults;
use crate::lookups;
use crate::replay::{self, Past};
use crate::settings::Settings;
use crate::sites::{crawlers_file, site_secret};
use crate::token_counts::TokenCounts;

/// What a site remembers whatever its policy says: budgets, the ledger, keys, counters.
pub struct SiteMemory {
    /// Keys.
    pub keys: Arc<Keys>,
    /// Budgets and posture.
    pub state: State,
    /// How many distinct people anybody was shown.
    pub disclosed: Disclosed,
    /// Accounts the application has confirmed.
    pub accounts: Accounts,
    /// The file with their ages.
    ages: AgesFile,
    /// Crawlers, verified or not.
    pub crawlers: Arc<Crawlers>,
    /// The record of disclosures.
    pub ledger: Ledger,
    /// Raw addresses, sealed.
    pub sealer: Sealer,
    /// Counters.
    pub counters: Counters,
    /// What came of the application's tokens.
    pub tokens: TokenCounts,
    /// What went wrong last.
    pub faults: Faults,
    /// Watch (0) or enforce (1), as switched last.
    pub mode: AtomicU8,
    /// What people decided about principals; swapped whole.
    pub measures: ArcSwap<Measures>,
    /// Challenges and tokens: what is spent outlives a change of policy.
    proofs: Proofs,
}

/// One account is remembered for so many bytes of the memory for principals; it takes less than a tenth of them, and with
/// tokens less than a sixth.
const BYTES_AN_ACCOUNT: usize = 2_048;

/// ... but never fewer than these.
const FEWEST_ACCOUNTS: usize = 65_536;

/// What heads the segments of a site's ledger under a policy.
#[must_use]
pub fn header(site: &Site, policy_id: &str) -> SegmentHeader {
    SegmentHeader::new(&site.name, policy_id, site.field_names().collect())
}

/// Last entries of each writer that are looked through for the time of a request.
const LAST_ENTRIES: usize = 64;

/// The time of the last request that the sites' ledgers tell of, in milliseconds since the Unix epoch; 0 where there is
/// none. What no request caused, such as a switch to enforcing, has the machine's time and does not count.
///
/// # Errors
/// A sentence, when a ledger cannot be read.
pub fn told_up_to(settings: &Settings, sites: &[Site]) -> Result<u64, String> {
    let mut last_ms = 0;
    for site in sites {
        let dir = site_dir(&settings.state_dir, &site.name)?.join("ledger");
        if dir.exists() {
            let last = hedgerow_engine::record::tail(&dir, LAST_ENTRIES).map_err(|e| e.to_string())?;
            let of_requests = last.iter().filter(|(_, e)| e.reference.is_some()).map(|(_, e)| e.at_ms);
            last_ms = of_requests.max().unwrap_or(0).max(last_ms);
        }
    }
    Ok(last_ms)
}

impl SiteMemory {
    /// Opens the memory of a site that is new to this process: its ledger, and what that tells of budgets.
    ///
    /// # Errors
    /// A sentence; it does not name the site.
    pub fn open(
        settings: &Settings,
        root_secret: &[u8; 32],
        site: &Site,
        policy_id: &str,
        memory_bytes: usize,
        now_ms: u64,
    ) -> Result<Self, String> {
        let dir = site_dir(&settings.state_dir, &site.name)?;
        let secret = site_secret(root_secret, &site.name);
        let keys = Arc::new(Keys::from_secret(&secret));
        let mut chance = Chance::new().map_err(|e| format!("the operating system gives no random bytes: {e}"))?;
        let writer: String = chance.bytes16()[..8].iter().map(|b| format!("{b:02x}")).collect();
        let ledger_dir = dir.join("ledger");
        let (ledger, recovery) =
            Ledger::open(&ledger_dir, header(site, policy_id), &writer, Options::default(), now_ms)
                .map_err(|e| e.to_string())?;
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
        let accounts = Accounts::new((memory_bytes / BYTES_AN_ACCOUNT).max(FEWEST_ACCOUNTS));
        let ages = AgesFile::open(dir.join("accounts"), accounts.ages(), now_ms / 1000)?;
        let state = State::new(memory_bytes);
        let disclosed = Disclosed::default();
        let past = Past { state: &state, disclosed: &disclosed, accounts: &accounts };
        replay::tail(&past, &keys, site, &ledger_dir, now_ms)?;
        Ok(Self {
            sealer: Sealer::new(dir.join("sealed"), keys.seal_key()),
            proofs: Proofs::new(secret, secret, &site.name, &site.proof),
            keys,
            state,
            disclosed,
            accounts,
            ages,
            crawlers,
            ledger,
            counters: Counters::default(),
            tokens: TokenCounts::default(),
            faults: Faults::default(),
            measures: ArcSwap::default(),
            mode: AtomicU8::new(u8::from(site.mode == Mode::Enforce)),
        })
    }

    /// Challenges and tokens under a site's policy.
    #[must_use]
    pub fn proofs(&self, site: &Site) -> Proofs {
        self.proofs.under(&site.proof)
    }

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
        self.keep_ages(site, now_ms);
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

    fn keep_ages(&self, site: &Site, now_ms: u64) {
        if let Err(e) = self.ages.keep(self.accounts.ages(), now_ms / 1000) {
            let file = self.ages.path().display();
            tracing::error!(site = site.name, %file, error = %e, "ages of accounts could not be kept; after a restart some count as new");
        }
    }

    /// The last sync before the process ends.
    pub fn close(&self, site: &Site, now_ms: u64) {
        self.keep_ages(site, now_ms);
        if let Err(e) = self.ledger.sync() {
            tracing::error!(error = %e, "the ledger could not be synced at the end");
        }
    }
}

fn site_dir(state: &Path, name: &str) -> Result<PathBuf, String> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        return Err(format!("`{name}` cannot name a site: use letters, digits, `-` and `_`"));
    }
    Ok(state.join("sites").join(name))
}
