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
use tokio::time::Instant;

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
    /// Set when the edge drains: the moment at which its time is over.
    pub drain: watch::Receiver<Option<Instant>>,
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
        *self.shared.tables.load().limits()
    }

    /// Waits until the edge drains; the moment at which its time is over.
    pub async fn draining(&self) -> Instant {
        let mut drain = self.shared.drain.clone();
        // Without its sender the edge is gone already.
        drain.wait_for(Option::is_some).await.ok().and_then(|until| *until).unwrap_or_else(Instant::now)
    }

    /// Waits until the edge drains and the time for it is over.
    pub async fn drained(&self) {
        tokio::time::sleep_until(self.draining().await).await;
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
    pub fn admit(self: &Rc<Self>, address: IpAddr) -> Option<Rc<Admitted>> {
        let limits = self.limits();
        if self.open.get() >= limits.connections || !self.count_in(address, limits.connections_per_address) {
            return None;
        }
        self.open.set(self.open.get() + 1);
        Some(Rc::new(Admitted { worker: Rc::clone(self), address: Cell::new(address) }))
    }

    /// Counts a connection to an address, unless that has too many. A trusted hop may have any number: behind it are
    /// many visitors, whom only their requests tell apart.
    fn count_in(&self, address: IpAddr, most: usize) -> bool {
        let mut by_address = self.open_by_address.borrow_mut();
        let n = by_address.get(&address).copied().unwrap_or(0);
        if n >= most && !self.is_trusted_hop(address) {
            return false;
        }
        by_address.insert(address, n + 1);
        true
    }

    fn count_out(&self, address: IpAddr) {
        let mut by_address = self.open_by_address.borrow_mut();
        if let Some(n) = by_address.get_mut(&address) {
            *n -= 1;
            if *n == 0 {
                by_address.remove(&address);
            }
        }
    }

    fn is_trusted_hop(&self, address: IpAddr) -> bool {
        let tables = self.shared.tables.load();
        tables.sites().any(|s| s.site.trusted_hops.iter().any(|n| n.contains(&address)))
    }

    /// Open connections.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.get()
    }
}

/// A connection that counts as open until the last hold on it is dropped: its own, or that of the tunnel it became.
pub struct Admitted {
    worker: Rc<Worker>,
    address: Cell<IpAddr>,
}

impl Admitted {
    /// The worker it is counted on.
    #[must_use]
    pub fn worker(&self) -> &Worker {
        &self.worker
    }

    /// Counts it to another address, that of the visitor for whom a front speaks; false when that has too many.
    #[must_use]
    pub fn recount(&self, address: IpAddr) -> bool {
        if address == self.address.get() {
            return true;
        }
        if !self.worker.count_in(address, self.worker.limits().connections_per_address) {
            return false;
        }
        self.worker.count_out(self.address.replace(address));
        true
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.worker.open.set(self.worker.open.get().saturating_sub(1));
        self.worker.count_out(self.address.get());
    }
}
