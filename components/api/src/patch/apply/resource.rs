//! What server-side apply has to know about a resource.

use crate::{
    patch::Filter,
    schema::{GroupVersionKind, Schemas},
};
use serde_json::Value;
use std::{collections::BTreeMap, fmt};

/// A resource as one of its endpoints sees it.
#[derive(Clone, Copy)]
pub struct Resource<'a> {
    /// Its types.
    pub schemas: &'a Schemas,
    /// The kind, in the version of the request.
    pub kind: &'a GroupVersionKind,
    /// `status`; empty for the object itself.
    pub subresource: &'a str,
    /// How its objects look in other versions.
    pub versions: &'a dyn Versions,
    /// What its requests may own, by version (`apps/v1`); all, where none is told.
    pub filters: &'a BTreeMap<String, Filter>,
}

impl fmt::Debug for Resource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({}, {:?})", self.kind, self.subresource)
    }
}

/// Conversion of a resource's objects.
pub trait Versions {
    /// The object in another version (`apps/v1`); `None` if that is not served. What managers own
    /// in versions that are gone is forgotten.
    fn convert(&self, object: &Value, version: &str) -> Option<Value>;
}

/// A resource that is served in one version.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneVersion;

impl Versions for OneVersion {
    fn convert(&self, _object: &Value, _version: &str) -> Option<Value> {
        None
    }
}
