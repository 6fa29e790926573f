//! A visitor that stops taking what we send, or takes it drop by drop, is let go: it could hold a connection for ever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How slowly a visitor may take what waits for it.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Longest wait without any progress.
    pub stall: Duration,
    /// How long it may be slower than the least pace, all in all.
    pub grace: Duration,
    /// The least pace.
    pub least_bytes_per_s: u32,
}

impl Pace {
    /// Whether so many bytes in this time are at least the least pace.
    #[must_use]
    pub fn is_kept(&self, bytes: u64, time: Duration) -> bool {
        self.worth(bytes) >= time
    }

    /// The time that so many bytes need at the least pace.
    #[must_use]
    pub fn worth(&self, bytes: u64) -> Duration {
        Duration::from_secs_f64(bytes as f64 / f64::from(self.least_bytes_per_s.max(1)))
    }

    /// How much longer somebody may wait who has waited so long for its next piece, and owes so much.
    #[must_use]
    pub fn left(&self, waited: Duration, debt: Debt) -> Duration {
        self.stall.min(self.grace.saturating_sub(debt.0)).saturating_sub(waited)
    }
}

/// Time that something has waited for the visitor, less the time that what it took would have needed at the least pace.
/// It is paid back and never saved up: whoever took much quickly gets no more patience for it later.
#[derive(Debug, Clone, Copy, Default)]
pub struct Debt(Duration);

impl Debt {
    /// Something waited for so long.
    pub fn waited(&mut self, time: Duration) {
        self.0 += time;
    }

    /// So many bytes were taken.
    pub fn took(&mut self, bytes: usize, pace: Pace) {
        self.0 = self.0.saturating_sub(pace.worth(bytes as u64));
    }

    /// Whether there is any.
    #[must_use]
    pub fn is_owed(&self) -> bool {
        !self.0.is_zero()
    }
}

/// A stream that must take what is written to it at a pace. It belongs right above TCP: TLS holds back as much as the
/// kernel does, and whoever takes of that would look like one that takes nothing.
#[derive(Debug)]
pub struct Patient<S> {
    inner: S,
    pace: Pace,
    debt: Debt,
    /// Since when a write waits, and until when it may.
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Bytes written.
    wrote: Arc<AtomicU64>,
}

impl<S> Patient<S> {
    /// Wraps a stream.
    pub fn new(inner: S, pace: Pace) -> Self {
        Self { inner, pace, debt: Debt::default(), wait: None, wrote: Arc::default() }
    }

    /// Counts the bytes that are written.
    #[must_use]
    pub fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.wrote)
    }

    fn wrote(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let bytes = if let Poll::Ready(Ok(n)) = &result { *n } else { 0 };
        self.wrote.fetch_add(bytes as u64, Ordering::Relaxed);
        self.judge(cx, bytes, result)
    }

    fn judge<T>(&mut self, cx: &mut Context<'_>, bytes: usize, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            if let Some((since, _)) = self.wait.take() {
                self.debt.waited(since.elapsed());
            }
            if self.debt.is_owed() {
                self.debt.took(bytes, self.pace);
            }
            return result;
        }
        let (pace, debt) = (self.pace, self.debt);
        let (_, timer) = self
            .wait
            .get_or_insert_with(|| (Instant::now(), Box::pin(tokio::time::sleep(pace.left(Duration::ZERO, debt)))));
        match timer.as_mut().poll(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the visitor stopped reading"))),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let r = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.wrote(cx, r)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let r = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        self.wrote(cx, r)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let r = Pin::new(&mut self.inner).poll_flush(cx);
        self.judge(cx, 0, r)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace =
        Pace { stall: Duration::from_secs(60), grace: Duration::from_secs(300), least_bytes_per_s: 1024 };

    /// How long a visitor is borne who takes so many bytes at the end of each wait; `None` = for a day at least.
    fn borne(bytes: usize, every: Duration) -> Option<Duration> {
        let (mut debt, mut time) = (Debt::default(), Duration::ZERO);
        while time < Duration::from_secs(86_400) {
            let left = PACE.left(Duration::ZERO, debt);
            if left < every {
                return Some(time + left);
            }
            time += every;
            debt.waited(every);
            debt.took(bytes, PACE);
        }
        None
    }

    #[test]
    fn a_byte_before_each_stall_is_borne_for_minutes_only() {
        assert_eq!(borne(1, Duration::from_secs(59)).expect("it ends").as_secs(), 300);
    }

    #[test]
    fn a_slow_line_is_borne_and_so_are_its_tunnels() {
        assert_eq!(borne(1024, Duration::from_secs(1)), None);
        // Fifty seconds of nothing, then what a mobile line brings in two.
        assert_eq!(borne(100_000, Duration::from_secs(52)), None);
    }

    #[test]
    fn what_was_quick_before_buys_no_patience() {
        let mut debt = Debt::default();
        debt.took(1 << 30, PACE);
        debt.waited(Duration::from_secs(301));
        assert_eq!(PACE.left(Duration::ZERO, debt), Duration::ZERO);
    }
}
