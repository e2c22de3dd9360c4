//! JSON as values, read where an expression looks; and values as JSON.
//!
//! Upstream: apiserver `pkg/cel/common/values.go` (`UnstructuredToVal`).

use super::{EvalError, List, Map, Outcome, Timestamp, Value, time};
use crate::schema::{Schema, Shape};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value as Json;

impl<'a> Value<'a> {
    /// A value over JSON. Without a schema, numbers are `int` where they are whole and `double`
    /// otherwise, as Go decodes an unstructured object.
    ///
    /// # Errors
    /// If this very value does not fit its schema; what lies below is read later.
    pub fn from_json(json: &'a Json, schema: Option<&'a Schema>) -> Outcome<'a> {
        let Some(schema) = schema else { return Ok(untyped(json)) };
        if json.is_null() {
            return Ok(Value::Null);
        }
        typed(json, schema)
    }

    /// The JSON of a value, for what expressions make.
    ///
    /// # Errors
    /// For what has no JSON: types, optional and libraries' values.
    pub fn to_json(&self) -> Result<Json, EvalError> {
        Ok(match self {
            Value::Null => Json::Null,
            Value::Bool(it) => (*it).into(),
            Value::Int(it) => (*it).into(),
            Value::Uint(it) => (*it).into(),
            Value::Double(it) => (*it).into(),
            Value::String(it) => Json::String(it.to_string()),
            Value::Bytes(it) => Json::String(STANDARD.encode(it)),
            Value::Timestamp(it) => Json::String(it.to_string()),
            Value::Duration(it) => Json::String(it.to_string()),
            Value::List(it) => {
                let items = it.iter().map(|it| it?.to_json());
                Json::Array(items.collect::<Result<_, _>>()?)
            }
            Value::Map(it) => {
                let entries =
                    it.iter().map(|(key, it)| Ok((key.value().to_string(), it?.to_json()?)));
                Json::Object(entries.collect::<Result<_, EvalError>>()?)
            }
            Value::Struct(it) => {
                let fields =
                    it.fields.iter().map(|(name, it)| Ok((name.to_string(), it.to_json()?)));
                Json::Object(fields.collect::<Result<_, EvalError>>()?)
            }
            Value::Type(_) | Value::Optional(_) | Value::Opaque(_) | Value::Scope(_) => {
                let kind = self.type_of();
                return Err(EvalError::new(format!("unsupported type {}", kind.name())));
            }
        })
    }
}

fn untyped(json: &Json) -> Value<'_> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(it) => Value::Bool(*it),
        Json::Number(it) => match it.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Double(it.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(it) => it.as_str().into(),
        Json::Array(it) => Value::List(List::json(it, None, None)),
        Json::Object(it) => Value::Map(Map::json(it, None)),
    }
}

fn typed<'a>(json: &'a Json, schema: &'a Schema) -> Outcome<'a> {
    let wrong = |kind: &str| EvalError::new(format!("invalid data, expected {kind}"));
    let text = |kind| json.as_str().ok_or_else(|| wrong(kind));
    match &schema.shape {
        Shape::Dyn => Ok(untyped(json)),
        Shape::Bool => json.as_bool().map(Value::Bool).ok_or_else(|| wrong("a boolean")),
        Shape::Int => whole(json).map(Value::Int).ok_or_else(|| wrong("an integer")),
        Shape::Double => json.as_f64().map(Value::Double).ok_or_else(|| wrong("a number")),
        Shape::String => text("a string").map(Value::from),
        Shape::Bytes => {
            let bytes = STANDARD.decode(text("a base64 string")?);
            let bytes = bytes.map_err(|it| EvalError::new(format!("invalid base64: {it}")))?;
            Ok(Value::Bytes(bytes.into()))
        }
        Shape::Timestamp => {
            let text = text("a date-time string")?;
            let wrong = || EvalError::new(format!("invalid date-time: {text}"));
            Timestamp::parse(text).map(Value::Timestamp).ok_or_else(wrong)
        }
        Shape::Date => {
            let text = text("a date string")?;
            let wrong = || EvalError::new(format!("invalid date: {text}"));
            Timestamp::parse(&format!("{text}T00:00:00Z")).map(Value::Timestamp).ok_or_else(wrong)
        }
        Shape::Duration => {
            let text = text("a duration string")?;
            let wrong = || EvalError::new(format!("invalid duration: {text}"));
            time::Duration::parse(text).map(Value::Duration).ok_or_else(wrong)
        }
        Shape::List(items, kind) => {
            let list = json.as_array().ok_or_else(|| wrong("an array"))?;
            Ok(Value::List(List::json(list, Some(items), Some(kind))))
        }
        Shape::Map(_) | Shape::Object { .. } => {
            let map = json.as_object().ok_or_else(|| wrong("an object"))?;
            Ok(Value::Map(Map::json(map, Some(schema))))
        }
    }
}

/// `1.0` is an integer to a schema.
fn whole(json: &Json) -> Option<i64> {
    let real = || json.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 9.2e18);
    json.as_i64().or_else(|| real().map(|it| it as i64))
}
