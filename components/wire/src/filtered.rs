//! A stream whose incoming bytes pass through somebody's hands first.

use bytes::{Buf, Bytes};
use host::{BoxStream, Stream};
use std::{
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Who reads in the reader's stead.
pub(crate) trait Incoming: Send + Unpin {
    /// As [`AsyncRead::poll_read`], with the stream that the bytes come from.
    fn poll_read(
        &mut self,
        stream: &mut BoxStream,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>>;
}

/// The stream as its reader sees it; what is written goes straight on.
pub(crate) struct Filtered<I> {
    pub(crate) incoming: I,
    pub(crate) stream: BoxStream,
}

impl<I: Incoming> Stream for Filtered<I> {
    fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr()
    }
    fn peer_addr(&self) -> SocketAddr {
        self.stream.peer_addr()
    }
}

impl<I: Incoming> AsyncRead for Filtered<I> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { incoming, stream } = self.get_mut();
        incoming.poll_read(stream, cx, buffer)
    }
}

impl<I: Incoming> AsyncWrite for Filtered<I> {
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

/// Bytes that were read already and are given once more.
pub(crate) struct Replayed(pub(crate) Bytes);

impl Incoming for Replayed {
    fn poll_read(
        &mut self,
        stream: &mut BoxStream,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.0.is_empty() {
            return Pin::new(stream).poll_read(cx, buffer);
        }
        let count = self.0.len().min(buffer.remaining());
        buffer.put_slice(&self.0[..count]);
        self.0.advance(count);
        Poll::Ready(Ok(()))
    }
}
