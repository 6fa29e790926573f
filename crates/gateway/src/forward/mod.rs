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

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;

/// Why the site gave no answer. Whose fault it is decides what the visitor gets ([`crate::faults::Cause`]).
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

/// Sends one request to the site and waits for the head of its answer.
///
/// A kept connection that the site closed in the meantime is noticed before anything was sent, and another is taken;
/// a request without a body that found its kept connection dead is sent once more on a new one (RFC 9112, 9.3.1), as
/// `again` makes it anew.
///
/// # Errors
/// [`ForwardError`].
pub fn forward<'a>(
    pool: &'a Pool,
    mut request: Request<VisitorBody>,
    again: &'a dyn Fn() -> Option<Request<VisitorBody>>,
    answer_timeout: Duration,
) -> impl Future<Output = Result<(Response<Incoming>, Returning), ForwardError>> + use<'a> {
    let repeatable = matches!(*request.method(), http::Method::GET | http::Method::HEAD) && request.body().is_nothing();
    let mut tries = 0;
    // A block within a plain function: an `async fn` carries what it is given twice.
    async move {
        loop {
            let mut link = pool.take(tries > 0).await?;
            let kept = link.kept();
            let moved = request.body().moved();
            let answer = pin!(link.send(request));
            match within(answer_timeout, moved, answer).await {
                None => return Err(ForwardError::Timeout(answer_timeout)),
                Some(Ok(answer)) => return Ok((answer, pool.returning(link))),
                Some(Err((error, back))) => {
                    tries += 1;
                    // A copy is made only now: nearly no request needs one.
                    let copy = || if repeatable && kept && tries == 1 { again() } else { None };
                    match back {
                        // Nothing was sent: the connection had closed. Any request may go again.
                        Some(unsent) if tries <= 3 => request = unsent,
                        None if let Some(copy) = copy() => request = copy,
                        _ if error.is_user() || error.is_body_write_aborted() => return Err(ForwardError::Visitor),
                        _ => return Err(ForwardError::Broken(error)),
                    }
                }
            }
        }
    }
}

/// Waits for the answer, so long from the last piece of the request on: nobody answers an upload before it has it, and a
/// large one takes longer than a site may think. One that hardly moves puts the end off for minutes only ([`Moved`]).
async fn within<F: Future>(
    patience: Duration,
    moved: Option<Arc<Moved>>,
    mut answer: Pin<&mut F>,
) -> Option<F::Output> {
    let mut until = Instant::now() + patience;
    loop {
        if let Ok(answered) = tokio::time::timeout_at(until, answer.as_mut()).await {
            return Some(answered);
        }
        until = moved.as_ref().map(|m| m.last() + patience).filter(|later| *later > until)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patience::Pace;

    const PATIENCE: Duration = Duration::from_secs(60);
    const PACE: Pace = Pace { stall: PATIENCE, grace: Duration::from_secs(300), least_bytes_per_s: 1024 };

    /// Waits in virtual time for an answer that never comes, while pieces of a body do; how long it took.
    fn waited(pieces: u32, bytes: usize, every: Duration) -> Option<Duration> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let moved = Arc::new(Moved::new(PACE));
            let begun = Instant::now();
            let uploading = async {
                for _ in 0..pieces {
                    tokio::time::sleep(every).await;
                    moved.now(bytes);
                }
                std::future::pending::<()>().await;
            };
            let day = Duration::from_secs(86_400);
            tokio::time::timeout(day, within(PATIENCE, Some(Arc::clone(&moved)), pin!(uploading))).await.ok()?;
            Some(begun.elapsed())
        })
    }

    #[test]
    fn a_byte_before_each_silence_is_too_long_does_not_hold_a_request_open() {
        let held = waited(u32::MAX, 1, Duration::from_secs(59)).expect("it ends");
        assert!(held < Duration::from_secs(600), "{held:?}");
    }

    #[test]
    fn a_large_upload_over_a_slow_line_is_waited_for_and_the_site_has_its_time_after_it() {
        let held = waited(3_600, 4_096, Duration::from_secs(1)).expect("it ends");
        assert_eq!(held.as_secs(), 3_660);
    }

    #[test]
    fn a_small_slow_form_is_waited_for() {
        assert_eq!(waited(10, 20, Duration::from_secs(20)).expect("it ends").as_secs(), 260);
    }
}
