//! From an accepted connection to requests: PROXY header, TLS, taps, HTTP/1.1 or HTTP/2.

use std::cell::{OnceCell, RefCell};
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use hedgerow_engine::doors::Transport;
use http::HeaderValue;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::patience::{Pace, Patient};
use crate::settings::Listen;
use crate::streams::{Pieces, StreamExec, Streams};
use crate::tap::flight::{FlightHandle, FlightTap};
use crate::tap::guard::{Guard, GuardHandle};
use crate::tap::prefixed::Prefixed;
use crate::tap::refusal::Limits as GuardLimits;
use crate::tap::{hello, ja4, proxy_protocol};
use crate::worker::{Admitted, Worker};
use crate::{headers, path};

/// First bytes of an HTTP/2 connection whose client knows that we speak it (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Most bytes of one HTTP/2 stream that wait to be sent: more would only wait elsewhere, and be kept for whoever is slow.
const SEND_BUFFER: usize = 64 * 1024;

/// So many bytes of a request are a method of HTTP/1, or the beginning of the preface, which is none.
const METHOD: usize = 3;

/// How long an edge that drains waits for the first bytes on a connection it has accepted.
const LAST_WORD: Duration = Duration::from_secs(1);

/// A host that a connection's requests ask for, and what follows from it.
pub struct AskedFor {
    /// Lower case, without port or brackets.
    pub bare: String,
    /// What the site is told of the visitor's side.
    pub side: headers::Side,
}

impl AskedFor {
    /// `Host` as sent.
    #[must_use]
    pub fn host(&self) -> &HeaderValue {
        self.side.host()
    }
}

/// One connection as its requests see it.
pub struct Connection {
    admitted: Rc<Admitted>,
    peer: IpAddr,
    tls: bool,
    pace: Pace,
    ja4: Option<String>,
    flight: Option<FlightHandle>,
    transport: OnceCell<Transport>,
    guard: Option<GuardHandle>,
    /// The host the last request asked for; nearly always that of the next.
    asked_for: RefCell<Option<Rc<AskedFor>>>,
}

impl Connection {
    /// Facts for the identify room; complete from the first request on.
    pub fn transport(&self) -> &Transport {
        self.transport.get_or_init(|| Transport {
            peer: self.peer,
            tls: self.tls,
            ja4: self.ja4.clone(),
            h2_print: self.flight.as_ref().and_then(|f| f.print()).map(str::to_owned),
        })
    }

    /// How slow its visitor may be, as the policy in force at its beginning has it.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// The host of a request.
    pub fn asked_for(&self, host: &HeaderValue) -> Rc<AskedFor> {
        let mut last = self.asked_for.borrow_mut();
        if let Some(known) = last.as_ref().filter(|k| k.host() == host) {
            return Rc::clone(known);
        }
        let side = headers::Side::new(self.peer, self.tls, host);
        let fresh = Rc::new(AskedFor { bare: path::bare_host(host), side });
        *last = Some(Rc::clone(&fresh));
        fresh
    }

    /// Header names of the request under way, in the order and case they came.
    pub fn pop_head(&self) -> Option<String> {
        self.guard.as_ref().and_then(|g| g.heads().pop())
    }

    /// Its count among the open connections.
    #[must_use]
    pub fn admitted(&self) -> Rc<Admitted> {
        Rc::clone(&self.admitted)
    }

    /// An upgrade was agreed: what follows is no HTTP.
    pub fn upgraded(&self) {
        if let Some(g) = &self.guard {
            g.passthrough();
        }
    }
}

/// Serves one accepted connection to its end.
pub async fn connection(worker: Rc<Worker>, tcp: TcpStream, remote: SocketAddr, listen: Listen) {
    let Some(admitted) = worker.admit(remote.ip()) else {
        tracing::debug!("a connection was closed at once: too many are open");
        return;
    };
    if let Err(e) = open(&worker, admitted, tcp, remote.ip(), &listen).await {
        tracing::debug!(error = %e, "a connection ended");
    }
}

/// Gets through what comes before HTTP, within the time for it, then serves.
async fn open(
    worker: &Rc<Worker>,
    admitted: Rc<Admitted>,
    mut tcp: TcpStream,
    remote: IpAddr,
    listen: &Listen,
) -> io::Result<()> {
    // Answers are written whole; waiting to fill a packet would only delay them.
    tcp.set_nodelay(true)?;
    let limits = worker.limits();
    let patience = Duration::from_secs_f64(limits.handshake_timeout_s.clamp(0.05, 600.0));
    let (peer, left) = if listen.proxy_protocol {
        let (source, left) =
            within(patience, async { proxy_protocol::read(&mut tcp).await.map_err(io::Error::other) }).await?;
        // LOCAL: the front speaks for itself, for example to see whether we live.
        (source.map_or(remote, |s| s.ip()), left)
    } else {
        (remote, Vec::new())
    };
    let peer = peer.to_canonical();
    if listen.proxy_protocol && !admitted.recount(peer) {
        return Err(io::Error::other("too many connections of the visitor for whom a front speaks"));
    }
    let mut connection = Connection {
        admitted,
        peer,
        tls: listen.tls,
        pace: limits.pace(),
        ja4: None,
        flight: None,
        transport: OnceCell::new(),
        guard: None,
        asked_for: RefCell::default(),
    };
    if !listen.tls {
        let mut first = left;
        return match begin(worker, &mut tcp, &mut first).await? {
            Some(two) => {
                let stream = Patient::new(Prefixed::new(first, tcp), connection.pace);
                let wrote = stream.counter();
                http(worker, stream, wrote, connection, two).await
            }
            None => Ok(()),
        };
    }
    let Some(tls) = &worker.shared.tls else { return Err(io::Error::other("this listener has no certificate")) };
    let acceptor = tls.acceptor();
    let (mut stream, wrote, print) = within(patience, async {
        let mut stream = Patient::new(Prefixed::new(left, tcp), connection.pace);
        let wrote = stream.counter();
        let (client_hello, bytes) = hello::read(&mut stream).await.map_err(io::Error::other)?;
        let print = ja4::ja4(&client_hello);
        Ok((acceptor.accept(Prefixed::new(bytes, stream)).await?, wrote, print))
    })
    .await?;
    connection.ja4 = Some(print);
    let two = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let mut first = Vec::new();
    match begin(worker, &mut stream, &mut first).await? {
        Some(_) => http(worker, Prefixed::new(first, stream), wrote, connection, two).await,
        None => Ok(()),
    }
}

async fn within<T>(patience: Duration, act: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(patience, act)
        .await
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long")))
}

/// Reads the first bytes of a connection, which tell the HTTP it speaks: of HTTP/2 the whole preface, for which hyper
/// would wait without an end. Whether it is HTTP/2; `None` where nothing came.
async fn begin<S>(worker: &Worker, stream: &mut S, first: &mut Vec<u8>) -> io::Result<Option<bool>>
where
    S: AsyncRead + Unpin,
{
    let patience = Duration::from_secs_f64(worker.limits().head_timeout_s.clamp(0.05, 600.0));
    // Browsers open connections in advance. An edge that drains waits for the first word of one only for as long as a
    // request that was already sent may be on its way.
    let told = async {
        worker.draining().await;
        tokio::time::sleep(LAST_WORD).await;
    };
    let read = within(patience, async {
        while first.len() < METHOD || (first.len() < PREFACE.len() && PREFACE.starts_with(first)) {
            let mut more = [0u8; 4096];
            let n = stream.read(&mut more).await?;
            if n == 0 {
                break;
            }
            first.extend_from_slice(&more[..n]);
        }
        Ok(())
    });
    tokio::select! {
        biased;
        r = read => r?,
        () = told => return Ok(None),
    }
    Ok((!first.is_empty()).then(|| first.starts_with(&PREFACE[..METHOD])))
}

/// Speaks HTTP until the connection ends or the edge drains. `wrote` counts the bytes that TCP took.
async fn http<S>(
    worker: &Rc<Worker>,
    stream: S,
    wrote: Arc<AtomicU64>,
    mut connection: Connection,
    two: bool,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = worker.limits();
    let pace = connection.pace;
    let head_timeout = Duration::from_secs_f64(limits.head_timeout_s.clamp(0.05, 600.0));
    if two {
        let (tap, handle) = FlightTap::new(stream);
        connection.flight = Some(handle);
        let (worker_of, connection) = (Rc::clone(worker), Rc::new(connection));
        let streams = Streams::new(pace, wrote);
        let taken = Rc::clone(&streams);
        let service = service_fn(move |request| {
            let (worker, connection) = (Rc::clone(&worker_of), Rc::clone(&connection));
            let (streams, taking) = (Rc::clone(&taken), taken.begin());
            async move {
                let answer = path::serve(worker, connection, request).await;
                Ok::<_, Infallible>(answer.map(|body| Pieces::new(body, streams, taking)))
            }
        });
        let mut builder = http2::Builder::new(StreamExec(Rc::clone(&streams)));
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.http2_streams)
            .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX))
            .max_pending_accept_reset_streams(20)
            .max_send_buf_size(SEND_BUFFER)
            .keep_alive_interval(Some(head_timeout))
            .keep_alive_timeout(head_timeout);
        let mut serving = pin!(builder.serve_connection(TokioIo::new(tap), service));
        let result = tokio::select! {
            r = serving.as_mut() => r,
            until = worker.draining() => {
                serving.as_mut().graceful_shutdown();
                tokio::time::timeout_at(until, serving).await.unwrap_or(Ok(()))
            }
            () = streams.idle(head_timeout) => {
                // GOAWAY; a request that crosses it is still served, and whoever does not hang up is let go.
                serving.as_mut().graceful_shutdown();
                tokio::select! {
                    r = serving => r,
                    () = streams.idle(head_timeout + pace.stall) => Ok(()),
                    () = worker.drained() => Ok(()),
                }
            }
        };
        result.map_err(io::Error::other)
    } else {
        let guard_limits = GuardLimits { head_bytes: limits.head_bytes, ..GuardLimits::default() };
        let (guard, handle) = Guard::new(stream, guard_limits);
        connection.guard = Some(handle);
        let (worker_of, connection) = (Rc::clone(worker), Rc::new(connection));
        let begun = Rc::new(Notify::new());
        let told = Rc::clone(&begun);
        let service = service_fn(move |request| {
            let (worker, connection) = (Rc::clone(&worker_of), Rc::clone(&connection));
            told.notify_one();
            async move { Ok::<_, Infallible>(path::serve(worker, connection, request).await) }
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(head_timeout)
            .max_buf_size(limits.head_bytes.max(8192) + 64 * 1024)
            .auto_date_header(true);
        let mut serving = pin!(builder.serve_connection(TokioIo::new(guard), service).with_upgrades());
        let result = tokio::select! {
            biased;
            r = serving.as_mut() => r,
            until = worker.draining() => {
                // A request has begun to arrive, or we would not be here; hyper, asked to end before it has seen one,
                // would end without an answer. On a kept connection this is over at once.
                tokio::select! {
                    biased;
                    r = serving.as_mut() => return r.map_err(io::Error::other),
                    () = begun.notified() => {}
                    () = tokio::time::sleep_until(until) => return Ok(()),
                }
                serving.as_mut().graceful_shutdown();
                tokio::time::timeout_at(until, serving).await.unwrap_or(Ok(()))
            }
        };
        result.map_err(io::Error::other)
    }
}
