//! What plugins may ask of the cluster: objects from the watch caches, or from the storage itself.

use super::{Settings, memory::Memory};
use crate::{cache::Entry, failure::Failure, registry::Registry};
use api::resources::Resource;
use serde_json::Value;
use std::sync::Arc;

/// A plugin's view of the cluster.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cluster<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) settings: &'a Settings,
    pub(super) memory: &'a Memory,
}

impl Cluster<'_> {
    /// An object as the watch cache has it, which may be a little old.
    pub(crate) async fn cached(
        &self,
        group: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        let resource = self.resource(group, plural)?;
        let entry = self.registry.cached_object(&resource, namespace, name).await?;
        Ok(entry.map(|entry| entry.whole()))
    }

    /// An object as the storage has it now.
    pub(crate) async fn stored(
        &self,
        group: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        let resource = self.resource(group, plural)?;
        self.registry.stored(&resource, namespace, name).await
    }

    /// An object from the cache, and from the storage where the cache has none: a cache that lags
    /// refuses nothing that is there.
    pub(crate) async fn found(
        &self,
        group: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        self.registry.found(group, plural, namespace, name).await
    }

    /// All objects of a namespace, or of all where it is empty, as the watch cache has them.
    pub(crate) async fn list(
        &self,
        group: &str,
        plural: &str,
        namespace: &str,
    ) -> Result<Vec<Arc<Entry>>, Failure> {
        let resource = self.resource(group, plural)?;
        self.registry.all_cached(&resource, namespace).await
    }

    /// A resource by its name in its group's first version.
    pub(crate) fn resource(&self, group: &str, plural: &str) -> Result<Arc<Resource>, Failure> {
        let found = self.registry.resource(group, "v1", plural);
        found.ok_or_else(|| Failure::internal(format!("there are no {plural} in {group:?}")))
    }
}
