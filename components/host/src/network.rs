//! Streams, datagrams and name look-up.

use crate::BoxFuture;
use bytes::Bytes;
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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

/// A stream of somebody else's make, with the addresses of its ends.
#[derive(Debug)]
pub struct Addressed<S> {
    stream: S,
    local: SocketAddr,
    peer: SocketAddr,
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Addressed<S> {
    /// The stream as one of a host's.
    pub fn boxed(stream: S, local: SocketAddr, peer: SocketAddr) -> BoxStream {
        Box::new(Self { stream, local, peer })
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for Addressed<S> {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }
    fn peer_addr(&self) -> SocketAddr {
        self.peer
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Addressed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Addressed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
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
