//! No pod goes to a node that is closed, unless it tolerates that.
//!
//! Upstream: plugins/nodeunschedulable/node_unschedulable.go.

use crate::{
    cluster::NodeState,
    framework::{Change, Filtering, Look, NodeFilter, Plugin, Point, Refusal, SharedPlugin},
    objects::{
        pod::Pod,
        taints::{Effect, Taint, tolerated},
    },
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct NodeUnschedulable;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(NodeUnschedulable))
}

/// What a closed node is marked with.
fn closed() -> Taint {
    let key = "node.kubernetes.io/unschedulable".to_owned();
    Taint { key, value: String::new(), effect: Effect::NoSchedule }
}

#[derive(Clone, Debug)]
struct Open;

impl NodeFilter for Open {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        match node.node.as_ref().is_some_and(|node| node.unschedulable) {
            true => Err(Refusal::unresolvable("node(s) were unschedulable")),
            false => Ok(()),
        }
    }

    fn copy<'a>(&self) -> Box<dyn NodeFilter + 'a> {
        Box::new(Self)
    }
}

impl Plugin for NodeUnschedulable {
    fn name(&self) -> &'static str {
        "NodeUnschedulable"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::Filter]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        match change.node() {
            Some((old, new)) => !new.unschedulable && old.is_none_or(|old| old.unschedulable),
            None => change.is_of(pod),
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        Ok(match tolerated(&closed(), &look.pod.tolerations) {
            true => Filtering::Skip,
            false => Filtering::Check(Box::new(Open)),
        })
    }
}
