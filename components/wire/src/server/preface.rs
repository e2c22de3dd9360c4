//! Tells HTTP/2 from HTTP/1.1 by the first bytes of a plain-text connection.

use bytes::{Buf, Bytes};
use host::{BoxStream, Stream};
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What every HTTP/2 client sends first (RFC 9113, section 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// True for HTTP/2, with a stream that still gives the bytes that were looked at.
///
/// # Errors
/// Those of the stream; `UnexpectedEof` when it ended without a byte.
pub(crate) async fn peek(mut stream: BoxStream) -> io::Result<(bool, BoxStream)> {
    let mut seen = [0; PREFACE.len()];
    let mut count = 0;
    while count < PREFACE.len() && PREFACE.starts_with(&seen[..count]) {
        match stream.read(&mut seen[count..]).await? {
            0 if count == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            0 => break,
            more => count += more,
        }
    }
    let http2 = seen == *PREFACE;
    Ok((http2, Box::new(Replayed { seen: Bytes::copy_from_slice(&seen[..count]), stream })))
}

/// A stream whose first bytes were read already and are given once more.
struct Replayed {
    seen: Bytes,
    stream: BoxStream,
}

impl Stream for Replayed {
    fn local_addr(&self) -> SocketAddr {
        self.stream.local_addr()
    }
    fn peer_addr(&self) -> SocketAddr {
        self.stream.peer_addr()
    }
}

impl AsyncRead for Replayed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.seen.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buffer);
        }
        let count = self.seen.len().min(buffer.remaining());
        buffer.put_slice(&self.seen[..count]);
        self.seen.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Replayed {
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
