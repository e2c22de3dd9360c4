//! Deployments and the sets of pods: replicas, strategies, selectors that stay.
//!
//! Upstream: pkg/apis/apps/validation/validation.go.

mod deployments;
mod sets;
mod stateful_sets;

use super::kind::Kind;
use crate::names;

pub(super) const KINDS: &[Kind] = &[
    Kind::namespaced("Deployment")
        .whole(deployments::whole)
        .changed(sets::selector_stays)
        .parts(&[("status", deployments::status)]),
    Kind::namespaced("ReplicaSet")
        .whole(sets::replica_set)
        .changed(sets::selector_stays)
        .parts(&[("status", sets::replica_set_status)]),
    Kind::namespaced("DaemonSet")
        .whole(sets::daemon_set)
        .changed(sets::daemon_set_change)
        .parts(&[("status", sets::daemon_set_status)]),
    Kind::namespaced("StatefulSet")
        .named(names::dns_label)
        .whole(stateful_sets::whole)
        .changed(stateful_sets::change)
        .parts(&[("status", stateful_sets::status)]),
    Kind::namespaced("ControllerRevision").whole(sets::revision).changed(sets::revision_change),
];
