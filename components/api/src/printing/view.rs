//! An object as the printers read it: what is missing is empty, never an error.

use super::age::human_duration;
use crate::time::Moment;
use serde_json::{Map, Value, json};

/// An object at a moment.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) object: &'a Value,
    pub(super) now: Moment,
}

/// What is at a JSON pointer; null if nothing is.
pub(super) fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// Text, or the empty one.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    at(value, pointer).as_str().unwrap_or_default()
}

/// A whole number, or zero.
pub(super) fn int(value: &Value, pointer: &str) -> i64 {
    at(value, pointer).as_i64().unwrap_or_default()
}

/// A list's items, or none.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The texts of a list.
pub(super) fn texts<'a>(value: &'a Value, pointer: &str) -> Vec<&'a str> {
    list(value, pointer).iter().filter_map(Value::as_str).collect()
}

impl<'a> View<'a> {
    pub(super) fn at(self, pointer: &str) -> &'a Value {
        at(self.object, pointer)
    }

    pub(super) fn text(self, pointer: &str) -> &'a str {
        text(self.object, pointer)
    }

    /// Text, or another if it is missing or empty.
    pub(super) fn text_or(self, pointer: &str, other: &'a str) -> &'a str {
        Some(self.text(pointer)).filter(|text| !text.is_empty()).unwrap_or(other)
    }

    pub(super) fn int(self, pointer: &str) -> i64 {
        int(self.object, pointer)
    }

    /// A truth value, or another if it is missing.
    pub(super) fn flag_or(self, pointer: &str, other: bool) -> bool {
        self.at(pointer).as_bool().unwrap_or(other)
    }

    pub(super) fn list(self, pointer: &str) -> &'a [Value] {
        list(self.object, pointer)
    }

    pub(super) fn map(self, pointer: &str) -> Option<&'a Map<String, Value>> {
        self.at(pointer).as_object()
    }

    /// How many members an object has.
    pub(super) fn count(self, pointer: &str) -> usize {
        self.map(pointer).map_or(0, Map::len)
    }

    pub(super) fn name(self) -> Value {
        json!(self.text("/metadata/name"))
    }

    pub(super) fn is_deleted(self) -> bool {
        !self.at("/metadata/deletionTimestamp").is_null()
    }

    pub(super) fn annotation(self, name: &str) -> &'a str {
        let annotations = self.map("/metadata/annotations");
        annotations.and_then(|it| it.get(name)?.as_str()).unwrap_or_default()
    }

    /// How long ago the object was created.
    pub(super) fn age(self) -> Value {
        json!(self.since(self.text("/metadata/creationTimestamp")))
    }

    /// When the object was created, as it was told.
    pub(super) fn created_at(self) -> &'a str {
        self.text_or("/metadata/creationTimestamp", "0001-01-01T00:00:00Z")
    }

    /// How long ago a moment is.
    pub(super) fn since(self, moment: &str) -> String {
        match self.seconds_since(moment) {
            Some(seconds) => human_duration(seconds),
            None => "<unknown>".to_owned(),
        }
    }

    /// Whole seconds since a moment; `None` if there is none.
    pub(super) fn seconds_since(self, moment: &str) -> Option<i64> {
        Some(seconds_between(known(moment)?, self.now))
    }
}

/// A moment that is told, and is not the zero of Go.
pub(super) fn known(moment: &str) -> Option<Moment> {
    Moment::parse(moment).ok().filter(|it| it.to_second() != "0001-01-01T00:00:00Z")
}

/// From one moment to another, towards zero.
pub(super) fn seconds_between(from: Moment, to: Moment) -> i64 {
    let nanos = |it: Moment| i128::from(it.seconds) * 1_000_000_000 + i128::from(it.nanos);
    i64::try_from((nanos(to) - nanos(from)) / 1_000_000_000).unwrap_or(i64::MAX)
}
