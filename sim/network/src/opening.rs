//! The handshake: asking, granting, refusing, and asking again when nobody answers.

use crate::{
    connection::{Connection, ConnectionId, End, Holder, Phase, Side},
    state::{CONNECT, OPENED, REFUSED, State, Way},
    token::Call,
    wakes::Wakes,
};
use kernel::{Boot, NodeId};
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::Duration,
};

/// Wait before the first repetition of a request; it doubles (Linux: 1 s).
const ASK_AGAIN_FIRST: Duration = Duration::from_secs(1);
const ASK_AGAIN_DOUBLINGS_MAX: u32 = 6;

impl State {
    /// Begins to open a connection; gives its name and the opener's address.
    pub(crate) fn ask(
        &mut self,
        boot: &Boot,
        to: SocketAddr,
    ) -> io::Result<(ConnectionId, SocketAddr)> {
        let node = boot.node();
        let listeners = &self.listeners;
        let taken = |port| listeners.conflicts(node, port, None);
        let port = self.stations[node.0 as usize].free_port(taken);
        let port = port.ok_or(ErrorKind::AddrNotAvailable)?;
        let from = SocketAddr::new(self.station(node).source_for(to.ip()), port);
        let target =
            if to.ip().is_loopback() { Some(node) } else { self.by_ip.get(&to.ip()).copied() };
        let id = self.add_connection(boot, from, target.unwrap_or(node), to);
        let now = self.now();
        let peer = target.map_or(0, |target| self.key(target));
        self.record(node, CONNECT, peer, u64::from(to.port()));
        self.kernel.note(|| to.to_string());
        match target {
            Some(_) => {
                let at = self.arrival(id, Side::Opener);
                self.schedule(at, Call::Open(id));
            }
            None => self.schedule(now + self.config.unreachable_after, Call::Unreachable(id)),
        }
        Ok((id, from))
    }

    fn add_connection(
        &mut self,
        boot: &Boot,
        from: SocketAddr,
        target: NodeId,
        to: SocketAddr,
    ) -> ConnectionId {
        let node = boot.node();
        let (there, back) = (self.link(node, target), self.link(target, node));
        // Names wrap after four billion; a slot is long reused by then.
        let generation = self.number() as u32;
        let mut opener = End::new(node, boot.number(), from, there);
        opener.holder = Holder::Process;
        let acceptor = End::new(target, 0, to, back);
        let index = self.connections.insert(Connection {
            generation,
            phase: Phase::Asked,
            attempts: 0,
            asked_at: self.now(),
            ends: [opener, acceptor],
        });
        ConnectionId {
            index: u32::try_from(index).expect("fewer than 2^27 connections"),
            generation,
        }
    }

    /// The opener's request arrives.
    pub(crate) fn on_open(&mut self, id: ConnectionId, wakes: &mut Wakes) {
        let way = self.way(id, Side::Opener);
        let Some(connection) = self.connection(id) else { return };
        let acceptor = connection.end(Side::Acceptor);
        let (node, to) = (acceptor.node, acceptor.address);
        match (way, connection.phase) {
            (Way::Blocked | Way::Clogged | Way::Elsewhere, _) => self.ask_again(id, wakes),
            (Way::Open, Phase::Granted | Phase::Open) => self.answer(id, Call::Opened(id)),
            (Way::Open, Phase::Asked) => self.grant_or_refuse(id, node, to, wakes),
        }
    }

    fn grant_or_refuse(
        &mut self,
        id: ConnectionId,
        node: NodeId,
        to: SocketAddr,
        wakes: &mut Wakes,
    ) {
        let limit = self.config.backlog_max;
        let Some(listener) = self.listeners.at(node, to) else {
            self.record(node, REFUSED, u64::from(to.port()), 0);
            self.kernel.note(|| to.to_string());
            return self.answer(id, Call::Refused(id));
        };
        if listener.bound.waiting.len() >= limit {
            return self.ask_again(id, wakes);
        }
        listener.bound.waiting.push_back(id);
        wakes.add(listener.bound.waker.take());
        let boot = listener.boot;
        if let Some(connection) = self.connection(id) {
            connection.phase = Phase::Granted;
            connection.end(Side::Acceptor).holder = Holder::Backlog;
            connection.end(Side::Acceptor).boot = boot;
        }
        self.answer(id, Call::Opened(id));
    }

    fn answer(&mut self, id: ConnectionId, call: Call) {
        let at = self.arrival(id, Side::Acceptor);
        self.schedule(at, call);
    }

    fn ask_again(&mut self, id: ConnectionId, wakes: &mut Wakes) {
        let (now, limit) = (self.now(), self.config.connect_timeout);
        let Some(connection) = self.connection(id) else { return };
        let wait = ASK_AGAIN_FIRST * (1 << connection.attempts.min(ASK_AGAIN_DOUBLINGS_MAX));
        connection.attempts += 1;
        let deadline = connection.asked_at + limit;
        if now >= deadline {
            self.fail(id, Side::Opener, ErrorKind::TimedOut, wakes);
        } else {
            self.schedule(deadline.min(now + wait), Call::Open(id));
        }
    }

    /// The acceptor's consent arrives.
    pub(crate) fn on_opened(&mut self, id: ConnectionId, wakes: &mut Wakes) {
        if self.way(id, Side::Acceptor) != Way::Open {
            return self.ask_again(id, wakes);
        }
        let Some(connection) = self.connection(id) else { return };
        if connection.phase != Phase::Granted {
            return;
        }
        connection.phase = Phase::Open;
        let opener = connection.end(Side::Opener);
        wakes.add(opener.writer.take());
        let (node, port) = (opener.node, opener.address.port());
        self.record(node, OPENED, u64::from(port), 0);
        self.kernel.note(|| format!("from port {port}"));
    }

    /// The acceptor's refusal arrives.
    pub(crate) fn on_refused(&mut self, id: ConnectionId, wakes: &mut Wakes) {
        match self.way(id, Side::Acceptor) {
            Way::Open => self.fail(id, Side::Opener, ErrorKind::ConnectionRefused, wakes),
            Way::Blocked | Way::Clogged | Way::Elsewhere => self.ask_again(id, wakes),
        }
    }
}
