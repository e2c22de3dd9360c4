//! What a custom resource has beside its row: the schema of one of its versions and what follows.

use crate::{
    decode::{self, DecodeError, Decoded},
    printing::{CustomColumn, Row, custom_cells},
    schema::Schemas,
    structural::{
        Structural, defaults, embedded, lists, prune, rules::Rules, validate, validate_change,
    },
    time::Moment,
    validation::{Error, ErrorKind, Errors},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

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

/// What of a definition its objects' storage hangs on: where it changes, who watches begins anew.
#[derive(Clone, PartialEq, Debug)]
pub struct Origin {
    /// The definition's identity.
    pub uid: String,
    /// All that it says.
    pub spec: Value,
    /// The names that were accepted.
    pub names: Value,
}

/// One version of a custom resource.
#[derive(Debug)]
pub struct Custom {
    /// The definition's name.
    pub definition: String,
    /// The same for all versions.
    pub origin: Arc<Origin>,
    /// The kind of lists of its objects.
    pub list_kind: String,
    /// What its objects are like.
    pub schema: Arc<Structural>,
    /// The same of all versions, served or not, by their API versions.
    pub structurals: Arc<BTreeMap<String, Arc<Structural>>>,
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
    /// `spec.conversion.webhook` where only a webhook knows how its versions differ; else they
    /// differ in their name alone.
    pub webhook: Option<Value>,
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
        let unknown = self.prune(object)?;
        defaults::apply(&self.schema, object);
        Ok(unknown)
    }

    /// Prunes an object; returns the paths of what went.
    ///
    /// # Errors
    /// Its metadata is of another form.
    pub fn prune(&self, object: &mut Value) -> Result<Vec<String>, DecodeError> {
        self.prune_as(&self.schema, object)
    }

    fn prune_as(
        &self,
        schema: &Structural,
        object: &mut Value,
    ) -> Result<Vec<String>, DecodeError> {
        let mut unknown = embedded::coerce(&self.schemas, schema, object)?;
        unknown.extend(prune::prune(schema, object));
        unknown.sort();
        Ok(unknown)
    }

    /// Fills in an object that was stored, by the schema of the version that it was stored in.
    pub fn fill_in_stored(&self, object: &mut Value) {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        if let Some(schema) = self.structurals.get(version) {
            defaults::apply(schema, object);
        }
    }

    /// Prunes an object that is to be stored, by the schema of the version that it says.
    ///
    /// # Errors
    /// Its metadata is of another form.
    pub fn prune_to_store(&self, object: &mut Value) -> Result<(), DecodeError> {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        match self.structurals.get(version) {
            Some(schema) => self.prune_as(schema, object).map(drop),
            None => Ok(()),
        }
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
