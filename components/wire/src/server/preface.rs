//! Tells HTTP/2 from HTTP/1.1 by the first bytes of a plain-text connection.

use crate::filtered::{Filtered, Incoming};
use bytes::{Buf, Bytes};
use host::BoxStream;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt, ReadBuf};

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
    let incoming = Replayed(Bytes::copy_from_slice(&seen[..count]));
    Ok((http2, Box::new(Filtered { incoming, stream })))
}

/// Bytes that were read already and are given once more.
struct Replayed(Bytes);

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
