//! Two pods do not take the same port of a node.
//!
//! Upstream: plugins/nodeports/node_ports.go.

use crate::{
    cluster::NodeState,
    framework::{Change, Filtering, Look, NodeFilter, Plugin, Point, Refusal, SharedPlugin},
    objects::pod::{HostPort, Pod},
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct NodePorts;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(NodePorts))
}

#[derive(Clone, Debug)]
struct Free<'a>(&'a [HostPort]);

impl NodeFilter for Free<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        match self.0.iter().any(|port| node.ports.conflicts(port)) {
            true => Err(Refusal::unschedulable(
                "node(s) didn't have free ports for the requested pod ports",
            )),
            false => Ok(()),
        }
    }

    fn copy<'b>(&self) -> Box<dyn NodeFilter + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}

impl Plugin for NodePorts {
    fn name(&self) -> &'static str {
        "NodePorts"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        let shares = |other: &&HostPort| {
            pod.ports.iter().any(|own| own.port == other.port && own.protocol == other.protocol)
        };
        match change {
            Change::NodeCame(_) => true,
            Change::PodGone(gone) => gone.ports.iter().any(|port| shares(&port)),
            _ => false,
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        Ok(match look.pod.ports.as_slice() {
            [] => Filtering::Skip,
            ports => Filtering::Check(Box::new(Free(ports))),
        })
    }
}
