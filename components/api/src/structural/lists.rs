//! Whether lists that are sets or maps hold every item once.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema/listtype/validation.go.

use super::{
    Structural,
    path::{child, index, key},
};
use crate::{
    schema::ListKind,
    validation::{Error, Errors},
};
use serde_json::{Map, Value};

/// Checks all lists of a value.
pub fn check(schema: &Structural, value: &Value) -> Errors {
    let mut faults = Vec::new();
    walk(schema, value, "", &mut faults);
    faults
}

fn walk(schema: &Structural, value: &Value, path: &str, faults: &mut Errors) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if let Some(known) = schema.properties.get(name) {
                    walk(known, member, &child(path, name), faults);
                } else if let Some(known) = schema.additional_schema() {
                    walk(known, member, &key(path, name), faults);
                }
            }
        }
        Value::Array(items) => {
            match &schema.list {
                Some(ListKind::Set) => repeated(items.iter().cloned(), path, faults),
                Some(ListKind::Map(keys)) => as_map(schema, keys, items, path, faults),
                Some(ListKind::Atomic) | None => {}
            }
            let Some(known) = schema.items.as_deref() else { return };
            for (place, item) in items.iter().enumerate() {
                walk(known, item, &index(path, place), faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn as_map(schema: &Structural, keys: &[String], items: &[Value], path: &str, faults: &mut Errors) {
    let defaults = |name: &str| schema.items.as_deref()?.properties.get(name)?.default.as_ref();
    let mut named = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let Some(members) = item.as_object() else {
            let why = "must be an object for an array of list-type map";
            faults.push(Error::invalid(&index(path, place), item.clone(), why));
            continue;
        };
        let one: Map<String, Value> = keys
            .iter()
            .filter_map(|name| {
                let value = members.get(name).or_else(|| defaults(name))?;
                Some((name.clone(), value.clone()))
            })
            .collect();
        named.push(Value::Object(one));
    }
    repeated(named.into_iter(), path, faults);
}

/// Says of every item that comes again, once.
fn repeated(items: impl Iterator<Item = Value>, path: &str, faults: &mut Errors) {
    let mut seen = std::collections::BTreeMap::new();
    for (place, item) in items.enumerate() {
        let times = seen.entry(item.to_string()).or_insert(0_u32);
        *times += 1;
        if *times == 2 {
            faults.push(Error::duplicate(&index(path, place), item));
        }
    }
}
