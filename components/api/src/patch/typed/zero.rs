//! The empty object of a type: what upstream's structs hold before anything is put into them.
//!
//! A create is compared with it, so that nobody owns what every object has. Without it a manager of
//! `spec.replicas` would own `spec`, too.

use super::Typed;
use crate::schema::{Shape, Zero};
use serde_json::{Map, Value, json};

impl<'a> Typed<'a> {
    /// The empty value of a shape.
    pub(in crate::patch) fn zero(self, shape: &Shape) -> Value {
        match shape {
            Shape::Object(kind, _) => {
                let fields = &self.schemas.at(*kind).fields;
                let written = fields.iter().filter(|field| field.zero == Zero::Written);
                let zeros = written.map(|field| (field.name.clone(), self.zero(&field.shape)));
                Value::Object(zeros.collect::<Map<_, _>>())
            }
            Shape::Text => json!(""),
            Shape::Bool => json!(false),
            Shape::Int32 | Shape::Int64 | Shape::Double | Shape::IntOrString => json!(0),
            Shape::Quantity => json!("0"),
            Shape::Duration => json!("0s"),
            Shape::Map(..)
            | Shape::List(..)
            | Shape::Bytes
            | Shape::Time
            | Shape::MicroTime
            | Shape::Raw
            | Shape::Json
            | Shape::Fields => Value::Null,
        }
    }
}
