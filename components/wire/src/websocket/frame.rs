//! Frames: what stands before a payload, and what a payload is part of (RFC 6455, section 5).

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Longest payload of a frame that says something about the connection.
const CONTROL_BYTES_MAX: usize = 125;
/// Longest head: two bytes, a length of eight, a mask of four.
const HEAD_BYTES_MAX: usize = 14;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// More of the message before.
    Continuation = 0,
    /// A message of text.
    Text = 1,
    /// A message of bytes.
    Binary = 2,
    /// The end.
    Close = 8,
    /// Are you there?
    Ping = 9,
    /// I am.
    Pong = 10,
}

/// What came of a connection's bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A piece of a message.
    Data {
        /// It is the message's first.
        first: bool,
        /// It is the message's last.
        last: bool,
        /// Its bytes, of which there may be none.
        bytes: Bytes,
    },
    /// To be answered with the same bytes.
    Ping(Bytes),
    /// An answer.
    Pong(Bytes),
    /// The other end says goodbye; its code, if it gives one.
    Close(Option<u16>),
}

/// The bytes are not WebSocket's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("websocket: {0}")]
pub struct Broken(&'static str);

/// Reads frames from bytes that come in any pieces. After an error nothing more may be read.
#[derive(Debug)]
pub struct Reader {
    /// Whether the other end masks, as clients must and servers must not.
    masked: bool,
    held: BytesMut,
    frame: Option<Frame>,
    /// A message has begun and not ended.
    within: bool,
    /// None of its bytes were given yet.
    fresh: bool,
}

/// A frame whose head is read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: Opcode,
    last: bool,
    left: u64,
    mask: [u8; 4],
    /// Where in the mask the next byte stands.
    turn: usize,
}

impl Reader {
    /// Reads what a client sends.
    pub fn of_client() -> Self {
        Self { masked: true, held: BytesMut::new(), frame: None, within: false, fresh: false }
    }

    /// Reads what a server sends.
    pub fn of_server() -> Self {
        Self { masked: false, ..Self::of_client() }
    }

    /// Takes bytes in. They are kept until [`Self::next_event`] has gone through them.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// What comes next of the bytes that are there; none: more are needed.
    ///
    /// # Errors
    /// They are not WebSocket's.
    pub fn next_event(&mut self) -> Result<Option<Event>, Broken> {
        let frame = match self.frame {
            Some(frame) => frame,
            None => match self.head()? {
                Some(frame) => frame,
                None => return Ok(None),
            },
        };
        self.frame = Some(frame);
        match frame.opcode {
            Opcode::Continuation | Opcode::Text | Opcode::Binary => Ok(self.piece(frame)),
            Opcode::Close | Opcode::Ping | Opcode::Pong => Ok(self.control(frame)),
        }
    }

    /// A frame's head, once it is there.
    fn head(&mut self) -> Result<Option<Frame>, Broken> {
        let &[first, second, ..] = &self.held[..] else { return Ok(None) };
        let opcode = opcode(first)?;
        if (second & MASKED != 0) != self.masked {
            return Err(Broken("a frame is masked that must not be, or is not that must be"));
        }
        let (more, short) = match second & !MASKED {
            126 => (2, 0),
            127 => (8, 0),
            length => (0, u64::from(length)),
        };
        let mask_bytes = if self.masked { 4 } else { 0 };
        let head_bytes = 2 + more + mask_bytes;
        debug_assert!(head_bytes <= HEAD_BYTES_MAX);
        if self.held.len() < head_bytes {
            return Ok(None);
        }
        self.held.advance(2);
        let left = match more {
            2 => u64::from(self.held.get_u16()),
            8 => self.held.get_u64(),
            _ => short,
        };
        let mut mask = [0; 4];
        self.held.copy_to_slice(&mut mask[..mask_bytes]);
        let frame = Frame { opcode, last: first & FINAL != 0, left, mask, turn: 0 };
        self.judge(frame)?;
        Ok(Some(frame))
    }

    /// Whether a frame may come now.
    fn judge(&mut self, frame: Frame) -> Result<(), Broken> {
        match frame.opcode {
            _ if frame.left > i64::MAX.unsigned_abs() => Err(Broken("a length out of range")),
            Opcode::Close | Opcode::Ping | Opcode::Pong => {
                let short = frame.left <= CONTROL_BYTES_MAX as u64;
                (short && frame.last).then_some(()).ok_or(Broken("a control frame too long"))
            }
            Opcode::Continuation if !self.within => Err(Broken("nothing to continue")),
            Opcode::Text | Opcode::Binary if self.within => Err(Broken("a message within another")),
            Opcode::Continuation => Ok(()),
            Opcode::Text | Opcode::Binary => {
                (self.within, self.fresh) = (true, true);
                Ok(())
            }
        }
    }

    /// The part of a message's frame that is there.
    fn piece(&mut self, mut frame: Frame) -> Option<Event> {
        let there = usize::try_from(frame.left).unwrap_or(usize::MAX).min(self.held.len());
        if there == 0 && frame.left > 0 {
            return None;
        }
        let bytes = self.unmasked(&mut frame, there);
        let last = frame.last && frame.left == 0;
        self.frame = (frame.left > 0).then_some(frame);
        self.within = !last;
        let first = std::mem::replace(&mut self.fresh, false);
        Some(Event::Data { first, last, bytes })
    }

    /// A control frame, once all of it is there.
    fn control(&mut self, mut frame: Frame) -> Option<Event> {
        let length =
            usize::try_from(frame.left).ok().filter(|length| *length <= self.held.len())?;
        let mut bytes = self.unmasked(&mut frame, length);
        self.frame = None;
        Some(match frame.opcode {
            Opcode::Ping => Event::Ping(bytes),
            Opcode::Pong => Event::Pong(bytes),
            _ => Event::Close((bytes.len() >= 2).then(|| bytes.get_u16())),
        })
    }

    fn unmasked(&mut self, frame: &mut Frame, count: usize) -> Bytes {
        let mut bytes = self.held.split_to(count);
        if self.masked {
            for byte in bytes.iter_mut() {
                *byte ^= frame.mask[frame.turn % 4];
                frame.turn = (frame.turn + 1) % 4;
            }
        }
        frame.left -= count as u64;
        bytes.freeze()
    }
}

fn opcode(first: u8) -> Result<Opcode, Broken> {
    if first & RESERVED != 0 {
        return Err(Broken("reserved bits are set"));
    }
    match first & 0x0f {
        0 => Ok(Opcode::Continuation),
        1 => Ok(Opcode::Text),
        2 => Ok(Opcode::Binary),
        8 => Ok(Opcode::Close),
        9 => Ok(Opcode::Ping),
        10 => Ok(Opcode::Pong),
        _ => Err(Broken("an unknown opcode")),
    }
}

/// Writes a whole frame; a client gives a mask.
pub fn write(into: &mut BytesMut, opcode: Opcode, payload: &[u8], mask: Option<[u8; 4]>) {
    let masked = if mask.is_some() { MASKED } else { 0 };
    into.reserve(HEAD_BYTES_MAX + payload.len());
    into.put_u8(FINAL | opcode as u8);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..=125), _) => into.put_u8(masked | length),
        (_, Ok(length)) => {
            into.put_u8(masked | 126);
            into.put_u16(length);
        }
        _ => {
            into.put_u8(masked | 127);
            into.put_u64(payload.len() as u64);
        }
    }
    let Some(mask) = mask else { return into.put_slice(payload) };
    into.put_slice(&mask);
    into.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(reader: &mut Reader) -> Result<Vec<Event>, Broken> {
        std::iter::from_fn(|| reader.next_event().transpose()).collect()
    }

    fn data(first: bool, last: bool, bytes: &'static [u8]) -> Event {
        Event::Data { first, last, bytes: Bytes::from_static(bytes) }
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let mut reader = Reader::of_server();
        reader.feed(b"\x81\x05Hello");
        reader.feed(b"\x01\x03Hel\x89\x01?\x80\x02lo");
        reader.feed(b"\x82\x00\x88\x02\x03\xe8");
        let expected = [
            data(true, true, b"Hello"),
            data(true, false, b"Hel"),
            Event::Ping(Bytes::from_static(b"?")),
            data(false, true, b"lo"),
            data(true, true, b""),
            Event::Close(Some(1000)),
        ];
        assert_eq!(all(&mut reader).unwrap(), expected);
        let mut reader = Reader::of_client();
        reader.feed(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(all(&mut reader).unwrap(), [data(true, true, b"Hello")]);
    }

    #[test]
    fn what_is_not_websocket_is_refused() {
        for bytes in [
            &b"\x81\x05Hello"[..],
            b"\xc1\x80\0\0\0\0",
            b"\x83\x80\0\0\0\0",
            b"\x80\x80\0\0\0\0",
            b"\x09\x80\0\0\0\0",
            b"\x89\xfe\x00\x80\0\0\0\0",
            b"\x82\xff\xff\0\0\0\0\0\0\0\0\0\0\0",
            b"\x01\x80\0\0\0\0\x81\x80\0\0\0\0",
        ] {
            let mut reader = Reader::of_client();
            reader.feed(bytes);
            assert!(all(&mut reader).is_err(), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_and_not_kept(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
        ) {
            let mut reader = Reader::of_client();
            for piece in pieces {
                reader.feed(&piece);
                if all(&mut reader).is_err() {
                    break;
                }
                prop_assert!(reader.held.len() <= CONTROL_BYTES_MAX.max(HEAD_BYTES_MAX));
            }
        }

        #[test]
        fn what_is_written_is_read_in_any_pieces(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..70_000), 0..4),
            mask in any::<[u8; 4]>(),
            step in 1..5000_usize,
        ) {
            let mut bytes = BytesMut::new();
            for message in &messages {
                write(&mut bytes, Opcode::Binary, message, Some(mask));
            }
            let (mut reader, mut read) = (Reader::of_client(), Vec::<Vec<u8>>::new());
            for piece in bytes.chunks(step) {
                reader.feed(piece);
                for event in all(&mut reader).unwrap() {
                    let Event::Data { first, bytes, .. } = event else { panic!("{event:?}") };
                    if first {
                        read.push(Vec::new());
                    }
                    read.last_mut().unwrap().extend_from_slice(&bytes);
                }
            }
            prop_assert_eq!(read, messages);
        }
    }
}
