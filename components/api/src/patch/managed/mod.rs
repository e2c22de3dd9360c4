//! `metadata.managedFields`: who owns which fields, since when, and by what kind of request.
//!
//! Upstream: apimachinery's pkg/util/managedfields/internal/managedfields.go.

mod entry;
mod requests;
mod scale;

pub use requests::{is_reset, keep_times, manager_of};
pub use scale::ReplicasPaths;

use super::fields::Set;
use entry::{order, read_entry, write_entry, wrong};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use thiserror::Error;

/// What tells one manager's record from another's.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Identity {
    /// `kubectl`; may be empty in objects of old.
    pub manager: String,
    /// How it owns.
    pub operation: Operation,
    /// `apps/v1`. Empty for `Apply`, by which a manager has one record, whatever its version.
    pub version: String,
    /// `status`; empty for the object itself.
    pub subresource: String,
}

/// Whether fields were applied or changed otherwise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By create, update or another patch.
    Update,
}

/// What one manager owns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The fields, as they are called in `version`.
    pub set: Set,
    /// `apps/v1`.
    pub version: String,
    /// RFC 3339, UTC, whole seconds.
    pub time: Option<String>,
}

/// The records of all managers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Managed(pub BTreeMap<Identity, Entry>);

/// Managed fields that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{0}")]
pub struct ManagedError(String);

impl Identity {
    /// The record that a request writes. A manager without a name is `unknown`.
    pub fn new(manager: &str, operation: Operation, version: &str, subresource: &str) -> Self {
        let manager = if manager.is_empty() { "unknown" } else { manager };
        let version = match operation {
            Operation::Apply => "",
            Operation::Update => version,
        };
        Self {
            manager: manager.to_owned(),
            operation,
            version: version.to_owned(),
            subresource: subresource.to_owned(),
        }
    }
}

impl Managed {
    /// Reads `metadata.managedFields`; null and nothing are no records.
    ///
    /// # Errors
    /// If one of them is no record.
    pub fn decode(entries: Option<&Value>) -> Result<Self, ManagedError> {
        let entries = match entries {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Array(entries)) => entries,
            Some(_) => return Err(wrong("managedFields must be a list")),
        };
        let read = |(place, entry)| read_entry(place, entry);
        entries.iter().enumerate().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The records as a list in upstream's order; `None` if there are none.
    pub fn encode(&self) -> Option<Value> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by(|one, other| order(*one, *other));
        let entries: Vec<_> =
            entries.into_iter().map(|(identity, entry)| write_entry(identity, entry)).collect();
        (!entries.is_empty()).then_some(Value::Array(entries))
    }

    /// The records that an object brings along; none if they cannot be read.
    pub fn of(object: &Value) -> Self {
        Self::decode(managed_fields(object)).unwrap_or_default()
    }

    /// Writes the records into an object.
    pub fn store(&self, object: &mut Value) {
        take(object);
        let Some(entries) = self.encode() else { return };
        if let Value::Object(fields) = object {
            let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
            if metadata.is_null() {
                *metadata = json!({});
            }
            if let Value::Object(metadata) = metadata {
                metadata.insert("managedFields".to_owned(), entries);
            }
        }
    }
}

/// Takes the records out of an object.
pub(super) fn take(object: &mut Value) {
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.remove("managedFields");
    }
}

pub(super) fn managed_fields(object: &Value) -> Option<&Value> {
    object.get("metadata")?.get("managedFields")
}
