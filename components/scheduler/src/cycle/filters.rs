//! All of a profile's filters for one pod.

use crate::{
    cluster::NodeState,
    framework::{Filtering, Look, NodeFilter, Nominations, Point, Profile, Refusal},
    index::NodeId,
    objects::pod::Pod,
};
use std::{collections::BTreeSet, sync::Arc};

/// What plugins have to say of nodes.
#[derive(Debug)]
pub struct Filters<'a> {
    list: Vec<(&'static str, Box<dyn NodeFilter + 'a>)>,
    /// The only nodes that will do, and who says so.
    pub only: Option<(BTreeSet<NodeId>, Vec<&'static str>)>,
}

impl<'a> Filters<'a> {
    /// Asks all plugins about a pod.
    ///
    /// # Errors
    /// No node will do, a plugin says; or what one leaves another does not.
    pub fn of(profile: &'a Profile, look: Look<'a>) -> Result<Self, Refusal> {
        let mut all = Self { list: Vec::new(), only: None };
        for plugin in profile.filters() {
            let name = plugin.name();
            let counts = profile.has(Point::Filter, name);
            match plugin.filter(look).map_err(|refusal| refusal.by(name))? {
                Filtering::Skip => {}
                Filtering::Check(filter) => all.list.extend(counts.then_some((name, filter))),
                Filtering::Only(nodes, filter) => {
                    all.list.extend(counts.then_some((name, filter)));
                    all.narrow(nodes, name)?;
                }
            }
        }
        Ok(all)
    }

    fn narrow(&mut self, nodes: BTreeSet<NodeId>, name: &'static str) -> Result<(), Refusal> {
        let (left, mut names) = match self.only.take() {
            None => (nodes, Vec::new()),
            Some((left, names)) => (left.intersection(&nodes).copied().collect(), names),
        };
        names.push(name);
        if left.is_empty() {
            let why = match names.as_slice() {
                [one] => format!("node(s) didn't satisfy plugin {one}"),
                many => {
                    format!("node(s) didn't satisfy plugin(s) [{}] simultaneously", many.join(" "))
                }
            };
            return Err(Refusal::unresolvable(why).by(name));
        }
        self.only = Some((left, names));
        Ok(())
    }

    /// Whether the pod can be on a node.
    ///
    /// # Errors
    /// The first refusal.
    pub fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        for (name, filter) in &self.list {
            filter.check(node).map_err(|refusal| refusal.by(name))?;
        }
        Ok(())
    }

    /// Whether the pod can be on a node, also once more important pods that wait for it have come:
    /// both must hold, since they may never come (`RunFilterPluginsWithNominatedPods`).
    ///
    /// # Errors
    /// The first refusal.
    pub fn check_beside(
        &self,
        node: &NodeState,
        pod: &Pod,
        nominations: &Nominations,
    ) -> Result<(), Refusal> {
        if !nominations.is_empty() {
            let before = |it: &&Arc<Pod>| it.priority >= pod.priority && it.key != pod.key;
            let coming: Vec<_> = nominations.on(&node.name).filter(before).collect();
            if !coming.is_empty() {
                let (mut filters, mut node) = (self.copy(), node.clone());
                for pod in coming {
                    filters.with(pod, &mut node);
                }
                filters.check(&node)?;
            }
        }
        self.check(node)
    }

    /// As if a pod were on the node too.
    pub fn with(&mut self, pod: &Arc<Pod>, node: &mut NodeState) {
        for (_, filter) in &mut self.list {
            filter.with(pod, node);
        }
        node.add(pod);
    }

    /// As if a pod had left the node.
    pub fn without(&mut self, pod: &Pod, node: &mut NodeState) {
        for (_, filter) in &mut self.list {
            filter.without(pod, node);
        }
        node.remove(&pod.key);
    }

    /// Others that can be told of other pods.
    #[must_use]
    pub fn copy(&self) -> Filters<'a> {
        let list = self.list.iter().map(|(name, filter)| (*name, filter.copy())).collect();
        Filters { list, only: None }
    }
}
