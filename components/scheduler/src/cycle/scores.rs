//! How good each node is: all plugins' scores, weighed and added.
//!
//! Upstream: pkg/scheduler/framework/runtime/framework.go (RunScorePlugins).

use super::Cycle;
use crate::{cluster::NodeState, framework::Point, index::NodeId};

impl Cycle<'_> {
    /// The scores of nodes that will do.
    pub fn scores(&self, nodes: &[NodeId]) -> Vec<i64> {
        let nodes: Vec<&NodeState> = nodes.iter().map(|id| self.cluster.node(*id)).collect();
        let mut sums = vec![0; nodes.len()];
        let mut own = vec![0; nodes.len()];
        for plugin in self.profile.at(Point::Score) {
            let Some(scorer) = plugin.score(self.look(), &nodes) else { continue };
            own.fill(0);
            scorer.score(&nodes, &mut own);
            scorer.normalize(&nodes, &mut own);
            let weight = self.profile.weight(plugin.name());
            for (sum, score) in sums.iter_mut().zip(&own) {
                *sum += weight * score;
            }
        }
        sums
    }
}
