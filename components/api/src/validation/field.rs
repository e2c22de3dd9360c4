//! A place in an object: what is there, how it is called, and what can be said against it.
//!
//! Upstream: apimachinery/pkg/util/validation/field/path.go. What is absent is null, and reads as
//! Go's zero value of whatever is asked for; so does what is of another type, which decoding has
//! refused before.

use super::error::{Error, ErrorKind, quoted};
use crate::quantity::Quantity;
use serde_json::{Map, Value};

static NOTHING: Value = Value::Null;

/// A value and its path.
#[derive(Clone, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) value: &'a Value,
    pub(crate) path: String,
}

impl<'a> Field<'a> {
    /// The whole object.
    pub(crate) fn root(value: &'a Value) -> Self {
        Self { value, path: String::new() }
    }

    /// A member: `spec.replicas`.
    pub(crate) fn get(&self, name: &str) -> Self {
        let path =
            if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { value: self.value.get(name).unwrap_or(&NOTHING), path }
    }

    /// A member of members.
    pub(crate) fn down(&self, names: &[&str]) -> Self {
        names.iter().fold(self.clone(), |place, name| place.get(name))
    }

    /// A value of a map: `limits[cpu]`.
    pub(crate) fn key(&self, name: &str) -> Self {
        let value = self.value.get(name).unwrap_or(&NOTHING);
        Self { value, path: format!("{}[{name}]", self.path) }
    }

    /// The same value, under a name that upstream's messages use for it.
    pub(crate) fn renamed(&self, path: impl Into<String>) -> Self {
        Self { value: self.value, path: path.into() }
    }

    /// An item of a list: `containers[0]`.
    pub(crate) fn item(&self, index: usize) -> Self {
        let value = self.value.get(index).unwrap_or(&NOTHING);
        Self { value, path: format!("{}[{index}]", self.path) }
    }

    /// All items of a list.
    pub(crate) fn items(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let (list, path) = (self.value.as_array(), self.path.clone());
        let items = list.into_iter().flatten().enumerate();
        items.map(move |(index, value)| Field { value, path: format!("{path}[{index}]") })
    }

    /// All pairs of a map, by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> + use<'a> {
        let (map, path) = (self.value.as_object(), self.path.clone());
        let entries = map.into_iter().flatten();
        entries.map(move |(key, value)| {
            (key.as_str(), Field { value, path: format!("{path}[{key}]") })
        })
    }

    /// The texts of a list.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.value.as_array().into_iter().flatten().map(|it| it.as_str().unwrap_or_default())
    }

    pub(crate) fn map(&self) -> Option<&'a Map<String, Value>> {
        self.value.as_object()
    }

    pub(crate) fn text(&self) -> &'a str {
        self.value.as_str().unwrap_or_default()
    }

    pub(crate) fn number(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    /// A number, where there is one.
    pub(crate) fn integer(&self) -> Option<i64> {
        self.value.as_i64()
    }

    pub(crate) fn is_true(&self) -> bool {
        self.value.as_bool().unwrap_or_default()
    }

    /// An amount; nothing where the text is none.
    pub(crate) fn quantity(&self) -> Quantity {
        Quantity::parse(self.text()).unwrap_or(Quantity::ZERO)
    }

    /// Whether a pointer would not be nil.
    pub(crate) fn is_set(&self) -> bool {
        !self.value.is_null()
    }

    /// Whether there is nothing in it: a text, a list or a map of length zero.
    pub(crate) fn is_empty(&self) -> bool {
        match self.value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(map) => map.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }

    /// The length of a list or a map, and of a text in bytes.
    pub(crate) fn len(&self) -> usize {
        match self.value {
            Value::String(text) => text.len(),
            Value::Array(list) => list.len(),
            Value::Object(map) => map.len(),
            Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        }
    }

    fn error(&self, kind: ErrorKind, value: Option<Value>, detail: String) -> Error {
        Error { kind, field: self.path.clone(), value, detail }
    }

    pub(crate) fn required(&self, detail: impl Into<String>) -> Error {
        self.error(ErrorKind::Required, None, detail.into())
    }

    pub(crate) fn invalid(&self, detail: impl Into<String>) -> Error {
        self.error(ErrorKind::Invalid, Some(self.value.clone()), detail.into())
    }

    /// Invalid, where upstream shows another value than the field's own.
    pub(crate) fn invalid_as(&self, value: impl Into<Value>, detail: impl Into<String>) -> Error {
        self.error(ErrorKind::Invalid, Some(value.into()), detail.into())
    }

    /// Invalid, where upstream shows no value.
    pub(crate) fn invalid_silently(&self, detail: impl Into<String>) -> Error {
        self.error(ErrorKind::Invalid, None, detail.into())
    }

    pub(crate) fn forbidden(&self, detail: impl Into<String>) -> Error {
        self.error(ErrorKind::Forbidden, None, detail.into())
    }

    pub(crate) fn not_supported(&self, supported: &[&str]) -> Error {
        self.not_supported_as(self.value.clone(), supported)
    }

    /// Not supported, where upstream shows another value than the field's own.
    pub(crate) fn not_supported_as(&self, value: impl Into<Value>, supported: &[&str]) -> Error {
        let listed = supported.iter().map(|one| quoted(one)).collect::<Vec<_>>().join(", ");
        let detail =
            if supported.is_empty() { listed } else { format!("supported values: {listed}") };
        self.error(ErrorKind::NotSupported, Some(value.into()), detail)
    }

    pub(crate) fn duplicate(&self) -> Error {
        self.error(ErrorKind::Duplicate, Some(self.value.clone()), String::new())
    }

    /// A duplicate, where upstream shows another value than the field's own.
    pub(crate) fn duplicate_of(&self, value: impl Into<Value>) -> Error {
        self.error(ErrorKind::Duplicate, Some(value.into()), String::new())
    }

    /// What the text names is not there.
    pub(crate) fn not_found(&self, detail: impl Into<String>) -> Error {
        self.error(ErrorKind::NotFound, Some(self.text().into()), detail.into())
    }

    pub(crate) fn too_long(&self, bytes: usize) -> Error {
        let unit = if bytes == 1 { "byte" } else { "bytes" };
        let detail = format!("may not be more than {bytes} {unit}");
        self.error(ErrorKind::TooLong, None, detail)
    }

    pub(crate) fn too_many(&self, most: usize) -> Error {
        let unit = if most == 1 { "item" } else { "items" };
        let detail = format!("must have at most {most} {unit}");
        self.error(ErrorKind::TooMany, Some(self.len().into()), detail)
    }
}
