//! JSON values as Go's `fmt` prints them: they stand in messages that clients show.

use serde_json::Value;

/// What encoding/json calls a value in its complaints.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
