//! The edge process: reads its tables, starts its workers, and goes when it is told to.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwap;
use hedgerow_engine::policy::{Mode, Policy};
use serde_json::{Map, Value, json};
use tokio::runtime::LocalOptions;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::intake::Intake;
use crate::measures::{Reader, for_everybody};
use crate::memory;
use crate::self_test::SelfTests;
use crate::settings::{Listen, Settings};
use crate::sites::Memories;
use crate::tls::{Certificate, Tls};
use crate::worker::{Shared, Worker};
use crate::{control, listen, serve};

/// The running edge, as the control socket sees it.
pub struct Edge {
    /// What the workers share.
    pub shared: Arc<Shared>,
    /// Set to drain: the moment at which the time for it is over.
    pub drain: watch::Sender<Option<Instant>>,
    /// Reads `measures.json`.
    pub measures: Reader,
    memories: Memories,
    /// Whose turn it is to reload. Waited for outside of the few threads that may block: status and explain need them.
    reloading: Arc<Mutex<()>>,
    started_ms: u64,
}

/// Runs the edge until it has drained.
///
/// # Errors
/// A sentence for the operator when it cannot start.
pub fn run(settings_json: &str) -> Result<(), String> {
    let settings = Settings::from_json(settings_json)?;
    let workers = match settings.workers {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        n => n.min(256),
    };
    let clock = Clock::new(settings.drill_clock.as_deref())?;
    let memories = Memories::open(&settings)?;
    let policy = read_policy(&settings)?;
    if settings.drill_clock.is_some() {
        clock.not_before(memory::told_up_to(&settings, &policy.sites)?);
    }
    let tables = memories.tables(&settings, policy, clock.now())?;
    memories.put_in_force(&tables);
    let measures = Reader::default();
    measures.take_up_or_tell(&settings.state_dir, &tables);
    let tls = if settings.listen.iter().any(|l| l.tls) {
        let certificates = tables.sites().filter_map(|s| s.site.tls.as_ref().map(|t| (s, t))).map(|(s, t)| {
            Certificate { names: s.site.hosts.clone(), chain: t.certificate.clone().into(), key: t.key.clone().into() }
        });
        Some(Tls::open(certificates.collect()).map_err(|e| e.to_string())?)
    } else {
        None
    };
    let (drain, drained) = watch::channel(None);
    let started_ms = clock.now();
    let shared = Arc::new(Shared {
        tables: ArcSwap::from_pointee(tables),
        clock,
        tls,
        intake: Intake::new(&settings.state_dir),
        self_tests: SelfTests::default(),
        drain: drained,
        settings,
    });
    let edge = Arc::new(Edge {
        shared: Arc::clone(&shared),
        drain,
        measures,
        memories,
        reloading: Arc::default(),
        started_ms,
    });

    let control = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(4)
        .thread_name("hedgerow-control")
        .enable_all()
        .build()
        .map_err(|e| format!("the control thread cannot start: {e}"))?;
    let (ready, mut started) = tokio::sync::mpsc::unbounded_channel();
    let threads: Vec<_> = (0..workers)
        .map(|n| {
            let shared = Arc::clone(&shared);
            let ready = ready.clone();
            std::thread::Builder::new()
                .name(format!("hedgerow-edge-{n}"))
                .spawn(move || work(shared, &ready))
                .map_err(|e| format!("a worker thread cannot start: {e}"))
        })
        .collect::<Result<_, _>>()?;
    drop(ready);
    control.block_on(async {
        for _ in 0..workers {
            started.recv().await.unwrap_or_else(|| Err("a worker ended before it could listen".to_owned()))?;
        }
        let socket = control::open(&edge.shared.settings.control)?;
        tokio::spawn(control::serve(socket, Arc::clone(&edge), edge.drain.subscribe()));
        tokio::spawn(chores(Arc::clone(&edge)));
        signals(&edge).await
    })?;
    for t in threads {
        if t.join().is_err() {
            tracing::error!("a worker panicked");
        }
    }
    for s in edge.shared.tables.load().sites() {
        s.memory.close(&s.site, edge.shared.clock.now());
    }
    Ok(())
}

fn read_policy(settings: &Settings) -> Result<Policy, String> {
    let path = &settings.policy;
    let bytes =
        std::fs::read(path).map_err(|e| format!("the compiled policy {} cannot be read: {e}", path.display()))?;
    Policy::from_json(&bytes).map_err(|e| e.to_string())
}

/// Waits for a signal to go; SIGHUP reads the tables again.
async fn signals(edge: &Arc<Edge>) -> Result<(), String> {
    let on = |kind| signal(kind).map_err(|e| format!("signals cannot be received: {e}"));
    let (mut term, mut int, mut hup) =
        (on(SignalKind::terminate())?, on(SignalKind::interrupt())?, on(SignalKind::hangup())?);
    let mut drained = edge.drain.subscribe();
    loop {
        tokio::select! {
            _ = term.recv() => break,
            _ = int.recv() => break,
            _ = drained.changed() => break,
            _ = hup.recv() => {
                if let Err(e) = edge.reload().await {
                    tracing::error!(error = e, "the policy was not reloaded; the one in force stays");
                }
            }
        }
    }
    edge.begin_to_drain();
    Ok(())
}

/// What is done now and then: certificates, ledger files, memory.
async fn chores(edge: Arc<Edge>) {
    let mut every = tokio::time::interval(Duration::from_secs(5));
    loop {
        every.tick().await;
        let this = Arc::clone(&edge);
        let done = tokio::task::spawn_blocking(move || {
            let edge = this;
            if let Some(tls) = &edge.shared.tls {
                for r in tls.reload_if_changed() {
                    match r.outcome {
                        Ok(()) => tracing::info!(certificate = %r.chain.display(), "a certificate was taken up"),
                        Err(e) => {
                            tracing::error!(certificate = %r.chain.display(), error = %e, "a certificate was not taken up")
                        }
                    }
                }
            }
            let changed = edge.memories.look_at_files(&edge.shared.settings);
            if edge.measures.changed(&edge.shared.settings.state_dir) {
                edge.measures.take_up_or_tell(&edge.shared.settings.state_dir, &edge.shared.tables.load());
            }
            let now_ms = edge.shared.clock.now();
            for s in edge.shared.tables.load().sites() {
                s.memory.tidy(&s.site, now_ms);
            }
            changed
        });
        match done.await {
            // Its turn may come late, and the next chores do not wait for it. A change is told once.
            Ok(true) => drop(tokio::spawn(take_up_files(Arc::clone(&edge)))),
            Ok(false) => {}
            Err(_) => tracing::error!("a chore panicked"),
        }
    }
}

async fn take_up_files(edge: Arc<Edge>) {
    if let Err(e) = edge.reload().await {
        tracing::error!(error = e, "a file that has changed was not taken up; what is in force stays");
    }
}

/// A timer that is always due before those of requests. The runtime interrupts its own wait, with a system call, whenever a
/// timer is set that is due before all it knows; on a quiet worker that was one call for every request.
async fn pulse() {
    let mut every = tokio::time::interval(Duration::from_secs(1));
    loop {
        every.tick().await;
    }
}

/// One worker thread.
fn work(shared: Arc<Shared>, ready: &tokio::sync::mpsc::UnboundedSender<Result<(), String>>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build_local(LocalOptions::default())
    {
        Ok(r) => r,
        Err(e) => {
            let _ = ready.send(Err(format!("a worker's runtime cannot start: {e}")));
            return;
        }
    };
    runtime.block_on(async {
        let worker = match Worker::new(Arc::clone(&shared)) {
            Ok(w) => w,
            Err(e) => {
                let _ = ready.send(Err(e));
                return;
            }
        };
        let mut listeners = Vec::new();
        for l in &shared.settings.listen {
            match listen::open(l.address) {
                Ok(socket) => listeners.push((socket, l.clone())),
                Err(e) => {
                    let _ = ready.send(Err(e));
                    return;
                }
            }
        }
        let _ = ready.send(Ok(()));
        tokio::task::spawn_local(pulse());
        let accepting: Vec<_> = listeners
            .into_iter()
            .map(|(socket, l)| tokio::task::spawn_local(accept(std::rc::Rc::clone(&worker), socket, l)))
            .collect();
        for a in accepting {
            let _ = a.await;
        }
        // What was accepted last has to count itself in before it can be waited for.
        tokio::task::yield_now().await;
        // Connections under way get their time; kept idle ones have been told to close. What is then still open ends
        // itself; the worker waits for that a little longer.
        let deadline = worker.draining().await + LAST_ENDS;
        while worker.open() > 0 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

/// How long a drained listener waits for handshakes under way: a round trip to the other side of the world.
const LAST_HANDSHAKES: Duration = Duration::from_millis(300);

/// How long a worker waits for what ends when the time of a drain is over.
const LAST_ENDS: Duration = Duration::from_millis(500);

async fn accept(worker: std::rc::Rc<Worker>, socket: tokio::net::TcpListener, l: Listen) {
    let mut draining = std::pin::pin!(worker.draining());
    loop {
        tokio::select! {
            biased;
            accepted = socket.accept() => match accepted {
                Ok((tcp, remote)) => { tokio::task::spawn_local(serve::connection(std::rc::Rc::clone(&worker), tcp, remote, l.clone())); }
                Err(e) => {
                    // Out of file descriptors, most likely: waiting lets connections end.
                    tracing::error!(error = %e, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = draining.as_mut() => break,
        }
    }
    // Whoever has already begun to connect is still served here; see `begin_no_more`.
    if let Err(e) = listen::begin_no_more(&socket) {
        tracing::warn!(error = %e, "connections that begin at this moment may be lost");
    }
    let until = Instant::now() + LAST_HANDSHAKES;
    while let Ok(Ok((tcp, remote))) = tokio::time::timeout_at(until, socket.accept()).await {
        tokio::task::spawn_local(serve::connection(std::rc::Rc::clone(&worker), tcp, remote, l.clone()));
    }
}

impl Edge {
    /// Takes no more connections, and lets those under way finish for `drain_timeout_s`. The first word counts.
    pub fn begin_to_drain(&self) {
        let until = Instant::now() + self.shared.tables.load().limits().drain();
        self.drain.send_if_modified(|drain| drain.is_none() && drain.replace(until).is_none());
    }

    /// Reads the compiled policy again and swaps it in whole; returns its identifier.
    ///
    /// # Errors
    /// A sentence; the policy in force stays.
    pub async fn reload(self: &Arc<Self>) -> Result<String, String> {
        // One after the other: an older policy must not be put in force over a newer one.
        let turn = Arc::clone(&self.reloading).lock_owned().await;
        let edge = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            edge.take_policy()
        });
        done.await.unwrap_or_else(|e| Err(format!("the edge failed while it read the policy: {e}")))
    }

    fn take_policy(&self) -> Result<String, String> {
        self.memories.look_at_files(&self.shared.settings);
        let policy = read_policy(&self.shared.settings)?;
        let id = policy.id.clone();
        let tables = self.memories.tables(&self.shared.settings, policy, self.shared.clock.now())?;
        // From here on nothing can fail.
        self.memories.put_in_force(&tables);
        self.measures.take_up_or_tell(&self.shared.settings.state_dir, &tables);
        self.shared.tables.store(Arc::new(tables));
        tracing::info!(policy = id, "a policy was loaded");
        Ok(id)
    }

    /// Switches a site, or all, to watch or enforce.
    ///
    /// # Errors
    /// When no site has that name.
    pub fn switch(&self, site: Option<&str>, mode: Mode) -> Result<Vec<String>, String> {
        let tables = self.shared.tables.load();
        let now_ms = self.shared.clock.now();
        let mut switched = Vec::new();
        for s in tables.sites().filter(|s| site.is_none_or(|n| n == s.site.name)) {
            s.memory.mode.store(u8::from(mode == Mode::Enforce), Ordering::Relaxed);
            s.memory.note_mode(mode, now_ms)?;
            switched.push(s.site.name.clone());
        }
        match (switched.is_empty(), site) {
            (true, Some(n)) => Err(format!("no site is named `{n}`")),
            _ => Ok(switched),
        }
    }

    /// The live status.
    #[must_use]
    pub fn status(&self, top: usize) -> Value {
        let tables = self.shared.tables.load();
        let now_ms = self.shared.clock.now();
        let sites: Vec<Value> = tables
            .sites()
            .map(|s| {
                let mut of_site = json!({
                    "site": s.site.name,
                    "title": s.site.title,
                    "mode": s.mode(),
                    "policy": &*s.policy_id,
                    "people_disclosed": s.memory.disclosed.now(now_ms),
                    "counters": s.memory.counters.now(),
                    "faults_remembered": s.memory.faults.len(),
                    "measures": s.memory.measures.load().all().len(),
                    "for_everybody": for_everybody(&s.memory.measures.load(), &s.site, now_ms),
                    "state": s.memory.state.overview(&s.site, now_ms, top.min(100)),
                });
                if s.site.account.token.is_some() {
                    of_site["tokens"] = json!(s.memory.tokens.now());
                }
                of_site
            })
            .collect();
        json!({
            "pid": std::process::id(),
            "version": env!("CARGO_PKG_VERSION"),
            "started_ms": self.started_ms,
            "now_ms": now_ms,
            "draining": self.drain.borrow().is_some(),
            "listen": self.shared.settings.listen.iter().map(|l| l.address.to_string()).collect::<Vec<_>>(),
            "resident_bytes": resident_bytes(),
            "usual": tables.sites().map(|s| (s.site.name.clone(), json!(s.memory.state.usual()))).collect::<Map<_, _>>(),
            "measures_problem": self.measures.problem(),
            "sites": sites,
        })
    }
}

/// Resident memory of this process, from the kernel.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|l| l.starts_with("VmRSS:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|k| k * 1024)
}
