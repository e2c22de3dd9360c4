//! Ports that accept connections.

use crate::{
    connection::{ConnectionId, Holder, Side},
    fabric::Fabric,
    state::State,
    station::Binding,
    stream::SimStream,
    wakes::Wakes,
};
use host::BoxStream;
use kernel::Boot;
use std::{
    collections::VecDeque,
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Connections that wait to be accepted.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    pub(crate) waiting: VecDeque<ConnectionId>,
    pub(crate) waker: Option<Waker>,
}

/// Unbound when dropped; what waited is reset.
pub(crate) struct SimListener {
    pub(crate) fabric: Arc<Fabric>,
    pub(crate) boot: Boot,
    pub(crate) local: SocketAddr,
    pub(crate) id: u64,
}

impl host::Listener for SimListener {
    fn local_addr(&self) -> SocketAddr {
        self.local
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<BoxStream>> {
        if !self.boot.is_alive() {
            return Poll::Pending;
        }
        let (node, port) = (self.boot.node(), self.local.port());
        let accepted = self.fabric.with(|state, wakes| {
            while let Some(listener) = state.listeners.get(node, port, self.id) {
                let Some(id) = listener.bound.waiting.pop_front() else {
                    wakes.register(&mut listener.bound.waker, cx.waker());
                    return Poll::Pending;
                };
                if let Some(connection) = state.connection(id) {
                    let end = connection.end(Side::Acceptor);
                    end.holder = Holder::Process;
                    return Poll::Ready(Ok((
                        id,
                        end.address,
                        connection.end(Side::Opener).address,
                    )));
                }
            }
            Poll::Ready(Err(io::Error::from(ErrorKind::NotConnected)))
        });
        accepted.map_ok(|(id, local, peer)| {
            let (fabric, boot) = (self.fabric.clone(), self.boot.clone());
            let stream = SimStream { fabric, boot, id, side: Side::Acceptor, local, peer };
            Box::new(stream) as BoxStream
        })
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        if self.boot.is_alive() {
            let (node, port) = (self.boot.node(), self.local.port());
            self.fabric.with(|state, wakes| {
                let listener = state.listeners.remove(node, port, self.id);
                state.refuse_waiting(listener, wakes);
            });
        }
    }
}

impl State {
    /// Binds a listener; gives its number and port.
    pub(crate) fn listen(&mut self, boot: &Boot, at: SocketAddr) -> io::Result<(u64, u16)> {
        let node = boot.node();
        let ip = self.own_address(boot, at.ip())?;
        let (stations, listeners) = (&mut self.stations, &self.listeners);
        let port = match at.port() {
            0 => stations[node.0 as usize].free_port(|port| listeners.conflicts(node, port, ip)),
            port => (!listeners.conflicts(node, port, ip)).then_some(port),
        };
        let port = port.ok_or(ErrorKind::AddrInUse)?;
        let id = self.number();
        let binding = Binding { id, ip, boot: boot.number(), bound: Backlog::default() };
        self.listeners.insert(node, port, binding);
        Ok((id, port))
    }

    /// `None` for the unspecified address, which stands for all.
    pub(crate) fn own_address(&mut self, boot: &Boot, ip: IpAddr) -> io::Result<Option<IpAddr>> {
        if ip.is_unspecified() {
            Ok(None)
        } else if self.station(boot.node()).owns(ip) {
            Ok(Some(ip))
        } else {
            Err(ErrorKind::AddrNotAvailable.into())
        }
    }

    /// Resets the connections that listeners which are gone will never accept.
    pub(crate) fn refuse_waiting(
        &mut self,
        gone: impl IntoIterator<Item = Binding<Backlog>>,
        wakes: &mut Wakes,
    ) {
        for listener in gone {
            wakes.add(listener.bound.waker);
            for id in listener.bound.waiting {
                self.abort(id, Side::Acceptor);
                if let Some(connection) = self.connection(id) {
                    connection.end(Side::Acceptor).holder = Holder::Nobody;
                }
                self.forget_if_over(id);
            }
        }
    }
}
