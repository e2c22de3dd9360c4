//! Shapes from structural OpenAPI schemas, with upstream's estimates of size.
//!
//! Upstream: apiserver `pkg/cel/common/schemas.go`, `pkg/cel/limits.go`.

use super::{ListType, REQUEST_BYTES_MAX, Schema, Shape, escape};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// The longest duration as JSON (`MaxDurationSizeJSON`).
const DURATION_LENGTH_MAX: u64 = 32;
/// The longest timestamp with its quotes (`MaxDatetimeSizeJSON`).
const TIMESTAMP_LENGTH_MAX: u64 = 32;
/// Any date (`JSONDateSize`), with its quotes.
const DATE_LENGTH: u64 = 12;
/// The shortest timestamp with its quotes (`MinDatetimeSizeJSON`).
const TIMESTAMP_BYTES_MIN: u64 = 21;
/// The shortest duration with its quotes (`MinDurationSizeJSON`).
const DURATION_BYTES_MIN: u64 = 3;
/// Two quotes (`MinStringSize`).
const STRING_BYTES_MIN: u64 = 2;
/// `true` (`MinBoolSize`).
const BOOL_BYTES_MIN: u64 = 4;
/// One digit (`MinNumberSize`).
const NUMBER_BYTES_MIN: u64 = 1;
/// A string may fill a request, its quotes apart.
const STRING_LENGTH_MAX: u64 = REQUEST_BYTES_MAX - 2;
/// Schemas nested deeper are not exposed.
const DEPTH_MAX: usize = 200;

/// The shape that a schema describes; none where expressions may not look (unknown fields).
///
/// `root` tells a resource's own schema, of which `apiVersion`, `kind` and the names in `metadata` are
/// always known. `type_name` becomes the name of its type, and the beginning of those below.
pub fn from_openapi(schema: &Value, type_name: &str, root: bool) -> Option<Schema> {
    read(schema, type_name, root, 0)
}

fn read(schema: &Value, name: &str, root: bool, depth: usize) -> Option<Schema> {
    if depth > DEPTH_MAX {
        return None;
    }
    if is_true(schema, "x-kubernetes-int-or-string") {
        let elements_max = max_length(schema).unwrap_or(STRING_LENGTH_MAX);
        return Some(Schema { shape: Shape::Dyn, elements_max, bytes_min: 1 });
    }
    match schema.get("type").and_then(Value::as_str)? {
        "array" => list(schema, name, depth),
        "object" => object(schema, name, root, depth),
        "string" => Some(string(schema)),
        "boolean" => Some(Schema::scalar(Shape::Bool, BOOL_BYTES_MIN)),
        "number" => Some(Schema::scalar(Shape::Double, NUMBER_BYTES_MIN)),
        "integer" => Some(Schema::scalar(Shape::Int, NUMBER_BYTES_MIN)),
        _ => None,
    }
}

fn list(schema: &Value, name: &str, depth: usize) -> Option<Schema> {
    let items = schema.get("items")?;
    let embedded = is_true(items, "x-kubernetes-embedded-resource");
    let items = read(items, &format!("{name}.@idx"), embedded, depth + 1)?;
    // Two brackets; a comma behind each element.
    let fitting = (REQUEST_BYTES_MAX - 2) / (items.bytes_min + 1);
    let elements_max = limit(schema, "maxItems").unwrap_or(fitting);
    let shape = Shape::List(Arc::new(items), list_type(schema));
    Some(Schema { shape, elements_max, bytes_min: 2 })
}

fn list_type(schema: &Value) -> ListType {
    match schema.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => ListType::Set,
        Some("map") => {
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            let keys = keys.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
            ListType::Map(keys.collect())
        }
        _ => ListType::Atomic,
    }
}

fn object(schema: &Value, name: &str, root: bool, depth: usize) -> Option<Schema> {
    if let Some(values) = schema.get("additionalProperties").filter(|it| it.is_object()) {
        let embedded = is_true(values, "x-kubernetes-embedded-resource");
        let values = read(values, &format!("{name}.@elem"), embedded, depth + 1)?;
        // Two braces; quotes of the key, a colon, a comma and some key.
        let fitting = (REQUEST_BYTES_MAX - 2) / (values.bytes_min + 6);
        let elements_max = limit(schema, "maxProperties").unwrap_or(fitting);
        return Some(Schema { shape: Shape::Map(Arc::new(values)), elements_max, bytes_min: 2 });
    }
    let required = schema.get("required").and_then(Value::as_array);
    let required: Vec<&str> = required.into_iter().flatten().filter_map(Value::as_str).collect();
    let mut fields = BTreeMap::new();
    let mut bytes_min = 2;
    for (property, schema) in
        schema.get("properties").and_then(Value::as_object).into_iter().flatten()
    {
        let embedded = is_true(schema, "x-kubernetes-embedded-resource");
        let Some(field) = read(schema, &format!("{name}.{property}"), embedded, depth + 1) else {
            continue;
        };
        if required.contains(&property.as_str()) && schema.get("default").is_none() {
            bytes_min += property.len() as u64 + field.bytes_min + 4;
        }
        if let Some(escaped) = escape(property) {
            fields.insert(escaped, field);
        }
    }
    if root {
        add_identity(&mut fields, name);
    }
    let shape = Shape::Object { type_name: name.into(), fields };
    Some(Schema { shape, elements_max: 0, bytes_min })
}

/// What every resource has. Upstream replaces `metadata` unless it declares both names.
fn add_identity(fields: &mut BTreeMap<String, Schema>, name: &str) {
    let text = || string(&Value::Null);
    let is_text = |it: Option<&Schema>| it.is_some_and(|it| it.shape == Shape::String);
    let metadata = fields.get("metadata");
    let names = ["name", "generateName"];
    let complete = metadata.is_some_and(|it| names.iter().all(|name| is_text(it.field(name))));
    if complete && is_text(fields.get("kind")) && is_text(fields.get("apiVersion")) {
        return;
    }
    fields.insert("apiVersion".into(), text());
    fields.insert("kind".into(), text());
    let names = names.into_iter().map(|it| (it.to_owned(), text())).collect();
    let shape = Shape::Object { type_name: format!("{name}.metadata").into(), fields: names };
    let metadata = Schema { shape, elements_max: 0, bytes_min: 2 };
    fields.insert("metadata".into(), metadata);
}

fn string(schema: &Value) -> Schema {
    let made = |shape, elements_max, bytes_min| Schema { shape, elements_max, bytes_min };
    match schema.get("format").and_then(Value::as_str) {
        Some("byte") => {
            let length = limit(schema, "maxLength").unwrap_or(STRING_LENGTH_MAX);
            made(Shape::Bytes, length, STRING_BYTES_MIN)
        }
        Some("duration") => made(Shape::Duration, DURATION_LENGTH_MAX, DURATION_BYTES_MIN),
        Some("date") => made(Shape::Date, DATE_LENGTH, DATE_LENGTH),
        Some("date-time") => made(Shape::Timestamp, TIMESTAMP_LENGTH_MAX, TIMESTAMP_BYTES_MIN),
        _ => {
            let length = max_length(schema).or_else(|| longest_of_enum(schema));
            made(Shape::String, length.unwrap_or(STRING_LENGTH_MAX), STRING_BYTES_MIN)
        }
    }
}

/// `maxLength` counts code points, of which each may take four bytes.
fn max_length(schema: &Value) -> Option<u64> {
    Some(limit(schema, "maxLength")?.saturating_mul(4))
}

fn longest_of_enum(schema: &Value) -> Option<u64> {
    let values = schema.get("enum")?.as_array().filter(|it| !it.is_empty())?;
    Some(values.iter().filter_map(Value::as_str).map(|it| it.len() as u64).max().unwrap_or(0))
}

fn limit(schema: &Value, name: &str) -> Option<u64> {
    let value = schema.get(name)?;
    value.as_u64().or_else(|| value.as_i64().map(|_| 0))
}

fn is_true(schema: &Value, name: &str) -> bool {
    schema.get(name).and_then(Value::as_bool).unwrap_or(false)
}
