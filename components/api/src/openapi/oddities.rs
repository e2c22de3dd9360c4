//! What upstream's sources say of a few types and nobody but OpenAPI's readers ever sees.

use crate::schema::{Field, Type};
use serde_json::{Value, json};

/// Types of which one field at most is to be set; its name follows from the discriminator's value.
pub(super) fn union(name: &str) -> Option<Value> {
    let by_type =
        |fields: Value| json!({"discriminator": "type", "fields-to-discriminateBy": fields});
    Some(match name.strip_prefix("io.k8s.api.")? {
        "core.v1.AppArmorProfile" | "core.v1.SeccompProfile" => {
            by_type(json!({"localhostProfile": "LocalhostProfile"}))
        }
        "core.v1.PodSchedulingGroup" => {
            json!({"fields-to-discriminateBy": {"podGroupName": "PodGroupName"}})
        }
        "flowcontrol.v1.LimitResponse" => by_type(json!({"queuing": "Queuing"})),
        "flowcontrol.v1.PriorityLevelConfigurationSpec" => {
            by_type(json!({"exempt": "Exempt", "limited": "Limited"}))
        }
        "flowcontrol.v1.Subject" => json!({
            "discriminator": "kind",
            "fields-to-discriminateBy": {
                "group": "Group", "serviceAccount": "ServiceAccount", "user": "User",
            },
        }),
        _ => return None,
    })
}

/// Whether a field stands without a word in upstream's source: its reference needs no wrapping.
pub(super) fn is_undescribed(owner: &Type, field: &Field) -> bool {
    match last(owner) {
        "JSONSchemaProps" => {
            ["additionalItems", "additionalProperties", "example", "externalDocs", "items", "not"]
                .contains(&field.name.as_str())
        }
        "IngressRule" => field.name == "http",
        _ => false,
    }
}

/// Whether a list has no marker: those of lists' objects, and those of verbs.
pub(super) fn is_unmarked(owner: &Type, field: &Field) -> bool {
    match field.name.as_str() {
        "items" => !owner.kinds.is_empty(),
        "verbs" => last(owner) == "APIResource",
        _ => false,
    }
}

/// A marker that says what would be so without it, or stands where it means nothing.
pub(super) fn marker(owner: &Type, field: &Field) -> Option<(&'static str, &'static str)> {
    match (last(owner), field.name.as_str()) {
        ("APIServiceSpec", "caBundle") => Some(("x-kubernetes-list-type", "atomic")),
        ("PersistentVolumeClaimStatus", "allocatedResourceStatuses") => {
            Some(("x-kubernetes-map-type", "granular"))
        }
        _ => None,
    }
}

/// Where a required field stands among others: by its number, as upstream's structs are written,
/// but for three of them.
pub(super) fn order(owner: &Type, field: &Field) -> u32 {
    let number = field.number.unwrap_or(u32::MAX);
    match (last(owner), field.name.as_str()) {
        ("HTTPIngressPath", "pathType") | ("OwnerReference", "apiVersion") => 0,
        // Between the first and the second.
        ("APIResource", "singularName") => 1,
        _ => number,
    }
}

fn last(owner: &Type) -> &str {
    owner.name.rsplit('.').next().unwrap_or_default()
}
