//! The control socket: the brain and the command line talk to a running edge, one JSON object a line.
//!
//! A Unix socket in the state folder, for its owner only. A new edge takes the path over from an old one by renaming
//! its own socket into place, so there is never a moment without one.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use hedgerow_engine::doors::{Level, Reference};
use hedgerow_engine::judge::reasons;
use hedgerow_engine::policy::Mode;
use hedgerow_engine::record::Entry;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::chance::Chance;
use crate::edge::Edge;
use crate::faults::Fault;
use crate::reach::reach;

/// Longest request line, in bytes.
const LONGEST: u64 = 1 << 20;

/// What can be asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Ask {
    Status {
        #[serde(default = "ten")]
        top: usize,
    },
    Reload,
    Mode {
        site: Option<String>,
        mode: Mode,
    },
    Explain {
        reference: String,
    },
    Claims,
    Crawler {
        address: IpAddr,
        agent: String,
        genuine: bool,
        until_s: u64,
    },
    Measures {
        site: Option<String>,
    },
    MeasuresReload,
    Reach {
        site: String,
        level: Level,
        name: String,
        #[serde(default = "a_day")]
        hours: u32,
    },
    SelfTest,
    Drain,
}

fn ten() -> usize {
    10
}

fn a_day() -> u32 {
    24
}

/// Opens the socket at `path`, replacing an older edge's.
///
/// # Errors
/// A sentence about the path.
pub fn open(path: &Path) -> Result<UnixListener, String> {
    let fail = |e: std::io::Error| format!("the control socket {} cannot be opened: {e}", path.display());
    let fresh = path.with_extension(format!("{}.new", std::process::id()));
    if fresh.exists() {
        std::fs::remove_file(&fresh).map_err(fail)?;
    }
    let listener = UnixListener::bind(&fresh).map_err(fail)?;
    std::fs::set_permissions(&fresh, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(fail)?;
    std::fs::rename(&fresh, path).map_err(fail)?;
    Ok(listener)
}

/// Answers until the edge has drained.
pub async fn serve(listener: UnixListener, edge: Arc<Edge>, mut over: watch::Receiver<Option<Instant>>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let edge = Arc::clone(&edge);
                    tokio::spawn(async move {
                        if let Err(e) = talk(stream, &edge).await {
                            tracing::debug!(error = %e, "a control connection ended");
                        }
                    });
                }
                Err(e) => {
                    tracing::error!(error = %e, "the control socket does not accept; trying again");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                }
            },
            _ = over.changed() => return,
        }
    }
}

async fn talk(stream: UnixStream, edge: &Arc<Edge>) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        let n = (&mut read).take(LONGEST).read_until(b'\n', &mut line).await?;
        if n == 0 {
            return Ok(());
        }
        let mut answer = match serde_json::from_slice::<Ask>(&line) {
            Err(e) => json!({"ok": false, "error": format!("that is not a request this edge knows: {e}")}),
            Ok(Ask::Reload) => said(edge.reload().await.map(|id| json!({"policy": id}))),
            Ok(ask) => {
                let edge = Arc::clone(edge);
                // Some answers read files; the socket's own thread must not wait for them.
                match tokio::task::spawn_blocking(move || answer(&edge, ask)).await {
                    Ok(answer) => said(answer),
                    Err(e) => json!({"ok": false, "error": format!("the edge failed while answering: {e}")}),
                }
            }
        }
        .to_string();
        answer.push('\n');
        write.write_all(answer.as_bytes()).await?;
    }
}

/// An answer, and whether it is one.
fn said(answer: Result<Value, String>) -> Value {
    match answer {
        Ok(mut v) => {
            if let Some(o) = v.as_object_mut() {
                o.insert("ok".to_owned(), Value::Bool(true));
            }
            v
        }
        Err(e) => json!({"ok": false, "error": e}),
    }
}

/// Everything but [`Ask::Reload`].
fn answer(edge: &Edge, ask: Ask) -> Result<Value, String> {
    match ask {
        Ask::Status { top } => Ok(edge.status(top)),
        Ask::Reload => Err("a reload waits for its turn, which nothing does that holds a thread".to_owned()),
        Ask::Mode { site, mode } => edge.switch(site.as_deref(), mode).map(|sites| json!({"sites": sites})),
        Ask::Explain { reference } => {
            let r: Reference = reference
                .parse()
                .map_err(|()| format!("`{reference}` is not a reference; one looks like 7K3M-Q2ZD-90XF"))?;
            let tables = edge.shared.tables.load();
            let fault = tables.sites().find_map(|s| Some((s, s.memory.faults.find(r)?)));
            // A verdict that only slowed, or that watch mode passed, has an entry as well.
            let (of_fault, fault) = fault.unzip();
            let (site, entries) = match (tables.find(r)?, of_fault) {
                (Some((site, entries)), _) => (site, entries),
                (None, Some(site)) => (site, Vec::new()),
                (None, None) => {
                    return Err(format!(
                        "no record of {r}; it may have been deleted after its retention, or tell of a fault: the last few \
                     thousand of those are remembered until the gateway restarts, the others stand in its log under \
                     their number"
                    ));
                }
            };
            let fault = fault.filter(|f| !f.cause.yields_to(&entries));
            Ok(json!({"entry": explained(&site.site.name, r, &entries, fault.as_ref()), "entries": entries}))
        }
        Ask::Claims => {
            let tables = edge.shared.tables.load();
            let claims: Vec<Value> = tables
                .sites()
                .flat_map(|s| s.memory.crawlers.take_claims())
                .map(|(address, agent)| json!({"address": address, "agent": agent}))
                .collect();
            Ok(json!({"claims": claims}))
        }
        Ask::Crawler { address, agent, genuine, until_s } => {
            for s in edge.shared.tables.load().sites() {
                s.memory.crawlers.learn(address, &agent, genuine, until_s);
            }
            Ok(json!({}))
        }
        Ask::Measures { site } => {
            edge.measures.listed(&edge.shared.tables.load(), site.as_deref(), edge.shared.clock.now())
        }
        Ask::MeasuresReload => edge.measures.take_up(&edge.shared.settings.state_dir, &edge.shared.tables.load()),
        Ask::Reach { site, level, name, hours } => {
            let tables = edge.shared.tables.load();
            let found = tables.sites().find(|s| s.site.name == site);
            let runtime = found.ok_or_else(|| format!("no site is named `{site}`"))?;
            reach(runtime, level, &name, hours, edge.shared.clock.now())
        }
        Ask::SelfTest => {
            let fresh =
                Chance::new().map_err(|e| format!("the operating system gives no random bytes: {e}"))?.bytes16();
            let token: String = fresh.iter().map(|b| format!("{b:02x}")).collect();
            edge.shared.self_tests.arm(token.clone());
            Ok(json!({"path": format!("/.hedgerow/address?t={token}")}))
        }
        Ask::Drain => {
            edge.begin_to_drain();
            Ok(json!({}))
        }
    }
}

/// The entries of one reference, and what went wrong under it, in the operator's words.
fn explained(site: &str, reference: Reference, entries: &[Entry], fault: Option<&Fault>) -> Value {
    let first = entries.first();
    let of_fault = fault.map(|f| {
        let sentence = f.cause.operator();
        json!({"code": format!("fault.{}", f.cause.code()), "weight": 0, "detail": &*f.detail, "sentence": sentence})
    });
    let reasons: Vec<Value> = entries
        .iter()
        .flat_map(|e| e.reasons.iter().map(move |code| (e, code)))
        .map(|(e, code)| {
            let numbers = e.details.iter().find(|(c, _, _)| c == code);
            json!({
                "code": code,
                "weight": numbers.map_or(0, |n| n.1),
                "detail": numbers.map_or("", |n| n.2.as_str()),
                "sentence": reasons::lookup(code).map(|r| r.operator),
            })
        })
        .chain(of_fault)
        .collect();
    let people = |shown: bool| {
        entries
            .iter()
            .flat_map(|e| &e.people)
            .filter(|d| if shown { !d.shown.is_empty() } else { !d.masked.is_empty() })
            .count()
    };
    json!({
        "site": site,
        "reference": reference.to_string(),
        "at_ms": first.map(|e| e.at_ms).or(fault.map(|f| f.at_ms)),
        "action": first.and_then(|e| e.action),
        "mode": first.and_then(|e| e.mode),
        "lane": first.and_then(|e| e.lane),
        "standing": first.and_then(|e| e.standing),
        "route": first.and_then(|e| e.route.clone()).or(fault.and_then(|f| f.route.as_ref().map(ToString::to_string))),
        "status": fault.map(|f| f.cause.status()).or(first.and_then(|e| e.status)),
        "fault": fault.map(|f| f.cause.code()),
        "what_to_do": fault.map(|f| f.cause.advice()),
        "people_shown": people(true),
        "people_masked": people(false),
        "reasons": reasons,
    })
}
