//! The clock: the machine's, or in a rehearsal a request header's.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName};

/// Tells the time in milliseconds since the Unix epoch.
#[derive(Debug)]
pub struct Clock {
    header: Option<HeaderName>,
    /// Latest time told by a header: a drill's clock never goes backwards.
    latest_ms: AtomicU64,
}

/// 31 December 9999, in milliseconds: a later drill time is not believed.
const FAR_FUTURE_MS: f64 = 253_402_300_799_000.0;

impl Clock {
    /// A clock; with `header`, that request header (Unix seconds, may have a fraction) tells the time.
    ///
    /// # Errors
    /// When the name is not a header name.
    pub fn new(header: Option<&str>) -> Result<Self, String> {
        let header = match header {
            Some(name) => Some(
                HeaderName::try_from(name).map_err(|_| format!("`{name}` is not a header name for the drill clock"))?,
            ),
            None => None,
        };
        Ok(Self { header, latest_ms: AtomicU64::new(0) })
    }

    /// It is not earlier than this: what a ledger tells of has taken place, and a drill that goes on after a restart must
    /// not count it again. The machine's own clock is left alone.
    pub fn not_before(&self, ms: u64) {
        if self.header.is_some() {
            self.latest_ms.fetch_max(ms, Ordering::Relaxed);
        }
    }

    /// The time of a request.
    #[must_use]
    pub fn at(&self, headers: &HeaderMap) -> u64 {
        let Some(name) = &self.header else { return system_ms() };
        let told = headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.trim().parse::<f64>().ok())
            .map(|s| s * 1000.0)
            .filter(|ms| (0.0..FAR_FUTURE_MS).contains(ms));
        match told {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range above")]
            Some(ms) => {
                let ms = ms as u64;
                self.latest_ms.fetch_max(ms, Ordering::Relaxed).max(ms)
            }
            None => self.now(),
        }
    }

    /// The time now, for what no request caused.
    #[must_use]
    pub fn now(&self) -> u64 {
        match (&self.header, self.latest_ms.load(Ordering::Relaxed)) {
            (Some(_), latest) if latest > 0 => latest,
            _ => system_ms(),
        }
    }

    /// The header that tells the time, to be removed before a request goes on.
    #[must_use]
    pub fn header(&self) -> Option<&HeaderName> {
        self.header.as_ref()
    }
}

fn system_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_clock_never_goes_backwards() {
        let clock = Clock::new(Some("drill-time")).unwrap();
        let at = |s: &str| {
            let mut h = HeaderMap::new();
            h.insert("drill-time", s.parse().unwrap());
            clock.at(&h)
        };
        assert_eq!(at("1000"), 1_000_000);
        assert_eq!(at("1000.25"), 1_000_250);
        assert_eq!(at("900"), 1_000_250);
        assert_eq!(at("nonsense"), 1_000_250);
        assert_eq!(at("-5"), 1_000_250);
        assert_eq!(at("1e300"), 1_000_250);
        assert_eq!(clock.now(), 1_000_250);
    }
}
