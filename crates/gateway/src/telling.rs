//! What the edge tells its operator: one JSON object a line on standard error, never a person's data.

use tracing_subscriber::EnvFilter;

/// Begins telling; `HEDGEROW_LOG` chooses how much (`info` without it). A second call changes nothing.
pub fn begin() {
    let filter = EnvFilter::try_from_env("HEDGEROW_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
    if started.is_err() {
        tracing::debug!("telling had begun already");
    }
}
