//! The network of a world, as the world handles it: stations, power, rules, names.

use crate::{
    Carried,
    config::NetworkConfig,
    connection::{Holder, Side},
    rules::{Effect, Rule, RuleId, Stations},
    state::{RULES, State},
    station::Station,
    token::Call,
    wakes::Wakes,
};
use kernel::{Boot, Device, DeviceId, Kernel, NodeId, key_of};
use parking_lot::Mutex;
use std::{
    fmt,
    net::IpAddr,
    sync::{Arc, Weak},
};

/// All links and connections of one world.
pub struct Fabric(Mutex<State>);

impl fmt::Debug for Fabric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("Fabric")
            .field("stations", &state.stations.len())
            .field("connections", &state.connections.len())
            .finish_non_exhaustive()
    }
}

impl Device for Fabric {
    fn fire(&self, _: &Kernel, token: u64) {
        self.with(|state, wakes| match Call::from_token(token) {
            Call::Deliver(id, side) => state.on_deliver(id, side, wakes),
            Call::Open(id) => state.on_open(id, wakes),
            Call::Opened(id) => state.on_opened(id, wakes),
            Call::Refused(id) => state.on_refused(id, wakes),
            Call::Unreachable(id) => {
                state.fail(id, Side::Opener, std::io::ErrorKind::HostUnreachable, wakes);
            }
            Call::Reset(id, side) => state.on_reset(id, side, wakes),
            Call::Room(id, side) => state.on_room(id, side, wakes),
            Call::Datagram(index) => state.on_datagram(index, wakes),
        });
    }
}

impl Fabric {
    /// A network without stations, registered with the kernel.
    pub fn new(kernel: &Kernel, config: NetworkConfig) -> Arc<Self> {
        Arc::new_cyclic(|this: &Weak<Fabric>| {
            let device: DeviceId = kernel.add_device(this.clone());
            Fabric(Mutex::new(State::new(kernel.clone(), device, config)))
        })
    }

    /// Works under the lock, then wakes whom the work asked to be woken.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut State, &mut Wakes) -> T) -> T {
        let mut wakes = Wakes::default();
        let result = work(&mut self.0.lock(), &mut wakes);
        wakes.wake();
        result
    }

    /// Adds the station of a node, with its own address. Nodes are attached in the order of their
    /// numbers.
    pub fn attach(&self, node: NodeId, address: IpAddr) {
        self.with(|state, _| {
            assert_eq!(state.stations.len(), node.0 as usize, "stations come in the nodes' order");
            let key = state.kernel.node_key(node);
            state.stations.push(Station::new(key, address));
            let taken = state.by_ip.insert(address, node);
            assert_eq!(taken, None, "two stations with the address {address}");
        });
    }

    /// A station's own address.
    pub fn address(&self, node: NodeId) -> IpAddr {
        self.0.lock().station(node).addresses[0]
    }

    /// Gives a station one more address; whoever had it loses it.
    pub fn add_address(&self, node: NodeId, ip: IpAddr) {
        self.with(|state, _| {
            if let Some(&former) = state.by_ip.get(&ip) {
                state.lose_address(former, ip);
            }
            state.by_ip.insert(ip, node);
            state.station(node).addresses.push(ip);
            state.mark_stranded(node, ip, false);
        });
    }

    /// Takes an address from a station. Its connections by that address fall silent, or are reset
    /// once another station has the address.
    pub fn remove_address(&self, node: NodeId, ip: IpAddr) {
        self.with(|state, _| {
            state.lose_address(node, ip);
            state.by_ip.remove(&ip);
        });
    }

    /// What the operating system does when a process dies: ports are freed, connections closed.
    pub fn process_died(&self, boot: &Boot) {
        self.with(|state, wakes| {
            let (node, number) = (boot.node(), boot.number());
            let listeners = state.listeners.extract(node, Some(number));
            state.refuse_waiting(listeners, wakes);
            for socket in state.sockets.extract(node, Some(number)) {
                wakes.add(socket.bound.waker);
            }
            for side in Side::BOTH {
                let owned = state.select(|it| {
                    let end = &it.ends[side as usize];
                    end.node == node && end.boot == number && end.holder == Holder::Process
                });
                owned.into_iter().for_each(|id| state.close(id, side, wakes));
            }
        });
    }

    /// The power fails: nothing more leaves, and nobody at other stations is told.
    pub fn power_off(&self, node: NodeId) {
        self.with(|state, wakes| {
            state.station(node).powered = false;
            for listener in state.listeners.extract(node, None) {
                wakes.add(listener.bound.waker);
            }
            for socket in state.sockets.extract(node, None) {
                wakes.add(socket.bound.waker);
            }
            for side in Side::BOTH {
                for id in state.select(|it| it.ends[side as usize].node == node) {
                    state.lose_end(id, side, wakes);
                }
            }
        });
    }

    /// The power is back; all that was open before is unknown to the station now.
    pub fn power_on(&self, node: NodeId) {
        self.with(|state, _| state.station(node).powered = true);
    }

    /// Lays a rule over the links that it covers.
    pub fn add_rule(&self, rule: Rule) -> RuleId {
        self.with(|state, _| {
            let id = RuleId(state.number());
            state.rules.insert(id, rule);
            state.rules_changed();
            id
        })
    }

    /// Lifts a rule. What a clog held back arrives now. Nothing happens if it was lifted already.
    pub fn remove_rule(&self, id: RuleId) {
        self.with(|state, _| {
            if state.rules.remove(&id).is_some() {
                state.rules_changed();
            }
        });
    }

    /// Lifts all rules.
    pub fn heal(&self) {
        self.with(|state, _| {
            state.rules.clear();
            state.rules_changed();
        });
    }

    /// Nothing passes between the two sets, either way.
    pub fn partition(&self, one: Stations, other: Stations) -> RuleId {
        self.add_rule(Rule { from: one, to: other, both_ways: true, effect: Effect::Block })
    }

    /// Resets every connection between the two sets at both ends, as a firewall that forgot its
    /// table does; gives their number.
    pub fn reset_between(&self, one: &Stations, other: &Stations) -> usize {
        self.with(|state, wakes| {
            let chosen = state.select(|it| {
                let [a, b] = &it.ends;
                one.contains(a.node) && other.contains(b.node)
                    || one.contains(b.node) && other.contains(a.node)
            });
            for &id in &chosen {
                for side in Side::BOTH {
                    state.fail(id, side, std::io::ErrorKind::ConnectionReset, wakes);
                }
            }
            chosen.len()
        })
    }

    /// Makes a name mean these addresses; none removes it.
    pub fn set_name(&self, name: &str, addresses: Vec<IpAddr>) {
        self.with(|state, _| {
            if addresses.is_empty() {
                state.names.table.remove(name);
            } else {
                state.names.table.insert(name.to_owned(), addresses);
            }
        });
    }

    /// What was sent on streams, in the order of sending; nothing unless the kernel records.
    pub fn journal(&self) -> Vec<Carried> {
        self.0.lock().journal.clone()
    }

    /// Connections that still exist in some way: for tests that look for leaks.
    pub fn connections(&self) -> usize {
        self.0.lock().connections.len()
    }
}

impl State {
    fn lose_address(&mut self, node: NodeId, ip: IpAddr) {
        self.station(node).addresses.retain(|&own| own != ip);
        self.mark_stranded(node, ip, true);
    }

    fn mark_stranded(&mut self, node: NodeId, ip: IpAddr, stranded: bool) {
        for (_, connection) in &mut self.connections {
            for end in &mut connection.ends {
                if end.node == node && end.address.ip() == ip {
                    end.stranded = stranded;
                }
            }
        }
    }

    /// An end whose machine lost its memory. What had left it still arrives, once: an answer that was
    /// sent just before the power failed may well be seen.
    fn lose_end(&mut self, id: crate::connection::ConnectionId, side: Side, wakes: &mut Wakes) {
        if let Some(connection) = self.connection(id) {
            let end = connection.end(side);
            end.holder = Holder::Nobody;
            end.inbox.clear();
            end.error.get_or_insert(std::io::ErrorKind::ConnectionReset);
            wakes.add(end.reader.take());
            wakes.add(end.writer.take());
        }
        self.forget_if_over(id);
    }

    /// Works the rules out anew for every link, and lets go what no clog holds any more.
    fn rules_changed(&mut self) {
        let (now, count) = (self.now(), self.rules.len() as u64);
        self.kernel.record(None, RULES, count, key_of("rules"));
        self.kernel.note(|| format!("{count} in force"));
        for index in 0..self.links.len() {
            let (from, to) = (self.links[index].from, self.links[index].to);
            self.links[index].weather = self.weather(from, to);
            if !self.links[index].weather.clogged {
                for flight in std::mem::take(&mut self.links[index].held) {
                    self.schedule(now, Call::Datagram(flight));
                }
            }
        }
        for side in Side::BOTH {
            for id in self.select(|it| it.ends[side as usize].out.held) {
                let Some(connection) = self.connection(id) else { continue };
                let end = connection.end(side);
                let link = end.link;
                if !self.links[link].weather.clogged {
                    if let Some(connection) = self.connection(id) {
                        let out = &mut connection.end(side).out;
                        (out.held, out.scheduled) = (false, true);
                    }
                    self.schedule(now, Call::Deliver(id, side));
                }
            }
        }
    }
}
