//! Conditions in a definition's status.
//!
//! Upstream: apiextensions-apiserver's pkg/apihelpers/helpers.go.

use serde_json::{Value, json};

/// One condition, but for when it came to be so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// `Established`.
    pub name: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// One word.
    pub reason: &'static str,
    /// A sentence.
    pub message: String,
}

/// Whether a condition is there and true.
pub fn condition_is(definition: &Value, name: &str) -> bool {
    find(definition, name).is_some_and(|condition| condition["status"] == "True")
}

/// The condition of that name, as it is written.
pub(super) fn find<'a>(definition: &'a Value, name: &str) -> Option<&'a Value> {
    let conditions = definition["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == name)
}

/// Writes a condition; `now` is when it came to be so, if that changed. One that says the same
/// already is left alone.
pub fn set_condition(definition: &mut Value, condition: &Condition, now: &str) {
    let status = if condition.holds { "True" } else { "False" };
    let present = find(definition, condition.name);
    let since = present
        .filter(|present| present["status"] == status)
        .map_or_else(|| now.into(), |present| present["lastTransitionTime"].clone());
    let new = json!({
        "lastTransitionTime": since,
        "message": condition.message,
        "reason": condition.reason,
        "status": status,
        "type": condition.name,
    });
    if !definition["status"].is_object() {
        definition["status"] = json!({});
    }
    let list = &mut definition["status"]["conditions"];
    if !list.is_array() {
        *list = json!([]);
    }
    let Some(list) = list.as_array_mut() else { return };
    match list.iter_mut().find(|present| present["type"] == condition.name) {
        Some(present) => *present = new,
        None => list.push(new),
    }
}
