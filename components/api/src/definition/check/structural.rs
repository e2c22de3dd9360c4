//! Whether a schema is structural: its outer part says what fields there are, and what is nested in
//! alternatives restricts their values and no more. Defaults must be what the schema allows.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema (validation.go, complete.go) and
//! defaulting/validation.go.

use crate::{
    definition::text,
    structural::{
        Structural,
        path::{child, index, key},
        prune, validate,
    },
    validation::{Error, Errors},
};
use serde_json::{Value, json};

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// Words that nothing nested may say, with what is said of it.
const NOT_NESTED: [(&str, &str); 14] = [
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("externalDocs", "must be undefined to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
];

/// Checks a schema; complaints come in the order of their texts.
pub(super) fn check(schema: &Value, at: &str, faults: &mut Errors) {
    let mut found = Vec::new();
    outer(schema, Level::Root, at, &mut found);
    found.sort_by_key(ToString::to_string);
    if found.is_empty() {
        defaults(schema, at, &mut found);
    }
    faults.extend(found);
}

fn is_true(schema: &Value, word: &str) -> bool {
    schema[word] == true
}

/// Schemas in a list, with their places.
fn each<'a>(schema: &'a Value, at: &str, word: &str) -> Vec<(String, &'a Value)> {
    let list = schema[word].as_array().into_iter().flatten().enumerate();
    list.map(|(place, one)| (index(&child(at, word), place), one)).collect()
}

/// Properties of a schema, with their places.
fn properties<'a>(schema: &'a Value, at: &str) -> Vec<(String, &'a str, &'a Value)> {
    let all = schema["properties"].as_object().into_iter().flatten();
    all.map(|(name, one)| (key(&child(at, "properties"), name), name.as_str(), one)).collect()
}

fn outer(schema: &Value, level: Level, at: &str, found: &mut Errors) {
    let kind = text(schema, "type");
    if kind == "array" && !schema["items"].is_object() {
        found.push(Error::required(&child(at, "items"), "must be specified"));
    }
    if schema["items"].is_object() {
        outer(&schema["items"], Level::Item, &child(at, "items"), found);
    }
    for (at, _, property) in properties(schema, at) {
        outer(property, Level::Field, &at, found);
    }
    let others = &schema["additionalProperties"];
    if !others.is_null() {
        let at = child(at, "additionalProperties");
        if level == Level::Root {
            found.push(Error::forbidden(&at, "must not be used at the root"));
        }
        if others.is_object() {
            outer(others, Level::Field, &at, found);
        }
    }
    typed(schema, level, at, found);
    metadata(schema, level, at, found);
    restrictions(schema, schema, at, found);
}

/// What its type must be.
fn typed(schema: &Value, level: Level, at: &str, found: &mut Errors) {
    let (kind, field) = (text(schema, "type"), child(at, "type"));
    let int_or_string = is_true(schema, "x-kubernetes-int-or-string");
    let embedded = is_true(schema, "x-kubernetes-embedded-resource");
    for word in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        if int_or_string && is_true(schema, word) {
            let why = "must be false if x-kubernetes-int-or-string is true";
            found.push(Error::invalid(&child(at, word), true, why));
        }
    }
    let free = is_true(schema, "x-kubernetes-preserve-unknown-fields");
    if embedded && kind != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        found.push(match kind {
            "" => Error::required(&field, why),
            kind => Error::invalid(&field, kind, why),
        });
    } else if kind.is_empty() && !int_or_string && !free {
        let why = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        found.push(Error::required(&field, why));
    }
    if embedded && !schema["additionalProperties"].is_null() {
        let why = "must not be used if x-kubernetes-embedded-resource is set";
        found.push(Error::forbidden(&child(at, "additionalProperties"), why));
    }
    if embedded && !free && properties(schema, at).is_empty() {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                   x-kubernetes-preserve-unknown-fields";
        found.push(Error::required(&child(at, "properties"), why));
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        found.push(Error::invalid(&field, kind, "must be object at the root"));
    }
}

/// What a resource is called is none of its schema's business, but for restrictions of the name.
fn metadata(schema: &Value, level: Level, at: &str, found: &mut Errors) {
    if level != Level::Root && !is_true(schema, "x-kubernetes-embedded-resource") {
        return;
    }
    for (at, name, property) in properties(schema, at) {
        let (kind, field) = (text(property, "type"), child(&at, "type"));
        match name {
            "kind" | "apiVersion" if kind != "string" => {
                found.push(Error::invalid(&field, kind, "must be string"));
            }
            "metadata" if kind != "object" => {
                found.push(Error::invalid(&field, kind, "must be object"));
            }
            "metadata" if level == Level::Root && says_more(property) => {
                let why = "must not specify anything other than name and generateName, but \
                           metadata is implicitly specified";
                found.push(Error::forbidden(&at, why));
            }
            _ => {}
        }
    }
}

fn says_more(metadata: &Value) -> bool {
    let words = metadata.as_object().into_iter().flatten();
    let mut words = words.filter(|(word, _)| !matches!(word.as_str(), "type" | "default"));
    words.any(|(word, value)| {
        let mut names = value.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
        word != "properties" || !names.all(|name| matches!(name, "name" | "generateName"))
    })
}

/// Checks what restricts a schema's values; `spine` is the part that says what there is.
fn restrictions(schema: &Value, spine: &Value, at: &str, found: &mut Errors) {
    let int_or_string = json!([{"type": "integer"}, {"type": "string"}]);
    let free = is_true(spine, "x-kubernetes-int-or-string") || schema["anyOf"] == int_or_string;
    if !(free && schema["anyOf"] == int_or_string) {
        for (at, one) in each(schema, at, "anyOf") {
            nested(one, Some(spine), &at, found);
        }
    }
    for (at, one) in each(schema, at, "allOf") {
        // Numbers or texts may be told once more, as the first of what must hold.
        match one["anyOf"] == int_or_string && at.ends_with("[0]") {
            true => {}
            false => nested(one, Some(spine), &at, found),
        }
    }
    for (at, one) in each(schema, at, "oneOf") {
        nested(one, Some(spine), &at, found);
    }
    if schema["not"].is_object() {
        nested(&schema["not"], Some(spine), &child(at, "not"), found);
    }
    let pattern = text(schema, "pattern");
    if let Err(why) = cel::pattern::compile(pattern) {
        let why = format!("must be a valid regular expression, but isn't: {why}");
        found.push(Error::invalid(&child(at, "pattern"), pattern, &why));
    }
}

fn nested(schema: &Value, spine: Option<&Value>, at: &str, found: &mut Errors) {
    for (word, why) in NOT_NESTED {
        let said = match &schema[word] {
            Value::Null | Value::Bool(false) => {
                word == "additionalProperties" && schema[word] == false
            }
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            _ => true,
        };
        if said {
            found.push(Error::forbidden(&child(at, word), why));
        }
    }
    let Some(spine) = spine else { return };
    restrictions(schema, spine, at, found);
    if schema["items"].is_object() {
        let known = Some(&spine["items"]).filter(|known| known.is_object());
        below(&schema["items"], known, &child(at, "items"), found);
    }
    for (at, name, one) in properties(schema, at) {
        if name == "metadata" {
            found.push(Error::forbidden(&at, "must not be specified in a nested context"));
        }
        let known = Some(&spine["properties"][name]).filter(|known| known.is_object());
        below(one, known, &at, found);
    }
}

/// A restriction of a part that must be known.
fn below(schema: &Value, spine: Option<&Value>, at: &str, found: &mut Errors) {
    if spine.is_none() {
        found.push(Error::required(&outside(at), &format!("because it is defined in {at}")));
    }
    nested(schema, spine, at, found);
}

/// Where the part would be outside of all alternatives.
fn outside(at: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in at.split('.') {
        let word = part.split('[').next().unwrap_or_default();
        if !matches!(word, "allOf" | "anyOf" | "oneOf" | "not") {
            kept.push(part);
        }
    }
    kept.join(".")
}

/// Defaults must be pruned and valid.
fn defaults(schema: &Value, at: &str, found: &mut Errors) {
    if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
        let known = Structural::parse(schema);
        let field = child(at, "default");
        let mut pruned = default.clone();
        if !prune::prune_value(&known, &mut pruned).is_empty() {
            found.push(Error::invalid(&field, default.clone(), "must be pruned"));
        }
        let mut filled = default.clone();
        crate::structural::defaults::apply(&known, &mut filled);
        for fault in validate(&known, &filled) {
            let below = if fault.field == "<nil>" { String::new() } else { fault.field.clone() };
            let field = if below.is_empty() { field.clone() } else { child(&field, &below) };
            found.push(Error { field, ..fault });
        }
    }
    for (at, _, property) in properties(schema, at) {
        defaults(property, &at, found);
    }
    for word in ["items", "additionalProperties"] {
        if schema[word].is_object() {
            defaults(&schema[word], &child(at, word), found);
        }
    }
}
