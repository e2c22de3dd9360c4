//! Datagrams: sent and forgotten.

use crate::{
    fabric::Fabric,
    state::{DATAGRAM, State},
    station::Binding,
    token::Call,
    wakes::Wakes,
};
use bytes::Bytes;
use kernel::{Boot, NodeId};
use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// The largest UDP payload over IPv4.
const DATAGRAM_BYTES_MAX: usize = 65_507;

/// Datagrams that wait to be received.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    waiting: VecDeque<(SocketAddr, Bytes)>,
    pub(crate) waker: Option<Waker>,
}

/// A datagram on its way.
#[derive(Debug)]
pub(crate) struct Flight {
    link: usize,
    from: SocketAddr,
    to: SocketAddr,
    payload: Bytes,
}

/// Unbound when dropped.
pub(crate) struct SimDatagrams {
    pub(crate) fabric: Arc<Fabric>,
    pub(crate) boot: Boot,
    pub(crate) local: SocketAddr,
    pub(crate) id: u64,
}

impl host::Datagrams for SimDatagrams {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn send_to(&self, to: SocketAddr, payload: Bytes) -> io::Result<()> {
        if payload.len() > DATAGRAM_BYTES_MAX {
            return Err(ErrorKind::InvalidInput.into());
        }
        if !self.boot.is_alive() {
            return Err(ErrorKind::BrokenPipe.into());
        }
        self.fabric.with(|state, _| state.send_datagram(self.boot.node(), self.local, to, payload));
        Ok(())
    }

    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<io::Result<(SocketAddr, Bytes)>> {
        if !self.boot.is_alive() {
            return Poll::Pending;
        }
        let (node, port) = (self.boot.node(), self.local.port());
        self.fabric.with(|state, wakes| {
            let Some(socket) = state.sockets.get(node, port, self.id) else {
                return Poll::Ready(Err(ErrorKind::NotConnected.into()));
            };
            if let Some(received) = socket.bound.waiting.pop_front() {
                return Poll::Ready(Ok(received));
            }
            wakes.register(&mut socket.bound.waker, cx.waker());
            Poll::Pending
        })
    }
}

impl Drop for SimDatagrams {
    fn drop(&mut self) {
        if self.boot.is_alive() {
            let (node, port) = (self.boot.node(), self.local.port());
            self.fabric.with(|state, wakes| {
                if let Some(socket) = state.sockets.remove(node, port, self.id) {
                    wakes.add(socket.bound.waker);
                }
            });
        }
    }
}

impl State {
    pub(crate) fn bind(&mut self, boot: &Boot, at: SocketAddr) -> io::Result<(u64, u16)> {
        let node = boot.node();
        let ip = self.own_address(boot, at.ip())?;
        let (stations, sockets) = (&mut self.stations, &self.sockets);
        let port = match at.port() {
            0 => stations[node.0 as usize].free_port(|port| sockets.conflicts(node, port, ip)),
            port => (!sockets.conflicts(node, port, ip)).then_some(port),
        };
        let port = port.ok_or(ErrorKind::AddrInUse)?;
        let id = self.number();
        let binding = Binding { id, ip, boot: boot.number(), bound: Inbox::default() };
        self.sockets.insert(node, port, binding);
        Ok((id, port))
    }

    fn send_datagram(&mut self, node: NodeId, from: SocketAddr, to: SocketAddr, payload: Bytes) {
        let source = if from.ip().is_unspecified() {
            SocketAddr::new(self.station(node).source_for(to.ip()), from.port())
        } else {
            from
        };
        let target = if to.ip().is_loopback() { Some(&node) } else { self.by_ip.get(&to.ip()) };
        let Some(&target) = target else { return };
        let (now, peer) = (self.now(), self.key(target));
        self.record(node, DATAGRAM, peer, payload.len() as u64);
        self.note("to", target, payload.len());
        let link = self.link(node, target);
        for at in self.links[link].datagram_arrivals(now, payload.len()) {
            let flight = Flight { link, from: source, to, payload: payload.clone() };
            let index = self.flights.insert(flight);
            self.schedule(at, Call::Datagram(index));
        }
    }

    pub(crate) fn on_datagram(&mut self, index: usize, wakes: &mut Wakes) {
        let limit = self.config.datagrams_waiting_max;
        let Some(flight) = self.flights.get(index) else { return };
        let link = &mut self.links[flight.link];
        if link.weather.clogged && link.held.len() < limit {
            return link.held.push_back(index);
        }
        let (from, to, lost) = (link.from, link.to, link.weather.blocked || link.weather.clogged);
        let flight = self.flights.remove(index);
        let moved = !flight.to.ip().is_loopback() && self.by_ip.get(&flight.to.ip()) != Some(&to);
        if lost || moved || !self.station(to).powered {
            return;
        }
        let Some(socket) = self.sockets.at(to, flight.to) else { return };
        if socket.bound.waiting.len() >= limit {
            return;
        }
        let length = flight.payload.len();
        socket.bound.waiting.push_back((flight.from, flight.payload));
        wakes.add(socket.bound.waker.take());
        let peer = self.key(from);
        self.record(to, DATAGRAM, peer, length as u64);
        self.note("from", from, length);
    }
}
