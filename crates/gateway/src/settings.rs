//! Settings of the edge process: where it listens, where its files are, how much it may use.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::patience::Pace;

/// What the supervisor hands to the edge, as JSON.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Addresses to listen on.
    pub listen: Vec<Listen>,
    /// Path of the control socket.
    pub control: PathBuf,
    /// Path of the compiled policy.
    pub policy: PathBuf,
    /// Folder of ledgers, and of the secret unless that is elsewhere.
    pub state_dir: PathBuf,
    /// File of the secret; absent = `secret` in `state_dir`.
    #[serde(default)]
    pub secret: Option<PathBuf>,
    /// Worker threads; 0 = one per core.
    #[serde(default)]
    pub workers: usize,
    /// Memory for principals, over all sites, in bytes.
    #[serde(default = "default_memory")]
    pub memory_bytes: usize,
    /// Take the clock from this request header (rehearsals; loopback only).
    #[serde(default)]
    pub drill_clock: Option<String>,
}

/// One address to listen on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// End TLS here, with the sites' certificates.
    #[serde(default)]
    pub tls: bool,
    /// Demand a PROXY protocol header on every connection; without it none is read.
    #[serde(default)]
    pub proxy_protocol: bool,
}

/// Limits on visitors, from the compiled policy. Times in seconds, sizes in bytes.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Time for a whole request head, and for an idle kept connection.
    pub head_timeout_s: f64,
    /// Time for a TLS handshake or a PROXY header.
    pub handshake_timeout_s: f64,
    /// Time between two pieces of a request body, and for a visitor to take a piece of an answer.
    pub stall_timeout_s: f64,
    /// Least pace at which a visitor takes what waits for it: bytes a second, over all that waits.
    pub least_bytes_per_s: u32,
    /// How long a visitor may be slower than that, all in all, before it is let go.
    pub slow_grace_s: f64,
    /// Longest request head.
    pub head_bytes: usize,
    /// Most open connections per worker.
    pub connections: usize,
    /// Most open connections of one address per worker: behind the PROXY protocol of the visitor's, and none for
    /// trusted hops.
    pub connections_per_address: usize,
    /// Time open connections, tunnels and streams among them, get to finish when the edge drains.
    pub drain_timeout_s: f64,
    /// Most HTTP/2 streams at once on one connection.
    pub http2_streams: u32,
}

impl Limits {
    /// Reads the `limits` of a compiled policy; what is absent is as always.
    ///
    /// # Errors
    /// A sentence; the policy cannot be taken.
    pub fn of(compiled: &Map<String, Value>) -> Result<Self, String> {
        Self::deserialize(Value::Object(compiled.clone()))
            .map_err(|e| format!("the `limits` of the policy cannot be read: {e}"))
    }

    /// `stall_timeout_s`, within what can be waited for.
    #[must_use]
    pub fn stall(&self) -> Duration {
        Duration::from_secs_f64(self.stall_timeout_s.clamp(0.05, 86_400.0))
    }

    /// How slowly a visitor may take an answer.
    #[must_use]
    pub fn pace(&self) -> Pace {
        let grace = Duration::from_secs_f64(self.slow_grace_s.clamp(0.05, 86_400.0));
        Pace { stall: self.stall(), grace, least_bytes_per_s: self.least_bytes_per_s }
    }

    /// `drain_timeout_s`, likewise.
    #[must_use]
    pub fn drain(&self) -> Duration {
        Duration::from_secs_f64(self.drain_timeout_s.clamp(0.0, 3600.0))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_timeout_s: 20.0,
            handshake_timeout_s: 10.0,
            stall_timeout_s: 60.0,
            // A fifth of what the slowest mobile lines gave twenty years ago.
            least_bytes_per_s: 1024,
            slow_grace_s: 300.0,
            head_bytes: 32 * 1024,
            connections: 20_000,
            connections_per_address: 1_024,
            drain_timeout_s: 30.0,
            http2_streams: 100,
        }
    }
}

fn default_memory() -> usize {
    256 << 20
}

impl Settings {
    /// Reads settings and checks what only makes sense together.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let s: Self = serde_json::from_str(text).map_err(|e| format!("the edge's settings cannot be read: {e}"))?;
        if s.listen.is_empty() {
            return Err("no address to listen on: give at least one `listen` address".to_owned());
        }
        if let (Some(_), Some(l)) = (&s.drill_clock, s.listen.iter().find(|l| !l.address.ip().is_loopback())) {
            return Err(format!(
                "the drill clock lets every visitor set the time, so it works on loopback listeners only; {} is not one",
                l.address
            ));
        }
        Ok(s)
    }
}
