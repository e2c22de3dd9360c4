//! Custom resources as OpenAPI tells of them: what their definition says, and what every resource
//! has beside it.
//!
//! Upstream: apiextensions-apiserver's pkg/controller/openapi/builder/builder.go.

use super::{reference, words};
use crate::{definition::Custom, resources::Resource, schema::GroupVersionKind};
use descriptions::Descriptions;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// What custom resources are neither sent nor answered in.
const UNKNOWN_MEDIA: [&str; 3] = [
    "application/vnd.kubernetes.protobuf",
    "application/vnd.kubernetes.protobuf;stream=watch",
    "application/strategic-merge-patch+json",
];

/// OpenAPI's name of a kind: its group's parts backwards, `com.example.v1.Foo`.
pub(super) fn name(kind: &GroupVersionKind) -> String {
    let mut parts: Vec<&str> = kind.group.split('.').rev().collect();
    parts.extend([kind.version.as_str(), kind.kind.as_str()]);
    parts.join(".")
}

/// The schemas of a resource and of its lists, by their names.
pub(super) fn schemas(
    resource: &Resource,
    custom: &Custom,
    descriptions: &Descriptions,
) -> [(String, Value); 2] {
    let kind = &resource.kind;
    let list = GroupVersionKind { kind: custom.list_kind.clone(), ..kind.clone() };
    let mut own = custom.published.clone();
    embed(&mut own, true, descriptions);
    mark(&mut own, kind);
    let mut many = json!({
        "description": format!("{} is a list of {}", list.kind, kind.kind),
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "items": {"type": "array", "items": reference(&name(kind))},
            "kind": {"type": "string"},
            "metadata": {"allOf": [reference(LIST_META)]},
        },
    });
    words::describe_envelope(descriptions, words::LIST, &mut many);
    many["properties"]["items"]["description"] = format!("List of {}.", resource.plural).into();
    mark(&mut many, &list);
    [(name(kind), own), (name(&list), many)]
}

fn mark(schema: &mut Value, kind: &GroupVersionKind) {
    schema["x-kubernetes-group-version-kind"] =
        json!([{"group": kind.group, "kind": kind.kind, "version": kind.version}]);
}

/// Adds what a resource has beside its schema, to those inside of it too.
fn embed(schema: &mut Value, root: bool, descriptions: &Descriptions) {
    let Value::Object(members) = schema else { return };
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        properties.values_mut().for_each(|one| embed(one, false, descriptions));
    }
    for word in ["items", "additionalProperties"] {
        if let Some(inner) = members.get_mut(word) {
            embed(inner, false, descriptions);
        }
    }
    if !root && members.get("x-kubernetes-embedded-resource") != Some(&Value::Bool(true)) {
        return;
    }
    let free = root
        && members.get("x-kubernetes-preserve-unknown-fields") == Some(&true.into())
        && !members.contains_key("properties");
    if free && !members.contains_key("type") {
        members.insert("type".into(), "object".into());
    }
    let properties = members.entry("properties").or_insert_with(|| Map::new().into());
    properties["apiVersion"] = json!({"type": "string"});
    properties["kind"] = json!({"type": "string"});
    properties["metadata"] = json!({"allOf": [reference(OBJECT_META)]});
    if !root {
        require(members, ["kind", "apiVersion"]);
    }
    words::describe_envelope(descriptions, words::OBJECT, schema);
}

/// Adds names to the required ones.
fn require(members: &mut Map<String, Value>, names: [&str; 2]) {
    let Value::Array(required) = members.entry("required").or_insert_with(|| json!([])) else {
        return;
    };
    for name in names {
        if !required.iter().any(|one| one == name) {
            required.push(name.into());
        }
    }
}

/// Leaves out the media types that custom resources do not have.
pub(super) fn restrict(paths: &mut BTreeMap<String, Value>) {
    paths.values_mut().for_each(forget);
}

fn forget(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !UNKNOWN_MEDIA.contains(&name.as_str()));
            members.values_mut().for_each(forget);
        }
        Value::Array(items) => items.iter_mut().for_each(forget),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
