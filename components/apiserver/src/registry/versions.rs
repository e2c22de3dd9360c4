//! Objects in the version of a request, whatever version is stored.

use super::{Registry, custom};
use crate::{cache::Entry, failure::Failure, object, storage::Stored};
use api::{decode, patch::apply::Versions, resources::Resource, schema::Schemas};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// From what is stored to what a resource's clients see.
#[derive(Clone, Debug)]
pub(super) struct Conversion {
    schemas: Arc<Schemas>,
    resource: Resource,
}

impl Conversion {
    /// The object in the resource's version; as it is where there is no way.
    pub(super) fn value(&self, object: Value) -> Value {
        let kind = &self.resource.kind;
        let Some(mut new) = api::versions::convert(object.clone(), &kind.api_version()) else {
            return object;
        };
        if let (Some(id), Some(members)) = (self.schemas.of(kind), new.as_object_mut()) {
            decode::complete(&self.schemas, id, members);
        }
        new
    }

    /// The same of what clients are sent.
    pub(super) fn served(&self, bytes: &Bytes) -> Bytes {
        let Ok(object) = serde_json::from_slice::<Value>(bytes) else { return bytes.clone() };
        let revision = object::meta(&object, "resourceVersion").parse().unwrap_or(0);
        super::served(&self.value(object), revision)
    }

    pub(super) fn entry(&self, entry: &Entry) -> Arc<Entry> {
        let object = self.value(entry.value().clone());
        Arc::new(Entry::of(Stored {
            key: entry.key.clone().into(),
            bytes: object::encode(&object).into(),
            revision: entry.revision,
        }))
    }
}

impl Registry {
    /// How a resource's objects become what its clients see; none: they are that already.
    pub(super) fn conversion(&self, resource: &Resource) -> Option<Conversion> {
        (resource.kind != resource.stored && resource.custom.is_none())
            .then(|| Conversion { schemas: self.schemas.clone(), resource: resource.clone() })
    }

    /// What is stored, as a value in the resource's version.
    pub(super) fn decoded(&self, resource: &Resource, stored: &Stored) -> Result<Value, Failure> {
        let object = super::parsed(stored)?;
        Ok(match self.conversion(resource) {
            None => custom::presented(resource, object),
            Some(conversion) => conversion.value(object),
        })
    }

    /// The bytes to store.
    pub(super) fn encoded(&self, resource: &Resource, object: &Value) -> Vec<u8> {
        if resource.kind == resource.stored || resource.custom.is_some() {
            return custom::encode(resource, object);
        }
        let stored = &resource.stored;
        let Some(mut new) = api::versions::convert(object.clone(), &stored.api_version()) else {
            return object::encode(object);
        };
        if let (Some(id), Some(members)) = (self.schemas.of(stored), new.as_object_mut()) {
            self.defaults.apply(&self.schemas, id, members);
            decode::complete(&self.schemas, id, members);
        }
        object::encode(&new)
    }
}

/// All versions of a resource's kind, for who owns their fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllVersions<'a>(pub(super) &'a Resource);

impl Versions for AllVersions<'_> {
    fn convert(&self, object: &Value, version: &str) -> Option<Value> {
        if self.0.custom.is_some() {
            return custom::renamed(self.0, object, version);
        }
        let kind = object["kind"].as_str().unwrap_or_default();
        let served = api::versions::of(kind).contains(&version);
        served.then(|| api::versions::convert(object.clone(), version)).flatten()
    }
}
