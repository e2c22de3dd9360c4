//! What the scheduler reads of objects, as values that are quick to compare and to count.
//!
//! An object is read once, when it comes from the API; a pod's cycle touches no JSON.

pub mod affinity;
pub mod budget;
pub mod labels;
pub mod node;
pub mod node_selector;
pub mod pod;
pub mod requests;
pub mod resources;
pub mod spread;
pub mod storage;
pub mod taints;
pub mod volumes;

use serde_json::Value;

/// A member's text, or nothing.
pub(crate) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// A member's items; none where it is no list.
pub(crate) fn items<'a>(value: &'a Value, member: &str) -> impl Iterator<Item = &'a Value> {
    value[member].as_array().into_iter().flatten()
}

/// A member's texts.
pub(crate) fn texts(value: &Value, member: &str) -> Vec<String> {
    items(value, member).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A member that counts something, as 32 bits.
pub(crate) fn number(value: &Value, member: &str) -> Option<i32> {
    value[member].as_i64().and_then(|number| i32::try_from(number).ok())
}
