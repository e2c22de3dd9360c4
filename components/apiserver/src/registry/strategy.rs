//! What is let pass of an object, whatever its kind.
//!
//! Upstream: apimachinery/pkg/api/validation/objectmeta.go.

use crate::{failure::Cause, object};
use api::{names, resources::Resource};
use serde_json::Value;

/// Events are kept for an hour (`--event-ttl`).
const EVENT_SECONDS: i64 = 3600;

fn is(resource: &Resource, group: &str, plural: &str) -> bool {
    resource.kind.group == group && resource.plural == plural
}

/// How long objects of the resource live, where they vanish by themselves.
pub(super) fn lives_seconds(resource: &Resource) -> Option<i64> {
    let events = is(resource, "", "events") || is(resource, "events.k8s.io", "events");
    events.then_some(EVENT_SECONDS)
}

/// What is wrong with an object, whatever its kind (ValidateObjectMeta).
pub(super) fn validate(resource: &Resource, object: &Value) -> Vec<Cause> {
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
        ("rbac.authorization.k8s.io", _) | ("networking.k8s.io", "ipaddresses") => {
            names::path_segment
        }
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
    let mut causes = validate(resource, new);
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
