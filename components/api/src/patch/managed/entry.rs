//! One record of `metadata.managedFields` as JSON.

use super::{Entry, Identity, ManagedError, Operation};
use crate::patch::fields::Set;
use serde_json::{Map, Value, json};
use std::cmp::Ordering;

pub(super) fn wrong(why: impl Into<String>) -> ManagedError {
    ManagedError(why.into())
}

pub(super) fn read_entry(place: usize, entry: &Value) -> Result<(Identity, Entry), ManagedError> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
    let operation = match text("operation") {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        _ => return Err(wrong("operation must be `Apply` or `Update`")),
    };
    let version = text("apiVersion");
    if version.is_empty() {
        return Err(wrong("apiVersion must not be empty"));
    }
    match text("fieldsType") {
        "FieldsV1" => (),
        "" => return Err(wrong(format!("missing fieldsType in managed fields entry {place}"))),
        other => {
            let why = format!("invalid fieldsType {other:?} in managed fields entry {place}");
            return Err(wrong(why));
        }
    }
    let set = Set::from_value(entry.get("fieldsV1").unwrap_or(&Value::Null));
    let set = set.map_err(|why| wrong(format!("error decoding set: {why}")))?;
    let identity = Identity {
        manager: text("manager").to_owned(),
        operation,
        version: match operation {
            Operation::Apply => String::new(),
            Operation::Update => version.to_owned(),
        },
        subresource: text("subresource").to_owned(),
    };
    let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
    Ok((identity, Entry { set, version: version.to_owned(), time }))
}

pub(super) fn write_entry(identity: &Identity, entry: &Entry) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: &str| {
        if !value.is_empty() {
            out.insert(name.to_owned(), json!(value));
        }
    };
    put("manager", &identity.manager);
    put("operation", operation_name(identity.operation));
    put("apiVersion", &entry.version);
    put("time", entry.time.as_deref().unwrap_or_default());
    put("fieldsType", "FieldsV1");
    put("subresource", &identity.subresource);
    out.insert("fieldsV1".to_owned(), entry.set.to_value());
    Value::Object(out)
}

/// Applied goes before updated, older before newer. Times are all UTC with whole seconds, so that
/// their texts are in their order.
pub(super) fn order(one: (&Identity, &Entry), other: (&Identity, &Entry)) -> Ordering {
    let key = |(identity, entry): (&Identity, &Entry)| {
        (
            identity.operation,
            entry.time.clone(),
            identity.manager.clone(),
            entry.version.clone(),
            identity.subresource.clone(),
        )
    };
    key(one).cmp(&key(other))
}

fn operation_name(operation: Operation) -> &'static str {
    match operation {
        Operation::Apply => "Apply",
        Operation::Update => "Update",
    }
}
