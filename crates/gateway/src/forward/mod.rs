//! The forward room: the only place that talks to the site.
//!
//! In comes a request rebuilt from the visitor's; out goes the site's answer, its body still streaming. Connections
//! are kept per worker, so no lock is taken. It never looks into a body and never decides anything.

mod connect;
mod pool;
mod visitor_body;

pub use connect::{Connector, UpstreamTls};
pub use pool::{Pool, Returning};
pub use visitor_body::{Moved, VisitorBody, VisitorBodyError};

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

/// Why the site gave no answer. Whose fault it is decides the status the visitor gets.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The site's address does not answer.
    #[error("the site at {0} cannot be reached: {1}; check that it runs and that `upstream` is right")]
    Connect(String, String),
    /// It took the request and said nothing in time.
    #[error("the site took longer than {0:?} to answer")]
    Timeout(Duration),
    /// It answered something that is not HTTP, or broke off.
    #[error("the site broke off or did not speak HTTP: {0}")]
    Broken(hyper::Error),
    /// The visitor's request body broke off.
    #[error("the visitor broke off while sending")]
    Visitor,
}

impl ForwardError {
    /// Status for the visitor (RFC 9110, sections 15.5.9 and 15.6.3 to 15.6.5).
    #[must_use]
    pub fn status(&self) -> http::StatusCode {
        match self {
            Self::Connect(..) | Self::Broken(_) => http::StatusCode::BAD_GATEWAY,
            Self::Timeout(_) => http::StatusCode::GATEWAY_TIMEOUT,
            Self::Visitor => http::StatusCode::BAD_REQUEST,
        }
    }
}

/// Sends one request to the site and waits for the head of its answer.
///
/// A kept connection that the site closed in the meantime is noticed before anything was sent, and another is taken;
/// a request without a body that found its kept connection dead is sent once more on a new one (RFC 9112, 9.3.1).
///
/// # Errors
/// [`ForwardError`], which knows its status.
pub async fn forward(
    pool: &Pool,
    mut request: Request<VisitorBody>,
    answer_timeout: Duration,
) -> Result<(Response<Incoming>, Returning), ForwardError> {
    let repeatable = matches!(*request.method(), http::Method::GET | http::Method::HEAD) && request.body().is_nothing();
    let mut tries = 0;
    loop {
        let mut link = pool.take(tries > 0).await?;
        let again = repeatable.then(|| again(&request));
        let kept = link.kept();
        let moved = request.body().moved();
        match within(answer_timeout, moved, link.send(request)).await {
            None => return Err(ForwardError::Timeout(answer_timeout)),
            Some(Ok(answer)) => return Ok((answer, pool.returning(link))),
            Some(Err((error, back))) => {
                tries += 1;
                match (back, again) {
                    // Nothing was sent: the connection had closed. Any request may go again.
                    (Some(unsent), _) if tries <= 3 => request = unsent,
                    (None, Some(copy)) if kept && tries == 1 => request = copy,
                    _ if error.is_user() || error.is_body_write_aborted() => return Err(ForwardError::Visitor),
                    _ => return Err(ForwardError::Broken(error)),
                }
            }
        }
    }
}

/// Waits for the answer, so long from the last piece of the request on: nobody answers an upload before it has it, and a
/// large one takes longer than a site may think.
async fn within<T>(patience: Duration, moved: Option<Arc<Moved>>, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    let mut until = Instant::now() + patience;
    loop {
        if let Ok(answered) = tokio::time::timeout_at(until, answer.as_mut()).await {
            return Some(answered);
        }
        until = moved.as_ref().map(|m| m.last() + patience).filter(|later| *later > until)?;
    }
}

/// A copy of a request that has no body.
fn again(request: &Request<VisitorBody>) -> Request<VisitorBody> {
    let mut copy = Request::new(VisitorBody::nothing());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    copy
}
