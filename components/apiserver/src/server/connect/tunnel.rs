//! SPDY in WebSocket frames at one end, bare at the other: the half without I/O.
//!
//! Upstream: apiserver/pkg/util/proxy/streamtunnel.go and client-go/tools/portforward.

use super::joint::{Joint, WAITING_BYTES_MAX};
use bytes::BytesMut;
use wire::websocket::{self, Event, Opcode};

/// What a WebSocket is closed with: all is well (RFC 6455, section 7.4.1), and it is not.
pub(super) const GOODBYE: u16 = 1000;
pub(super) const PROTOCOL_ERROR: u16 = 1002;

/// A tunnel of bytes; what they say is between the client and the kubelet.
#[derive(Debug)]
pub(super) struct Tunnel {
    client: websocket::Reader,
    to_client: BytesMut,
    to_kubelet: BytesMut,
    over: bool,
}

impl Default for Tunnel {
    fn default() -> Self {
        let (to_client, to_kubelet) = (BytesMut::new(), BytesMut::new());
        Self { client: websocket::Reader::of_client(), to_client, to_kubelet, over: false }
    }
}

impl Tunnel {
    fn close(&mut self, code: u16) {
        if !std::mem::replace(&mut self.over, true) {
            websocket::write(&mut self.to_client, Opcode::Close, &code.to_be_bytes(), None);
        }
    }

    fn meet(&mut self, event: Event) {
        match event {
            Event::Data { bytes, .. } => self.to_kubelet.extend_from_slice(&bytes),
            Event::Ping(bytes) => pong(&mut self.to_client, &bytes),
            Event::Pong(_) => {}
            Event::Close(_) => self.close(GOODBYE),
        }
    }
}

/// Answers a ping, unless the client takes no answers.
pub(super) fn pong(to_client: &mut BytesMut, bytes: &[u8]) {
    if to_client.len() < WAITING_BYTES_MAX {
        websocket::write(to_client, Opcode::Pong, bytes, None);
    }
}

impl Joint for Tunnel {
    fn take_from_client(&mut self, bytes: &[u8]) {
        self.client.feed(bytes);
        while !self.over {
            match self.client.next_event() {
                Ok(Some(event)) => self.meet(event),
                Ok(None) => return,
                Err(_broken) => self.close(PROTOCOL_ERROR),
            }
        }
    }

    fn take_from_kubelet(&mut self, bytes: &[u8]) {
        websocket::write(&mut self.to_client, Opcode::Binary, bytes, None);
    }

    fn kubelet_ended(&mut self) {
        self.close(GOODBYE);
    }

    fn tick(&mut self) {}

    fn hears_client(&self) -> bool {
        !self.over
    }

    fn to_client(&mut self) -> &mut BytesMut {
        &mut self.to_client
    }

    fn to_kubelet(&mut self) -> &mut BytesMut {
        &mut self.to_kubelet
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(opcode: Opcode, bytes: &[u8]) -> BytesMut {
        let mut frame = BytesMut::new();
        websocket::write(&mut frame, opcode, bytes, Some([1, 2, 3, 4]));
        frame
    }

    #[test]
    fn bytes_leave_their_frames_and_get_some() {
        let mut tunnel = Tunnel::default();
        tunnel.take_from_client(&frame(Opcode::Binary, b"abc"));
        tunnel.take_from_client(&frame(Opcode::Ping, b"?"));
        tunnel.take_from_client(&frame(Opcode::Binary, b"d"));
        assert_eq!(tunnel.to_kubelet[..], b"abcd"[..]);
        tunnel.take_from_kubelet(b"efg");
        assert_eq!(tunnel.to_client[..], b"\x8a\x01?\x82\x03efg"[..]);
        assert!(!tunnel.is_over());
        tunnel.kubelet_ended();
        assert!(tunnel.is_over() && tunnel.to_client.ends_with(b"\x88\x02\x03\xe8"));
    }

    proptest! {
        #[test]
        fn any_bytes_of_a_client_pass_or_close_it(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
        ) {
            let mut tunnel = Tunnel::default();
            let sent: usize = pieces.iter().map(Vec::len).sum();
            for piece in pieces {
                tunnel.take_from_client(&piece);
            }
            prop_assert!(tunnel.to_kubelet.len() <= sent);
            prop_assert!(tunnel.to_client.len() <= WAITING_BYTES_MAX + 200);
        }
    }
}
