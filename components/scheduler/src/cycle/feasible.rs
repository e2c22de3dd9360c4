//! Which nodes will do: as many as are worth comparing, from where the last cycle ended.
//!
//! Upstream: pkg/scheduler/schedule_one.go (findNodesThatFitPod, numFeasibleNodesToFind).

use super::{Cycle, Diagnosis, Filters};
use crate::{
    framework::{Reason, Refusal, Severity},
    index::NodeId,
};

/// Nodes that are compared at least (`minFeasibleNodesToFind`).
const NODES_MIN: usize = 100;
/// In hundredths of all nodes (`minFeasibleNodesPercentageToFind`).
const PERCENT_MIN: usize = 5;

/// Of so many nodes, how many have to be found fit. `percentage`: in hundredths, if somebody said.
pub fn nodes_to_find(percentage: Option<i32>, nodes: usize) -> usize {
    if nodes < NODES_MIN {
        return nodes;
    }
    let said = percentage.and_then(|percent| usize::try_from(percent).ok()).filter(|it| *it > 0);
    let percent = said.unwrap_or_else(|| 50_usize.saturating_sub(nodes / 125).max(PERCENT_MIN));
    (nodes * percent.min(100) / 100).max(NODES_MIN)
}

/// What was found.
#[derive(Debug, Default)]
pub struct Feasible {
    /// Nodes that will do.
    pub nodes: Vec<NodeId>,
    /// Nodes that were looked at.
    pub seen: usize,
    /// Why others will not.
    pub refused: Vec<(NodeId, Refusal)>,
}

impl Cycle<'_> {
    /// Nodes that will do: at least one.
    ///
    /// # Errors
    /// Why none will.
    pub fn feasible(&self) -> Result<Feasible, Box<Diagnosis>> {
        let all = self.cluster.order();
        let filters = match Filters::of(self.profile, self.look()) {
            Ok(filters) => filters,
            Err(refusal) => return Err(Diagnosis::of_all(all.len(), refusal)),
        };
        if let Some(node) = self.nominated(&filters) {
            return Ok(Feasible { nodes: vec![node], seen: 1, refused: Vec::new() });
        }
        let found = match &filters.only {
            None => {
                let enough = nodes_to_find(self.profile.percentage, all.len());
                let (before, after) = all.split_at(self.start % all.len().max(1));
                self.search(&filters, after.iter().chain(before), enough)
            }
            Some((only, _)) => self.search(&filters, only.iter(), usize::MAX),
        };
        if !found.nodes.is_empty() {
            return Ok(found);
        }
        let mut diagnosis = Diagnosis::of_each(all.len(), found.refused);
        if let Some((_, names)) = &filters.only {
            let why = format!("node(s) didn't satisfy plugin(s) [{}]", names.join(" "));
            diagnosis.others = vec![Reason::from(why)];
            diagnosis.plugins.extend(names);
        }
        Err(diagnosis)
    }

    /// The node that room was made on, if it will do by now (`evaluateNominatedNode`).
    fn nominated(&self, filters: &Filters<'_>) -> Option<NodeId> {
        let name = match self.nominations.of(&self.pod.key) {
            Some(name) => name,
            None => Some(self.pod.nominated.as_str()).filter(|name| !name.is_empty())?,
        };
        let node = self.cluster.named(name)?;
        let allowed = filters.only.as_ref().is_none_or(|(only, _)| only.contains(&node.id));
        let fits = allowed && filters.check_beside(node, self.pod, self.nominations).is_ok();
        fits.then_some(node.id)
    }

    fn search<'b>(
        &self,
        filters: &Filters<'_>,
        nodes: impl Iterator<Item = &'b NodeId>,
        enough: usize,
    ) -> Feasible {
        let mut found = Feasible::default();
        for id in nodes {
            found.seen += 1;
            let node = self.cluster.node(*id);
            match filters.check_beside(node, self.pod, self.nominations) {
                Ok(()) => found.nodes.push(*id),
                Err(refusal) => {
                    let broken = refusal.severity == Severity::Error;
                    found.refused.push((*id, refusal));
                    if broken {
                        found.nodes.clear();
                        break;
                    }
                }
            }
            if found.nodes.len() >= enough {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::nodes_to_find;

    #[test]
    fn large_clusters_are_looked_at_in_part() {
        for (percentage, nodes, expected) in [
            (None, 10, 10),
            (None, 100, 100),
            (None, 1000, 420),
            (None, 5000, 500),
            (None, 6000, 300),
            (Some(0), 1000, 420),
            (Some(40), 1000, 400),
            (Some(1), 5000, 100),
            (Some(100), 5000, 5000),
        ] {
            assert_eq!(nodes_to_find(percentage, nodes), expected, "{percentage:?} of {nodes}");
        }
    }
}
