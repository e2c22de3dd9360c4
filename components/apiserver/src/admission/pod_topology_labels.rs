//! A pod that gets a node gets the node's zone and region as labels.
//!
//! Upstream: plugin/pkg/admission/podtopologylabels.

use super::{
    Attributes, Cluster, Plugin, Wanted,
    pod::{object_mut, text},
};
use crate::failure::Failure;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "PodTopologyLabels",
    by_default: true,
    mutate: Some(|cluster, write| Box::pin(mutate(cluster, write))),
    validate: None,
};

const LABELS: [&str; 2] = ["topology.kubernetes.io/zone", "topology.kubernetes.io/region"];

async fn mutate(cluster: Cluster<'_>, write: &mut Attributes) -> Result<(), Failure> {
    if !write.is("", "pods") || !write.creates() {
        return Ok(());
    }
    let target = &write.object["target"];
    let node = match write.subresource.as_str() {
        "" => text(&write.object["spec"]["nodeName"]),
        "binding" if matches!(text(&target["kind"]), "" | "Node") => text(&target["name"]),
        _ => "",
    };
    if node.is_empty() {
        return Ok(());
    }
    // A node that nobody knows gives no labels.
    let Some(node) = cluster.cached(Wanted::core("nodes", "", node)).await? else { return Ok(()) };
    for label in LABELS {
        if let Some(value) = node["metadata"]["labels"][label].as_str() {
            object_mut(&mut write.object["metadata"], "labels").insert(label.into(), value.into());
        }
    }
    Ok(())
}
