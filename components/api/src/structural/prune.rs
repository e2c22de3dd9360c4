//! Takes away what a structural schema does not know.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema/pruning/algorithm.go.

use super::{
    Structural,
    path::{child, index},
};
use serde_json::Value;

/// Fields that every resource has, whatever its schema says.
pub(crate) const IDENTITY: [&str; 3] = ["apiVersion", "kind", "metadata"];

/// Prunes a resource; returns the paths of what went, in the order of the object.
pub fn prune(schema: &Structural, object: &mut Value) -> Vec<String> {
    let mut gone = Vec::new();
    walk(Some(schema), object, true, "", &mut gone);
    gone
}

/// Prunes a value that is no resource by itself, such as a default.
pub fn prune_value(schema: &Structural, value: &mut Value) -> Vec<String> {
    let mut gone = Vec::new();
    walk(Some(schema), value, false, "", &mut gone);
    gone
}

fn walk(
    schema: Option<&Structural>,
    value: &mut Value,
    root: bool,
    path: &str,
    gone: &mut Vec<String>,
) {
    match value {
        Value::Object(members) => {
            let resource = root || schema.is_some_and(|schema| schema.embedded);
            members.retain(|name, member| {
                if resource && IDENTITY.contains(&name.as_str()) {
                    return true;
                }
                let at = child(path, name);
                let kept = field(schema, name, member, &at, gone);
                if !kept {
                    gone.push(at);
                }
                kept
            });
        }
        Value::Array(items) => {
            let inner = schema.and_then(|schema| schema.items.as_deref());
            // What a schema preserves it preserves in lists too.
            if schema.is_some_and(|schema| schema.preserve) && inner.is_none() {
                return;
            }
            for (place, item) in items.iter_mut().enumerate() {
                walk(inner, item, false, &index(path, place), gone);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Prunes a field; false: all of it goes.
fn field(
    schema: Option<&Structural>,
    name: &str,
    value: &mut Value,
    path: &str,
    gone: &mut Vec<String>,
) -> bool {
    let Some(schema) = schema else { return false };
    if let Some(known) = schema.properties.get(name) {
        walk(Some(known), value, false, path, gone);
        return true;
    }
    if schema.allows_others() {
        walk(schema.additional_schema(), value, false, path, gone);
        return true;
    }
    schema.preserve
}
