//! What OpenAPI tells of a type: fields, shapes, required ones, list types, merge keys, kinds.

use crate::{
    Outcome,
    rows::{Attributes, FieldRow, Rows, TypeRow},
};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Types that are one of the shapes, by the end of their names.
const LEAVES: [(&str, &str); 13] = [
    ("pkg.api.resource.Quantity", "quantity"),
    ("meta.v1.Time", "time"),
    ("meta.v1.MicroTime", "micro-time"),
    ("meta.v1.Duration", "duration"),
    ("meta.v1.FieldsV1", "fields"),
    ("meta.v1.Patch", "json"),
    ("pkg.runtime.RawExtension", "raw"),
    ("intstr.IntOrString", "int-or-string"),
    ("apiextensions.v1.JSON", "json"),
    ("apiextensions.v1.JSONSchemaPropsOrArray", "json"),
    ("apiextensions.v1.JSONSchemaPropsOrBool", "json"),
    ("apiextensions.v1.JSONSchemaPropsOrStringArray", "json"),
    ("apiextensions.v1.CustomResourceSubresourceStatus", "json"),
];

/// Every type that an object of a stable kind can hold.
pub(crate) fn rows(text: &str) -> Outcome<Rows> {
    let document: Value = serde_json::from_str(text)?;
    let types = document["$defs"].as_object().ok_or("no $defs")?;
    let mut waiting: Vec<String> = stable(types);
    let (mut seen, mut rows) = (BTreeSet::new(), Rows::default());
    while let Some(name) = waiting.pop() {
        if !seen.insert(name.clone()) || leaf(&name).is_some() {
            continue;
        }
        let definition = types.get(&name).ok_or_else(|| format!("{name} is nowhere"))?;
        references(definition, &mut waiting);
        rows.0.insert(name, row(definition, types)?);
    }
    Ok(rows)
}

fn stable(types: &Map<String, Value>) -> Vec<String> {
    let stable = |(_, definition): &(&String, &Value)| !kinds(definition).is_empty();
    types.iter().filter(stable).map(|(name, _)| name.clone()).collect()
}

/// The kinds of stable versions: the only ones that are served unasked.
fn kinds(definition: &Value) -> Vec<String> {
    let listed = definition["x-kubernetes-group-version-kind"].as_array();
    let mut kinds = Vec::new();
    for kind in listed.map(Vec::as_slice).unwrap_or_default() {
        let text = |key: &str| kind[key].as_str().unwrap_or_default();
        let (group, version) = (text("group"), text("version"));
        if !version.contains("alpha") && !version.contains("beta") {
            let group = if group.is_empty() { "-" } else { group };
            kinds.push(format!("{group} {version} {}", text("kind")));
        }
    }
    kinds
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(name) = referred(value) {
                found.push(name.to_owned());
            }
            map.values().for_each(|inner| references(inner, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn referred(value: &Value) -> Option<&str> {
    value["$ref"].as_str()?.strip_prefix("#/$defs/")
}

fn leaf(name: &str) -> Option<&'static str> {
    LEAVES.iter().find(|(end, _)| name.ends_with(&format!(".{end}"))).map(|(_, shape)| *shape)
}

fn row(definition: &Value, types: &Map<String, Value>) -> Outcome<TypeRow> {
    let mut row = TypeRow { kinds: kinds(definition), ..TypeRow::default() };
    if definition["x-kubernetes-map-type"] == "atomic" {
        row.attributes.insert("atomic".into(), String::new());
    }
    let required: Vec<&str> = texts(&definition["required"]);
    let properties = definition["properties"].as_object();
    for (name, property) in properties.into_iter().flatten() {
        let mut field = FieldRow { shape: shape(property)?, attributes: ownership(property) };
        let target = referred(property).and_then(|name| types.get(name));
        if target.is_some_and(|target| target["x-kubernetes-map-type"] == "atomic") {
            field.set("atomic", "");
        }
        if required.contains(&name.as_str()) {
            field.set("required", "");
        }
        empty_value(name, !row.kinds.is_empty(), &mut field);
        row.fields.insert(name.clone(), field);
    }
    Ok(row)
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// `["string", "null"]` and `"string"` alike.
fn kind_of(property: &Value) -> &str {
    let listed = texts(&property["type"]);
    let first = listed.into_iter().find(|kind| *kind != "null");
    first.or(property["type"].as_str()).unwrap_or_default()
}

fn shape(property: &Value) -> Outcome<String> {
    if let Some(name) = referred(property) {
        return Ok(leaf(name).map_or_else(|| format!("{{{name}}}"), str::to_owned));
    }
    let format = property["format"].as_str().unwrap_or_default();
    Ok(match (kind_of(property), format) {
        ("string", "byte") => "bytes".into(),
        ("string", _) => "text".into(),
        ("boolean", _) => "bool".into(),
        ("integer", "int32") => "int32".into(),
        ("integer", _) => "int64".into(),
        ("number", _) => "double".into(),
        ("array", _) => format!("[{}]", shape(&property["items"])?),
        ("object", _) => format!("<{}>", shape(&property["additionalProperties"])?),
        (kind, format) => return Err(format!("no shape for {kind}, {format}: {property}").into()),
    })
}

/// List and map types, and what strategic merge patches need.
fn ownership(property: &Value) -> Attributes {
    let mut words = Attributes::new();
    let keys = texts(&property["x-kubernetes-list-map-keys"]);
    match property["x-kubernetes-list-type"].as_str() {
        Some("map") => words.insert("list".into(), keys.join(",")),
        Some("set") => words.insert("list".into(), "set".into()),
        _ => None,
    };
    if property["x-kubernetes-map-type"] == "atomic" {
        words.insert("atomic".into(), String::new());
    }
    let strategy = property["x-kubernetes-patch-strategy"].as_str().unwrap_or_default();
    for part in strategy.split(',').filter(|part| !part.is_empty()) {
        let word = if part == "retainKeys" { "retain-keys" } else { part };
        words.insert(word.into(), String::new());
    }
    if let Some(key) = property["x-kubernetes-patch-merge-key"].as_str() {
        words.insert("merge-key".into(), key.into());
    }
    words
}

/// What becomes of an empty value, by the rule; the supplement has the exceptions.
///
/// A required field's tag has no `omitempty` and its type is no pointer. Optional text, numbers and
/// truth values, lists and maps have `omitempty`; an optional object is a pointer, except for an
/// object's own `metadata`, `spec` and `status`.
fn empty_value(name: &str, object: bool, field: &mut FieldRow) {
    let part = object && ["metadata", "spec", "status"].contains(&name);
    let required = field.attributes.contains_key("required");
    let reference = !["text", "bool", "int32", "int64", "bytes"].contains(&field.shape.as_str())
        && !field.shape.starts_with(['[', '<']);
    let time = ["time", "micro-time"].contains(&field.shape.as_str());
    match (required || time || (part && field.shape.starts_with('{')), reference) {
        (true, _) => field.set("written", ""),
        (false, true) => field.set("kept", ""),
        (false, false) => {}
    }
}
