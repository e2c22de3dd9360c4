//! Lets in clients whose `:authority` is not one.
//!
//! Go's etcd client names its endpoint there, scheme included (`http://127.0.0.1:2379`), in 3.5.0
//! even `#initially=[…]` (etcd #13192), and clients of Unix sockets a path. Go's server never looks;
//! h2 resets the stream. So such a value is replaced on its way in, by one of the same length: the
//! sizes of the header table at both ends, and with them its evictions, stay the same.

use super::huffman;
use crate::filtered::{Filtered, Incoming};
use bytes::{Buf, BufMut, BytesMut};
use host::BoxStream;
use std::{
    io,
    ops::Range,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, ReadBuf};

/// `PRI * HTTP/2.0…`, which is no frame.
const PREFACE_BYTES: usize = 24;
const FRAME_HEADER_BYTES: usize = 9;
/// Header frames longer than this are let through as they are (h2's own limit of a frame: 16 KiB).
const HEADERS_BYTES_MAX: usize = 16 * 1024;
/// A longer value is nobody's address.
const VALUE_BYTES_MAX: usize = 1024;
/// Bytes read from the connection at a time.
const READ_BYTES: usize = 16 * 1024;

const TYPE_HEADERS: u8 = 1;
const FLAG_PADDED: u8 = 0x8;
const FLAG_PRIORITY: u8 = 0x20;
/// `:authority` in the static table.
const AUTHORITY: usize = 1;

/// What came of an HTTP/2 connection.
#[derive(Default)]
struct Mended {
    /// Read and not yet looked at.
    held: BytesMut,
    /// Looked at and not yet given on.
    ready: BytesMut,
    /// Bytes that pass unseen.
    pass: usize,
}

/// The connection, from its first byte on, with authorities that can be parsed.
pub(super) fn mend(stream: BoxStream) -> BoxStream {
    let incoming = Mended { pass: PREFACE_BYTES, ..Mended::default() };
    Box::new(Filtered { incoming, stream })
}

impl Mended {
    /// Moves what can go on from `held` to `ready`.
    fn advance(&mut self) {
        if self.pass == 0 {
            let Some(frame) = self.frame() else { return };
            if self.held[3] == TYPE_HEADERS && frame <= HEADERS_BYTES_MAX {
                if self.held.len() >= frame {
                    let whole = self.held.split_to(frame);
                    self.ready = mended(&whole).unwrap_or(whole);
                }
                return;
            }
            self.pass = frame;
        }
        let count = self.pass.min(self.held.len());
        self.pass -= count;
        self.ready = self.held.split_to(count);
    }

    /// Length of the frame that begins in `held`.
    fn frame(&self) -> Option<usize> {
        let header = self.held.get(..FRAME_HEADER_BYTES)?;
        let payload = usize::from(header[0]) << 16 | usize::from(header[1]) << 8;
        Some(FRAME_HEADER_BYTES + (payload | usize::from(header[2])))
    }
}

/// The frame with another authority; none when it is good as it is.
fn mended(frame: &[u8]) -> Option<BytesMut> {
    let (header, mut payload) = frame.split_at_checked(FRAME_HEADER_BYTES)?;
    let flags = header[4];
    if flags & FLAG_PADDED != 0 {
        let (padding, rest) = payload.split_first()?;
        payload = rest.get(..rest.len().checked_sub(usize::from(*padding))?)?;
    }
    let priority = if flags & FLAG_PRIORITY == 0 { 0 } else { 5 };
    let (priority, block) = payload.split_at_checked(priority)?;
    let (at, value) = authority(block)?;
    if http::uri::Authority::try_from(value.as_slice()).is_ok() || value.is_empty() {
        return None;
    }
    let value =
        value.iter().map(|c| if c.is_ascii_alphanumeric() || *c == b'.' { *c } else { b'-' });
    let mut fields = BytesMut::from(&block[..at.start]);
    put_string(&mut fields, &value.collect::<Vec<u8>>());
    fields.put_slice(&block[at.end..]);
    let length = u32::try_from(priority.len() + fields.len()).ok()?;
    let mut frame = BytesMut::with_capacity(FRAME_HEADER_BYTES + priority.len() + fields.len());
    frame.put_slice(&length.to_be_bytes()[1..]);
    frame.put_slice(&[TYPE_HEADERS, flags & !FLAG_PADDED]);
    frame.put_slice(&header[5..]);
    frame.put_slice(priority);
    frame.put_slice(&fields);
    Some(frame)
}

/// Where the value of `:authority` stands in a header block, if it is written out there, and what it
/// says (RFC 7541, section 6).
fn authority(block: &[u8]) -> Option<(Range<usize>, Vec<u8>)> {
    let mut at = 0;
    while let Some(first) = block.get(at) {
        let (prefix, literal) = match first {
            0x80.. => (7, false),
            0x40..0x80 => (6, true),
            0x20..0x40 => (5, false),
            _ => (4, true),
        };
        let (number, after) = integer(block, at, prefix)?;
        at = after;
        if !literal {
            continue;
        }
        if number == 0 {
            at = string(block, at)?.end;
        }
        let value = string(block, at)?;
        if number == AUTHORITY {
            return Some((at..value.end, text(block, at, &value)?));
        }
        at = value.end;
    }
    None
}

/// An integer and where it ends (section 5.1).
fn integer(block: &[u8], at: usize, prefix: u32) -> Option<(usize, usize)> {
    let full = (1 << prefix) - 1;
    let mut number = usize::from(*block.get(at)?) & full;
    if number < full {
        return Some((number, at + 1));
    }
    for (step, byte) in block[at + 1..].iter().take(3).enumerate() {
        number += usize::from(byte & 0x7f) << (7 * step);
        if byte & 0x80 == 0 {
            return Some((number, at + step + 2));
        }
    }
    None
}

/// The bytes of a string, without its length (section 5.2).
fn string(block: &[u8], at: usize) -> Option<Range<usize>> {
    let (length, start) = integer(block, at, 7)?;
    let end = start + length;
    (end <= block.len()).then_some(start..end)
}

fn text(block: &[u8], at: usize, value: &Range<usize>) -> Option<Vec<u8>> {
    let bytes = block.get(value.clone()).filter(|bytes| bytes.len() <= VALUE_BYTES_MAX)?;
    let huffman_coded = block[at] & 0x80 != 0;
    if huffman_coded { huffman::decode(bytes) } else { Some(bytes.to_vec()) }
}

/// Writes a string as it is.
fn put_string(block: &mut BytesMut, text: &[u8]) {
    const FULL: usize = 0x7f;
    let low = |number: usize| u8::try_from(number & FULL).unwrap_or_default();
    if text.len() < FULL {
        block.put_u8(low(text.len()));
    } else {
        block.put_u8(low(FULL));
        let mut rest = text.len() - FULL;
        while rest > FULL {
            block.put_u8(0x80 | low(rest));
            rest >>= 7;
        }
        block.put_u8(low(rest));
    }
    block.put_slice(text);
}

impl Incoming for Mended {
    fn poll_read(
        &mut self,
        stream: &mut BoxStream,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if self.ready.is_empty() {
                self.advance();
            }
            if !self.ready.is_empty() {
                let count = self.ready.len().min(buffer.remaining());
                buffer.put_slice(&self.ready[..count]);
                self.ready.advance(count);
                return Poll::Ready(Ok(()));
            }
            self.held.reserve(READ_BYTES);
            let read = read_more(stream, cx, &mut self.held);
            if ready!(read)? == 0 {
                // The connection ends within a frame: let the reader see what there is of it.
                self.ready = self.held.split();
                if self.ready.is_empty() {
                    return Poll::Ready(Ok(()));
                }
            }
        }
    }
}

fn read_more(
    stream: &mut BoxStream,
    cx: &mut Context<'_>,
    into: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let old = into.len();
    into.resize(old + READ_BYTES, 0);
    let mut buffer = ReadBuf::new(&mut into[old..]);
    let result = Pin::new(stream).poll_read(cx, &mut buffer);
    let count = buffer.filled().len();
    into.truncate(old + count);
    result.map_ok(|()| count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Indexed fields, a literal with a name, then `:authority` written out.
    fn frame(value: &[u8]) -> Vec<u8> {
        let mut block = BytesMut::from(&[0x83, 0x86, 0x00, 1, b'a', 2, b'b', b'c', 0x41][..]);
        put_string(&mut block, value);
        block.put_slice(&[0x84]);
        let length = u8::try_from(block.len()).unwrap();
        let mut frame = vec![0, 0, length, TYPE_HEADERS, 0x4, 0, 0, 0, 1];
        frame.extend_from_slice(&block);
        frame
    }

    #[test]
    fn only_authorities_that_are_none_are_replaced() {
        assert_eq!(mended(&frame(b"127.0.0.1:2379")), None);
        let replaced = mended(&frame(b"http://127.0.0.1:2379")).unwrap();
        assert_eq!(&replaced[..], frame(b"http---127.0.0.1-2379"));
        let replaced = mended(&frame(b"#initially=[http://a:1;http://b:2]")).unwrap();
        assert_eq!(&replaced[..], frame(b"-initially--http---a-1-http---b-2-"));
    }

    #[test]
    fn padding_and_priority_are_understood() {
        let plain = frame(b"/run/etcd.sock");
        let block = &plain[FRAME_HEADER_BYTES..];
        let mut frame = vec![0, 0, 0, TYPE_HEADERS, 0x2c, 0, 0, 0, 1, 3, 0, 0, 0, 0, 9];
        frame.extend_from_slice(block);
        frame.extend_from_slice(&[0, 0, 0]);
        let replaced = mended(&frame).unwrap();
        assert_eq!(replaced[4], 0x24);
        assert!(replaced.ends_with(&[b"\x0e-run-etcd.sock".as_slice(), &[0x84]].concat()));
        assert_eq!(usize::from(replaced[2]), replaced.len() - FRAME_HEADER_BYTES);
    }

    #[test]
    fn broken_blocks_are_left_to_the_parser() {
        let whole = frame(b"http://x");
        for length in 0..whole.len() - 1 {
            assert_eq!(mended(&whole[..length]), None, "{length}");
        }
    }
}
