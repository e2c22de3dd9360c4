//! What requests say of managers, and what their answers leave as it was.

use super::{managed_fields, take};
use serde_json::Value;

/// Bytes of a manager's name.
const MAX_MANAGER: usize = 128;

/// Who makes a request: who it says (`fieldManager`), or else the first part of its user agent.
///
/// Upstream: `managerOrUserAgent` in apiserver's pkg/endpoints/handlers/create.go.
pub fn manager_of(field_manager: &str, user_agent: &str) -> String {
    if !field_manager.is_empty() {
        return field_manager.to_owned();
    }
    let name = user_agent.split('/').next().unwrap_or_default();
    let mut out = String::new();
    for letter in name.chars().filter(|letter| !letter.is_control()) {
        if out.len() + letter.len_utf8() > MAX_MANAGER {
            break;
        }
        out.push(letter);
    }
    out
}

/// Whether a client asks for all records to be forgotten: by `[]` or `[{}]`.
pub fn is_reset(object: &Value) -> bool {
    match managed_fields(object) {
        Some(Value::Array(entries)) => match entries.as_slice() {
            [] => true,
            [Value::Object(entry)] => entry.values().all(is_zero),
            [Value::Null] => true,
            _ => false,
        },
        _ => false,
    }
}

/// The new object, with the old one's records if they differ in times alone: a request that changes
/// nothing else is then seen to change nothing.
///
/// Upstream: `IgnoreManagedFieldsTimestampsTransformer` in apiserver's
/// pkg/endpoints/handlers/fieldmanager/equality.go.
pub fn keep_times(old: &Value, mut new: Value) -> Value {
    let (Some(before), Some(after)) = (managed_fields(old), managed_fields(&new)) else {
        return new;
    };
    let timeless = |entries: &Value| {
        let mut entries = entries.clone();
        for entry in entries.as_array_mut().into_iter().flatten() {
            entry.as_object_mut().map(|entry| entry.remove("time"));
        }
        entries
    };
    let (before, same) = (before.clone(), timeless(before) == timeless(after));
    if !same {
        return new;
    }
    let (mut bare_old, mut bare_new) = (old.clone(), new.clone());
    take(&mut bare_old);
    take(&mut bare_new);
    if bare_old == bare_new {
        new["metadata"]["managedFields"] = before;
    }
    new
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}
