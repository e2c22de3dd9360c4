//! The types of expressions.
//!
//! Upstream: cel-go `common/types/types.go`, `checker/types.go`.

use std::{fmt, sync::Arc};

/// A type.
#[allow(clippy::enum_variant_names, reason = "the language names a type `type`")]
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Type {
    /// Any; checks happen when it is evaluated.
    Dyn,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Arc<Type>),
    Map(Arc<Type>, Arc<Type>),
    /// The type of a type.
    Type(Arc<Type>),
    /// An object with fields, declared by a schema under this name.
    Object(Arc<str>),
    /// A type that only functions know: `net.IP`, `optional_type(T)`.
    Opaque(Arc<str>, Arc<[Type]>),
    /// What a function's declaration leaves open.
    Param(&'static str),
    /// A parameter of one call while it is checked.
    Var(u32),
    /// Of what was complained of already, so that it is not again.
    Error,
}

/// Optional values' type is an opaque one of this name.
const OPTIONAL: &str = "optional_type";

impl Type {
    /// `list(T)`.
    pub fn list(element: Type) -> Type {
        Type::List(Arc::new(element))
    }

    /// `map(K, V)`.
    pub fn map(key: Type, value: Type) -> Type {
        Type::Map(Arc::new(key), Arc::new(value))
    }

    /// `optional_type(T)`.
    pub fn optional(inner: Type) -> Type {
        Type::Opaque(OPTIONAL.into(), [inner].into())
    }

    /// `type(T)`.
    pub fn of(inner: Type) -> Type {
        Type::Type(Arc::new(inner))
    }

    /// A type of functions' own.
    pub fn opaque(name: &str) -> Type {
        Type::Opaque(name.into(), [].into())
    }

    /// What an optional type holds.
    pub fn unwrap_optional(&self) -> Option<&Type> {
        match self {
            Type::Opaque(name, inner) if **name == *OPTIONAL => inner.first(),
            _ => None,
        }
    }

    /// Whether it stands for every type.
    pub fn is_dyn(&self) -> bool {
        matches!(self, Type::Dyn | Type::Error)
    }

    /// Its name without parameters, as `type(x)` shows it.
    pub fn name(&self) -> &str {
        match self {
            Type::Dyn => "dyn",
            Type::Null => "null_type",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Uint => "uint",
            Type::Double => "double",
            Type::String => "string",
            Type::Bytes => "bytes",
            Type::Timestamp => "google.protobuf.Timestamp",
            Type::Duration => "google.protobuf.Duration",
            Type::List(_) => "list",
            Type::Map(..) => "map",
            Type::Type(_) => "type",
            Type::Object(name) | Type::Opaque(name, _) => name,
            Type::Param(name) => name,
            Type::Var(_) => "dyn",
            Type::Error => "!error!",
        }
    }

    /// The type that a name in a text stands for.
    pub(crate) fn named(name: &str) -> Option<Type> {
        Some(match name {
            "bool" => Type::Bool,
            "int" => Type::Int,
            "uint" => Type::Uint,
            "double" => Type::Double,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "list" => Type::list(Type::Dyn),
            "map" => Type::map(Type::Dyn, Type::Dyn),
            "null_type" => Type::Null,
            "type" => Type::of(Type::Dyn),
            "google.protobuf.Timestamp" => Type::Timestamp,
            "google.protobuf.Duration" => Type::Duration,
            "optional_type" => Type::optional(Type::Dyn),
            _ => return None,
        })
    }
}

impl fmt::Display for Type {
    /// As complaints show it (cel-go `FormatCelType`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Null => f.write_str("null"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Duration => f.write_str("duration"),
            Type::List(element) => write!(f, "list({element})"),
            Type::Map(key, value) => write!(f, "map({key}, {value})"),
            Type::Type(inner) if inner.is_dyn() => f.write_str("type"),
            Type::Type(inner) => write!(f, "type({inner})"),
            Type::Opaque(name, inner) if !inner.is_empty() => {
                let inner: Vec<_> = inner.iter().map(Type::to_string).collect();
                write!(f, "{name}({})", inner.join(", "))
            }
            Type::Var(number) => write!(f, "_var{number}"),
            Type::Dyn
            | Type::Bool
            | Type::Int
            | Type::Uint
            | Type::Double
            | Type::String
            | Type::Bytes
            | Type::Object(_)
            | Type::Opaque(..)
            | Type::Param(_)
            | Type::Error => f.write_str(self.name()),
        }
    }
}
