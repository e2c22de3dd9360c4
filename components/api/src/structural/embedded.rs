//! Metadata of resources, and of those inside of them.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema/objectmeta (coerce.go, validation.go).

use super::{
    Structural,
    path::{child, index, key},
};
use crate::{
    decode::{self, DecodeError},
    schema::{Schemas, TypeId},
    validation::{Error, Errors},
};
use serde_json::Value;

/// OpenAPI's name of the type.
pub(super) const METADATA: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// Brings all metadata of a resource into the form of its type; returns the paths of what it does
/// not have.
///
/// # Errors
/// Metadata of another form.
pub fn coerce(
    schemas: &Schemas,
    schema: &Structural,
    object: &mut Value,
) -> Result<Vec<String>, DecodeError> {
    let mut gone = Vec::new();
    if let Some(id) = schemas.named(METADATA) {
        walk(schemas, id, schema, object, true, "", &mut gone)?;
    }
    Ok(gone)
}

fn walk(
    schemas: &Schemas,
    id: TypeId,
    schema: &Structural,
    value: &mut Value,
    root: bool,
    path: &str,
    gone: &mut Vec<String>,
) -> Result<(), DecodeError> {
    match value {
        Value::Object(members) => {
            let resource = root || schema.embedded;
            for (name, member) in members {
                let at = child(path, name);
                if resource && name == "metadata" {
                    metadata(schemas, id, member, &at, gone)?;
                    continue;
                }
                let known = schema.properties.get(name).or(schema.additional_schema());
                if let Some(known) = known {
                    walk(schemas, id, known, member, false, &at, gone)?;
                }
            }
        }
        Value::Array(items) => {
            let Some(known) = schema.items.as_deref() else { return Ok(()) };
            for (place, item) in items.iter_mut().enumerate() {
                walk(schemas, id, known, item, false, &index(path, place), gone)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}

fn metadata(
    schemas: &Schemas,
    id: TypeId,
    value: &mut Value,
    path: &str,
    gone: &mut Vec<String>,
) -> Result<(), DecodeError> {
    let decoded = decode::decode(schemas, id, value.to_string().as_bytes())?;
    *value = decoded.value;
    let unknown = decoded
        .complaints
        .iter()
        .filter_map(|complaint| complaint.strip_prefix("unknown field \"")?.strip_suffix('"'));
    gone.extend(unknown.map(|name| child(path, name)));
    Ok(())
}

/// Checks that embedded resources say what they are.
pub fn check(schema: &Structural, object: &Value) -> Errors {
    let mut faults = Vec::new();
    look(schema, object, "", true, &mut faults);
    faults
}

fn look(schema: &Structural, value: &Value, path: &str, root: bool, faults: &mut Errors) {
    match value {
        Value::Object(members) => {
            if schema.embedded && !root {
                for name in ["apiVersion", "kind"] {
                    let said = members.get(name).and_then(Value::as_str).unwrap_or_default();
                    if said.is_empty() {
                        faults.push(Error::required(&child(path, name), "must not be empty"));
                    }
                }
            }
            for (name, member) in members {
                if let Some(known) = schema.properties.get(name) {
                    look(known, member, &child(path, name), false, faults);
                } else if let Some(known) = schema.additional_schema() {
                    look(known, member, &key(path, name), false, faults);
                }
            }
        }
        Value::Array(items) => {
            let Some(known) = schema.items.as_deref() else { return };
            for (place, item) in items.iter().enumerate() {
                look(known, item, &index(path, place), false, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
