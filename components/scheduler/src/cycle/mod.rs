//! Where one pod goes: a pure function of the cluster, the pod and a number drawn by chance.
//!
//! Upstream: pkg/scheduler/schedule_one.go (schedulePod).

mod diagnosis;
mod feasible;
mod filters;
mod preempt;
mod scores;

pub use diagnosis::Diagnosis;
pub use feasible::{Feasible, nodes_to_find};
pub use filters::Filters;
pub use preempt::{Failure, Preemption, Remedy, preempt};

use crate::{
    cluster::Cluster,
    framework::{Look, Nominations, Point, Profile},
    index::NodeId,
    objects::pod::Pod,
};
use std::{collections::BTreeMap, sync::Arc};

/// What a cycle looks at.
#[derive(Clone, Copy, Debug)]
pub struct Cycle<'a> {
    /// How pods of this scheduler are placed.
    pub profile: &'a Profile,
    /// The cluster.
    pub cluster: &'a Cluster,
    /// Pods that wait for room on a node.
    pub nominations: &'a Nominations,
    /// The pod.
    pub pod: &'a Arc<Pod>,
    /// Which of all nodes is looked at first.
    pub start: usize,
    /// Decides between nodes that are equally good.
    pub chance: u64,
}

/// A pod's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// The node.
    pub node: NodeId,
    /// Nodes that were looked at.
    pub seen: usize,
    /// Nodes that would have done.
    pub fit: usize,
}

impl<'a> Cycle<'a> {
    /// The pod, and what it is placed in.
    pub fn look(&self) -> Look<'a> {
        Look { cluster: self.cluster, pod: self.pod }
    }

    /// Places the pod.
    ///
    /// # Errors
    /// Why no node will do.
    pub fn place(&self) -> Result<Place, Box<Diagnosis>> {
        let found = self.feasible()?;
        let node = self.choose(&found.nodes, &BTreeMap::new());
        Ok(Place { node, seen: found.seen, fit: found.nodes.len() })
    }

    /// The best of some nodes, of which there is at least one. `more`: scores of other origin.
    pub fn choose(&self, nodes: &[NodeId], more: &BTreeMap<NodeId, i64>) -> NodeId {
        if let [only] = nodes {
            return *only;
        }
        let mut scores = self.scores(nodes);
        for (score, node) in scores.iter_mut().zip(nodes) {
            *score += more.get(node).copied().unwrap_or(0);
        }
        nodes[best(&scores, self.chance)]
    }

    /// What may be done for a pod that no node will do for; what plugins said of it is in the
    /// diagnosis then.
    pub fn post_filter(&self, diagnosis: &mut Diagnosis) -> Remedy {
        let mut words = Vec::new();
        let mut remedy = Remedy::Nothing(String::new());
        for plugin in self.profile.at(Point::PostFilter) {
            remedy = plugin.post_filter(&Failure { cycle: *self, diagnosis });
            match &remedy {
                Remedy::Preempt(_) => {
                    words.clear();
                    break;
                }
                Remedy::Wait(said) | Remedy::Nothing(said) => {
                    words.extend(Some(said.clone()).filter(|said| !said.is_empty()));
                }
            }
        }
        diagnosis.after = words.join(", ");
        remedy
    }
}

/// One of the highest, by chance.
fn best(scores: &[i64], chance: u64) -> usize {
    let most = scores.iter().copied().max().unwrap_or(0);
    let ties = scores.iter().filter(|score| **score == most).count().max(1);
    let turn = usize::try_from(chance % ties as u64).unwrap_or(0);
    let mut high = scores.iter().enumerate().filter(|(_, score)| **score == most);
    high.nth(turn).map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::best;

    #[test]
    fn chance_decides_between_equals_only() {
        assert_eq!(best(&[1, 5, 3], 7), 1);
        let drawn: Vec<usize> = (0..4).map(|chance| best(&[5, 1, 5], chance)).collect();
        assert_eq!(drawn, [0, 2, 0, 2]);
    }
}
