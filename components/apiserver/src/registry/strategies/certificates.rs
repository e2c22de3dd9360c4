//! Requests for certificates: who asks is written by the server, who approves has a door of his own.
//!
//! Upstream: pkg/registry/certificates/certificates/strategy.go.

use super::{Occasion, Row, Strategy};
use serde_json::{Value, json};

pub(super) const ROWS: &[Row] = &[(
    "certificates.k8s.io",
    "certificatesigningrequests",
    Strategy { create, update: keep_spec, status: stamp, ..Strategy::PLAIN },
)];

fn create(request: &mut Value, at: &Occasion<'_>) {
    request["status"] = json!({});
    let Some(spec) = request["spec"].as_object_mut() else { return };
    for name in ["username", "uid", "groups", "extra"] {
        spec.remove(name);
    }
    let user = at.user;
    for (name, text) in [("username", &user.name), ("uid", &user.uid)] {
        if !text.is_empty() {
            spec.insert(name.into(), text.as_str().into());
        }
    }
    if !user.groups.is_empty() {
        spec.insert("groups".into(), json!(user.groups));
    }
}

fn keep_spec(new: &mut Value, present: &Value, _: &Occasion<'_>) {
    new["spec"] = present["spec"].clone();
}

/// The approval's door: of the status only the conditions change.
pub(super) fn approve(new: &mut Value, present: &Value, at: &Occasion<'_>) {
    let conditions = new["status"].get("conditions").cloned();
    new["status"] = present["status"].clone();
    if new["status"].is_null() {
        new["status"] = json!({});
    }
    if let Some(status) = new["status"].as_object_mut() {
        match conditions {
            Some(conditions) => status.insert("conditions".into(), conditions),
            None => status.remove("conditions"),
        };
    }
    stamp(new, present, at);
}

/// Conditions say when they were written, and since when they are so (populateConditionTimestamps).
fn stamp(new: &mut Value, present: &Value, at: &Occasion<'_>) {
    let conditions = new.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten() {
        if condition["lastUpdateTime"].is_null() {
            condition["lastUpdateTime"] = at.now.into();
        }
        if condition["lastTransitionTime"].is_null() {
            let before = super::each(&present["status"], "conditions")
                .find(|one| one["type"] == condition["type"])
                .filter(|one| one["status"] == condition["status"])
                .map(|one| one["lastTransitionTime"].clone())
                .filter(|time| !time.is_null());
            condition["lastTransitionTime"] = before.unwrap_or_else(|| at.now.into());
        }
    }
}
