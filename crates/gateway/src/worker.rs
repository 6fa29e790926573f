//! A worker: one thread, one runtime, its own listeners, its own kept connections to the sites.
//!
//! Nothing on a request's way crosses threads but the shared state's short locks, so a worker costs what a plain
//! proxy loop costs.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use crate::chance::Chance;
use crate::clock::Clock;
use crate::committing::Commits;
use crate::forward::{Connector, Pool};
use crate::intake::Intake;
use crate::self_test::SelfTests;
use crate::settings::{Limits, Settings};
use crate::sites::{SiteRuntime, Tables};
use crate::tls::Tls;

/// What all workers share.
pub struct Shared {
    /// Settings of the process.
    pub settings: Settings,
    /// The policy in force, swapped whole.
    pub tables: ArcSwap<Tables>,
    /// The clock.
    pub clock: Clock,
    /// TLS for the listeners that end it.
    pub tls: Option<Tls>,
    /// What visitors write to us.
    pub intake: Intake,
    /// Armed self-tests of addresses.
    pub self_tests: SelfTests,
    /// Becomes true when the edge drains.
    pub drain: watch::Receiver<bool>,
}

/// One worker's own things.
pub struct Worker {
    /// What all workers share.
    pub shared: Arc<Shared>,
    chance: RefCell<Chance>,
    pools: RefCell<HashMap<u64, Pool>>,
    commits: Commits,
    open: Cell<usize>,
    open_by_address: RefCell<HashMap<IpAddr, usize>>,
}

impl Worker {
    /// A worker.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn new(shared: Arc<Shared>) -> Result<Rc<Self>, String> {
        let chance = Chance::new().map_err(|e| format!("the operating system gives no random bytes: {e}"))?;
        Ok(Rc::new(Self {
            shared,
            chance: RefCell::new(chance),
            pools: RefCell::new(HashMap::new()),
            commits: Commits::default(),
            open: Cell::new(0),
            open_by_address: RefCell::new(HashMap::new()),
        }))
    }

    /// Limits on visitors, as the policy in force has them.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.shared.tables.load().limits().clone()
    }

    /// 16 random bytes.
    #[must_use]
    pub fn fresh(&self) -> [u8; 16] {
        self.chance.borrow_mut().bytes16()
    }

    /// A new reference number.
    #[must_use]
    pub fn reference(&self) -> hedgerow_engine::doors::Reference {
        self.chance.borrow_mut().reference()
    }

    /// This worker's way into the ledgers.
    #[must_use]
    pub fn commits(&self) -> &Commits {
        &self.commits
    }

    /// This worker's kept connections to a site.
    #[must_use]
    pub fn pool(&self, site: &SiteRuntime) -> Pool {
        let mut pools = self.pools.borrow_mut();
        if let Some(p) = pools.get(&site.generation) {
            return p.clone();
        }
        // Pools of policies no longer in force are let go; answers under way keep theirs.
        let live = self.shared.tables.load();
        pools.retain(|g, _| live.sites().any(|s| s.generation == *g));
        let up = &site.site.upstream;
        let pool = Pool::new(Connector::new(up, site.upstream_tls.clone()), up.keep_idle);
        pools.insert(site.generation, pool.clone());
        pool
    }

    /// Counts a connection in, unless there are too many.
    #[must_use]
    pub fn admit(self: &Rc<Self>, address: IpAddr) -> Option<Admitted> {
        let limits = self.limits();
        if self.open.get() >= limits.connections {
            return None;
        }
        let mut by_address = self.open_by_address.borrow_mut();
        let n = by_address.entry(address).or_insert(0);
        if *n >= limits.connections_per_address {
            return None;
        }
        *n += 1;
        self.open.set(self.open.get() + 1);
        Some(Admitted { worker: Rc::clone(self), address })
    }

    /// Open connections.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.get()
    }
}

/// A connection that counts as open until it is dropped.
pub struct Admitted {
    worker: Rc<Worker>,
    address: IpAddr,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.worker.open.set(self.worker.open.get().saturating_sub(1));
        let mut by_address = self.worker.open_by_address.borrow_mut();
        if let Some(n) = by_address.get_mut(&self.address) {
            *n -= 1;
            if *n == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}
