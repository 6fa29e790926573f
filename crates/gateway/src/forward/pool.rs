//! Kept connections to the site, per worker. Of HTTP/1.1 the one used last is used next; those of HTTP/2 are shared.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ForwardError;
use super::connect::{Connector, MOST_STREAMS, Opened};
use super::visitor_body::VisitorBody;

/// Most connections of HTTP/2 to one site, open or being opened, of each worker; beyond that requests share what there
/// is, and wait for each other. The windows of all ([`super::connect`]: 16 MiB each) are half a gibibyte, which is what
/// the visitors of one worker can make us hold for a site at worst, when all of them stall.
const MOST_SHARED: usize = 32;

/// The sending half of a connection.
enum Sender {
    /// HTTP/1.1: one request at a time.
    One(http1::SendRequest<VisitorBody>),
    /// HTTP/2: many at once.
    Two(Seat),
}

/// An answer that is awaited.
enum By<One, Two> {
    One(One),
    Two(Two),
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

    /// Sends; gives the request back when nothing of it was sent. The request is handed over at once: what is awaited is
    /// small, where it would be carried along.
    pub(super) fn send(
        &mut self,
        request: Request<VisitorBody>,
    ) -> impl Future<Output = Result<Response<Incoming>, (hyper::Error, Option<Request<VisitorBody>>)>> + use<> {
        let answer = match &mut self.sender {
            Sender::One(s) => By::One(s.try_send_request(request)),
            Sender::Two(seat) => By::Two(Box::pin(seat.shared.sender.clone().try_send_request(request))),
        };
        async move {
            match answer {
                By::One(answer) => answer.await,
                By::Two(answer) => answer.await,
            }
            .map_err(|mut e| {
                let back = e.take_message();
                (e.into_error(), back)
            })
        }
    }
}

/// A connection of HTTP/2, and how many requests it carries.
struct Shared {
    sender: http2::SendRequest<VisitorBody>,
    /// Most streams that the site takes at once.
    most: Rc<Cell<usize>>,
    carries: Cell<usize>,
}

impl Shared {
    fn has_room(&self) -> bool {
        // A site that takes none now will take some later; it is asked all the same.
        self.carries.get() < self.most.get().clamp(1, MOST_STREAMS)
    }
}

/// The place of one request on a connection of HTTP/2, until its answer has been read or given up.
struct Seat {
    pool: Pool,
    shared: Rc<Shared>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let left = self.shared.carries.get().saturating_sub(1);
        self.shared.carries.set(left);
        if left > 0 {
            return;
        }
        // Beyond those that are kept it is let go, and closes. One is always kept.
        let mut all = self.pool.0.shared.borrow_mut();
        let idle = all.iter().filter(|s| s.carries.get() == 0 && !s.sender.is_closed()).count();
        if idle > self.pool.0.keep.max(1) {
            all.retain(|s| !Rc::ptr_eq(s, &self.shared));
        }
    }
}

/// Kept connections to one site.
#[derive(Clone)]
pub struct Pool(Rc<Inner>);

struct Inner {
    connector: Connector,
    keep: usize,
    idle: RefCell<Vec<http1::SendRequest<VisitorBody>>>,
    shared: RefCell<Vec<Rc<Shared>>>,
    /// Connections of HTTP/2 that are being opened.
    opening: Cell<usize>,
    /// Told when one of them is open, or could not be opened.
    opened: Notify,
}

/// A connection of HTTP/2 that is being opened; it counts until this is dropped.
struct Opening<'a>(&'a Inner);

impl<'a> Opening<'a> {
    fn begin(pool: &'a Inner) -> Self {
        pool.opening.set(pool.opening.get() + 1);
        Self(pool)
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.0.opening.set(self.0.opening.get().saturating_sub(1));
        self.0.opened.notify_waiters();
    }
}

impl Pool {
    /// An empty pool that keeps at most `keep` idle connections.
    #[must_use]
    pub fn new(connector: Connector, keep: usize) -> Self {
        Self(Rc::new(Inner {
            connector,
            keep,
            idle: RefCell::default(),
            shared: RefCell::default(),
            opening: Cell::new(0),
            opened: Notify::new(),
        }))
    }

    /// A kept connection that is still open, else a new one.
    pub(super) async fn take(&self, fresh: bool) -> Result<Link, ForwardError> {
        if self.0.connector.http2() {
            if let Some(shared) = self.roomy(fresh) {
                return Ok(Link { sender: Sender::Two(self.seat(shared)), kept: true });
            }
            if self.is_full() {
                // A site that is asked by many at once after a pause: they wait for what is being opened.
                let shared = Box::pin(self.opened()).await?;
                return Ok(Link { sender: Sender::Two(self.seat(shared)), kept: true });
            }
        } else if !fresh {
            loop {
                // Taken out before it is awaited, so that nobody else gets the same one.
                let Some(mut s) = self.0.idle.borrow_mut().pop() else { break };
                if !s.is_closed() && s.ready().await.is_ok() {
                    return Ok(Link { sender: Sender::One(s), kept: true });
                }
            }
        }
        let _opening = self.0.connector.http2().then(|| Opening::begin(&self.0));
        // Boxed: the room a handshake needs is not carried by each request that needs none.
        let sender = match Box::pin(self.0.connector.open()).await? {
            Opened::One(s) => Sender::One(s),
            Opened::Two(sender, most) => {
                let shared = Rc::new(Shared { sender, most, carries: Cell::new(0) });
                self.0.shared.borrow_mut().push(Rc::clone(&shared));
                Sender::Two(self.seat(shared))
            }
        };
        Ok(Link { sender, kept: false })
    }

    /// Whether no further connection of HTTP/2 may be opened.
    fn is_full(&self) -> bool {
        self.0.shared.borrow().len() + self.0.opening.get() >= MOST_SHARED
    }

    /// A connection of HTTP/2 with room, unless a fresh one is wanted; where no more may be opened, the one that carries
    /// least.
    fn roomy(&self, fresh: bool) -> Option<Rc<Shared>> {
        let mut all = self.0.shared.borrow_mut();
        all.retain(|s| !s.sender.is_closed());
        if !fresh && let Some(s) = all.iter().find(|s| s.has_room()) {
            return Some(Rc::clone(s));
        }
        let full = all.len() + self.0.opening.get() >= MOST_SHARED;
        all.iter().filter(|_| full).min_by_key(|s| s.carries.get()).cloned()
    }

    /// Waits for one of the connections that others open, as long as opening one may take.
    async fn opened(&self) -> Result<Rc<Shared>, ForwardError> {
        let until = Instant::now() + self.0.connector.timeout();
        loop {
            let opened = self.0.opened.notified();
            if let Some(shared) = self.roomy(false) {
                return Ok(shared);
            }
            if self.0.opening.get() == 0 || tokio::time::timeout_at(until, opened).await.is_err() {
                return Err(self.0.connector.none_opened());
            }
        }
    }

    fn seat(&self, shared: Rc<Shared>) -> Seat {
        shared.carries.set(shared.carries.get() + 1);
        Seat { pool: self.clone(), shared }
    }

    /// Holds a connection until the body of its answer has been read to the end.
    pub(super) fn returning(&self, link: Link) -> Returning {
        Returning(Some(match link.sender {
            Sender::One(s) => Held::One(self.clone(), s),
            Sender::Two(seat) => Held::Two(seat),
        }))
    }
}

enum Held {
    One(Pool, http1::SendRequest<VisitorBody>),
    Two(#[expect(dead_code, reason = "held for its end")] Seat),
}

/// A connection whose answer is still being read. [`Returning::done`] keeps it; dropping it closes one of HTTP/1.1.
pub struct Returning(Option<Held>);

impl Returning {
    /// The answer was read to its end: the connection may serve again.
    pub fn done(&mut self) {
        if let Some(Held::One(pool, sender)) = self.0.take()
            && !sender.is_closed()
        {
            let mut idle = pool.0.idle.borrow_mut();
            if idle.len() < pool.0.keep {
                idle.push(sender);
            }
        }
    }
}
