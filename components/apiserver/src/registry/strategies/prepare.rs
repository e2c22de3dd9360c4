//! What is done to every object before it is written: each side of it is changed through its own
//! door only, and its generation counts.
//!
//! Upstream: apiserver/pkg/registry/rest/{create,update}.go and what all strategies repeat.

use super::{Generation, Occasion, of};
use api::resources::Resource;
use serde_json::{Map, Value};

/// Members that are not what is wanted of an object.
const BESIDE: [&str; 4] = ["kind", "apiVersion", "metadata", "status"];
/// Metadata that the server writes.
const SERVERS: [&str; 3] = ["resourceVersion", "managedFields", "generation"];

fn has_status(resource: &Resource) -> bool {
    resource.subresource("status").is_some()
}

/// Completes a new object.
pub(crate) fn create(resource: &Resource, object: &mut Value, at: &Occasion<'_>) {
    let strategy = of(resource);
    let Some(members) = object.as_object_mut() else { return };
    if has_status(resource) && !strategy.born_with_status {
        members.remove("status");
    }
    if strategy.generation != Generation::None {
        object["metadata"]["generation"] = 1.into();
    }
    (strategy.create)(object, at);
}

/// Completes a changed object.
pub(crate) fn update(
    resource: &Resource,
    subresource: &str,
    new: &mut Value,
    present: &Value,
    at: &Occasion<'_>,
) {
    let strategy = of(resource);
    let Some(members) = new.as_object_mut() else { return };
    match subresource {
        "" | "finalize" | "scale" => {
            if has_status(resource) {
                keep(members, present, "status");
            }
            if subresource.is_empty() {
                (strategy.update)(new, present, at);
            }
        }
        "status" => {
            keep_all_but(members, present, &["metadata", "status"]);
            (strategy.status)(new, present, at);
        }
        "approval" => {
            keep_all_but(members, present, &["metadata", "status"]);
            super::certificates::approve(new, present, at);
        }
        "ephemeralcontainers" => super::pods::keep_but(new, present, &["ephemeralContainers"]),
        "resize" => super::pods::resize(new, present),
        _ => {}
    }
    count(strategy.generation, new, present);
}

/// A member of the present object goes into the new one.
fn keep(members: &mut Map<String, Value>, present: &Value, name: &str) {
    match present.get(name) {
        Some(value) => members.insert(name.into(), value.clone()),
        None => members.remove(name),
    };
}

fn keep_all_but(members: &mut Map<String, Value>, present: &Value, but: &[&str]) {
    let Some(present) = present.as_object() else { return };
    members.retain(|name, _| but.contains(&name.as_str()));
    for (name, value) in present.iter().filter(|(name, _)| !but.contains(&name.as_str())) {
        members.insert(name.clone(), value.clone());
    }
}

/// Another generation, where what it counts has changed.
fn count(generation: Generation, new: &mut Value, present: &Value) {
    let annotations = |object: &Value| object["metadata"]["annotations"].clone();
    let changed = match generation {
        Generation::None | Generation::One => false,
        Generation::Wanted => wanted(new) != wanted(present),
        Generation::WantedOrStatus => {
            wanted(new) != wanted(present) || new["status"] != present["status"]
        }
        Generation::WantedOrAnnotations => {
            wanted(new) != wanted(present) || annotations(new) != annotations(present)
        }
        Generation::Everything => {
            wanted(new) != wanted(present) || metadata(new) != metadata(present)
        }
    };
    if changed {
        let before = present["metadata"]["generation"].as_i64().unwrap_or(0);
        new["metadata"]["generation"] = (before + 1).into();
    }
}

/// What is wanted of an object. An empty member is none.
fn wanted(object: &Value) -> Map<String, Value> {
    let members = object.as_object().into_iter().flatten();
    let wanted = members.filter(|(name, value)| !BESIDE.contains(&name.as_str()) && !none(value));
    wanted.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn none(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

fn metadata(object: &Value) -> Map<String, Value> {
    let members = object["metadata"].as_object().into_iter().flatten();
    let clients = members.filter(|(name, _)| !SERVERS.contains(&name.as_str()));
    clients.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
#[path = "prepare_tests.rs"]
mod tests;
