//! Websockets and every other upgrade: nothing passes before the site has agreed with 101.

use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

/// The visitor's side of a possible upgrade, taken before the request is taken apart.
pub struct Wanted(OnUpgrade);

impl Wanted {
    /// Takes the visitor's side.
    #[must_use]
    pub fn take(request: &mut Request<Incoming>) -> Self {
        Self(hyper::upgrade::on(request))
    }

    /// The site agreed: bytes go both ways until one side ends. `idle` ends a tunnel in which nothing moves.
    pub fn join(self, answer: &mut Response<Incoming>, idle: Duration) {
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
            let tunnel = crate::tunnel::join(&mut visitor, &mut site, idle);
            if let Err(e) = tunnel.await {
                tracing::debug!(error = %e, "a tunnel ended");
            }
        });
    }
}
