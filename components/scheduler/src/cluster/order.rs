//! The order in which nodes are looked at: zones take turns, so that the first few are of all.
//!
//! Upstream: pkg/scheduler/backend/cache/node_tree.go.

use super::NodeState;
use crate::index::NodeId;
use std::collections::BTreeMap;

/// Nodes that are there, one of each zone in turn.
pub(super) fn zones_in_turn(nodes: &[NodeState]) -> Vec<NodeId> {
    let mut zones: BTreeMap<(String, String), Vec<NodeId>> = BTreeMap::new();
    for state in nodes {
        if let Some(node) = &state.node {
            zones.entry(node.zone()).or_default().push(state.id);
        }
    }
    let longest = zones.values().map(Vec::len).max().unwrap_or(0);
    let turn = |turn: usize| zones.values().filter_map(move |zone| zone.get(turn).copied());
    (0..longest).flat_map(turn).collect()
}
