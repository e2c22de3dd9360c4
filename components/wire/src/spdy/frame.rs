//! Frames: eight bytes that say what follows, and what follows.
//!
//! draft-mbelshe-httpbis-spdy-00, section 2.2.

use super::Broken;
use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest frame that is not data.
const CONTROL_BYTES_MAX: usize = 64 * 1024;
const HEAD_BYTES: usize = 8;
/// Longest payload of a data frame that we write; it has 24 bits.
const DATA_BYTES_MAX: usize = 64 * 1024;

const CONTROL: u32 = 0x8000_0000;
const VERSION: u32 = 3;
const FIN: u8 = 1;

/// A frame, or a piece of one with data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A stream begins; its headers are still compressed.
    Open { stream: u32, fin: bool, headers: Bytes },
    /// The other end takes a stream on.
    Reply { stream: u32, fin: bool, headers: Bytes },
    /// More headers of a stream, in the same context.
    Headers { stream: u32, fin: bool, headers: Bytes },
    /// A stream is broken off.
    Reset { stream: u32, status: u32 },
    /// To be answered in kind, if the number is one of the other end's.
    Ping(u32),
    /// No more streams.
    GoAway,
    /// Bytes of a stream; with the last piece, whether they are its last.
    Data { stream: u32, fin: bool, bytes: Bytes },
    /// What is of no concern here: settings, windows.
    Other,
}

/// Kinds of control frames.
#[derive(Clone, Copy, Debug)]
#[repr(u32)]
pub(super) enum Kind {
    Open = 1,
    Reply = 2,
    Reset = 3,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
}

/// Reads frames from bytes that come in any pieces.
#[derive(Debug, Default)]
pub(super) struct Reader {
    held: BytesMut,
    /// The data frame that is being read: stream, bytes to come, whether they are the stream's last.
    data: Option<(u32, usize, bool)>,
}

impl Reader {
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// What is read and not yet gone through.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.held.len()
    }

    pub(super) fn next(&mut self) -> Result<Option<Frame>, Broken> {
        if let Some((stream, left, fin)) = self.data {
            return Ok(self.piece(stream, left, fin));
        }
        let Some(mut head) = self.held.get(..HEAD_BYTES) else { return Ok(None) };
        let (first, second) = (head.get_u32(), head.get_u32());
        let length = (second & 0x00ff_ffff) as usize;
        let fin = second >> 24 & u32::from(FIN) != 0;
        if first & CONTROL == 0 {
            self.held.advance(HEAD_BYTES);
            return Ok(self.piece(first, length, fin));
        }
        if first >> 16 & 0x7fff != VERSION {
            return Err(Broken("another version"));
        }
        if length > CONTROL_BYTES_MAX {
            return Err(Broken("a frame too long"));
        }
        if self.held.len() < HEAD_BYTES + length {
            return Ok(None);
        }
        self.held.advance(HEAD_BYTES);
        let payload = self.held.split_to(length).freeze();
        control(first & 0xffff, fin, payload).map(Some)
    }

    /// The part of a data frame that is there.
    fn piece(&mut self, stream: u32, left: usize, fin: bool) -> Option<Frame> {
        let there = left.min(self.held.len());
        let left = left - there;
        let begun = self.data.is_some();
        self.data = (left > 0).then_some((stream, left, fin));
        if there == 0 && (left > 0 || begun) {
            return None;
        }
        let bytes = self.held.split_to(there).freeze();
        Some(Frame::Data { stream, fin: fin && left == 0, bytes })
    }
}

fn control(kind: u32, fin: bool, mut payload: Bytes) -> Result<Frame, Broken> {
    const SHORT: Broken = Broken("a frame too short");
    let mut number = || payload.try_get_u32().map_err(|_| SHORT);
    const OPEN: u32 = Kind::Open as u32;
    const REPLY: u32 = Kind::Reply as u32;
    const RESET: u32 = Kind::Reset as u32;
    const PING: u32 = Kind::Ping as u32;
    const GO_AWAY: u32 = Kind::GoAway as u32;
    const HEADERS: u32 = Kind::Headers as u32;
    Ok(match kind {
        OPEN => {
            let (stream, _associated) = (number()? & !CONTROL, number()?);
            let _priority_and_slot = payload.try_get_u16().map_err(|_| SHORT)?;
            Frame::Open { stream, fin, headers: payload }
        }
        REPLY => Frame::Reply { stream: number()? & !CONTROL, fin, headers: payload },
        HEADERS => Frame::Headers { stream: number()? & !CONTROL, fin, headers: payload },
        RESET => Frame::Reset { stream: number()? & !CONTROL, status: number()? },
        PING => Frame::Ping(number()?),
        GO_AWAY => Frame::GoAway,
        _ => Frame::Other,
    })
}

/// Writes a control frame.
pub(super) fn write(into: &mut BytesMut, kind: Kind, fin: bool, payload: &[u8]) {
    into.put_u32(CONTROL | VERSION << 16 | kind as u32);
    put_flags_and_length(into, fin, payload.len());
    into.put_slice(payload);
}

/// Writes data frames.
pub(super) fn write_data(into: &mut BytesMut, stream: u32, fin: bool, data: &[u8]) {
    let mut pieces = data.chunks(DATA_BYTES_MAX).peekable();
    if pieces.peek().is_none() {
        into.put_u32(stream);
        put_flags_and_length(into, fin, 0);
    }
    while let Some(piece) = pieces.next() {
        into.put_u32(stream);
        put_flags_and_length(into, fin && pieces.peek().is_none(), piece.len());
        into.put_slice(piece);
    }
}

fn put_flags_and_length(into: &mut BytesMut, fin: bool, length: usize) {
    let flags = if fin { u32::from(FIN) << 24 } else { 0 };
    // Headers and data are far shorter than 24 bits tell.
    into.put_u32(flags | u32::try_from(length).unwrap_or(0) & 0x00ff_ffff);
}
