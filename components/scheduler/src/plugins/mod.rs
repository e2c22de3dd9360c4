//! All plugins, a file each, and which of them take part by default.
//!
//! Upstream: pkg/scheduler/framework/plugins/registry.go, apis/config/v1/default_plugins.go.

mod arguments;
mod balanced_allocation;
mod default_binder;
mod default_preemption;
mod dynamic_resources;
mod image_locality;
mod inter_pod_affinity;
mod node_affinity;
mod node_name;
mod node_ports;
mod node_resources_fit;
mod node_unschedulable;
mod node_volume_limits;
mod pod_topology_spread;
mod priority_sort;
mod resource_scores;
mod scheduling_gates;
mod taint_toleration;
mod volume_binding;
mod volume_restrictions;
mod volume_zone;

use crate::framework::{Builder, Registry};

/// All, in the order in which they are asked, with the weight of their scores by default.
pub const ALL: [(&str, i64, Builder); 19] = [
    ("SchedulingGates", 0, scheduling_gates::build),
    ("PrioritySort", 0, priority_sort::build),
    ("NodeUnschedulable", 0, node_unschedulable::build),
    ("NodeName", 0, node_name::build),
    ("TaintToleration", 3, taint_toleration::build),
    ("NodeAffinity", 2, node_affinity::build),
    ("NodePorts", 0, node_ports::build),
    ("NodeResourcesFit", 1, node_resources_fit::build),
    ("VolumeRestrictions", 0, volume_restrictions::build),
    ("NodeVolumeLimits", 0, node_volume_limits::build),
    ("VolumeBinding", 0, volume_binding::build),
    ("VolumeZone", 0, volume_zone::build),
    ("PodTopologySpread", 2, pod_topology_spread::build),
    ("InterPodAffinity", 2, inter_pod_affinity::build),
    ("DynamicResources", 0, dynamic_resources::build),
    ("DefaultPreemption", 0, default_preemption::build),
    ("NodeResourcesBalancedAllocation", 1, balanced_allocation::build),
    ("ImageLocality", 1, image_locality::build),
    ("DefaultBinder", 0, default_binder::build),
];

/// All by name.
pub fn registry() -> Registry {
    ALL.iter().map(|(name, _, build)| (*name, *build)).collect()
}
