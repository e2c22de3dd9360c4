//! What is known of the shape of JSON: how to read it as values, and how large it can be.
//!
//! Upstream: apiserver `pkg/cel/types.go` (`DeclType`), `pkg/cel/common/schemas.go`
//! (`SchemaDeclType`), `pkg/cel/limits.go`, `pkg/cel/escaping.go`.

mod escaping;
mod openapi;

use crate::types::Type;
use std::{collections::BTreeMap, sync::Arc};

pub use escaping::{escape, unescape};
pub use openapi::from_openapi;

/// A request may be so large (upstream's default of `--max-request-body-bytes`' kin).
pub const REQUEST_BYTES_MAX: u64 = 3 * 1024 * 1024;

/// How JSON at one place is to be understood.
#[derive(Clone, PartialEq, Debug)]
pub struct Schema {
    /// What kind of value it is.
    pub shape: Shape,
    /// The most code points, elements or entries; 0 for what has no length, as upstream counts.
    pub elements_max: u64,
    /// The fewest bytes that it takes as JSON.
    pub bytes_min: u64,
}

/// The kinds of shapes.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// Nothing is known: JSON's own types.
    Dyn,
    Bool,
    Int,
    Double,
    String,
    /// Base64.
    Bytes,
    /// RFC 3339.
    Timestamp,
    /// A calendar date, read as the timestamp of its midnight.
    Date,
    /// As Go writes one.
    Duration,
    /// A list, and how its elements are told apart.
    List(Arc<Schema>, ListType),
    /// A map from strings.
    Map(Arc<Schema>),
    /// An object; its type's name is unique among those of an environment.
    Object {
        type_name: Arc<str>,
        fields: Fields,
    },
}

/// An object's fields, by their escaped names.
pub type Fields = BTreeMap<String, Schema>;

/// `x-kubernetes-list-type`, which decides equality and `+`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum ListType {
    #[default]
    Atomic,
    Set,
    /// With its keys.
    Map(Arc<[String]>),
}

impl Schema {
    /// Of that shape, without a length.
    pub fn scalar(shape: Shape, bytes_min: u64) -> Self {
        Self { shape, elements_max: 0, bytes_min }
    }

    /// Of JSON that nothing is known of.
    pub fn dynamic() -> Self {
        Self { shape: Shape::Dyn, elements_max: REQUEST_BYTES_MAX, bytes_min: 1 }
    }

    /// The field of that escaped name.
    pub fn field(&self, name: &str) -> Option<&Schema> {
        match &self.shape {
            Shape::Object { fields, .. } => fields.get(name),
            _ => None,
        }
    }

    /// Elements of a list or values of a map.
    pub fn items(&self) -> Option<&Schema> {
        match &self.shape {
            Shape::List(items, _) | Shape::Map(items) => Some(items),
            _ => None,
        }
    }

    /// The type of expressions that refer to it.
    pub fn declared_type(&self) -> Type {
        match &self.shape {
            Shape::Dyn => Type::Dyn,
            Shape::Bool => Type::Bool,
            Shape::Int => Type::Int,
            Shape::Double => Type::Double,
            Shape::String => Type::String,
            Shape::Bytes => Type::Bytes,
            Shape::Timestamp | Shape::Date => Type::Timestamp,
            Shape::Duration => Type::Duration,
            Shape::List(items, _) => Type::list(items.declared_type()),
            Shape::Map(values) => Type::map(Type::String, values.declared_type()),
            Shape::Object { type_name, .. } => Type::Object(type_name.clone()),
        }
    }

    /// Calls with every object type below and including this one.
    pub fn each_object(&self, each: &mut dyn FnMut(&Arc<str>, &Fields)) {
        match &self.shape {
            Shape::Object { type_name, fields } => {
                each(type_name, fields);
                fields.values().for_each(|it| it.each_object(each));
            }
            Shape::List(items, _) | Shape::Map(items) => items.each_object(each),
            Shape::Dyn
            | Shape::Bool
            | Shape::Int
            | Shape::Double
            | Shape::String
            | Shape::Bytes
            | Shape::Timestamp
            | Shape::Date
            | Shape::Duration => {}
        }
    }
}
