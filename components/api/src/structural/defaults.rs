//! Fills in what a structural schema has defaults for.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema/defaulting (algorithm.go, prune.go).

use super::Structural;
use serde_json::Value;

/// Sets defaults, also in place of nulls that the schema does not allow; nulls that it does not allow
/// and has nothing for go.
pub fn apply(schema: &Structural, value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, property) in &schema.properties {
                let Some(default) = &property.default else { continue };
                if members.get(name).is_none_or(|value| is_misplaced(property, value)) {
                    members.insert(name.clone(), default.clone());
                }
            }
            members.retain(|name, value| {
                let known = schema.properties.get(name).or(schema.additional_schema());
                let Some(known) = known else { return true };
                fill(known, value);
                !is_misplaced(known, value)
            });
        }
        Value::Array(items) => {
            let Some(known) = schema.items.as_deref() else { return };
            items.iter_mut().for_each(|item| fill(known, item));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn fill(schema: &Structural, value: &mut Value) {
    if let Some(default) = schema.default.as_ref().filter(|_| is_misplaced(schema, value)) {
        *value = default.clone();
    }
    apply(schema, value);
}

/// A null where none may be.
fn is_misplaced(schema: &Structural, value: &Value) -> bool {
    value.is_null() && !schema.nullable
}
