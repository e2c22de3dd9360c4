//! Whether a value is what a schema asks for.
//!
//! Upstream: kube-openapi's pkg/validation/validate and errors, and how apiextensions-apiserver's
//! pkg/apiserver/validation/validation.go turns their results into faults of fields.

mod combined;
mod formats;
mod numbers;

use super::{Structural, path::index, rules::counterpart, schema::Additional};
use crate::validation::{Error, Errors};
use serde_json::{Map, Value};

/// Complaints that are kept: nobody reads more, and alternatives multiply them.
const FAULTS_MAX: usize = 1000;

/// What is wrong with a value.
pub fn validate(schema: &Structural, value: &Value) -> Errors {
    run(schema, value, "").faults
}

/// What is wrong with a value that was another before. What was wrong already may stay so while
/// nobody touches it (apiextensions-apiserver's pkg/apiserver/validation/ratcheting.go).
pub fn validate_change(schema: &Structural, value: &Value, before: &Value) -> Errors {
    changed(schema, value, "", Some(before)).faults
}

/// What is wrong, and how much was right: of alternatives that all fail, the one that fits best is
/// told of.
#[derive(Debug, Default)]
struct Outcome {
    faults: Errors,
    matches: usize,
}

impl Outcome {
    fn add(&mut self, fault: Error) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    fn merge(&mut self, other: Outcome) {
        self.matches += other.matches;
        for fault in other.faults {
            self.add(fault);
        }
    }

    fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Fields of the root are told without the dot before them.
fn place(path: &str) -> &str {
    path.strip_prefix('.').unwrap_or(path)
}

/// A complaint that names the field once more in its text.
fn wrong(path: &str, value: &Value, why: &str) -> Error {
    Error::invalid(place(path), value.clone(), &format!("{path} in body {why}"))
}

fn run(schema: &Structural, value: &Value, path: &str) -> Outcome {
    changed(schema, value, path, None)
}

/// Checks a value of which `before` is what it was, where that is known.
fn changed(schema: &Structural, value: &Value, path: &str, before: Option<&Value>) -> Outcome {
    let out = check(schema, value, path, before);
    match before {
        Some(before) if before == value => Outcome { matches: 1, ..Outcome::default() },
        _ => out,
    }
}

fn check(schema: &Structural, value: &Value, path: &str, before: Option<&Value>) -> Outcome {
    let mut out = Outcome::default();
    let types = types(schema);
    match fits(schema, &types, value) {
        true => out.matches += 1,
        false => out.add(mistyped(path, &types.join(","), type_of(value))),
    }
    if value.is_null() {
        listed(schema, value, path, &mut out);
        return out;
    }
    combined::check(schema, value, path, &mut out);
    match value {
        Value::String(text) => string(schema, text, path, &mut out),
        Value::Number(_) => numbers::check(schema, value, path, &mut out),
        Value::Array(items) => list(schema, items, path, before, &mut out),
        Value::Object(members) => object(schema, members, path, before, &mut out),
        Value::Null | Value::Bool(_) => {}
    }
    listed(schema, value, path, &mut out);
    out.matches += 1;
    out
}

fn types(schema: &Structural) -> Vec<&str> {
    match (schema.int_or_string, schema.kind.as_str()) {
        (true, _) => vec!["integer", "string"],
        (false, "") => Vec::new(),
        (false, kind) => vec![kind],
    }
}

/// What JSON calls a value's type.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn fits(schema: &Structural, types: &[&str], value: &Value) -> bool {
    if types.is_empty() {
        return true;
    }
    let whole = value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let kind = type_of(value);
    match kind {
        "null" => schema.nullable,
        "number" if whole && types.contains(&"integer") => true,
        "integer" if types.contains(&"number") => true,
        _ => types.contains(&kind),
    }
}

fn mistyped(path: &str, wanted: &str, found: &str) -> Error {
    let why = format!("{path} in body must be of type {wanted}: {found:?}");
    Error::mistyped(place(path), found, &why)
}

/// Whether it is one of the values that there are.
fn listed(schema: &Structural, value: &Value, path: &str, out: &mut Outcome) {
    let known = &schema.limits.values;
    let same = |one: &Value| match (one.as_f64(), value.as_f64()) {
        (Some(one), Some(value)) => one.total_cmp(&value).is_eq(),
        _ => one == value && !value.is_null(),
    };
    if known.is_empty() || known.iter().any(same) {
        return;
    }
    let text = |one: &Value| one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    let known: Vec<String> = known.iter().map(text).collect();
    out.add(Error::unsupported(place(path), value.clone(), &known));
}

fn string(schema: &Structural, text: &str, path: &str, out: &mut Outcome) {
    let limits = &schema.limits;
    let value = Value::from(text);
    let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
    // Of these, upstream tells the first only.
    if let Some(most) = limits.max_length.filter(|most| length > *most) {
        out.add(Error::too_long(place(path), most));
    } else if let Some(least) = limits.min_length.filter(|least| length < *least) {
        out.add(wrong(path, &value, &format!("should be at least {least} chars long")));
    } else if let Some((pattern, compiled)) = &limits.pattern
        && !compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    {
        out.add(wrong(path, &value, &format!("should match '{pattern}'")));
    }
    if let Some(false) = formats::holds(&schema.format, text) {
        let why = format!("{path} in body must be of type {}: {text:?}", schema.format);
        out.add(Error::mistyped(place(path), text, &why));
    }
    out.matches += 1;
}

fn list(
    schema: &Structural,
    items: &[Value],
    path: &str,
    before: Option<&Value>,
    out: &mut Outcome,
) {
    if let Some(known) = schema.items.as_deref() {
        for (at, item) in items.iter().enumerate() {
            let old = before.and_then(|old| counterpart(schema.list.as_ref(), item, old));
            out.merge(changed(known, item, &index(path, at), old));
        }
    }
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(least) = schema.limits.min_items.filter(|least| count < *least) {
        out.add(wrong(path, &items.len().into(), &format!("should have at least {least} items")));
    }
    if let Some(most) = schema.limits.max_items.filter(|most| count > *most) {
        out.add(Error::too_many(place(path), items.len(), most));
    }
    out.matches += 1;
}

fn object(
    schema: &Structural,
    members: &Map<String, Value>,
    path: &str,
    before: Option<&Value>,
    out: &mut Outcome,
) {
    let count = i64::try_from(members.len()).unwrap_or(i64::MAX);
    if let Some(least) = schema.limits.min_properties.filter(|least| count < *least) {
        let why = format!("should have at least {least} properties");
        return out.add(wrong(path, &members.len().into(), &why));
    }
    if let Some(most) = schema.limits.max_properties.filter(|most| count > *most) {
        return out.add(Error::too_many(place(path), members.len(), most));
    }
    for (name, value) in members {
        let below = match path.is_empty() {
            true => name.clone(),
            false => format!("{path}.{name}"),
        };
        let old = before.filter(|_| !schema.atomic).and_then(|old| old.get(name));
        match (schema.properties.get(name), &schema.additional) {
            (Some(known), _) => out.merge(changed(known, value, &below, old)),
            (None, Additional::Schema(known)) => out.merge(changed(known, value, &below, old)),
            (None, Additional::Allowed(false)) => {
                let why = format!("{path}.{name} in body is a forbidden property");
                out.add(Error::invalid(place(path), name.as_str(), &why));
            }
            (None, Additional::Allowed(true) | Additional::Unsaid) => {}
        }
    }
    for name in schema.limits.required.iter().filter(|name| !members.contains_key(*name)) {
        out.add(Error::required(place(&format!("{path}.{name}")), ""));
    }
    out.matches += 1;
}
