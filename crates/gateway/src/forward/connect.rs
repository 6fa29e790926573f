//! Opening a connection to the site: TCP, TLS where the policy says so, HTTP/1.1 or HTTP/2.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hedgerow_engine::policy::Upstream;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::ForwardError;
use super::visitor_body::VisitorBody;
use crate::local::LocalExec;

/// Most requests at once on one connection of HTTP/2.
pub(super) const MOST_STREAMS: usize = 64;

/// So much of one answer may come before the visitor takes any of it; a far site's line is filled by it.
const STREAM_WINDOW: u32 = 256 * 1024;

/// All streams at once may fill their windows: whoever stalls holds up nobody but itself.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * MOST_STREAMS as u32;

/// How long a connection of HTTP/2 may be silent, with requests on it, until the site is asked whether it lives; and how
/// long it may then take.
const SILENCE: Duration = Duration::from_secs(20);

/// A connection that was opened.
pub(super) enum Opened {
    /// HTTP/1.1.
    One(http1::SendRequest<VisitorBody>),
    /// HTTP/2, and how many streams the site takes at once.
    Two(http2::SendRequest<VisitorBody>, Rc<Cell<usize>>),
}

/// How to reach one site.
#[derive(Clone)]
pub struct Connector {
    host: String,
    port: u16,
    http2: bool,
    timeout: Duration,
    tls: Option<UpstreamTls>,
}

/// TLS towards the site: made once per policy, since reading certificates is slow.
#[derive(Clone)]
pub struct UpstreamTls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl UpstreamTls {
    /// TLS settings for an upstream, or `None` when it is plain.
    ///
    /// # Errors
    /// A sentence that names the file or the host name that is wrong.
    pub fn new(upstream: &Upstream) -> Result<Option<Self>, String> {
        if upstream.scheme != "https" {
            return Ok(None);
        }
        let mut roots = RootCertStore::empty();
        match &upstream.ca_file {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(file) => {
                let pem = |e| format!("the upstream's `ca_file` {file} cannot be read: {e}");
                for cert in CertificateDer::pem_file_iter(file).map_err(pem)? {
                    roots
                        .add(cert.map_err(pem)?)
                        .map_err(|e| format!("{file} holds a certificate that is not valid: {e}"))?;
                }
            }
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|e| format!("TLS cannot be set up: {e}"))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![if upstream.http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let name = ServerName::try_from(upstream.host.clone())
            .map_err(|_| format!("the upstream's host `{}` is not a name TLS can check", upstream.host))?;
        Ok(Some(Self { config: Arc::new(config), name }))
    }
}

impl Connector {
    /// A connector for an upstream.
    #[must_use]
    pub fn new(upstream: &Upstream, tls: Option<UpstreamTls>) -> Self {
        Self {
            host: upstream.host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: upstream.port,
            http2: upstream.http2,
            timeout: Duration::from_secs_f64(upstream.connect_timeout_s.clamp(0.05, 300.0)),
            tls,
        }
    }

    fn unreachable(&self, why: impl std::fmt::Display) -> ForwardError {
        ForwardError::Connect(format!("{}:{}", self.host, self.port), why.to_string())
    }

    /// Whether the site is spoken to by HTTP/2.
    pub(super) fn http2(&self) -> bool {
        self.http2
    }

    /// How long opening a connection may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// To a request that waited for connections that others opened.
    pub(super) fn none_opened(&self) -> ForwardError {
        self.unreachable("none of the connections that were being opened was opened")
    }

    /// Opens a connection and starts HTTP on it.
    pub(super) async fn open(&self) -> Result<Opened, ForwardError> {
        tokio::time::timeout(self.timeout, self.open_untimed())
            .await
            .map_err(|_| self.unreachable(format!("no connection within {:?}", self.timeout)))?
    }

    async fn open_untimed(&self) -> Result<Opened, ForwardError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(|e| self.unreachable(e))?;
        tcp.set_nodelay(true).map_err(|e| self.unreachable(e))?;
        match &self.tls {
            None => self.start(tcp).await,
            Some(tls) => {
                let stream = TlsConnector::from(Arc::clone(&tls.config))
                    .connect(tls.name.clone(), tcp)
                    .await
                    .map_err(|e| self.unreachable(e))?;
                self.start(stream).await
            }
        }
    }

    async fn start<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
    ) -> Result<Opened, ForwardError> {
        let io = TokioIo::new(stream);
        if self.http2 {
            let (sender, mut connection) = http2::Builder::new(LocalExec)
                .timer(TokioTimer::new())
                .initial_stream_window_size(STREAM_WINDOW)
                .initial_connection_window_size(CONNECTION_WINDOW)
                .keep_alive_interval(SILENCE)
                .keep_alive_timeout(SILENCE)
                .handshake::<_, VisitorBody>(io)
                .await
                .map_err(|e| self.unreachable(e))?;
            let most = Rc::new(Cell::new(connection.current_max_send_streams()));
            let told = Rc::clone(&most);
            tokio::task::spawn_local(async move {
                let ended = std::future::poll_fn(|cx| {
                    let ended = Pin::new(&mut connection).poll(cx);
                    told.set(connection.current_max_send_streams());
                    ended
                });
                if let Err(e) = ended.await {
                    tracing::debug!(error = %e, "an HTTP/2 connection to the site ended");
                }
            });
            Ok(Opened::Two(sender, most))
        } else {
            let (sender, connection) =
                http1::Builder::new().handshake::<_, VisitorBody>(io).await.map_err(|e| self.unreachable(e))?;
            tokio::task::spawn_local(async move {
                if let Err(e) = connection.with_upgrades().await {
                    tracing::debug!(error = %e, "a connection to the site ended");
                }
            });
            Ok(Opened::One(sender))
        }
    }
}
