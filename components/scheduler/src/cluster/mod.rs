//! Nodes and the pods on them: what a pod's cycle looks at, and what changes it.
//!
//! Upstream: pkg/scheduler/backend/cache (cache.go, snapshot.go). There is one copy: a cycle
//! borrows it and nothing changes meanwhile, so none is made for each pod.

mod node_state;
mod order;
mod owners;
pub(crate) mod storage;

pub use node_state::{NodeState, Ports};
pub use owners::{OwnerKind, Owners};
pub use storage::Storage;

use crate::{
    index::{Index, NodeId, Question},
    objects::{budget::Budget, labels::Labels, node::Node, pod::Pod},
};
use client::Key;
use std::{collections::BTreeMap, sync::Arc};

/// A cluster's state as far as placing pods goes.
#[derive(Debug, Default)]
pub struct Cluster {
    nodes: Vec<NodeState>,
    names: BTreeMap<Arc<str>, NodeId>,
    /// Nodes that are there, zones taking turns.
    order: Vec<NodeId>,
    /// Where each pod is that has a node.
    pods: BTreeMap<Key, (NodeId, Arc<Pod>)>,
    index: Index,
    /// On how many nodes an image is.
    images: BTreeMap<String, usize>,
    /// Volumes, claims, classes, drivers.
    pub storage: Storage,
    /// Services and controllers that pods may be of.
    pub owners: Owners,
    budgets: BTreeMap<Key, Budget>,
}

impl Cluster {
    /// A node came or changed.
    pub fn set_node(&mut self, node: Node) {
        let id = self.slot(&node.name);
        let node = Arc::new(node);
        let old = self.nodes[id].node.replace(node.clone());
        self.count_images(old.as_deref(), Some(&node));
        self.index.node_changed(id, Some(&node));
        if old.is_none_or(|old| old.zone() != node.zone()) {
            self.order = order::zones_in_turn(&self.nodes);
        }
    }

    /// A node is gone. Its pods are remembered until they go too, so that they count when a node of
    /// the same name comes (upstream: #56261, #93938).
    pub fn remove_node(&mut self, name: &str) {
        let Some(id) = self.names.get(name).copied() else { return };
        let old = self.nodes[id].node.take();
        self.count_images(old.as_deref(), None);
        self.index.node_changed(id, None);
        self.order.retain(|other| *other != id);
    }

    fn slot(&mut self, name: &str) -> NodeId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let (id, name): (NodeId, Arc<str>) = (self.nodes.len(), name.into());
        self.nodes.push(NodeState::new(id, name.clone()));
        self.names.insert(name, id);
        self.index.node_changed(id, None);
        id
    }

    fn count_images(&mut self, old: Option<&Node>, new: Option<&Node>) {
        for name in old.iter().flat_map(|node| node.images.keys()) {
            if let Some(nodes) = self.images.get_mut(name) {
                *nodes -= 1;
            }
        }
        for name in new.iter().flat_map(|node| node.images.keys()) {
            *self.images.entry(name.clone()).or_insert(0) += 1;
        }
        if old.is_some() {
            self.images.retain(|_, nodes| *nodes > 0);
        }
    }

    /// A pod is on the node that it names, in this state.
    pub fn set_pod(&mut self, pod: Arc<Pod>) {
        self.remove_pod(&pod.key);
        let id = self.slot(&pod.node);
        self.nodes[id].add(&pod);
        self.index.pod_added(id, &pod);
        self.storage.pod_added(&pod);
        self.pods.insert(pod.key.clone(), (id, pod));
    }

    /// A pod is on no node any more.
    pub fn remove_pod(&mut self, key: &Key) -> Option<Arc<Pod>> {
        let (id, pod) = self.pods.remove(key)?;
        self.nodes[id].remove(key);
        self.index.pod_removed(id, &pod);
        self.storage.pod_removed(&pod);
        Some(pod)
    }

    /// A pod that is on a node.
    pub fn pod(&self, key: &Key) -> Option<&Arc<Pod>> {
        self.pods.get(key).map(|(_, pod)| pod)
    }

    /// A namespace came, changed or went (no labels).
    pub fn set_namespace(&mut self, name: &str, labels: Option<Labels>) {
        self.index.namespace_changed(name, labels);
    }

    /// A budget came or changed.
    pub fn set_budget(&mut self, budget: Budget) {
        self.budgets.insert(budget.key.clone(), budget);
    }

    /// A budget is gone.
    pub fn remove_budget(&mut self, key: &Key) {
        self.budgets.remove(key);
    }

    /// All budgets.
    pub fn budgets(&self) -> impl Iterator<Item = &Budget> {
        self.budgets.values()
    }

    /// Makes the answers to questions about a pod quick. No answer changes.
    pub fn prepare(&mut self, pod: &Pod, questions: &[Question]) {
        self.index.prepare(pod, questions);
    }

    /// Counts of pods by place.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// A node's state.
    pub fn node(&self, id: NodeId) -> &NodeState {
        &self.nodes[id]
    }

    /// A node by its name, if it is there.
    pub fn named(&self, name: &str) -> Option<&NodeState> {
        self.names.get(name).map(|id| &self.nodes[*id]).filter(|state| state.node.is_some())
    }

    /// All nodes that are there, in the order in which they are looked at.
    pub fn order(&self) -> &[NodeId] {
        &self.order
    }

    /// On how many nodes an image is.
    pub fn image_nodes(&self, name: &str) -> usize {
        self.images.get(name).copied().unwrap_or(0)
    }
}
