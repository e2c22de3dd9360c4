//! What a custom resource has beside its row: the schema of one of its versions and what follows.

use crate::validation::{Error, ErrorKind, Errors};
use crate::{
    decode::{self, DecodeError, Decoded},
    printing::{CustomColumn, Row, custom_cells},
    schema::Schemas,
    structural::{
        Structural, defaults, embedded, lists, prune, rules::Rules, validate, validate_change,
    },
    time::Moment,
};
use serde_json::Value;
use std::sync::Arc;

/// Faults after which rules would only repeat what is known.
const BLOCKING: [ErrorKind; 5] = [
    ErrorKind::NotSupported,
    ErrorKind::Required,
    ErrorKind::TooLong,
    ErrorKind::TooMany,
    ErrorKind::TypeInvalid,
];

const UNCHECKED: &str = "some validation rules were not checked because the object was invalid; \
                         correct the existing errors to complete validation";

/// Where a custom resource's scale is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScalePaths {
    /// `.spec.replicas`.
    pub spec: String,
    /// `.status.replicas`.
    pub status: String,
    /// `.status.selector`, where there is one.
    pub selector: Option<String>,
}

/// One version of a custom resource.
#[derive(Debug)]
pub struct Custom {
    /// The definition's name.
    pub definition: String,
    /// The kind of lists of its objects.
    pub list_kind: String,
    /// What its objects are like.
    pub schema: Structural,
    /// Expressions that must hold.
    pub rules: Option<Rules>,
    /// The same as OpenAPI tells it.
    pub published: Value,
    /// The same, in all versions, as applies see it.
    pub schemas: Arc<Schemas>,
    /// Columns of its tables but for the first, the name.
    pub columns: Vec<CustomColumn>,
    /// Fields that objects can be selected by: `spec.color`.
    pub selectable: Vec<String>,
    /// The subresource `scale`.
    pub scale: Option<ScalePaths>,
    /// What users of this version are told.
    pub warning: Option<String>,
    /// Only a webhook knows how its versions differ.
    pub by_webhook: bool,
    /// Discovery tells of it.
    pub established: bool,
    /// Its definition is on its way out: nothing new is created.
    pub terminating: bool,
}

impl Custom {
    /// Reads an object that a client sent.
    ///
    /// # Errors
    /// It is no JSON, or its metadata is none.
    pub fn decode(&self, json: &[u8]) -> Result<Decoded, DecodeError> {
        let mut decoded = decode::decode_any(json)?;
        let unknown = self.complete(&mut decoded.value)?;
        decoded.complaints.extend(unknown.iter().map(|path| format!("unknown field {path:?}")));
        Ok(decoded)
    }

    /// Prunes an object and fills it in; returns the paths of what went.
    ///
    /// # Errors
    /// Its metadata is of another form.
    pub fn complete(&self, object: &mut Value) -> Result<Vec<String>, DecodeError> {
        let mut unknown = embedded::coerce(&self.schemas, &self.schema, object)?;
        unknown.extend(prune::prune(&self.schema, object));
        unknown.sort();
        defaults::apply(&self.schema, object);
        Ok(unknown)
    }

    /// What is wrong with an object. Lists that held an item twice before may go on doing so.
    pub fn faults(&self, object: &Value, present: Option<&Value>) -> Errors {
        let mut faults = match present {
            Some(present) => validate_change(&self.schema, object, present),
            None => validate(&self.schema, object),
        };
        faults.extend(self.scale_faults(object));
        faults.extend(embedded::check(&self.schema, object));
        if present.is_none_or(|present| lists::check(&self.schema, present).is_empty()) {
            faults.extend(lists::check(&self.schema, object));
        }
        if let Some(rules) = &self.rules {
            // Rules may rely on what the schema says.
            match faults.iter().any(|fault| BLOCKING.contains(&fault.kind)) {
                true => faults.push(Error::invalid("", Value::Null, UNCHECKED)),
                false => faults.extend(rules.check(object, present)),
            }
        }
        faults
    }

    /// Numbers of replicas are whole, and none is below zero.
    fn scale_faults(&self, object: &Value) -> Errors {
        let Some(scale) = &self.scale else { return Vec::new() };
        let at = |path: &str| {
            let names = path.split('.').filter(|name| !name.is_empty());
            names.fold(object, |value, name| &value[name]).clone()
        };
        let paths = [&scale.spec, &scale.status];
        let fault = |path: &&String| match at(path) {
            Value::Null => None,
            value => match value.as_i64() {
                None => Some(Error::invalid(
                    path,
                    0,
                    &format!(
                        "{path} accessor error: {value} is \
                    of the type {}, expected int64",
                        go_type(&value)
                    ),
                )),
                Some(number) if number < 0 => {
                    Some(Error::invalid(path, number, "should be a non-negative integer"))
                }
                Some(number) if number > i64::from(i32::MAX) => {
                    let why = format!("should be less than or equal to {}", i32::MAX);
                    Some(Error::invalid(path, number, &why))
                }
                Some(_) => None,
            },
        };
        paths.iter().copied().filter_map(|path| fault(&path)).collect()
    }

    /// An object's row in a table.
    pub fn row(&self, object: &Value, now: Moment) -> Row {
        Row { cells: custom_cells(&self.columns, object, now), completed: None }
    }
}

/// Go's name of a value's type.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Two are the same if they were made at once.
impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Custom {}
