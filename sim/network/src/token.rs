//! What the kernel calls the fabric back for, packed into the number that it keeps.

use crate::connection::{ConnectionId, Side};

/// Something that happens at a set time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The head of this side's outgoing queue arrives, or is to be sent again.
    Deliver(ConnectionId, Side),
    /// The opener's request arrives.
    Open(ConnectionId),
    /// The acceptor's consent arrives.
    Opened(ConnectionId),
    /// The acceptor's refusal arrives.
    Refused(ConnectionId),
    /// Nobody has the address.
    Unreachable(ConnectionId),
    /// A reset arrives at this side.
    Reset(ConnectionId, Side),
    /// This side hears that the reader made room.
    Room(ConnectionId, Side),
    /// A datagram arrives.
    Datagram(usize),
}

const INDEX_BITS: u32 = 27;

impl Call {
    /// Kind in 4 bits, side in 1, index in 27, generation in 32.
    pub(crate) fn token(self) -> u64 {
        let pack = |kind: u64, id: ConnectionId, side: Side| {
            assert!(id.index < 1 << INDEX_BITS, "a world has fewer than 2^27 connections");
            kind << 60 | (side as u64) << 59 | u64::from(id.index) << 32 | u64::from(id.generation)
        };
        match self {
            Call::Deliver(id, side) => pack(0, id, side),
            Call::Open(id) => pack(1, id, Side::Opener),
            Call::Opened(id) => pack(2, id, Side::Opener),
            Call::Refused(id) => pack(3, id, Side::Opener),
            Call::Unreachable(id) => pack(4, id, Side::Opener),
            Call::Reset(id, side) => pack(5, id, side),
            Call::Room(id, side) => pack(6, id, side),
            Call::Datagram(index) => 7 << 60 | index as u64,
        }
    }

    pub(crate) fn from_token(token: u64) -> Self {
        let side = if token >> 59 & 1 == 0 { Side::Opener } else { Side::Acceptor };
        let id = ConnectionId {
            index: (token >> 32) as u32 & ((1 << INDEX_BITS) - 1),
            generation: token as u32,
        };
        match token >> 60 {
            0 => Call::Deliver(id, side),
            1 => Call::Open(id),
            2 => Call::Opened(id),
            3 => Call::Refused(id),
            4 => Call::Unreachable(id),
            5 => Call::Reset(id, side),
            6 => Call::Room(id, side),
            _ => Call::Datagram((token & ((1 << 59) - 1)) as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_survive_packing() {
        let id = ConnectionId { index: (1 << INDEX_BITS) - 1, generation: u32::MAX - 4 };
        let calls = [
            Call::Deliver(id, Side::Acceptor),
            Call::Open(id),
            Call::Opened(id),
            Call::Refused(id),
            Call::Unreachable(id),
            Call::Reset(id, Side::Opener),
            Call::Room(id, Side::Acceptor),
            Call::Datagram(77),
        ];
        for call in calls {
            assert_eq!(Call::from_token(call.token()), call);
        }
    }
}
