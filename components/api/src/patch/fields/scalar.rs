//! The values that tell items of lists apart, and the order that upstream gives all values.
//!
//! Upstream: structured-merge-diff's value/value.go. Numbers are compared as numbers, so that `1`
//! of an object is the `1.0` of a decoder that knows only floats.

use crate::patch::go;
use serde_json::{Map, Value};
use std::{cmp::Ordering, fmt};

/// A JSON value with an order.
#[derive(Clone, Debug)]
pub struct Scalar(pub Value);

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::String(text) => f.write_str(&go::quoted(text)),
            other => other.fmt(f),
        }
    }
}

impl Ord for Scalar {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(&self.0, &other.0)
    }
}

impl PartialOrd for Scalar {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scalar {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scalar {}

/// Whether two values are the same to upstream.
pub(in crate::patch) fn equal(one: &Value, other: &Value) -> bool {
    compare(one, other).is_eq()
}

fn compare(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (one.as_i64(), other.as_i64()) {
            (Some(one), Some(other)) => one.cmp(&other),
            _ => {
                let float = |number: &serde_json::Number| number.as_f64().unwrap_or_default();
                float(one).partial_cmp(&float(other)).unwrap_or(Ordering::Equal)
            }
        },
        (Value::String(one), Value::String(other)) => one.cmp(other),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        (Value::Array(one), Value::Array(other)) => lists(one, other),
        (Value::Object(one), Value::Object(other)) => objects(one, other),
        _ => rank(one).cmp(&rank(other)),
    }
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        Value::Array(_) => 3,
        Value::Object(_) => 4,
        Value::Null => 5,
    }
}

fn lists(one: &[Value], other: &[Value]) -> Ordering {
    let items = one.iter().zip(other).map(|(one, other)| compare(one, other));
    items.fold(Ordering::Equal, Ordering::then).then(one.len().cmp(&other.len()))
}

fn objects(one: &Map<String, Value>, other: &Map<String, Value>) -> Ordering {
    let fields = one.iter().zip(other).map(|((name, value), (other_name, other_value))| {
        name.cmp(other_name).then_with(|| compare(value, other_value))
    });
    fields.fold(Ordering::Equal, Ordering::then).then(one.len().cmp(&other.len()))
}
