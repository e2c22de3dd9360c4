//! What server-side apply makes of a shape: an object, a list or a scalar.
//!
//! Upstream: kube-openapi's pkg/schemaconv, which makes structured-merge-diff's schemas of
//! OpenAPI's.

use crate::{
    patch::go,
    schema::{ListKind, Owned, Schemas, Shape, Type},
};
use serde_json::Value;

/// How a value is treated.
#[derive(Clone, Copy, Debug)]
pub(super) enum Atom<'a> {
    Object(Object<'a>),
    List(List<'a>),
    Scalar(Scalar),
}

/// An object or a map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object<'a> {
    fields: Fields<'a>,
    pub(super) atomic: bool,
}

#[derive(Clone, Copy, Debug)]
enum Fields<'a> {
    Declared(&'a Type),
    Any(&'a Shape),
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<'a> {
    pub(super) item: &'a Shape,
    pub(super) kind: &'a ListKind,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar {
    Number,
    Text,
    Bool,
    Any,
}

/// The shape of what no type declares.
const FREE: &Shape = &Shape::Json;

impl<'a> Atom<'a> {
    pub(super) fn of(schemas: &'a Schemas, shape: &'a Shape, value: Option<&Value>) -> Self {
        let object = |fields, owned: &Owned| {
            Self::Object(Object { fields, atomic: *owned == Owned::Atomic })
        };
        match shape {
            Shape::Object(kind, owned) => object(Fields::Declared(schemas.at(*kind)), owned),
            Shape::Map(value, owned) => object(Fields::Any(value), owned),
            Shape::List(item, kind) => Self::List(List { item, kind }),
            Shape::Int32 | Shape::Int64 | Shape::Double => Self::Scalar(Scalar::Number),
            Shape::Text | Shape::Bytes => Self::Scalar(Scalar::Text),
            Shape::Bool => Self::Scalar(Scalar::Bool),
            Shape::IntOrString
            | Shape::Quantity
            | Shape::Time
            | Shape::MicroTime
            | Shape::Duration => Self::Scalar(Scalar::Any),
            Shape::Raw | Shape::Json | Shape::Fields => Self::free(value),
        }
    }

    /// Free JSON is what the value is: its lists are atomic, its objects are not.
    fn free(value: Option<&Value>) -> Self {
        match value {
            None | Some(Value::Null | Value::Object(_)) => {
                Self::Object(Object { fields: Fields::Any(FREE), atomic: false })
            }
            Some(Value::Array(_)) => Self::List(List { item: FREE, kind: &ListKind::Atomic }),
            Some(_) => Self::Scalar(Scalar::Any),
        }
    }

    /// Whether two forms of a value are of one kind.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl<'a> Object<'a> {
    /// The shape of a field that the type declares.
    pub(super) fn declared(&self, name: &str) -> Option<&'a Shape> {
        match self.fields {
            Fields::Declared(kind) => kind.field(name).map(|field| &field.shape),
            Fields::Any(_) => None,
        }
    }

    /// The shape of a field that may be there.
    pub(super) fn allowed(&self, name: &str) -> Option<&'a Shape> {
        match self.fields {
            Fields::Declared(kind) => self.declared(name).or(kind.others.as_ref()),
            Fields::Any(shape) => Some(shape),
        }
    }

    /// The shape of a field that is there, allowed or not.
    pub(super) fn present(&self, name: &str) -> &'a Shape {
        self.allowed(name).unwrap_or(FREE)
    }
}

impl Scalar {
    /// What is wrong with a value; null and nothing are always right.
    pub(super) fn complaint(self, value: Option<&Value>) -> Option<String> {
        let value = value.filter(|value| !value.is_null())?;
        let boxed = || format!("&{{{}}}", go::plain(value));
        match self {
            Self::Number if !value.is_number() => {
                Some(format!("expected numeric (int or float), got {}", go::type_name(value)))
            }
            Self::Text if !value.is_string() => {
                let value = go::sharp(value);
                Some(format!("expected string, got &value.valueUnstructured{{Value:{value}}}"))
            }
            Self::Bool if !value.is_boolean() => Some(format!("expected boolean, got {}", boxed())),
            Self::Any if value.is_array() || value.is_object() => {
                Some(format!("expected any scalar, got {}", boxed()))
            }
            _ => None,
        }
    }
}
