//! How the application's tokens fare, for the operator: counted, and told in the log now and then. Never a token.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hedgerow_engine::identify::{Refusal, TokenSeen};
use serde::Serialize;

/// A reason is told in the log at most once in so long.
const TOLD_EVERY_MS: u64 = 600_000;

/// What came of the tokens of one site.
#[derive(Debug, Default)]
pub struct TokenCounts {
    checked: AtomicU64,
    refused: [Counter; Refusal::ALL.len()],
    odd_dates: Counter,
}

#[derive(Debug, Default)]
struct Counter {
    times: AtomicU64,
    /// When the log told of it last, plus one; 0 = never.
    told_ms: AtomicU64,
}

/// [`TokenCounts`] at one moment.
#[derive(Debug, Serialize)]
pub struct Counted {
    /// Tokens that were checked and hold.
    good: u64,
    /// Requests whose token named nobody, by the reason.
    refused: BTreeMap<&'static str, u64>,
    /// Of the good ones, those whose date of the account could not be read.
    odd_dates: u64,
}

impl Counter {
    /// Counts it. Says whether it is time to tell the log.
    fn again(&self, now_ms: u64) -> bool {
        self.times.fetch_add(1, Relaxed);
        let told = self.told_ms.load(Relaxed);
        let due = told == 0 || now_ms >= told + TOLD_EVERY_MS;
        // Of several workers one tells.
        due && self.told_ms.compare_exchange(told, now_ms + 1, Relaxed, Relaxed).is_ok()
    }
}

impl TokenCounts {
    /// Counts what a request's token came to.
    pub fn note(&self, site: &str, seen: TokenSeen, now_ms: u64) {
        match seen {
            TokenSeen::Good { odd_date } => {
                self.checked.fetch_add(1, Relaxed);
                if odd_date && self.odd_dates.again(now_ms) {
                    tracing::warn!(
                        site,
                        "a token says in `account.token.since` when its account was made, and that is neither Unix seconds \
                         nor RFC 3339; the age counts from when the account was first seen"
                    );
                }
            }
            TokenSeen::Refused(why) => {
                let due = self.refused[why as usize].again(now_ms);
                // That tokens end is ordinary.
                if due && why != Refusal::Expired {
                    tracing::warn!(
                        site,
                        reason = why.code(),
                        "a token named nobody: {}. Who sent it is a stranger. This is told at most every ten minutes; \
                         `tokens` in the status counts",
                        why.sentence()
                    );
                }
            }
        }
    }

    /// All of them now.
    #[must_use]
    pub fn now(&self) -> Counted {
        let times = |why: &Refusal| (why.code(), self.refused[*why as usize].times.load(Relaxed));
        Counted {
            good: self.checked.load(Relaxed),
            refused: Refusal::ALL.iter().map(times).filter(|(_, n)| *n > 0).collect(),
            odd_dates: self.odd_dates.times.load(Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_came_of_tokens_is_counted_by_reason() {
        let tokens = TokenCounts::default();
        for seen in [
            TokenSeen::Good { odd_date: false },
            TokenSeen::Good { odd_date: true },
            TokenSeen::Refused(Refusal::Expired),
            TokenSeen::Refused(Refusal::Signature),
            TokenSeen::Refused(Refusal::Signature),
        ] {
            tokens.note("club", seen, 5);
        }
        let counted = json!({"good": 2, "refused": {"expired": 1, "signature": 2}, "odd_dates": 1});
        assert_eq!(json!(tokens.now()), counted);
    }

    #[test]
    fn the_log_is_told_once_in_ten_minutes() {
        let counter = Counter::default();
        let told: Vec<_> =
            [0, 1, TOLD_EVERY_MS, TOLD_EVERY_MS + 1, TOLD_EVERY_MS + 2].map(|ms| counter.again(ms)).into();
        assert_eq!(told, [true, false, false, true, false]);
        assert_eq!(counter.times.load(Relaxed), 5);
    }
}
