//! Listening sockets: one per worker and address, sharing the port (`SO_REUSEPORT`), so that the kernel spreads
//! connections over the workers and a new edge can take over from an old one without a gap.

use std::net::SocketAddr;

use socket2::{Domain, Protocol, SockFilter, SockRef, Socket, Type};
use tokio::net::TcpListener;

/// Most bytes of a connection that the kernel holds unsent.
const MOST_UNSENT: u32 = 64 * 1024;

/// Opens one listening socket. Must be called inside the worker's runtime.
///
/// # Errors
/// A sentence that says what to do about a port that is taken or not allowed.
pub fn open(address: SocketAddr) -> Result<TcpListener, String> {
    open_socket(address).map_err(|e| match e.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is taken by another program; stop it, or give another address with --listen")
        }
        std::io::ErrorKind::PermissionDenied => {
            format!("{address} needs a privilege (ports below 1024 do); use a higher port, or allow this one to the service's user")
        }
        _ => format!("cannot listen on {address}: {e}"),
    })
}

fn open_socket(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Of what the kernel has not sent yet it takes no more than this, from each connection accepted here. It buffers
    // megabytes otherwise, and on a slow line a minute passes before it takes the next byte: a visitor that reads all
    // the time would look like one that has stopped.
    if let Err(e) = SockRef::from(&socket).set_tcp_notsent_lowat(MOST_UNSENT) {
        tracing::warn!(error = %e, "the kernel's unsent bytes cannot be bounded; slow visitors may be let go too early");
    }
    socket.bind(&address.into())?;
    socket.listen(4096)?;
    TcpListener::from_std(socket.into())
}

/// Lets no new connection begin on this socket, while handshakes under way still end in its queue.
///
/// Closing the socket at once would reset connections that the kernel has queued for it, though another edge already
/// listens on the port. A classic BPF program drops packets with SYN (RFC 9293, section 3.1: byte 13 of the TCP header);
/// the visitor's kernel sends them again a second later, and by then only the other edge is there to take them.
///
/// # Errors
/// The system's word, where the kernel takes no filters; the socket then works as before.
pub fn begin_no_more(socket: &TcpListener) -> std::io::Result<()> {
    const LOAD_BYTE: u16 = 0x30;
    const JUMP_IF_SET: u16 = 0x45;
    const RETURN: u16 = 0x06;
    const SYN: u32 = 0x02;
    SockRef::from(socket).attach_filter(&[
        SockFilter::new(LOAD_BYTE, 0, 0, 13),
        SockFilter::new(JUMP_IF_SET, 0, 1, SYN),
        SockFilter::new(RETURN, 0, 0, 0),
        SockFilter::new(RETURN, 0, 0, u32::MAX),
    ])
}
