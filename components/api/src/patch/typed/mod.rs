//! Values seen through their shapes: merged, compared, and taken apart field by field.
//!
//! Upstream: structured-merge-diff's typed package. What it calls a leaf is a field that has one
//! owner: a scalar, an atomic list or object, or one that is empty on both sides.

mod atom;
mod compare;
mod field_set;
mod keys;
mod merge;
mod reconcile;
mod remove;
mod validate;

pub(super) use compare::Comparison;

use crate::schema::{Schemas, Shape};
use atom::Atom;
use serde_json::{Map, Value};

/// Knows what the fields of a shape are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Typed<'a> {
    pub(super) schemas: &'a Schemas,
}

impl<'a> Typed<'a> {
    /// How a value of that shape is treated. Only free JSON leaves the value a say.
    fn atom(self, shape: &'a Shape, value: Option<&Value>) -> Atom<'a> {
        Atom::of(self.schemas, shape, value)
    }
}

/// The value's fields if it is an object; nothing if it is null, missing or something else.
fn as_object(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// The value's items if it is a list.
fn as_list(value: Option<&Value>) -> Option<&[Value]> {
    value.and_then(Value::as_array).map(Vec::as_slice)
}
