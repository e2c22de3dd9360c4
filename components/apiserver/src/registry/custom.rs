//! Objects of custom resources between what is stored, what a client sends and what it is shown.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/customresource_handler.go
//! (schemaCoercingDecoder, unstructuredDefaulter) and pkg/registry/customresource/strategy.go.

use crate::{failure::Cause, object};
use api::{definition, resources::Resource, schema::GroupVersionKind};
use bytes::Bytes;
use serde_json::Value;

/// Brings an object that was stored into the version that is asked for, as its schema is today.
pub(crate) fn presented(resource: &Resource, mut stored: Value) -> Value {
    let Some(custom) = &resource.custom else { return stored };
    let version = resource.kind.api_version();
    // What only a webhook could convert is shown as it was stored.
    if custom.by_webhook && stored["apiVersion"] != version.as_str() {
        return stored;
    }
    stored["apiVersion"] = version.into();
    // What cannot be completed was stored before its definition: it is shown as it is.
    let _ = custom.complete(&mut stored);
    stored
}

/// The same for bytes that are served; those of built-in kinds stay as they are.
pub(crate) fn served(resource: &Resource, bytes: Bytes) -> Bytes {
    if resource.custom.is_none() {
        return bytes;
    }
    match serde_json::from_slice(&bytes) {
        Ok(object) => object::to_bytes(&presented(resource, object)),
        Err(_) => bytes,
    }
}

/// The bytes to store: of a custom resource in the version that etcd holds.
pub(crate) fn encode(resource: &Resource, object: &Value) -> Vec<u8> {
    if resource.custom.is_none() || resource.stored == resource.kind {
        return object::encode(object);
    }
    let mut stored = object.clone();
    stored["apiVersion"] = resource.stored.api_version().into();
    object::encode(&stored)
}

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

/// An object in another version of its definition: versions differ in their name alone.
pub(super) fn renamed(resource: &Resource, object: &Value, version: &str) -> Option<Value> {
    let (group, name) = version.split_once('/')?;
    let kind = GroupVersionKind {
        group: group.to_owned(),
        version: name.to_owned(),
        kind: resource.kind.kind.clone(),
    };
    resource.custom.as_ref()?.schemas.of(&kind)?;
    let mut object = object.clone();
    object["apiVersion"] = version.into();
    Some(object)
}
