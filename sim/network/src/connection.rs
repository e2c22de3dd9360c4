//! A TCP connection as data: two ends, and what is on its way from each to the other.

use bytes::Bytes;
use kernel::{NodeId, Time};
use std::{collections::VecDeque, io::ErrorKind, net::SocketAddr, task::Waker};

/// Names a connection; a later one in the same slot has another generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ConnectionId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Opener = 0,
    Acceptor = 1,
}

impl Side {
    pub(crate) const BOTH: [Side; 2] = [Side::Opener, Side::Acceptor];

    pub(crate) fn other(self) -> Side {
        match self {
            Side::Opener => Side::Acceptor,
            Side::Acceptor => Side::Opener,
        }
    }
}

/// How far the handshake is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The request is on its way, or is being repeated.
    Asked,
    /// It waits in a listener's backlog; the opener may not know yet.
    Granted,
    /// The opener knows.
    Open,
}

/// Who would notice what arrives at an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// The operating system, until it is accepted.
    Backlog,
    /// A process.
    Process,
    /// Nobody any more: closed, or its process or machine died.
    Nobody,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) generation: u32,
    pub(crate) phase: Phase,
    pub(crate) attempts: u32,
    pub(crate) asked_at: Time,
    pub(crate) ends: [End; 2],
}

#[derive(Debug)]
pub(crate) struct End {
    pub(crate) node: NodeId,
    pub(crate) boot: u32,
    pub(crate) address: SocketAddr,
    /// Index of the link from here to the other end.
    pub(crate) link: usize,
    pub(crate) holder: Holder,
    /// Its address was taken away from its machine: packets for it go elsewhere.
    pub(crate) stranded: bool,
    pub(crate) inbox: VecDeque<Bytes>,
    pub(crate) inbox_ended: bool,
    pub(crate) error: Option<ErrorKind>,
    /// The program was told of it.
    pub(crate) told: bool,
    pub(crate) reader: Option<Waker>,
    pub(crate) writer: Option<Waker>,
    pub(crate) out: Outgoing,
}

#[derive(Debug)]
pub(crate) enum Segment {
    /// With its place in the journal, if there is one.
    Data(Bytes, Option<usize>),
    End,
}

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// What is on its way, with the time each would arrive. In order, as streams are.
    pub(crate) queue: VecDeque<(Time, Segment)>,
    /// A [`crate::token::Call::Deliver`] is due for it.
    pub(crate) scheduled: bool,
    /// It waits for a clog to clear instead.
    pub(crate) held: bool,
    /// Bytes written here and not yet known here to be read there.
    pub(crate) in_flight: usize,
    /// Of those, bytes that were read while no acknowledgement could come back.
    pub(crate) unacknowledged: usize,
    pub(crate) last_arrival: Time,
    pub(crate) retransmissions: u32,
    /// Since when nothing was acknowledged although something should have been.
    pub(crate) silent_since: Option<Time>,
    pub(crate) retry_at: Time,
    /// The end was sent: no more writes.
    pub(crate) shut: bool,
    /// The writer was promised word of new room.
    pub(crate) room_announced: bool,
}

impl End {
    pub(crate) fn new(node: NodeId, boot: u32, address: SocketAddr, link: usize) -> Self {
        Self {
            node,
            boot,
            address,
            link,
            holder: Holder::Nobody,
            stranded: false,
            inbox: VecDeque::new(),
            inbox_ended: false,
            error: None,
            told: false,
            reader: None,
            writer: None,
            out: Outgoing::default(),
        }
    }

    /// True the first time.
    pub(crate) fn tell(&mut self) -> bool {
        !std::mem::replace(&mut self.told, true)
    }
}

impl Outgoing {
    /// Forgets everything that is on its way.
    pub(crate) fn discard(&mut self) {
        self.queue.clear();
        self.in_flight = 0;
        self.unacknowledged = 0;
        self.silent_since = None;
    }

    /// What the reader took, as far as the writer can know it.
    pub(crate) fn acknowledge(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(std::mem::take(&mut self.unacknowledged));
        self.silent_since = None;
        self.retransmissions = 0;
    }
}

impl Connection {
    pub(crate) fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side as usize]
    }

    /// Nobody can notice anything of it any more, and nothing is left to be sent.
    pub(crate) fn is_over(&self) -> bool {
        self.ends.iter().all(|end| {
            let silent = end.out.queue.is_empty() || end.error.is_some();
            end.holder == Holder::Nobody && silent
        })
    }
}
