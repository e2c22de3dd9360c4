//! The scale of an object: how many it asks for, whatever its kind. Pure, but for who is told of it.
//!
//! Upstream: pkg/registry/apps/*/storage/storage.go (scaleFromDeployment), and for custom resources
//! apiextensions-apiserver's pkg/registry/customresource/etcd.go.

use super::Target;
use crate::admission::Attributes;
use api::{
    definition::ScalePaths, resources::Resource, schema::GroupVersionKind, selector::LabelSelector,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// `autoscaling/v1, Kind=Scale`.
pub(crate) fn kind() -> GroupVersionKind {
    GroupVersionKind { group: "autoscaling".into(), version: "v1".into(), kind: "Scale".into() }
}

/// A write through the door of an object's scale, as plugins are told of it; none: it is another door.
pub(super) fn told(target: &Target, write: &Attributes) -> Option<Attributes> {
    if target.subresource != "scale" {
        return None;
    }
    let paths = paths(&target.resource);
    let mut told = write.clone();
    told.object = scale_of(&write.object, &paths);
    told.old = scale_of(&write.old, &paths);
    Some(told)
}

/// Carries over what plugins made of the scale.
pub(super) fn carry_over(target: &Target, scale: &Value, object: &mut Value) {
    let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    set(object, &paths(&target.resource).spec, replicas.into());
}

/// Where the numbers are: a definition says it, built-in kinds are all alike.
pub(crate) fn paths(resource: &Resource) -> ScalePaths {
    let told = resource.custom.as_ref().and_then(|custom| custom.scale.clone());
    told.unwrap_or_else(|| ScalePaths {
        spec: ".spec.replicas".into(),
        status: ".status.replicas".into(),
        selector: None,
    })
}

/// What is at a path of plain names; null where there is nothing.
pub(crate) fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('.').filter(|name| !name.is_empty()).fold(object, |value, name| &value[name])
}

/// Writes a value at a path of plain names; objects on the way are made.
pub(crate) fn set(object: &mut Value, path: &str, value: Value) {
    let mut place = object;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name];
    }
    *place = value;
}

pub(crate) fn scale_of(object: &Value, paths: &ScalePaths) -> Value {
    let metadata = &object["metadata"];
    let kept = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"];
    let kept =
        kept.iter().filter_map(|name| Some(((*name).to_owned(), metadata.get(name)?.clone())));
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": kind().api_version(),
        "metadata": Value::Object(kept.collect()),
        "spec": {},
        "status": {"replicas": at(object, &paths.status).as_i64().unwrap_or(0)},
    });
    // Zero is not written, as Go leaves it out.
    if let Some(replicas) = at(object, &paths.spec).as_i64().filter(|number| *number != 0) {
        scale["spec"]["replicas"] = replicas.into();
    }
    let selector = match &paths.selector {
        Some(path) => at(object, path).as_str().unwrap_or_default().to_owned(),
        None => selector(&object["spec"]["selector"]),
    };
    if !selector.is_empty() {
        scale["status"]["selector"] = selector.into();
    }
    scale
}

/// A selector as text: of labels alone (a replication controller's), or structured.
fn selector(selector: &Value) -> String {
    let labels: Option<BTreeMap<String, String>> = serde_json::from_value(selector.clone()).ok();
    let read = match labels {
        Some(labels) => LabelSelector::of_labels(&labels),
        None => LabelSelector::of(Some(selector)),
    };
    read.map(|selector| selector.to_string()).unwrap_or_default()
}
