//! What upstream's structs write unasked: `status: {}`, `resources: {}`, `eventTime: null`.

use crate::schema::{Schemas, Shape, TypeId, Zero};
use serde_json::{Map, Value};

/// Adds every field that is written even where it is empty, in the object and all that it holds.
///
/// What is stored and what clients see is complete. Doing it twice changes nothing.
pub fn complete(schemas: &Schemas, id: TypeId, object: &mut Map<String, Value>) {
    for field in &schemas.at(id).fields {
        if field.zero == Zero::Written && !object.contains_key(&field.name) {
            object.insert(field.name.clone(), zero(&field.shape));
        }
        if let Some(value) = object.get_mut(&field.name) {
            inside(schemas, &field.shape, value);
        }
    }
}

fn inside(schemas: &Schemas, shape: &Shape, value: &mut Value) {
    match (shape, value) {
        (Shape::Object(id, _), Value::Object(object)) => complete(schemas, *id, object),
        (Shape::Map(shape, _), Value::Object(map)) => {
            map.values_mut().for_each(|value| inside(schemas, shape, value));
        }
        (Shape::List(shape, _), Value::Array(list)) => {
            list.iter_mut().for_each(|value| inside(schemas, shape, value));
        }
        _ => {}
    }
}

/// What Go's types hold at first, as it is written.
pub(super) fn zero(shape: &Shape) -> Value {
    match shape {
        Shape::Object(..) => Value::Object(Map::new()),
        Shape::Text => Value::String(String::new()),
        Shape::Bool => Value::Bool(false),
        Shape::Int32 | Shape::Int64 | Shape::IntOrString => Value::from(0),
        Shape::Double => Value::from(0.0),
        Shape::Quantity => Value::String("0".into()),
        Shape::Duration => Value::String("0s".into()),
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
