//! A structural schema, read from a definition's `openAPIV3Schema`.
//!
//! Upstream: apiextensions-apiserver's pkg/apiserver/schema (structural.go, convert.go). There the
//! part that says what fields there are is kept apart from what restricts their values; here one type
//! holds both, since alternatives look the same.

use crate::schema::ListKind;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Schemas inside each other; deeper ones are taken for free JSON. Bodies are cut off at the same
/// depth (`decode::DEPTH_MAX`).
const DEPTH_MAX: usize = 500;

/// A schema and all below it.
#[derive(Clone, Debug, Default)]
pub struct Structural {
    /// `object`, `array`, `string`, `integer`, `number`, `boolean`; empty where none is said.
    pub kind: String,
    /// `date-time`, `int64`, …
    pub format: String,
    /// Null is a value.
    pub nullable: bool,
    /// What an absent value becomes.
    pub default: Option<Value>,
    /// Fields of an object.
    pub properties: BTreeMap<String, Structural>,
    /// Fields that are not named.
    pub additional: Additional,
    /// Items of a list.
    pub items: Option<Box<Structural>>,
    /// Limits of values.
    pub limits: Limits,
    /// All of them must hold.
    pub all_of: Vec<Structural>,
    /// One at least must hold.
    pub any_of: Vec<Structural>,
    /// Exactly one must hold.
    pub one_of: Vec<Structural>,
    /// It must not hold.
    pub not: Option<Box<Structural>>,
    /// `x-kubernetes-preserve-unknown-fields`.
    pub preserve: bool,
    /// `x-kubernetes-embedded-resource`: an object with kind, version and metadata.
    pub embedded: bool,
    /// `x-kubernetes-int-or-string`.
    pub int_or_string: bool,
    /// `x-kubernetes-list-type`, with its keys.
    pub list: Option<ListKind>,
    /// `x-kubernetes-map-type` is `atomic`.
    pub atomic: bool,
    /// `x-kubernetes-validations`, as they are written.
    pub rules: Vec<Value>,
}

/// `additionalProperties`.
#[derive(Clone, Debug, Default)]
pub enum Additional {
    /// Nothing is said.
    #[default]
    Unsaid,
    /// `true` or `false`.
    Allowed(bool),
    /// All of them are like this.
    Schema(Box<Structural>),
}

/// What values must be within.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    pub maximum: Option<f64>,
    pub exclusive_maximum: bool,
    pub minimum: Option<f64>,
    pub exclusive_minimum: bool,
    pub multiple_of: Option<f64>,
    pub max_length: Option<i64>,
    pub min_length: Option<i64>,
    pub max_items: Option<i64>,
    pub min_items: Option<i64>,
    pub max_properties: Option<i64>,
    pub min_properties: Option<i64>,
    /// The text and what it compiles to; one that does not compile matches nothing.
    pub pattern: Option<(String, Option<Regex>)>,
    /// Fields that have to be there.
    pub required: Vec<String>,
    /// The values that there are.
    pub values: Vec<Value>,
}

impl Structural {
    /// Reads `JSONSchemaProps`. What is no schema is one that says nothing: validation of
    /// definitions has refused it before.
    pub fn parse(schema: &Value) -> Self {
        parse(schema, 0)
    }

    /// The schema of a field that is not named; none where nothing is known of it.
    pub fn additional_schema(&self) -> Option<&Structural> {
        match &self.additional {
            Additional::Schema(schema) => Some(schema),
            Additional::Unsaid | Additional::Allowed(_) => None,
        }
    }

    /// Whether it says what a field is, by its name or as one of the others.
    pub fn allows_others(&self) -> bool {
        !matches!(self.additional, Additional::Unsaid)
    }

    /// Whether a condition holds anywhere in the part that says what fields there are.
    pub fn any(&self, holds: &dyn Fn(&Structural) -> bool) -> bool {
        holds(self)
            || self.properties.values().any(|one| one.any(holds))
            || self.items.as_deref().is_some_and(|one| one.any(holds))
            || self.additional_schema().is_some_and(|one| one.any(holds))
    }
}

fn parse(schema: &Value, depth: usize) -> Structural {
    let Some(members) = schema.as_object().filter(|_| depth < DEPTH_MAX) else {
        return Structural { preserve: true, ..Structural::default() };
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    let flag = |name: &str| members.get(name) == Some(&Value::Bool(true));
    let inner = |name: &str| {
        members.get(name).filter(|one| one.is_object()).map(|one| Box::new(parse(one, depth + 1)))
    };
    let many = |name: &str| {
        let list = members.get(name).and_then(Value::as_array).into_iter().flatten();
        list.map(|one| parse(one, depth + 1)).collect()
    };
    let properties = members.get("properties").and_then(Value::as_object).into_iter().flatten();
    Structural {
        kind: text("type").into(),
        format: text("format").into(),
        nullable: flag("nullable"),
        default: members.get("default").filter(|value| !value.is_null()).cloned(),
        properties: properties.map(|(name, one)| (name.clone(), parse(one, depth + 1))).collect(),
        additional: match members.get("additionalProperties") {
            Some(Value::Bool(allowed)) => Additional::Allowed(*allowed),
            Some(Value::Object(_)) => {
                inner("additionalProperties").map_or(Additional::Unsaid, Additional::Schema)
            }
            _ => Additional::Unsaid,
        },
        items: inner("items"),
        limits: limits(members),
        all_of: many("allOf"),
        any_of: many("anyOf"),
        one_of: many("oneOf"),
        not: inner("not"),
        preserve: flag("x-kubernetes-preserve-unknown-fields"),
        embedded: flag("x-kubernetes-embedded-resource"),
        int_or_string: flag("x-kubernetes-int-or-string"),
        list: list_kind(text("x-kubernetes-list-type"), members),
        atomic: text("x-kubernetes-map-type") == "atomic",
        rules: items(members, "x-kubernetes-validations").cloned().collect(),
    }
}

fn items<'a>(members: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a Value> {
    members.get(name).and_then(Value::as_array).into_iter().flatten()
}

fn texts(members: &Map<String, Value>, name: &str) -> Vec<String> {
    items(members, name).filter_map(Value::as_str).map(str::to_owned).collect()
}

/// How items of a list are told apart.
pub(super) fn list_kind_of(schema: &Value) -> Option<ListKind> {
    let name = schema.get("x-kubernetes-list-type").and_then(Value::as_str)?;
    list_kind(name, schema.as_object()?)
}

fn list_kind(name: &str, members: &Map<String, Value>) -> Option<ListKind> {
    match name {
        "atomic" => Some(ListKind::Atomic),
        "set" => Some(ListKind::Set),
        "map" => Some(ListKind::Map(texts(members, "x-kubernetes-list-map-keys"))),
        _ => None,
    }
}

fn limits(members: &Map<String, Value>) -> Limits {
    let number = |name: &str| members.get(name).and_then(Value::as_f64);
    let whole = |name: &str| members.get(name).and_then(Value::as_i64);
    let flag = |name: &str| members.get(name) == Some(&Value::Bool(true));
    let pattern = members.get("pattern").and_then(Value::as_str).filter(|text| !text.is_empty());
    Limits {
        maximum: number("maximum"),
        exclusive_maximum: flag("exclusiveMaximum"),
        minimum: number("minimum"),
        exclusive_minimum: flag("exclusiveMinimum"),
        multiple_of: number("multipleOf"),
        max_length: whole("maxLength"),
        min_length: whole("minLength"),
        max_items: whole("maxItems"),
        min_items: whole("minItems"),
        max_properties: whole("maxProperties"),
        min_properties: whole("minProperties"),
        pattern: pattern.map(|text| (text.to_owned(), cel::pattern::compile(text).ok())),
        required: texts(members, "required"),
        values: items(members, "enum").cloned().collect(),
    }
}
