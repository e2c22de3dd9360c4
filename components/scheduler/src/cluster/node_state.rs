//! A node with the pods on it, and what they take of it.
//!
//! Upstream: pkg/scheduler/framework/types.go (NodeInfo, HostPortInfo).

use crate::{
    index::NodeId,
    objects::{
        node::Node,
        pod::{HostPort, Pod},
        resources::Resources,
    },
};
use client::Key;
use std::{collections::BTreeMap, sync::Arc};

/// Ports of a node that are taken.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ports(BTreeMap<(String, i32), BTreeMap<String, usize>>);

const ANY_ADDRESS: &str = "0.0.0.0";

impl Ports {
    fn add(&mut self, port: &HostPort) {
        let of_number = self.0.entry((port.protocol.clone(), port.port)).or_default();
        *of_number.entry(port.ip.clone()).or_insert(0) += 1;
    }

    fn remove(&mut self, port: &HostPort) {
        let key = (port.protocol.clone(), port.port);
        let Some(of_number) = self.0.get_mut(&key) else { return };
        if let Some(taken) = of_number.get_mut(&port.ip) {
            *taken -= 1;
            if *taken == 0 {
                of_number.remove(&port.ip);
            }
        }
        if of_number.is_empty() {
            self.0.remove(&key);
        }
    }

    /// Whether a port is taken, on its address or on all.
    pub fn conflicts(&self, port: &HostPort) -> bool {
        let key = (port.protocol.clone(), port.port);
        self.0.get(&key).is_some_and(|of_number| {
            port.ip == ANY_ADDRESS
                || of_number.contains_key(ANY_ADDRESS)
                || of_number.contains_key(&port.ip)
        })
    }
}

/// A node's state.
#[derive(Clone, Debug)]
pub struct NodeState {
    /// Its place in tables.
    pub id: NodeId,
    /// Its name, also where the node is gone and pods name it still.
    pub name: Arc<str>,
    /// The node; none: it is gone.
    pub node: Option<Arc<Node>>,
    /// The pods on it.
    pub pods: Vec<Arc<Pod>>,
    /// What they ask for.
    pub requested: Resources,
    /// What they weigh in scores.
    pub weighed: Resources,
    /// Ports that they take.
    pub ports: Ports,
}

impl NodeState {
    pub(super) fn new(id: NodeId, name: Arc<str>) -> Self {
        Self {
            id,
            name,
            node: None,
            pods: Vec::new(),
            requested: Resources::default(),
            weighed: Resources::default(),
            ports: Ports::default(),
        }
    }

    /// What a node has to give; nothing where it is gone.
    pub fn allocatable(&self) -> Option<&Resources> {
        self.node.as_ref().map(|node| &node.allocatable)
    }

    /// Puts a pod there.
    pub fn add(&mut self, pod: &Arc<Pod>) {
        self.requested.add(&pod.requests.said);
        self.weighed.add(&pod.requests.weighed);
        for port in &pod.ports {
            self.ports.add(port);
        }
        self.pods.push(pod.clone());
    }

    /// Takes a pod away.
    pub fn remove(&mut self, key: &Key) {
        let Some(at) = self.pods.iter().position(|pod| pod.key == *key) else { return };
        let pod = self.pods.swap_remove(at);
        self.requested.subtract(&pod.requests.said);
        self.weighed.subtract(&pod.requests.weighed);
        for port in &pod.ports {
            self.ports.remove(port);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_all_addresses_is_one_of_each() {
        let port = |ip: &str, port| HostPort { ip: ip.into(), protocol: "TCP".into(), port };
        let mut taken = Ports::default();
        taken.add(&port("127.0.0.1", 80));
        for (asked, expected) in [
            (port("127.0.0.1", 80), true),
            (port("127.0.0.2", 80), false),
            (port("0.0.0.0", 80), true),
            (port("0.0.0.0", 81), false),
        ] {
            assert_eq!(taken.conflicts(&asked), expected, "{asked:?}");
        }
        taken.add(&port("0.0.0.0", 81));
        assert!(taken.conflicts(&port("127.0.0.2", 81)));
        taken.remove(&port("0.0.0.0", 81));
        taken.remove(&port("127.0.0.1", 80));
        assert_eq!(taken, Ports::default());
    }
}
