//! What is particular about objects of custom resources.
//!
//! Upstream: apiextensions-apiserver's pkg/registry/customresource/strategy.go.

use crate::failure::Cause;
use api::{definition, resources::Resource};
use serde_json::Value;

/// What is wrong with an object by its definition, or with a definition.
pub(super) fn causes(resource: &Resource, object: &Value, present: Option<&Value>) -> Vec<Cause> {
    let faults = match &resource.custom {
        Some(custom) => custom.faults(object, present),
        None if resource.kind.group == definition::GROUP => definition::check(object, present),
        None => return Vec::new(),
    };
    faults.into_iter().map(Cause::from).collect()
}

/// A change of the status changes no metadata, but who owns it.
pub(super) fn only_status(new: &mut Value, present: &Value) {
    let owners = new["metadata"].get("managedFields").cloned();
    new["metadata"] = present["metadata"].clone();
    let Value::Object(metadata) = &mut new["metadata"] else { return };
    match owners {
        Some(owners) => metadata.insert("managedFields".into(), owners),
        None => metadata.remove("managedFields"),
    };
}
