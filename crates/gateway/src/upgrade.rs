//! Websockets and every other upgrade: nothing passes before the site has agreed with 101.

use std::rc::Rc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;

use crate::worker::Admitted;

/// How long the ends of a tunnel that is given up may take to be told so.
const LAST_WORD: Duration = Duration::from_millis(200);

/// The visitor's side of a possible upgrade, taken before the request is taken apart.
pub struct Wanted(OnUpgrade);

impl Wanted {
    /// Takes the visitor's side.
    #[must_use]
    pub fn take(request: &mut Request<Incoming>) -> Self {
        Self(hyper::upgrade::on(request))
    }

    /// The site agreed: bytes go both ways until one side ends, or until an edge that drains has no more time. `idle`
    /// ends a tunnel in which nothing moves. It counts as the connection it was, by `admitted`.
    pub fn join(self, answer: &mut Response<Incoming>, idle: Duration, admitted: Rc<Admitted>) {
        let site = hyper::upgrade::on(answer);
        tokio::task::spawn_local(async move {
            // Both halves become available once our own 101 has been written.
            let (visitor, site) = match tokio::try_join!(self.0, site) {
                Ok(pair) => pair,
                Err(e) => {
                    tracing::debug!(error = %e, "an upgrade did not come about");
                    return;
                }
            };
            let (mut visitor, mut site) = (TokioIo::new(visitor), TokioIo::new(site));
            tokio::select! {
                ended = crate::tunnel::join(&mut visitor, &mut site, idle) => {
                    if let Err(e) = ended {
                        tracing::debug!(error = %e, "a tunnel ended");
                    }
                    return;
                }
                () = admitted.worker().drained() => {}
            }
            // Both learn that it is over; whoever does not take that in time is cut off.
            let told = async { tokio::join!(visitor.shutdown(), site.shutdown()) };
            if tokio::time::timeout(LAST_WORD, told).await.is_err() {
                tracing::debug!("a tunnel was cut off: the time of the drain is over");
            }
        });
    }
}
