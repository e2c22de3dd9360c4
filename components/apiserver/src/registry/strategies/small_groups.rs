//! Groups of which there is little to say.
//!
//! Upstream: pkg/registry/{autoscaling,coordination,discovery,networking,node,resource,storage}/*,
//! apiextensions-apiserver's and kube-aggregator's registries.

use super::{Generation, Occasion, Row, Strategy};
use api::definition::life;
use serde_json::{Value, json};

const PLAIN: Strategy = Strategy::PLAIN;
const COUNTED: Strategy = Strategy::COUNTED;
/// Who replaces one must have seen it.
const SEEN: Strategy = Strategy { needs_revision: true, ..PLAIN };

pub(super) const ROWS: &[Row] = &[
    (
        "apiextensions.k8s.io",
        "customresourcedefinitions",
        Strategy {
            create: |new, _| life::born(new),
            update: |new, _, _| life::changed(new),
            needs_revision: true,
            ..COUNTED
        },
    ),
    (
        "apiregistration.k8s.io",
        "apiservices",
        Strategy { create: create_api_service, status: keep_own_metadata, ..SEEN },
    ),
    ("coordination.k8s.io", "leases", Strategy { creates_on_update: true, ..SEEN }),
    (
        "discovery.k8s.io",
        "endpointslices",
        Strategy { generation: Generation::Everything, ..COUNTED },
    ),
    ("events.k8s.io", "events", Strategy { creates_on_update: true, ..PLAIN }),
    ("networking.k8s.io", "ingressclasses", COUNTED),
    (
        "networking.k8s.io",
        "ingresses",
        Strategy { warnings: super::warnings::networking::ingress, ..COUNTED },
    ),
    ("networking.k8s.io", "networkpolicies", COUNTED),
    ("node.k8s.io", "runtimeclasses", SEEN),
    ("resource.k8s.io", "deviceclasses", COUNTED),
    ("resource.k8s.io", "resourceslices", COUNTED),
    ("storage.k8s.io", "csidrivers", Strategy { update: update_driver, ..SEEN }),
    ("storage.k8s.io", "csinodes", SEEN),
    ("storage.k8s.io", "volumeattachments", SEEN),
];

/// A service that the server itself answers for is there from the beginning.
fn create_api_service(service: &mut Value, at: &Occasion<'_>) {
    if service["spec"]["service"].is_object() {
        return;
    }
    service["status"] = json!({"conditions": [{
        "type": "Available", "status": "True", "reason": "Local",
        "message": "Local APIServices are always available", "lastTransitionTime": at.now,
    }]});
}

/// Through the status' door neither labels nor owners nor finalizers change.
fn keep_own_metadata(new: &mut Value, present: &Value, _: &Occasion<'_>) {
    let Some(metadata) = new["metadata"].as_object_mut() else { return };
    for name in ["labels", "annotations", "finalizers", "ownerReferences"] {
        match present["metadata"].get(name) {
            Some(value) => metadata.insert(name.into(), value.clone()),
            None => metadata.remove(name),
        };
    }
}

/// What a driver tells kubelets counts its generations; it has none before that.
fn update_driver(new: &mut Value, present: &Value, _: &Occasion<'_>) {
    const TOLD: [&str; 4] = [
        "tokenRequests",
        "requiresRepublish",
        "seLinuxMount",
        "nodeAllocatableUpdatePeriodSeconds",
    ];
    if TOLD.iter().any(|name| new["spec"].get(name) != present["spec"].get(name)) {
        let before = present["metadata"]["generation"].as_i64().unwrap_or(0);
        new["metadata"]["generation"] = (before + 1).into();
    }
}
