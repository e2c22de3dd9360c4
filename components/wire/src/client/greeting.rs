//! Tells when a server has said its first word on a connection.

use host::{BoxStream, Stream};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

/// A stream that reports the first bytes read from it.
pub(super) struct Greeted {
    stream: BoxStream,
    heard: Option<oneshot::Sender<()>>,
}

/// Resolves at the first bytes; with an error when the stream was dropped without any.
pub(super) type Greeting = oneshot::Receiver<()>;

/// `stream`, and word of the first bytes read from it.
pub(super) fn greeted(stream: BoxStream) -> (Greeted, Greeting) {
    let (heard, greeting) = oneshot::channel();
    (Greeted { stream, heard: Some(heard) }, greeting)
}

impl Stream for Greeted {
    fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr()
    }
    fn peer_addr(&self) -> SocketAddr {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Greeted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before
            && let Some(heard) = self.heard.take()
        {
            // Whoever asked may have given up.
            let _ = heard.send(());
        }
        read
    }
}

impl AsyncWrite for Greeted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, data)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }
}
