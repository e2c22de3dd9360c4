//! Words of OpenAPI in a definition's schema: which are allowed, and which go together.

use super::{rules, structural};
use crate::{
    definition::text,
    structural::{
        path::{child, index, key},
        prune::IDENTITY,
    },
    validation::{Error, Errors},
};
use serde_json::{Map, Value};

/// Schemas that are looked at; a body of 3 MiB holds some ten thousands.
const DEPTH_MAX: usize = 200;

/// Types that a value can have.
const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// Words that a root must do without where the status is a part of its own.
const NOT_AT_ROOT: [&str; 10] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "enum",
    "maxProperties",
    "minProperties",
    "not",
    "oneOf",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
];

/// Words that OpenAPI has and definitions have not.
const UNSUPPORTED: [&str; 6] =
    ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"];

/// What is said of defaults where there must be none.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    root: bool,
    /// Below a resource's metadata, kind or version.
    in_metadata: bool,
    no_defaults: Option<&'a str>,
    depth: usize,
}

/// Checks a version's schema.
pub(super) fn check(version: &Value, at: &str, faults: &mut Errors) {
    let Some(schema) = version["schema"]["openAPIV3Schema"].as_object() else { return };
    root(version, schema, at, faults);
    let place = Place { root: true, ..Place::default() };
    walk(schema, at, place, faults);
    let schema = &version["schema"]["openAPIV3Schema"];
    let before = faults.len();
    structural::check(schema, at, faults);
    if faults.len() == before {
        rules::check(schema, at, faults);
    }
}

fn root(version: &Value, schema: &Map<String, Value>, at: &str, faults: &mut Errors) {
    if version["subresources"]["status"].is_object() {
        let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
        if !kind.is_empty() && kind != "object" {
            let why = "only \"object\" is allowed as the type at the root of the schema if the \
                       status subresource is enabled";
            faults.push(Error::invalid(&child(at, "type"), kind, why));
        }
        if NOT_AT_ROOT.iter().any(|name| is_said(schema, name)) {
            let allowed = "[Description Type Format Title Maximum ExclusiveMaximum Minimum \
                           ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems \
                           UniqueItems MultipleOf Required Items Properties ExternalDocs Example \
                           XPreserveUnknownFields XValidations]";
            let why = format!(
                "only {allowed} fields are allowed at the root of the schema if the status \
                 subresource is enabled"
            );
            faults.push(Error::invalid(at, Value::Object(schema.clone()), &why));
        }
    }
    if schema.get("nullable") == Some(&Value::Bool(true)) {
        faults
            .push(Error::forbidden(&child(at, "nullable"), "nullable cannot be true at the root"));
    }
}

/// Whether something is said that is not empty.
fn is_said(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty() || name == "additionalProperties",
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Bool(true) | Value::Number(_)) => true,
    }
}

fn walk(schema: &Map<String, Value>, at: &str, place: Place<'_>, faults: &mut Errors) {
    if place.depth > DEPTH_MAX {
        return faults.push(Error::invalid(at, "", "is nested too deep"));
    }
    words(schema, at, place, faults);
    extensions(schema, at, faults);
    let inner = Place { root: false, depth: place.depth + 1, ..place };
    let mut below = |value: Option<&Value>, at: String, place: Place<'_>| {
        if let Some(Value::Object(schema)) = value {
            walk(schema, &at, place, faults);
        }
    };
    let others = match place.in_metadata {
        true => Some("inside additionalProperties applying to object metadata"),
        false => place.no_defaults,
    };
    let mapped = Place { no_defaults: others, ..inner };
    below(schema.get("additionalProperties"), child(at, "additionalProperties"), mapped);
    let resource = place.root || schema.get("x-kubernetes-embedded-resource") == Some(&true.into());
    let properties = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
    for (name, property) in properties {
        let mut of = inner;
        let reason = format!("in top-level {name}");
        if resource && IDENTITY.contains(&name.as_str()) {
            of.in_metadata = true;
            if place.root {
                of.no_defaults = Some(&reason);
            }
        }
        below(Some(property), key(&child(at, "properties"), name), of);
    }
    below(schema.get("not"), child(at, "not"), inner);
    below(schema.get("items"), child(at, "items"), inner);
    for name in ["allOf", "oneOf", "anyOf"] {
        let list = schema.get(name).and_then(Value::as_array).into_iter().flatten();
        for (number, one) in list.enumerate() {
            below(Some(one), index(&child(at, name), number), inner);
        }
    }
}

fn words(schema: &Map<String, Value>, at: &str, place: Place<'_>, faults: &mut Errors) {
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let mut forbid = |name: &str, why: &str| faults.push(Error::forbidden(&child(at, name), why));
    if kind == "null" {
        forbid("type", "type cannot be set to null, use nullable as an alternative");
    }
    if let Some(reason) = place.no_defaults.filter(|_| schema.contains_key("default")) {
        forbid("default", &format!("must not be set {reason}"));
    }
    for name in UNSUPPORTED.iter().filter(|name| is_said(schema, name)) {
        forbid(name, &format!("{name} is not supported"));
    }
    if schema.get("items").is_some_and(Value::is_array) {
        forbid("items", "items must be a schema object and not an array");
    }
    if place.in_metadata && is_said(schema, "x-kubernetes-embedded-resource") {
        forbid("x-kubernetes-embedded-resource", "must not be used inside of resource meta");
    }
    if is_said(schema, "uniqueItems") {
        let why =
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        forbid("uniqueItems", why);
    }
    let mapped = schema.get("additionalProperties");
    let closed = mapped.is_some_and(|mapped| mapped.is_object() || *mapped == false);
    if closed && is_said(schema, "properties") {
        forbid("additionalProperties", "additionalProperties and properties are mutual exclusive");
    }
    if !kind.is_empty() && kind != "null" && !TYPES.contains(&kind) {
        let known = TYPES.map(str::to_owned);
        faults.push(Error::unsupported(&child(at, "type"), kind, &known));
    }
}

/// Kubernetes' own words.
fn extensions(schema: &Map<String, Value>, at: &str, faults: &mut Errors) {
    let said = |name: &str| schema.get(name).and_then(Value::as_str);
    let kind = said("type").unwrap_or_default();
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        let field = child(at, "x-kubernetes-preserve-unknown-fields");
        faults.push(Error::invalid(&field, false, "must be true or undefined"));
    }
    for (word, of, known) in [
        ("x-kubernetes-map-type", "object", &["atomic", "granular"][..]),
        ("x-kubernetes-list-type", "array", &["atomic", "set", "map"][..]),
    ] {
        let Some(value) = said(word) else { continue };
        if kind != of {
            let (field, why) = (child(at, "type"), format!("must be {of} if {word} is specified"));
            faults.push(match kind {
                "" => Error::required(&field, &why),
                kind => Error::invalid(&field, kind, &why),
            });
        }
        if !known.contains(&value) {
            let known: Vec<String> = known.iter().map(|&one| one.to_owned()).collect();
            faults.push(Error::unsupported(&child(at, word), value, &known));
        }
    }
    lists(schema, at, faults);
}

fn lists(schema: &Map<String, Value>, at: &str, faults: &mut Errors) {
    let kind = schema.get("x-kubernetes-list-type").and_then(Value::as_str);
    let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
    let keys: Vec<&str> = keys.into_iter().flatten().filter_map(Value::as_str).collect();
    let field = child(at, "x-kubernetes-list-type");
    let why = "must be map if x-kubernetes-list-map-keys is non-empty";
    match kind {
        None if !keys.is_empty() => faults.push(Error::required(&field, why)),
        Some(kind) if kind != "map" && !keys.is_empty() => {
            faults.push(Error::invalid(&field, kind, why));
        }
        _ => {}
    }
    let Some(kind @ ("map" | "set")) = kind else { return };
    let none = Value::Null;
    let items = schema.get("items").unwrap_or(&none);
    let items_at = child(at, "items");
    if items["nullable"] == true {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
        faults.push(Error::forbidden(&child(&items_at, "nullable"), &why));
    }
    if kind == "set" {
        return of_set(items, &items_at, faults);
    }
    if keys.is_empty() {
        let why = "must not be empty if x-kubernetes-list-type is map";
        faults.push(Error::required(&child(at, "x-kubernetes-list-map-keys"), why));
    }
    match text(items, "type") {
        _ if !items.is_object() => {
            let why = "must have a schema if x-kubernetes-list-type is map";
            faults.push(Error::required(&items_at, why));
        }
        "object" => map_keys(items, &keys, at, faults),
        other => {
            let why = "must be object if parent array's x-kubernetes-list-type is map";
            faults.push(Error::invalid(&child(&items_at, "type"), other, why));
        }
    }
}

/// Values that are told apart as a whole cannot have parts of their own.
fn of_set(items: &Value, at: &str, faults: &mut Errors) {
    let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
    let (word, wrong) = match text(items, "type") {
        "array" => {
            let kind = text(items, "x-kubernetes-list-type");
            ("x-kubernetes-list-type", !kind.is_empty() && kind != "atomic")
        }
        "object" => ("x-kubernetes-map-type", text(items, "x-kubernetes-map-type") != "atomic"),
        _ => return,
    };
    if wrong {
        faults.push(Error::invalid(&child(at, word), items[word].clone(), why));
    }
}

fn map_keys(items: &Value, keys: &[&str], at: &str, faults: &mut Errors) {
    let field = child(at, "x-kubernetes-list-map-keys");
    let required = items["required"].as_array();
    for (place, name) in keys.iter().enumerate() {
        let told = || Value::from(keys.to_vec());
        if keys[..place].contains(name) {
            faults.push(Error::invalid(&field, told(), "must not contain duplicate entries"));
        }
        let property = &items["properties"][*name];
        let below = key(&child(&child(at, "items"), "properties"), name);
        if !property.is_object() {
            let why = "entries must all be names of item properties";
            faults.push(Error::invalid(&field, told(), why));
            continue;
        }
        if matches!(text(property, "type"), "array" | "object") {
            let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            faults.push(Error::invalid(&child(&below, "type"), text(items, "type"), why));
        }
        let is_required = required.is_some_and(|list| list.iter().any(|one| one == name));
        if !is_required && property.get("default").is_none_or(Value::is_null) {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default \
                       or be a required property";
            faults.push(Error::required(&child(&below, "default"), why));
        }
        if property["nullable"] == true {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            faults.push(Error::forbidden(&child(&below, "nullable"), why));
        }
    }
}
