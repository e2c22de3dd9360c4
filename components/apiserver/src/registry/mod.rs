//! Objects by resource: create, read, change, delete, watch; the same code for every kind.
//!
//! Upstream: apiserver/pkg/registry/generic/registry/store.go.

mod create;
mod delete;
mod metadata;
mod modify;
mod place;
mod read;
mod strategy;
mod watch;

pub(crate) use delete::Deletion;
pub(crate) use read::{Freshness, Listed, Reading};
pub(crate) use watch::{Watch, WatchEvent, Watching};

use crate::{cache::Cacher, failure::Failure, object, storage::Storage};
use api::{resources::Resource, schema::Schemas};
use bytes::Bytes;
use host::Host;
use parking_lot::Mutex;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// Attempts to write an object that others change at the same time.
const ATTEMPTS_MAX: u32 = 10;

/// All resources' objects.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) host: Host,
    pub(crate) schemas: Arc<Schemas>,
    storage: Storage,
    caches: Mutex<BTreeMap<String, Arc<Cacher>>>,
}

/// Which object, or which collection where `name` is empty.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) resource: Arc<Resource>,
    pub(crate) namespace: String,
    pub(crate) name: String,
    /// `status`; empty for the object itself.
    pub(crate) subresource: String,
}

/// How a write is to be done.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writing {
    /// Everything but the write itself.
    pub(crate) dry_run: bool,
    /// Who writes, for `managedFields`.
    pub(crate) manager: String,
}

impl Target {
    fn key(&self, storage: &Storage) -> String {
        storage.key(&place::key(&self.resource, &self.namespace, &self.name))
    }

    fn not_found(&self) -> Failure {
        Failure::not_found(place::named(&self.resource, &self.name))
    }
}

impl Registry {
    pub(crate) fn new(host: &Host, schemas: Arc<Schemas>, storage: Storage) -> Self {
        Self { host: host.clone(), schemas, storage, caches: Mutex::default() }
    }

    /// The cache of a resource, which begins to fill when it is first asked for.
    fn cache(&self, resource: &Resource) -> Arc<Cacher> {
        let prefix = self.storage.key(&place::prefix(resource, ""));
        let mut caches = self.caches.lock();
        let cache = caches.entry(prefix.clone());
        let begin = || Arc::new(Cacher::new(&self.host, self.storage.clone(), prefix));
        cache.or_insert_with(begin).clone()
    }

    /// Whether the storage answers.
    pub(crate) async fn ready(&self) -> bool {
        self.storage.revision().await.is_ok()
    }
}

/// What clients are sent of a value that was just written.
fn served(object: &Value, revision: u64) -> Bytes {
    object::with_revision(&object::encode(object), revision)
}

/// What is stored, as a value.
fn parsed(stored: &crate::storage::Stored) -> Result<Value, Failure> {
    object::decode(&stored.bytes, stored.revision).map_err(|error| {
        let key = String::from_utf8_lossy(&stored.key);
        Failure::internal(format!("unable to decode the object at {key}: {error}"))
    })
}
