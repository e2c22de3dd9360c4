//! Tells HTTP/2 from HTTP/1.1 by the first bytes of a plain-text connection.

use crate::filtered::{Filtered, Replayed};
use bytes::Bytes;
use host::BoxStream;
use std::io;
use tokio::io::AsyncReadExt;

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
