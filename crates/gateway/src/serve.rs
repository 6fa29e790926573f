//! From an accepted connection to requests: PROXY header, TLS, taps, HTTP/1.1 or HTTP/2.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hedgerow_engine::doors::Transport;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::pin;

use crate::patience::Patient;
use crate::path;
use crate::settings::Listen;
use crate::tap::prefixed::Prefixed;
use crate::tap::{flight, guard, hello, ja4, proxy_protocol};
use crate::worker::Worker;

/// One connection as its requests see it.
pub struct Connection {
    /// Facts for the identify room.
    pub transport: Transport,
    /// Whether `transport.peer` came from a PROXY header.
    pub by_proxy_header: bool,
    /// Header names of the requests under way, in the order and case they came.
    pub heads: Option<guard::Heads>,
    /// Switches the request guard off once an upgrade was agreed.
    pub guard: Option<guard::GuardHandle>,
}

/// Serves one accepted connection to its end.
pub async fn connection(worker: Rc<Worker>, tcp: TcpStream, remote: SocketAddr, listen: Listen) {
    let Some(_admitted) = worker.admit(remote.ip()) else {
        tracing::debug!("a connection was closed at once: too many are open");
        return;
    };
    // Answers are written whole; waiting to fill a packet would only delay them.
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let patience = Duration::from_secs_f64(worker.limits().handshake_timeout_s.clamp(0.05, 600.0));
    let opened = tokio::time::timeout(patience, open(&worker, tcp, remote, &listen)).await;
    match opened {
        Err(_) => tracing::debug!("a connection did not get through its handshake in time"),
        Ok(Err(e)) => tracing::debug!(error = %e, "a connection did not get through its handshake"),
        Ok(Ok(Opened::Plain(stream, facts))) => http(worker, stream, facts, None).await,
        Ok(Ok(Opened::Tls(stream, facts, h2))) => http(worker, *stream, facts, Some(h2)).await,
    }
}
