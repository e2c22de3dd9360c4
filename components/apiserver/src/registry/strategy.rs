//! Where kinds differ: what the server sets at a birth and a change, and what it lets pass.
//!
//! Upstream: pkg/registry/*/*/strategy.go.

use crate::failure::Cause;
use api::{resources::Resource, schema::GroupVersionKind};
use serde_json::{Value, json};

/// Kinds whose `metadata.generation` counts the changes of what is wanted.
const COUNTED: [(&str, &str); 20] = [
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"),
    ("apiextensions.k8s.io", "customresourcedefinitions"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
    ("discovery.k8s.io", "endpointslices"),
    ("flowcontrol.apiserver.k8s.io", "flowschemas"),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"),
    ("networking.k8s.io", "ingresses"),
    ("networking.k8s.io", "networkpolicies"),
    ("policy", "poddisruptionbudgets"),
    ("resource.k8s.io", "resourceslices"),
];

/// Members that are not what is wanted of an object: a change of them alone is no new generation.
const BESIDE: [&str; 4] = ["kind", "apiVersion", "metadata", "status"];

/// Events are kept for an hour (`--event-ttl`).
const EVENT_SECONDS: i64 = 3600;

/// Pods that do not say otherwise have so long to end.
const POD_GRACE_SECONDS: i64 = 30;

/// The resource that all others live in.
pub(super) fn namespaces() -> Resource {
    let kind =
        GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Namespace".into() };
    Resource {
        stored: kind.clone(),
        kind,
        plural: "namespaces".into(),
        singular: "namespace".into(),
        namespaced: false,
        path: "namespaces".into(),
        verbs: Vec::new(),
        short_names: Vec::new(),
        categories: Vec::new(),
        subresources: Vec::new(),
        columns: Vec::new(),
    }
}

fn is(resource: &Resource, group: &str, plural: &str) -> bool {
    resource.kind.group == group && resource.plural == plural
}

fn has_status(resource: &Resource) -> bool {
    resource.subresource("status").is_some()
}

fn counts_generations(resource: &Resource) -> bool {
    COUNTED.contains(&(resource.kind.group.as_str(), resource.plural.as_str()))
}

/// How long objects of the resource live, where they vanish by themselves.
pub(super) fn lives_seconds(resource: &Resource) -> Option<i64> {
    let events = is(resource, "", "events") || is(resource, "events.k8s.io", "events");
    events.then_some(EVENT_SECONDS)
}

/// Whether who deletes an object is sent the object, though it is gone (ReturnDeletedObject).
pub(super) fn returns_deleted(resource: &Resource) -> bool {
    const KINDS: [(&str, &str); 6] = [
        ("", "pods"),
        ("", "services"),
        ("", "serviceaccounts"),
        ("", "persistentvolumeclaims"),
        ("", "persistentvolumes"),
        ("", "namespaces"),
    ];
    KINDS.iter().any(|(group, plural)| is(resource, group, plural))
}

/// Completes a new object.
pub(super) fn prepare_create(resource: &Resource, object: &mut Value) {
    if let Some(members) = object.as_object_mut().filter(|_| has_status(resource)) {
        members.remove("status");
    }
    if counts_generations(resource) {
        object["metadata"]["generation"] = 1.into();
    }
    match (resource.kind.group.as_str(), resource.plural.as_str()) {
        ("", "namespaces") => {
            object["spec"]["finalizers"] = json!(["kubernetes"]);
            object["status"] = json!({"phase": "Active"});
            let name = object["metadata"]["name"].clone();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
        }
        ("", "pods") => object["status"] = json!({"phase": "Pending"}),
        ("", "persistentvolumeclaims" | "persistentvolumes") => {
            object["status"] = json!({"phase": "Pending"});
        }
        _ => {}
    }
}

/// Completes a changed object: each side of it is changed through its own door only.
pub(super) fn prepare_update(
    resource: &Resource,
    subresource: &str,
    new: &mut Value,
    present: &Value,
) {
    let Some(members) = new.as_object_mut() else { return };
    if subresource == "status" {
        for (name, value) in present.as_object().into_iter().flatten() {
            if name != "status" && name != "metadata" {
                members.insert(name.clone(), value.clone());
            }
        }
        return;
    }
    if has_status(resource) {
        match present.get("status") {
            Some(status) => members.insert("status".into(), status.clone()),
            None => members.remove("status"),
        };
    }
    if is(resource, "", "namespaces") && subresource != "finalize" {
        // Only the subresource lets a namespace go.
        let finalizers = present["spec"]["finalizers"].clone();
        new["spec"]["finalizers"] = finalizers;
    }
    if counts_generations(resource) && differ(new, present) {
        let generation = present["metadata"]["generation"].as_i64().unwrap_or(0);
        new["metadata"]["generation"] = (generation + 1).into();
    }
}

/// Whether two objects want different things.
fn differ(new: &Value, present: &Value) -> bool {
    let wanted = |object: &Value| -> Vec<(String, Value)> {
        let members = object.as_object().into_iter().flatten();
        members
            .filter(|(name, _)| !BESIDE.contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    wanted(new) != wanted(present)
}

/// How long the object goes on after it was told to go.
pub(super) fn grace_seconds(resource: &Resource, object: &Value, asked: Option<i64>) -> i64 {
    if !is(resource, "", "pods") {
        return 0;
    }
    let unscheduled = object["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if unscheduled || ended {
        return 0;
    }
    let own = object["spec"]["terminationGracePeriodSeconds"].as_i64();
    // Less than nothing means one second (pod strategy's CheckGracefulDelete).
    match asked.or(own).unwrap_or(POD_GRACE_SECONDS) {
        negative if negative < 0 => 1,
        seconds => seconds,
    }
}

/// Changes an object that is told to go.
pub(super) fn prepare_delete(resource: &Resource, object: &mut Value) {
    if is(resource, "", "namespaces") {
        object["status"]["phase"] = "Terminating".into();
    }
}

/// Whether the object waits for more than its metadata's finalizers: a namespace for its own.
pub(super) fn is_held(resource: &Resource, object: &Value) -> bool {
    let finalizers = object["spec"]["finalizers"].as_array();
    is(resource, "", "namespaces") && finalizers.is_some_and(|list| !list.is_empty())
}

/// What is wrong with a new object, or with a change of the present one (`api::validation`).
pub(super) fn validate(
    resource: &Resource,
    subresource: &str,
    new: &Value,
    present: Option<&Value>,
) -> Vec<Cause> {
    let errors = api::validation::validate(&resource.kind, subresource, new, present);
    errors.into_iter().map(Cause::from).collect()
}
