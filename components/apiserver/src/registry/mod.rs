//! Objects by resource: create, read, change, delete, watch; the same code for every kind.
//!
//! Upstream: apiserver/pkg/registry/generic/registry/store.go.

mod act;
pub(crate) mod conversion;
mod create;
mod custom;
pub(crate) mod definitions;
mod delete;
mod leases;
mod lookup;
pub(crate) mod metadata;
mod modify;
mod ownership;
pub(crate) mod place;
mod read;
pub(crate) mod scale;
mod strategies;
mod strategy;
mod table;
mod versions;
mod watch;

pub(crate) use delete::Deletion;
pub(crate) use metadata::{suffixed, uid};
pub(crate) use ownership::refused;
pub(crate) use read::{Freshness, Listed, Reading};
pub(crate) use table::Table;
pub(crate) use watch::{Watch, WatchEvent, Watching};

use crate::{
    admission::{Admission, Notes},
    authentication::{MASTERS, User},
    authorization::Requester,
    cache::{Cacher, State},
    config::Config,
    failure::Failure,
    metrics::Metrics,
    object,
    routing::Routing,
    services::Services,
    storage::Storage,
};
use api::{defaults::Defaults, protobuf::Codec, resources::Resource, schema::Schemas};
use bytes::Bytes;
use host::{Host, watch as channel};
use parking_lot::Mutex;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Attempts to write an object that others change at the same time.
const ATTEMPTS_MAX: u32 = 10;

/// All resources' objects.
#[derive(Debug)]
pub(crate) struct Registry {
    pub(crate) host: Host,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) defaults: Defaults,
    pub(crate) codec: Codec,
    /// What services get; none: nothing.
    pub(crate) services: Option<Services>,
    /// Events are kept so long.
    event_ttl: Duration,
    leases: leases::Leases,
    storage: Storage,
    admission: Admission,
    pub(crate) metrics: Metrics,
    tables: channel::Sender<Arc<Table>>,
    /// How the server itself reaches services.
    pub(crate) routing: Routing,
    turns: conversion::Turns,
    /// What the cluster has from its first moment is there.
    bootstrapped: AtomicBool,
    /// Flow control's objects are.
    flows_made: AtomicBool,
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
    /// The owners are told already: the write is an apply.
    pub(crate) applied: bool,
    /// Who asks for it; none: the server itself, which may do everything.
    pub(crate) requester: Option<Requester>,
    /// What the client and the audit log are told besides.
    pub(crate) notes: Notes,
}

impl Writing {
    /// Whose write it is: the server's own user, where nobody asks for it.
    pub(crate) fn user(&self) -> Arc<User> {
        match &self.requester {
            Some(requester) => requester.user.clone(),
            None => Arc::new(User {
                name: "system:apiserver".into(),
                groups: vec![MASTERS.into(), "system:authenticated".into()],
                ..User::default()
            }),
        }
    }

    /// The server's own writes (upstream's loopback client).
    pub(crate) fn own() -> Self {
        Self { manager: "kube-apiserver".into(), ..Self::default() }
    }
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
    pub(crate) fn new(
        host: &Host,
        schemas: Arc<Schemas>,
        storage: Storage,
        admission: Admission,
        metrics: Metrics,
        config: &Config,
    ) -> Self {
        let (tables, _) = channel::channel(Arc::new(Table::built_in()));
        let (defaults, codec) = (Defaults::built_in(&schemas), Codec::new(&schemas));
        let (bootstrapped, caches) = (AtomicBool::new(false), Mutex::default());
        let flows_made = AtomicBool::new(false);
        Self {
            host: host.clone(),
            schemas,
            defaults,
            codec,
            services: config.services.clone(),
            event_ttl: config.event_ttl,
            leases: leases::Leases::default(),
            storage,
            admission,
            metrics,
            tables,
            routing: config.routing,
            turns: conversion::Turns::default(),
            bootstrapped,
            flows_made,
            caches,
        }
    }

    /// What is served at this moment.
    pub(crate) fn table(&self) -> Arc<Table> {
        self.tables.borrow().clone()
    }

    /// A resource by its names.
    pub(crate) fn resource(
        &self,
        group: &str,
        version: &str,
        plural: &str,
    ) -> Option<Arc<Resource>> {
        self.tables.borrow().find(group, version, plural).cloned()
    }

    /// Says that what the cluster has from its first moment is there.
    pub(crate) fn bootstrapped(&self) {
        self.bootstrapped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_bootstrapped(&self) -> bool {
        self.bootstrapped.load(Ordering::Relaxed)
    }

    /// Says that flow control's objects are there.
    pub(crate) fn flows_made(&self) {
        self.flows_made.store(true, Ordering::Relaxed);
    }

    pub(crate) fn has_flows(&self) -> bool {
        self.flows_made.load(Ordering::Relaxed)
    }

    /// The cache of a resource, which begins to fill when it is first asked for.
    fn cache(&self, resource: &Resource) -> Arc<Cacher> {
        let prefix = self.storage.key(&place::prefix(resource, ""));
        let mut caches = self.caches.lock();
        let cache = caches.entry(prefix.clone());
        let begin = || Arc::new(Cacher::new(&self.host, self.storage.clone(), prefix));
        cache.or_insert_with(begin).clone()
    }

    /// What is known of a resource's objects without asking the storage; none: nothing.
    pub(crate) fn cache_state(&self, resource: &Resource) -> Option<State> {
        let prefix = self.storage.key(&place::prefix(resource, ""));
        self.caches.lock().get(&prefix)?.state()
    }

    /// What each cache holds, by what its keys begin with, without the storage's prefix.
    pub(crate) fn cache_states(&self) -> Vec<(String, State)> {
        let caches = self.caches.lock();
        let states = caches.iter().filter_map(|(prefix, cache)| {
            Some((self.storage.path(prefix).to_owned(), cache.state()?))
        });
        states.collect()
    }

    /// The cache of a built-in resource, as soon as it has anything at all.
    ///
    /// # Errors
    /// It has not in time; there is no such resource.
    pub(crate) async fn cached(
        &self,
        group: &str,
        version: &str,
        plural: &str,
    ) -> Result<Arc<Cacher>, Failure> {
        let resource = self.resource(group, version, plural);
        let cache = self.cache(&*resource.ok_or_else(Failure::no_such_resource)?);
        cache.reach(0).await?;
        Ok(cache)
    }

    /// Where everything is kept.
    pub(crate) fn storage(&self) -> &Storage {
        &self.storage
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
