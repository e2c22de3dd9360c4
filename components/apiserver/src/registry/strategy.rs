//! Where kinds differ: what the server sets at a birth and a change, and what it lets pass.
//!
//! Upstream: pkg/registry/*/*/strategy.go.

use super::custom;
use crate::{failure::Cause, object};
use api::{definition, names, resources::Resource, schema::GroupVersionKind};
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
        custom: None,
    }
}

fn is(resource: &Resource, group: &str, plural: &str) -> bool {
    resource.kind.group == group && resource.plural == plural
}

fn has_status(resource: &Resource) -> bool {
    resource.subresource("status").is_some()
}

fn is_definition(resource: &Resource) -> bool {
    is(resource, definition::GROUP, definition::PLURAL)
}

fn counts_generations(resource: &Resource) -> bool {
    resource.custom.is_some()
        || COUNTED.contains(&(resource.kind.group.as_str(), resource.plural.as_str()))
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
        (definition::GROUP, definition::PLURAL) => definition::life::born(object),
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
    if subresource == "status" && resource.custom.is_some() {
        return custom::only_status(members, present);
    }
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
    if is_definition(resource) {
        definition::life::changed(new);
    }
    if counts_generations(resource) && differ(resource, new, present) {
        let generation = present["metadata"]["generation"].as_i64().unwrap_or(0);
        new["metadata"]["generation"] = (generation + 1).into();
    }
}

/// Whether two objects want different things. Where nobody keeps a status apart it is one of them.
fn differ(resource: &Resource, new: &Value, present: &Value) -> bool {
    let status = resource.custom.is_some() && !has_status(resource);
    let wanted = |object: &Value| -> Vec<(String, Value)> {
        let members = object.as_object().into_iter().flatten();
        members
            .filter(|(name, _)| !BESIDE.contains(&name.as_str()) || (status && *name == "status"))
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
pub(super) fn prepare_delete(resource: &Resource, object: &mut Value, now: &str) {
    if is_definition(resource) {
        definition::life::doomed(object, now);
    }
    if is(resource, "", "namespaces") {
        object["status"]["phase"] = "Terminating".into();
    }
}

/// Whether the object waits for more than its metadata's finalizers: a namespace for its own.
pub(super) fn is_held(resource: &Resource, object: &Value) -> bool {
    let finalizers = object["spec"]["finalizers"].as_array();
    is(resource, "", "namespaces") && finalizers.is_some_and(|list| !list.is_empty())
}

/// What is wrong with a new object.
pub(super) fn validate(resource: &Resource, object: &Value) -> Vec<Cause> {
    let mut causes = validate_metadata(resource, object);
    causes.extend(custom::causes(resource, object, None));
    causes
}

/// What is wrong with an object, whatever its kind (ValidateObjectMeta).
fn validate_metadata(resource: &Resource, object: &Value) -> Vec<Cause> {
    let metadata = &object["metadata"];
    let mut causes = Vec::new();
    let name = object::meta(object, "name");
    match name {
        "" => causes.push(Cause {
            reason: "FieldValueRequired",
            message: "Required value: name or generateName is required".into(),
            field: "metadata.name".into(),
        }),
        name => {
            let faults = names_of(resource)(name);
            causes.extend(faults.into_iter().map(|why| invalid("metadata.name", name, &why)));
        }
    }
    for (key, value) in metadata["labels"].as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        let keys = names::qualified_name(key).into_iter();
        causes.extend(keys.map(|why| invalid("metadata.labels", key, &why)));
        let values = names::label_value(value).into_iter();
        causes.extend(values.map(|why| invalid("metadata.labels", value, &why)));
    }
    for key in metadata["annotations"].as_object().into_iter().flatten().map(|(key, _)| key) {
        let keys = names::qualified_name(&key.to_lowercase()).into_iter();
        causes.extend(keys.map(|why| invalid("metadata.annotations", key, &why)));
    }
    causes
}

/// What names of the resource's objects must be like.
fn names_of(resource: &Resource) -> fn(&str) -> Vec<String> {
    match (resource.kind.group.as_str(), resource.plural.as_str()) {
        ("", "namespaces") => names::dns_label,
        ("", "services") => names::dns_1035_label,
        ("rbac.authorization.k8s.io", _) => names::path_segment,
        _ => names::dns_subdomain,
    }
}

fn invalid(field: &str, value: &str, why: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {value:?}: {why}"),
        field: field.into(),
    }
}

/// What is wrong with a change.
pub(super) fn validate_update(resource: &Resource, new: &Value, present: &Value) -> Vec<Cause> {
    let mut causes = validate_metadata(resource, new);
    causes.extend(custom::causes(resource, new, Some(present)));
    if present["immutable"] == true && is_kept_still(resource, new, present) {
        causes.push(Cause {
            reason: "FieldValueForbidden",
            message: "Forbidden: field is immutable when `immutable` is set".into(),
            field: "data".into(),
        });
    }
    causes
}

/// A config map or secret that says it never changes, and was changed.
fn is_kept_still(resource: &Resource, new: &Value, present: &Value) -> bool {
    let kind = is(resource, "", "configmaps") || is(resource, "", "secrets");
    kind && ["data", "binaryData", "immutable"].iter().any(|name| new[*name] != present[*name])
}
