//! Everything behind the fabric's lock, and the ways through it that all files here use.

use crate::{
    config::NetworkConfig,
    connection::{Connection, ConnectionId, Holder, Side},
    datagram::{Flight, Inbox},
    link::Link,
    listener::Backlog,
    names::Names,
    rules::{Rule, RuleId, Weather},
    station::{Bindings, Station},
    token::Call,
    wakes::Wakes,
};
use kernel::{DeviceId, Draw, Kernel, Kind, NodeId, Time};
use slab::Slab;
use std::{collections::BTreeMap, io::ErrorKind, net::IpAddr};

pub(crate) const CONNECT: Kind = Kind::new(32, "connect");
pub(crate) const OPENED: Kind = Kind::new(33, "connected");
pub(crate) const REFUSED: Kind = Kind::new(34, "refused");
pub(crate) const SEND: Kind = Kind::new(35, "send");
pub(crate) const DELIVER: Kind = Kind::new(36, "deliver");
pub(crate) const LOST: Kind = Kind::new(37, "retransmit");
pub(crate) const RESET: Kind = Kind::new(38, "reset");
pub(crate) const DATAGRAM: Kind = Kind::new(39, "datagram");
pub(crate) const RULES: Kind = Kind::new(40, "network rules");
pub(crate) const RESOLVE: Kind = Kind::new(41, "resolve");
pub(crate) const READ: Kind = Kind::new(42, "read");

pub(crate) struct State {
    pub(crate) kernel: Kernel,
    pub(crate) device: DeviceId,
    pub(crate) config: NetworkConfig,
    /// Indexed by node.
    pub(crate) stations: Vec<Station>,
    pub(crate) by_ip: BTreeMap<IpAddr, NodeId>,
    pub(crate) links: Vec<Link>,
    pub(crate) link_between: BTreeMap<(NodeId, NodeId), usize>,
    pub(crate) rules: BTreeMap<RuleId, Rule>,
    pub(crate) connections: Slab<Connection>,
    pub(crate) listeners: Bindings<Backlog>,
    pub(crate) sockets: Bindings<Inbox>,
    pub(crate) flights: Slab<Flight>,
    pub(crate) names: Names,
    /// All data sent on streams, if the kernel records.
    pub(crate) journal: Vec<Carried>,
    /// Numbers for connections, bindings and rules: never used twice.
    pub(crate) numbered: u64,
    seed: u64,
}

/// Data on its way on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Who sent it.
    pub from: NodeId,
    /// To whom.
    pub to: NodeId,
    /// When it was sent.
    pub sent: Time,
    /// When it arrived; `None` if it never did.
    pub arrived: Option<Time>,
    /// How much.
    pub bytes: usize,
}

/// What becomes of a packet now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    /// It is lost.
    Blocked,
    /// It waits.
    Clogged,
    /// Another machine has the address now, and knows of no such connection.
    Elsewhere,
}

impl State {
    pub(crate) fn new(kernel: Kernel, device: DeviceId, config: NetworkConfig) -> Self {
        let seed = kernel.seed();
        Self {
            kernel,
            device,
            config,
            stations: Vec::new(),
            by_ip: BTreeMap::new(),
            links: Vec::new(),
            link_between: BTreeMap::new(),
            rules: BTreeMap::new(),
            connections: Slab::new(),
            listeners: Bindings::new(),
            sockets: Bindings::new(),
            flights: Slab::new(),
            names: Names::default(),
            journal: Vec::new(),
            numbered: 0,
            seed,
        }
    }

    pub(crate) fn now(&self) -> Time {
        self.kernel.now()
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    pub(crate) fn schedule(&self, at: Time, call: Call) {
        self.kernel.schedule(at, self.device, call.token());
    }

    pub(crate) fn record(&self, node: NodeId, kind: Kind, a: u64, b: u64) {
        self.kernel.record(Some(node), kind, a, b);
    }

    /// Words for what was recorded last: something of so many bytes came from there, or went there.
    pub(crate) fn note(&self, way: &str, peer: NodeId, bytes: usize) {
        self.kernel.note(|| format!("{way} {}, {bytes} B", self.kernel.node_name(peer)));
    }

    pub(crate) fn station(&mut self, node: NodeId) -> &mut Station {
        &mut self.stations[node.0 as usize]
    }

    /// The name of a node as a number, for the trace.
    pub(crate) fn key(&self, node: NodeId) -> u64 {
        self.stations[node.0 as usize].key
    }

    /// The index of the link between two stations, which is laid at its first use.
    pub(crate) fn link(&mut self, from: NodeId, to: NodeId) -> usize {
        if let Some(&index) = self.link_between.get(&(from, to)) {
            return index;
        }
        let (from_key, to_key) = (self.key(from), self.key(to));
        let key = Draw::keyed(self.seed ^ from_key, to_key).bits();
        let weather = self.weather(from, to);
        let link = Link::new((from, to), key, self.config.loopback_latency, weather);
        self.links.push(link);
        self.link_between.insert((from, to), self.links.len() - 1);
        self.links.len() - 1
    }

    pub(crate) fn weather(&self, from: NodeId, to: NodeId) -> Weather {
        let covering = self.rules.values().filter(|rule| from != to && rule.covers(from, to));
        Weather::of(self.config.quality, covering)
    }

    pub(crate) fn connection(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let connection = self.connections.get_mut(id.index as usize)?;
        (connection.generation == id.generation).then_some(connection)
    }

    /// What becomes of a packet that `side` sends to the other end now.
    pub(crate) fn way(&mut self, id: ConnectionId, side: Side) -> Way {
        let Some(connection) = self.connection(id) else { return Way::Blocked };
        let link = connection.end(side).link;
        let receiver = connection.end(side.other());
        let (to, stranded) = (receiver.node, receiver.stranded.then_some(receiver.address.ip()));
        let weather = &self.links[link].weather;
        if weather.blocked {
            return Way::Blocked;
        }
        if weather.clogged {
            return Way::Clogged;
        }
        match stranded {
            Some(ip) if self.by_ip.contains_key(&ip) => Way::Elsewhere,
            Some(_) => Way::Blocked,
            None if self.stations[to.0 as usize].powered => Way::Open,
            None => Way::Blocked,
        }
    }

    /// When something small that `side` sends now arrives.
    pub(crate) fn arrival(&mut self, id: ConnectionId, side: Side) -> Time {
        let now = self.now();
        let retransmit = self.config.retransmit_first;
        match self.connection(id).map(|connection| connection.end(side).link) {
            Some(link) => self.links[link].stream_arrival(now, 0, retransmit),
            None => now,
        }
    }

    /// Ends one end's life with an error that its holder will see.
    pub(crate) fn fail(
        &mut self,
        id: ConnectionId,
        side: Side,
        error: ErrorKind,
        wakes: &mut Wakes,
    ) {
        let Some(connection) = self.connection(id) else { return };
        let end = connection.end(side);
        // As tcp_reset does when the peer's end was there before.
        let late = error == ErrorKind::ConnectionReset && end.inbox_ended;
        end.error.get_or_insert(if late { ErrorKind::BrokenPipe } else { error });
        end.out.discard();
        wakes.add(end.reader.take());
        wakes.add(end.writer.take());
        self.forget_if_over(id);
    }

    pub(crate) fn forget_if_over(&mut self, id: ConnectionId) {
        if self.connection(id).is_some_and(|connection| connection.is_over()) {
            self.connections.remove(id.index as usize);
        }
    }

    /// The connections that `matches` accepts, oldest slot first.
    pub(crate) fn select(&self, matches: impl Fn(&Connection) -> bool) -> Vec<ConnectionId> {
        let chosen = self.connections.iter().filter(|(_, connection)| matches(connection));
        chosen
            .map(|(index, connection)| ConnectionId {
                index: u32::try_from(index).expect("checked when it was opened"),
                generation: connection.generation,
            })
            .collect()
    }

    /// Lets go of one end: its data still goes out; what comes in is answered with a reset.
    pub(crate) fn close(&mut self, id: ConnectionId, side: Side, wakes: &mut Wakes) {
        let Some(connection) = self.connection(id) else { return };
        let end = connection.end(side);
        if end.holder == Holder::Nobody {
            return;
        }
        end.holder = Holder::Nobody;
        wakes.add(end.reader.take());
        wakes.add(end.writer.take());
        // Linux resets a connection that is closed with data unread (RFC 2525, 2.17).
        let unread = !end.inbox.is_empty();
        let failed = end.error.is_some();
        end.inbox.clear();
        let open = connection.phase == crate::connection::Phase::Open || side == Side::Acceptor;
        if !failed && open && !unread {
            self.send_end(id, side);
        } else if !failed {
            self.abort(id, side);
        }
        self.forget_if_over(id);
    }

    /// Drops what is on its way from `side` and sends a reset instead.
    pub(crate) fn abort(&mut self, id: ConnectionId, side: Side) {
        let at = self.arrival(id, side);
        let Some(connection) = self.connection(id) else { return };
        let end = connection.end(side);
        end.error = Some(ErrorKind::ConnectionReset);
        end.out.discard();
        self.schedule(at, Call::Reset(id, side.other()));
    }
}
