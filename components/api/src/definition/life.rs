//! What the server sets in a definition at its birth, at a change and at its end.
//!
//! Upstream: apiextensions-apiserver's pkg/registry/customresourcedefinition (strategy.go, etcd.go).

use super::{CLEANUP, Condition, set_condition, storage_version};
use serde_json::{Value, json};

/// Completes a new definition: no names are accepted yet, and its storage version may be stored.
pub fn born(definition: &mut Value) {
    let stored = storage_version(definition).to_owned();
    definition["status"] = json!({
        "conditions": null,
        "acceptedNames": {"kind": "", "plural": ""},
        "storedVersions": [stored],
    });
}

/// Completes a changed definition: what may be stored from now on has been stored.
pub fn changed(definition: &mut Value) {
    let stored = storage_version(definition).to_owned();
    let versions = &mut definition["status"]["storedVersions"];
    if !versions.is_array() {
        *versions = json!([]);
    }
    if let Some(list) = versions.as_array_mut().filter(|list| !list.contains(&json!(stored))) {
        list.push(stored.into());
    }
}

/// Marks a definition that is told to go for the first time: its objects go before it.
pub fn doomed(definition: &mut Value, now: &str) {
    let Some(metadata) = definition["metadata"].as_object_mut() else { return };
    if metadata.get("deletionTimestamp").is_some_and(Value::is_string) {
        return;
    }
    let finalizers = metadata.entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = finalizers.as_array_mut().filter(|list| !list.contains(&json!(CLEANUP))) {
        list.push(CLEANUP.into());
    }
    let message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin \
                   soon";
    let pending = terminating(true, "InstanceDeletionPending", message.into());
    set_condition(definition, &pending, now);
}

/// Whether its objects are to go now.
pub fn is_emptied(definition: &Value) -> bool {
    let finalizers = definition["metadata"]["finalizers"].as_array();
    definition["metadata"]["deletionTimestamp"].is_string()
        && finalizers.is_some_and(|list| list.contains(&json!(CLEANUP)))
}

/// Its objects are gone: nothing of ours keeps it.
pub fn emptied(definition: &mut Value) {
    if let Some(list) = definition["metadata"]["finalizers"].as_array_mut() {
        list.retain(|one| one != CLEANUP);
    }
}

/// The condition that tells how far its end has come.
pub fn terminating(holds: bool, reason: &'static str, message: String) -> Condition {
    Condition { name: "Terminating", holds, reason, message }
}
