//! Kept connections to the site, per worker: the one used last is used next.

use std::cell::RefCell;
use std::rc::Rc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};

use super::ForwardError;
use super::connect::Connector;
use super::visitor_body::VisitorBody;

/// The sending half of a connection.
pub(super) enum Sender {
    /// HTTP/1.1: one request at a time.
    One(http1::SendRequest<VisitorBody>),
    /// HTTP/2: many at once.
    Two(http2::SendRequest<VisitorBody>),
}

/// A connection taken for one request.
pub(super) struct Link {
    sender: Sender,
    kept: bool,
}

impl Link {
    /// Whether it was used before.
    pub(super) fn kept(&self) -> bool {
        self.kept
    }

    /// Sends; gives the request back when nothing of it was sent.
    pub(super) async fn send(
        &mut self,
        request: Request<VisitorBody>,
    ) -> Result<Response<Incoming>, (hyper::Error, Option<Request<VisitorBody>>)> {
        match &mut self.sender {
            Sender::One(s) => s.try_send_request(request).await,
            Sender::Two(s) => s.try_send_request(request).await,
        }
        .map_err(|mut e| {
            let back = e.take_message();
            (e.into_error(), back)
        })
    }
}

/// Kept connections to one site.
#[derive(Clone)]
pub struct Pool(Rc<Inner>);

struct Inner {
    connector: Connector,
    keep: usize,
    idle: RefCell<Vec<http1::SendRequest<VisitorBody>>>,
    shared: RefCell<Option<http2::SendRequest<VisitorBody>>>,
}

impl Pool {
    /// An empty pool that keeps at most `keep` idle connections.
    #[must_use]
    pub fn new(connector: Connector, keep: usize) -> Self {
        Self(Rc::new(Inner { connector, keep, idle: RefCell::new(Vec::new()), shared: RefCell::new(None) }))
    }

    /// A kept connection that is still open, else a new one.
    pub(super) async fn take(&self, fresh: bool) -> Result<Link, ForwardError> {
        if !fresh {
            let shared = self.0.shared.borrow().as_ref().filter(|s| !s.is_closed()).cloned();
            if let Some(s) = shared {
                return Ok(Link { sender: Sender::Two(s), kept: true });
            }
            loop {
                // Taken out before it is awaited, so that nobody else gets the same one.
                let Some(mut s) = self.0.idle.borrow_mut().pop() else { break };
                if !s.is_closed() && s.ready().await.is_ok() {
                    return Ok(Link { sender: Sender::One(s), kept: true });
                }
            }
        }
        // Boxed: the room a handshake needs is not carried by each request that needs none.
        let sender = Box::pin(self.0.connector.open()).await?;
        if let Sender::Two(s) = &sender {
            *self.0.shared.borrow_mut() = Some(s.clone());
        }
        Ok(Link { sender, kept: false })
    }

    /// Holds a connection until the body of its answer has been read to the end.
    pub(super) fn returning(&self, link: Link) -> Returning {
        match link.sender {
            Sender::One(s) => Returning(Some((self.clone(), s))),
            Sender::Two(_) => Returning(None),
        }
    }
}

/// A connection whose answer is still being read. [`Returning::done`] keeps it; dropping it closes it.
pub struct Returning(Option<(Pool, http1::SendRequest<VisitorBody>)>);

impl Returning {
    /// The answer was read to its end: the connection may serve again.
    pub fn done(&mut self) {
        if let Some((pool, sender)) = self.0.take()
            && !sender.is_closed()
        {
            let mut idle = pool.0.idle.borrow_mut();
            if idle.len() < pool.0.keep {
                idle.push(sender);
            }
        }
    }
}
