//! One end of a connection: streams by their numbers.

use super::{
    Broken,
    frame::{self, Frame, Kind},
    headers,
};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::collections::BTreeMap;

/// Streams open at a time; more are refused.
const STREAMS_MAX: usize = 1024;

const PROTOCOL_ERROR: u32 = 1;
const REFUSED_STREAM: u32 = 3;

/// What the other end does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It opens a stream, which was taken on.
    Opened {
        /// Its number.
        stream: u32,
        /// Names in lower case with their values.
        headers: Vec<(String, String)>,
        /// It will send nothing on it.
        fin: bool,
    },
    /// It has taken a stream of ours on.
    Replied(u32),
    /// It sends.
    Data {
        /// On which stream.
        stream: u32,
        /// What, which may be nothing.
        bytes: Bytes,
        /// It will send no more on it.
        fin: bool,
    },
    /// It breaks a stream off.
    Reset(u32),
    /// It answers a ping.
    Pong,
    /// It will take no more streams on.
    GoAway,
}

/// A stream's ends that are still open.
#[derive(Clone, Copy, Debug)]
struct Open {
    ours: bool,
    theirs: bool,
}

/// One end of a connection.
#[derive(Debug)]
pub struct Session {
    reader: frame::Reader,
    incoming: headers::Reader,
    outgoing: headers::Writer,
    output: BytesMut,
    streams: BTreeMap<u32, Open>,
    next_stream: u32,
    next_ping: u32,
    /// The highest number that the other end has opened.
    opened: u32,
}

impl Session {
    /// The end that asked for the connection.
    pub fn client() -> Self {
        Self::with_parity(1)
    }

    /// The end that was asked.
    pub fn server() -> Self {
        Self::with_parity(2)
    }

    fn with_parity(first: u32) -> Self {
        Self {
            reader: frame::Reader::default(),
            incoming: headers::Reader::default(),
            outgoing: headers::Writer::default(),
            output: BytesMut::new(),
            streams: BTreeMap::new(),
            next_stream: first,
            next_ping: first,
            opened: 0,
        }
    }

    /// Opens a stream; names are lower case. Nothing may be sent on it before [`Event::Replied`]:
    /// spdystream drops it.
    pub fn open(&mut self, headers: &[(&str, &str)]) -> u32 {
        let stream = self.next_stream;
        self.next_stream += 2;
        let mut payload = BytesMut::new();
        payload.put_u32(stream);
        // Associated with none, at the highest priority, in no slot.
        payload.put_u32(0);
        payload.put_u16(0);
        self.outgoing.write(headers, &mut payload);
        frame::write(&mut self.output, Kind::Open, false, &payload);
        self.streams.insert(stream, Open { ours: true, theirs: true });
        stream
    }

    /// Sends on a stream, unless our end of it is closed; `fin` closes it.
    pub fn send(&mut self, stream: u32, data: &[u8], fin: bool) {
        let Some(open) = self.streams.get_mut(&stream).filter(|open| open.ours) else { return };
        open.ours = !fin;
        frame::write_data(&mut self.output, stream, fin, data);
        self.forget_closed(stream);
    }

    /// Asks whether the other end is there.
    pub fn ping(&mut self) {
        let number = self.next_ping;
        self.next_ping = self.next_ping.wrapping_add(2);
        frame::write(&mut self.output, Kind::Ping, false, &number.to_be_bytes());
    }

    /// Bytes that are to be sent.
    pub fn output(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    /// Takes bytes in.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.reader.feed(bytes);
    }

    /// What comes next of the bytes that are there; none: more are needed. Pings are answered.
    ///
    /// # Errors
    /// The bytes are not SPDY's.
    pub fn next_event(&mut self) -> Result<Option<Event>, Broken> {
        while let Some(frame) = self.reader.next()? {
            if let Some(event) = self.meet(frame)? {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    fn meet(&mut self, frame: Frame) -> Result<Option<Event>, Broken> {
        Ok(match frame {
            Frame::Open { stream, fin, headers } => self.take_on(stream, fin, &headers)?,
            Frame::Reply { stream, fin, headers } => {
                self.incoming.read(&headers)?;
                let known = self.streams.contains_key(&stream);
                if fin {
                    self.end(stream);
                }
                known.then_some(Event::Replied(stream))
            }
            Frame::Headers { stream, fin, headers } => {
                self.incoming.read(&headers)?;
                let ended = fin && self.end(stream);
                ended.then(|| Event::Data { stream, bytes: Bytes::new(), fin })
            }
            Frame::Reset { stream, .. } => {
                self.streams.remove(&stream).map(|_| Event::Reset(stream))
            }
            Frame::Ping(number) if number % 2 == self.next_ping % 2 => Some(Event::Pong),
            Frame::Ping(number) => {
                frame::write(&mut self.output, Kind::Ping, false, &number.to_be_bytes());
                None
            }
            Frame::GoAway => Some(Event::GoAway),
            Frame::Data { stream, fin, bytes } => {
                let expected = self.streams.get(&stream).is_some_and(|open| open.theirs);
                if fin {
                    self.end(stream);
                }
                expected.then_some(Event::Data { stream, bytes, fin })
            }
            Frame::Other => None,
        })
    }

    fn take_on(&mut self, stream: u32, fin: bool, block: &[u8]) -> Result<Option<Event>, Broken> {
        // Also where the stream is refused: the context goes on.
        let headers = self.incoming.read(block)?;
        let theirs = stream % 2 != self.next_stream % 2;
        if !theirs || stream <= self.opened {
            self.reset(stream, PROTOCOL_ERROR);
            return Ok(None);
        }
        self.opened = stream;
        if self.streams.len() >= STREAMS_MAX {
            self.reset(stream, REFUSED_STREAM);
            return Ok(None);
        }
        self.streams.insert(stream, Open { ours: true, theirs: !fin });
        let mut payload = BytesMut::new();
        payload.put_u32(stream);
        self.outgoing.write(&[], &mut payload);
        frame::write(&mut self.output, Kind::Reply, false, &payload);
        Ok(Some(Event::Opened { stream, headers, fin }))
    }

    fn reset(&mut self, stream: u32, status: u32) {
        let payload = [stream.to_be_bytes(), status.to_be_bytes()].concat();
        frame::write(&mut self.output, Kind::Reset, false, &payload);
    }

    /// Says goodbye.
    pub fn go_away(&mut self) {
        let payload = [self.opened.to_be_bytes(), 0_u32.to_be_bytes()].concat();
        frame::write(&mut self.output, Kind::GoAway, false, &payload);
    }

    /// The other end has closed its side of a stream; false: it had before.
    fn end(&mut self, stream: u32) -> bool {
        let Some(open) = self.streams.get_mut(&stream) else { return false };
        let ended = std::mem::replace(&mut open.theirs, false);
        self.forget_closed(stream);
        ended
    }

    fn forget_closed(&mut self, stream: u32) {
        if self.streams.get(&stream).is_some_and(|open| !open.ours && !open.theirs) {
            self.streams.remove(&stream);
        }
    }

    /// Forgets bytes that were sent.
    pub fn sent(&mut self, count: usize) {
        self.output.advance(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(session: &mut Session) -> Result<Vec<Event>, Broken> {
        std::iter::from_fn(|| session.next_event().transpose()).collect()
    }

    /// What `from` has to say reaches `to`, in pieces of this length.
    fn carry(from: &mut Session, to: &mut Session, step: usize) -> Vec<Event> {
        let bytes = from.output().split();
        bytes
            .chunks(step)
            .flat_map(|piece| {
                to.feed(piece);
                all(to).unwrap()
            })
            .collect()
    }

    #[test]
    fn streams_open_carry_data_and_close() {
        let (mut client, mut server) = (Session::client(), Session::server());
        let stream = client.open(&[("streamtype", "stdin")]);
        let headers = vec![("streamtype".to_owned(), "stdin".to_owned())];
        let opened = Event::Opened { stream, headers, fin: false };
        assert_eq!(carry(&mut client, &mut server, 3), [opened]);
        assert_eq!(carry(&mut server, &mut client, 1000), [Event::Replied(stream)]);
        client.send(stream, b"abc", false);
        client.send(stream, b"", true);
        client.send(stream, b"too late", false);
        client.ping();
        let data = |bytes: &'static [u8], fin| Event::Data { stream, bytes: bytes.into(), fin };
        assert_eq!(carry(&mut client, &mut server, 1000), [data(b"abc", false), data(b"", true)]);
        server.send(stream, b"bye", true);
        let heard = carry(&mut server, &mut client, 1000);
        assert_eq!(heard, [Event::Pong, data(b"bye", true)]);
        assert!(client.streams.is_empty() && server.streams.is_empty());
    }

    #[test]
    fn streams_have_a_limit_and_rising_numbers() {
        let (mut client, mut server) = (Session::client(), Session::server());
        for _ in 0..=STREAMS_MAX {
            client.open(&[]);
        }
        let opened = carry(&mut client, &mut server, 100_000).len();
        assert_eq!((opened, server.streams.len()), (STREAMS_MAX, STREAMS_MAX));
        let heard = carry(&mut server, &mut client, 100_000);
        assert_eq!(heard.last(), Some(&Event::Reset(2 * STREAMS_MAX as u32 + 1)));
        let mut again = Session::client();
        again.open(&[]);
        assert_eq!(carry(&mut again, &mut Session::client(), 1000), [], "our own parity");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_and_not_kept(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
        ) {
            let mut session = Session::server();
            for piece in pieces {
                session.feed(&piece);
                if all(&mut session).is_err() {
                    break;
                }
                prop_assert!(session.reader.held() <= 64 * 1024 + 8);
            }
        }

        #[test]
        fn frames_with_nonsense_in_them_are_read_or_refused(
            frames in prop::collection::vec(
                (0..10_u32, any::<u8>(), prop::collection::vec(any::<u8>(), 0..60)), 0..20),
        ) {
            let mut session = Session::client();
            session.open(&[("streamtype", "error")]);
            for (kind, flags, payload) in frames {
                session.feed(&(0x8003_0000 | kind).to_be_bytes());
                let length = u32::try_from(payload.len()).unwrap();
                session.feed(&(u32::from(flags) << 24 | length).to_be_bytes());
                session.feed(&payload);
                if all(&mut session).is_err() {
                    break;
                }
            }
        }

        #[test]
        fn data_of_any_length_arrives(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..90_000), 0..4),
            step in 1..9000_usize,
        ) {
            let (mut client, mut server) = (Session::client(), Session::server());
            let stream = client.open(&[]);
            for part in &parts {
                client.send(stream, part, false);
            }
            client.send(stream, b"", true);
            let (mut heard, mut ended) = (Vec::new(), false);
            for event in carry(&mut client, &mut server, step) {
                if let Event::Data { bytes, fin, .. } = event {
                    heard.extend_from_slice(&bytes);
                    ended |= fin;
                }
            }
            prop_assert!(ended);
            prop_assert_eq!(heard, parts.concat());
        }
    }
}
