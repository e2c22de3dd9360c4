//! JSON merge patch (RFC 7386): an object's members replace those of the same name, null removes.
//!
//! Upstream: `MergePatch` of gopkg.in/evanphx/json-patch.v4. It departs from the RFC in one point,
//! which is kept: a list that takes the place of something else than an object loses the null
//! members of its own objects.

use super::{PatchError, go};
use serde_json::{Map, Value};

/// The object, patched. `checked` is field validation by `Strict` or `Warn`.
///
/// # Errors
/// `BadRequest` if the patch is not an object. A list is let through where nothing is checked, as
/// upstream does it; the result is then that list, which decodes as no object.
pub fn apply(object: Value, patch: Value, checked: bool) -> Result<Value, PatchError> {
    match (object, patch) {
        (Value::Object(mut fields), Value::Object(patch)) => {
            merge(&mut fields, patch);
            Ok(Value::Object(fields))
        }
        (_, patch @ Value::Object(_)) => Ok(without_nulls(patch)),
        (_, other) if checked && !other.is_null() => Err(PatchError::BadRequest(format!(
            "error decoding patch: json: cannot unmarshal {} into Go value of type \
             map[string]interface {{}}",
            go::kind(&other)
        ))),
        (_, list @ Value::Array(_)) => Ok(without_nulls(list)),
        _ => Err(PatchError::BadRequest("Invalid JSON Patch".to_owned())),
    }
}

fn merge(fields: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (name, new) in patch {
        match (fields.get_mut(&name), new) {
            (_, Value::Null) => {
                fields.remove(&name);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            // An object's successor of another kind is taken as it is.
            (Some(old @ Value::Object(_)), new) => *old = new,
            (_, new) => {
                fields.insert(name, without_nulls(new));
            }
        }
    }
}

/// A value without its objects' null members; a list's null items stay.
pub(super) fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect::<Vec<_>>().into(),
        other => other,
    }
}
