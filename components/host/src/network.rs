//! Streams, datagrams and name look-up.

use crate::BoxFuture;
use bytes::Bytes;
use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite};

/// A TCP-like connection: ordered bytes both ways, with back-pressure.
///
/// A read may return any number of the bytes sent, split anywhere. Errors are TCP's:
/// `ConnectionReset` when the peer's process is gone, `TimedOut` when the peer fell silent and
/// retransmission gave up, `BrokenPipe` on writing after a shutdown.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// This end's address.
    fn local_addr(&self) -> SocketAddr;
    /// The other end's address.
    fn peer_addr(&self) -> SocketAddr;
}

/// An open connection.
pub type BoxStream = Box<dyn Stream>;

impl<S: Stream + ?Sized> Stream for Box<S> {
    fn local_addr(&self) -> SocketAddr {
        (**self).local_addr()
    }
    fn peer_addr(&self) -> SocketAddr {
        (**self).peer_addr()
    }
}

/// A bound address that accepts connections until it is dropped.
pub trait Listener: Send {
    /// The address bound, with the port that was chosen if zero was asked for.
    fn local_addr(&self) -> SocketAddr;
    /// Ready with the next connection.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<BoxStream>>;
}

/// A UDP-like socket: datagrams may be lost, doubled and reordered.
pub trait Datagrams: Send + Sync {
    /// The address bound.
    fn local_addr(&self) -> SocketAddr;
    /// Sends one datagram, or drops it silently when buffers are full.
    ///
    /// # Errors
    /// The socket is broken, or the datagram is larger than 65,507 bytes.
    fn send_to(&self, to: SocketAddr, payload: Bytes) -> io::Result<()>;
    /// Ready with the next datagram and its sender.
    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<io::Result<(SocketAddr, Bytes)>>;
}

/// The machine's network.
pub trait Network: Send + Sync {
    /// Opens a stream.
    ///
    /// # Errors
    /// `ConnectionRefused`: the machine is up, nothing listens. `TimedOut`: no answer within the
    /// machine's connect limit (about two minutes: callers set their own). `HostUnreachable`.
    fn connect(&self, to: SocketAddr) -> BoxFuture<'static, io::Result<BoxStream>>;
    /// Listens at `at`; port zero picks a free one. The unspecified address means all of ours.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied`.
    fn listen(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Box<dyn Listener>>>;
    /// Binds a datagram socket.
    ///
    /// # Errors
    /// As [`Network::listen`].
    fn datagrams(&self, at: SocketAddr) -> BoxFuture<'static, io::Result<Arc<dyn Datagrams>>>;
    /// Looks a name up. An IP address in text form resolves to itself.
    ///
    /// # Errors
    /// `NotFound` when the name does not exist; `TimedOut` when no server answered.
    fn resolve(&self, name: &str, port: u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>;
}
