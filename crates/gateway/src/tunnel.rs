//! Bytes both ways between two streams, ended by either side or by silence.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

const PIECE: usize = 16 * 1024;

/// Copies both ways until both sides have ended, or until nothing moved in either direction for `idle`.
///
/// # Errors
/// What either stream reports; `TimedOut` when nothing moved.
pub async fn join<A, B>(a: &mut A, b: &mut B, idle: Duration) -> io::Result<()>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    let (from_a, to_a) = tokio::io::split(a);
    let (from_b, to_b) = tokio::io::split(b);
    // One clock for both directions: a download with a silent upload is not idle.
    let moved = Cell::new(Instant::now());
    tokio::try_join!(one_way(from_a, to_b, &moved, idle), one_way(from_b, to_a, &moved, idle))?;
    Ok(())
}

async fn one_way<R, W>(mut from: R, mut to: W, moved: &Cell<Instant>, idle: Duration) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut piece = vec![0u8; PIECE];
    loop {
        let n = match timeout_at(moved.get() + idle, from.read(&mut piece)).await {
            Ok(n) => n?,
            Err(_) if moved.get().elapsed() < idle => continue,
            Err(_) => return Err(io::Error::new(io::ErrorKind::TimedOut, "nothing moved in the tunnel")),
        };
        moved.set(Instant::now());
        if n == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..n]).await?;
        to.flush().await?;
        moved.set(Instant::now());
    }
}
