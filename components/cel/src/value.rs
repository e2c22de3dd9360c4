//! What expressions evaluate to.
//!
//! Upstream: cel-go `common/types`. JSON is borrowed and looked at only where an expression looks: no
//! object is ever copied whole.

mod compare;
mod convert;
mod error;
mod json;
mod list;
mod map;
mod text;
pub mod time;

use crate::types::Type;
use std::{any::Any, collections::BTreeMap, fmt, sync::Arc};

pub use error::{EvalError, Outcome};
pub use list::List;
pub use map::{Key, Map};
pub use text::Text;
pub use time::{Duration, Timestamp};

/// A value; `'a` is how long the objects live that it came from.
#[derive(Clone, Debug)]
pub enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    String(Text<'a>),
    Bytes(Arc<[u8]>),
    Timestamp(Timestamp),
    Duration(Duration),
    List(List<'a>),
    Map(Map<'a>),
    /// An object that an expression made.
    Struct(Arc<Struct<'a>>),
    Type(Type),
    Optional(Option<Arc<Value<'a>>>),
    /// A value of a library's own.
    Opaque(Arc<dyn Opaque>),
    /// A variable whose fields the host computes when they are asked for, `variables`.
    Scope(Arc<str>),
}

/// An object that an expression made, `Object.spec{replicas: 1}`.
#[derive(Clone, Debug)]
pub struct Struct<'a> {
    /// Its type.
    pub type_name: Arc<str>,
    /// Those that were set.
    pub fields: BTreeMap<Arc<str>, Value<'a>>,
}

/// A value that only functions look into: a quantity, an address, an authorizer.
pub trait Opaque: Any + Send + Sync + fmt::Debug {
    /// What `type(x)` shows.
    fn type_name(&self) -> &'static str;

    /// Whether two of them are the same.
    fn equals(&self, other: &dyn Opaque) -> bool;

    /// What costs take for its size.
    fn size(&self) -> u64 {
        1
    }

    /// For functions that know the type.
    fn as_any(&self) -> &dyn Any;
}

impl<'a> Value<'a> {
    /// A string that was made.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Value::String(Text::Shared(text.into()))
    }

    /// A list that was made.
    pub fn list(items: Vec<Value<'a>>) -> Self {
        Value::List(List::from(items))
    }

    /// A map that was made.
    pub fn map(entries: BTreeMap<Key<'a>, Value<'a>>) -> Self {
        Value::Map(Map::from(entries))
    }

    /// `optional.of(self)`.
    pub fn some(self) -> Self {
        Value::Optional(Some(Arc::new(self)))
    }

    /// A library's value.
    pub fn opaque(value: impl Opaque) -> Self {
        Value::Opaque(Arc::new(value))
    }

    /// A library's value of that kind.
    pub fn downcast<T: Opaque>(&self) -> Option<&T> {
        match self {
            Value::Opaque(it) => it.as_any().downcast_ref(),
            _ => None,
        }
    }

    /// Its text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// Its type, as `type(x)` gives it.
    pub fn type_of(&self) -> Type {
        match self {
            Value::Null => Type::Null,
            Value::Bool(_) => Type::Bool,
            Value::Int(_) => Type::Int,
            Value::Uint(_) => Type::Uint,
            Value::Double(_) => Type::Double,
            Value::String(_) => Type::String,
            Value::Bytes(_) => Type::Bytes,
            Value::Timestamp(_) => Type::Timestamp,
            Value::Duration(_) => Type::Duration,
            Value::List(_) => Type::list(Type::Dyn),
            Value::Map(_) => Type::map(Type::Dyn, Type::Dyn),
            Value::Struct(it) => Type::Object(it.type_name.clone()),
            Value::Type(_) => Type::of(Type::Dyn),
            Value::Optional(_) => Type::optional(Type::Dyn),
            Value::Opaque(it) => Type::opaque(it.type_name()),
            Value::Scope(name) => Type::Object(name.clone()),
        }
    }

    /// Whether a function that takes such a type takes this value; elements are not looked at.
    pub(crate) fn is_a(&self, wanted: &Type) -> bool {
        match (self, wanted) {
            (_, Type::Dyn | Type::Param(_) | Type::Var(_) | Type::Error)
            | (Value::Null, Type::Null)
            | (Value::Bool(_), Type::Bool)
            | (Value::Int(_), Type::Int)
            | (Value::Uint(_), Type::Uint)
            | (Value::Double(_), Type::Double)
            | (Value::String(_), Type::String)
            | (Value::Bytes(_), Type::Bytes)
            | (Value::Timestamp(_), Type::Timestamp)
            | (Value::Duration(_), Type::Duration)
            | (Value::List(_), Type::List(_))
            | (Value::Map(_), Type::Map(..) | Type::Object(_))
            | (Value::Type(_), Type::Type(_)) => true,
            (Value::Struct(it), Type::Object(name)) => it.type_name == *name,
            (Value::Optional(_), Type::Opaque(..)) => wanted.unwrap_optional().is_some(),
            (Value::Opaque(it), Type::Opaque(name, _)) => it.type_name() == &**name,
            // A pattern that was compiled stands for its text.
            (Value::Opaque(it), Type::String) => it.type_name() == Type::String.name(),
            _ => false,
        }
    }

    /// Code points, bytes, elements or entries; 1 for what has no size (cel-go `actualSize`).
    pub fn size(&self) -> u64 {
        match self {
            Value::String(text) => text.chars().count() as u64,
            Value::Bytes(bytes) => bytes.len() as u64,
            Value::List(list) => list.len() as u64,
            Value::Map(map) => map.len() as u64,
            Value::Opaque(it) => it.size(),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Uint(_)
            | Value::Double(_)
            | Value::Timestamp(_)
            | Value::Duration(_)
            | Value::Struct(_)
            | Value::Type(_)
            | Value::Optional(_)
            | Value::Scope(_) => 1,
        }
    }

    /// Whether it is what its type begins as, for `optional.ofNonZeroValue`.
    pub fn is_zero(&self) -> bool {
        match self {
            Value::Null => true,
            Value::Bool(it) => !it,
            Value::Int(it) => *it == 0,
            Value::Uint(it) => *it == 0,
            Value::Double(it) => *it == 0.0,
            Value::String(it) => it.is_empty(),
            Value::Bytes(it) => it.is_empty(),
            Value::List(it) => it.len() == 0,
            Value::Map(it) => it.len() == 0,
            Value::Struct(it) => it.fields.is_empty(),
            Value::Timestamp(it) => *it == Timestamp::ZERO,
            Value::Duration(it) => *it == Duration::default(),
            Value::Optional(it) => it.is_none(),
            Value::Type(_) | Value::Opaque(_) | Value::Scope(_) => false,
        }
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Value::String(Text::Borrowed(text))
    }
}

impl fmt::Display for Value<'_> {
    /// As messages of `no such key` and of `format` show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(it) => it.fmt(f),
            Value::Int(it) => it.fmt(f),
            Value::Uint(it) => it.fmt(f),
            Value::Double(it) => f.write_str(&convert::double_text(*it)),
            Value::String(it) => f.write_str(it),
            Value::Bytes(it) => f.write_str(&String::from_utf8_lossy(it)),
            Value::Timestamp(it) => it.fmt(f),
            Value::Duration(it) => it.fmt(f),
            Value::Type(it) => f.write_str(it.name()),
            Value::List(_)
            | Value::Map(_)
            | Value::Struct(_)
            | Value::Optional(_)
            | Value::Opaque(_)
            | Value::Scope(_) => f.write_str(self.type_of().name()),
        }
    }
}
