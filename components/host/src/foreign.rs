//! Connections and listeners of somebody else's make, as a host's.

use crate::{BoxFuture, BoxStream, Listener, Stream};
use std::{
    fmt,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

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

/// A listener of somebody else's make that accepts by a future.
pub struct Accepting<A> {
    local: SocketAddr,
    accept: A,
    pending: Option<BoxFuture<'static, io::Result<BoxStream>>>,
}

impl<A> Accepting<A>
where
    A: FnMut() -> BoxFuture<'static, io::Result<BoxStream>> + Send + Unpin + 'static,
{
    /// The listener bound at `local`; each future of `accept` gives its next connection.
    pub fn boxed(local: SocketAddr, accept: A) -> Box<dyn Listener> {
        Box::new(Self { local, accept, pending: None })
    }
}

impl<A> fmt::Debug for Accepting<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepting").field("local", &self.local).finish_non_exhaustive()
    }
}

impl<A> Listener for Accepting<A>
where
    A: FnMut() -> BoxFuture<'static, io::Result<BoxStream>> + Send + Unpin,
{
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<BoxStream>> {
        let accepted = ready!(self.pending.get_or_insert_with(&mut self.accept).as_mut().poll(cx));
        self.pending = None;
        Poll::Ready(accepted)
    }
}
