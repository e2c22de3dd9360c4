//! A pod that names a node goes there.
//!
//! Upstream: plugins/nodename/node_name.go.

use crate::{
    cluster::NodeState,
    framework::{Change, Filtering, Look, NodeFilter, Plugin, Point, Refusal, SharedPlugin},
    objects::pod::Pod,
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct NodeName;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(NodeName))
}

#[derive(Debug)]
struct Named(String);

impl NodeFilter for Named {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        match *node.name == self.0 {
            true => Ok(()),
            false => Err(Refusal::unresolvable("node(s) didn't match the requested node name")),
        }
    }

    fn copy<'a>(&self) -> Box<dyn NodeFilter + 'a> {
        Box::new(Self(self.0.clone()))
    }
}

impl Plugin for NodeName {
    fn name(&self) -> &'static str {
        "NodeName"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::Filter]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        matches!(change, Change::NodeCame(node) if *node.name == pod.node)
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        Ok(match look.pod.node.as_str() {
            "" => Filtering::Skip,
            name => Filtering::Check(Box::new(Named(name.to_owned()))),
        })
    }
}
