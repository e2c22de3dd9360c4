//! One machine's place in the network: its addresses, its ports, whether it has power.

use kernel::NodeId;
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

/// Linux's default range of ports for outgoing connections.
const EPHEMERAL: std::ops::RangeInclusive<u16> = 32_768..=60_999;

#[derive(Debug)]
pub(crate) struct Station {
    /// The node's name as a number.
    pub(crate) key: u64,
    /// The first is its own; others come and go.
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) powered: bool,
    next_port: u16,
}

impl Station {
    pub(crate) fn new(key: u64, address: IpAddr) -> Self {
        Self { key, addresses: vec![address], powered: true, next_port: *EPHEMERAL.start() }
    }

    pub(crate) fn owns(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.addresses.contains(&ip)
    }

    /// The address that packets to `to` carry as their sender's.
    pub(crate) fn source_for(&self, to: IpAddr) -> IpAddr {
        let same_family = self.addresses.iter().find(|own| own.is_ipv4() == to.is_ipv4());
        if to.is_loopback() { to } else { *same_family.unwrap_or(&self.addresses[0]) }
    }

    /// The next port that `taken` does not refuse; `None` when all are taken.
    pub(crate) fn free_port(&mut self, taken: impl Fn(u16) -> bool) -> Option<u16> {
        for _ in EPHEMERAL {
            let port = self.next_port;
            self.next_port = if port == *EPHEMERAL.end() { *EPHEMERAL.start() } else { port + 1 };
            if !taken(port) {
                return Some(port);
            }
        }
        None
    }
}

/// Things bound to ports of stations: listeners or datagram sockets.
#[derive(Debug)]
pub(crate) struct Bindings<T>(BTreeMap<(NodeId, u16), Vec<Binding<T>>>);

#[derive(Debug)]
pub(crate) struct Binding<T> {
    /// Distinct for ever, so that a handle that outlived its process does not find a successor.
    pub(crate) id: u64,
    /// `None` for all addresses of the station.
    pub(crate) ip: Option<IpAddr>,
    pub(crate) boot: u32,
    pub(crate) bound: T,
}

impl<T> Bindings<T> {
    pub(crate) fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// True if something is bound to the port in a way that excludes `ip`.
    pub(crate) fn conflicts(&self, node: NodeId, port: u16, ip: Option<IpAddr>) -> bool {
        self.0.get(&(node, port)).is_some_and(|all| {
            all.iter().any(|other| ip.is_none() || other.ip.is_none() || other.ip == ip)
        })
    }

    pub(crate) fn insert(&mut self, node: NodeId, port: u16, binding: Binding<T>) {
        self.0.entry((node, port)).or_default().push(binding);
    }

    /// What receives packets for this address.
    pub(crate) fn at(&mut self, node: NodeId, to: SocketAddr) -> Option<&mut Binding<T>> {
        let all = self.0.get_mut(&(node, to.port()))?;
        all.iter_mut().find(|binding| binding.ip.is_none_or(|ip| ip == to.ip()))
    }

    pub(crate) fn get(&mut self, node: NodeId, port: u16, id: u64) -> Option<&mut Binding<T>> {
        self.0.get_mut(&(node, port))?.iter_mut().find(|binding| binding.id == id)
    }

    pub(crate) fn remove(&mut self, node: NodeId, port: u16, id: u64) -> Option<Binding<T>> {
        let all = self.0.get_mut(&(node, port))?;
        let index = all.iter().position(|binding| binding.id == id)?;
        let removed = all.remove(index);
        if all.is_empty() {
            self.0.remove(&(node, port));
        }
        Some(removed)
    }

    /// Takes out what a node's boot had bound, or, without a boot, everything on the node.
    pub(crate) fn extract(&mut self, node: NodeId, boot: Option<u32>) -> Vec<Binding<T>> {
        let mut taken = Vec::new();
        let ports: Vec<u16> =
            self.0.range((node, 0)..=(node, u16::MAX)).map(|(&(_, port), _)| port).collect();
        for port in ports {
            let Some(all) = self.0.get_mut(&(node, port)) else { continue };
            taken.extend(all.extract_if(.., |it| boot.is_none_or(|boot| it.boot == boot)));
            if all.is_empty() {
                self.0.remove(&(node, port));
            }
        }
        taken
    }
}
