//! A pod goes to nodes that it selects, and rather to those that it prefers.
//!
//! Upstream: plugins/nodeaffinity/node_affinity.go.

use crate::{
    cluster::NodeState,
    framework::{
        Change, Filtering, Look, NodeFilter, NodeScore, Plugin, Point, Refusal, SharedPlugin,
        normalize,
    },
    objects::{
        node::Node,
        node_selector::{self, Preferred, Required},
        pod::Pod,
    },
};
use serde_json::Value;
use std::sync::Arc;

const REASON: &str = "node(s) didn't match Pod's node affinity/selector";
const ENFORCED: &str = "node(s) didn't match scheduler-enforced node affinity";

/// With what a profile asks of all of its pods.
#[derive(Debug)]
struct NodeAffinity {
    added: Option<Required>,
    preferred: Vec<Preferred>,
}

pub(super) fn build(arguments: &Value) -> Result<SharedPlugin, String> {
    let added = &arguments["addedAffinity"];
    let required = &added["requiredDuringSchedulingIgnoredDuringExecution"];
    let preferred = &added["preferredDuringSchedulingIgnoredDuringExecution"];
    Ok(Arc::new(NodeAffinity {
        added: Required::read(&Value::Null, required),
        preferred: node_selector::preferred(preferred),
    }))
}

fn allows(required: Option<&Required>, node: &Node) -> bool {
    required.is_none_or(|required| required.matches(&node.name, &node.labels))
}

#[derive(Clone, Debug)]
struct Selects<'a> {
    added: Option<&'a Required>,
    own: Option<&'a Required>,
}

impl NodeFilter for Selects<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        let Some(node) = node.node.as_deref() else { return Err(Refusal::unresolvable(REASON)) };
        if !allows(self.added, node) {
            return Err(Refusal::unresolvable(ENFORCED));
        }
        match allows(self.own, node) {
            true => Ok(()),
            false => Err(Refusal::unresolvable(REASON)),
        }
    }

    fn copy<'b>(&self) -> Box<dyn NodeFilter + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}

#[derive(Debug)]
struct Prefers<'a>(Vec<&'a Preferred>);

impl NodeScore for Prefers<'_> {
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]) {
        for (node, score) in nodes.iter().zip(into) {
            let Some(node) = node.node.as_deref() else { continue };
            let liked = self.0.iter().filter(|one| one.term.matches(&node.name, &node.labels));
            *score = liked.map(|one| one.weight).sum();
        }
    }

    fn normalize(&self, _: &[&NodeState], scores: &mut [i64]) {
        normalize(false, scores);
    }
}

impl Plugin for NodeAffinity {
    fn name(&self) -> &'static str {
        "NodeAffinity"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter, Point::PreScore, Point::Score]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        let fits =
            |node: &Node| allows(self.added.as_ref(), node) && allows(pod.required.as_ref(), node);
        match change.node() {
            Some((old, new)) => fits(new) && !old.is_some_and(fits),
            None => change.is_of(pod),
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        let (added, own) = (self.added.as_ref(), look.pod.required.as_ref());
        if added.is_none() && own.is_none() {
            return Ok(Filtering::Skip);
        }
        let filter = Box::new(Selects { added, own });
        let Some(names) = own.and_then(Required::names) else {
            return Ok(Filtering::Check(filter));
        };
        if names.is_empty() {
            return Err(Refusal::unresolvable("pod affinity terms conflict"));
        }
        let nodes = names.into_iter().filter_map(|name| look.cluster.named(name));
        Ok(Filtering::Only(nodes.map(|node| node.id).collect(), filter))
    }

    fn score<'a>(&'a self, look: Look<'a>, _: &[&'a NodeState]) -> Option<Box<dyn NodeScore + 'a>> {
        let all: Vec<_> = self.preferred.iter().chain(&look.pod.preferred).collect();
        if all.is_empty() { None } else { Some(Box::new(Prefers(all))) }
    }
}
