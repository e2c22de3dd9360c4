//! Sets of nodes that pods ask for, kept as nodes change.

use super::NodeId;
use crate::objects::{
    node::Node,
    node_selector::Required,
    taints::{Toleration, keeps_away},
};
use std::{cmp::Ordering, collections::BTreeMap, sync::Arc};

/// Which nodes count.
#[derive(Clone, Debug, Default)]
pub struct Among {
    /// Those that a pod may be on; none: any.
    pub required: Option<Required>,
    /// Those whose taints are tolerated; none: any.
    pub tolerations: Option<Vec<Toleration>>,
    /// Those that have all of these labels.
    pub keys: Vec<Arc<str>>,
}

impl Among {
    /// Whether a node counts.
    pub fn has(&self, node: &Node) -> bool {
        self.keys.iter().all(|key| node.labels.contains_key(&**key))
            && self.required.as_ref().is_none_or(|all| all.matches(&node.name, &node.labels))
            && self.tolerations.as_ref().is_none_or(|all| keeps_away(&node.taints, all).is_none())
    }

    fn everything(&self) -> bool {
        self.required.is_none() && self.tolerations.is_none() && self.keys.is_empty()
    }
}

impl PartialEq for Among {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Among {}

impl PartialOrd for Among {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Among {
    fn cmp(&self, other: &Self) -> Ordering {
        let text = |among: &Self| among.required.as_ref().map(|all| all.text().clone());
        let rest = self.tolerations.cmp(&other.tolerations).then(self.keys.cmp(&other.keys));
        text(self).cmp(&text(other)).then(rest)
    }
}

/// The sets that were asked for.
#[derive(Debug, Default)]
pub(super) struct NodeSets(BTreeMap<Among, Vec<bool>>);

impl NodeSets {
    pub(super) fn node_changed(&mut self, id: NodeId, node: Option<&Node>) {
        for (among, members) in &mut self.0 {
            if members.len() <= id {
                members.resize(id + 1, false);
            }
            members[id] = node.is_some_and(|node| among.has(node));
        }
    }

    pub(super) fn prepare(&mut self, among: &Among, nodes: &[Option<Arc<Node>>]) {
        if among.everything() || self.0.contains_key(among) {
            return;
        }
        let member = |node: &Option<Arc<Node>>| node.as_ref().is_some_and(|node| among.has(node));
        self.0.insert(among.clone(), nodes.iter().map(member).collect());
    }

    /// Whether a node is in a set that was prepared. Nodes that are gone are in no place anyway.
    pub(super) fn has(&self, among: &Among, id: NodeId) -> bool {
        among.everything()
            || self.0.get(among).is_some_and(|members| members.get(id) == Some(&true))
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
