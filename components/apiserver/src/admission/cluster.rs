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

/// An object that plugins ask for, by its group, plural, namespace and name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Wanted<'a> {
    group: &'a str,
    plural: &'a str,
    /// Empty for what is in none.
    namespace: &'a str,
    name: &'a str,
}

impl<'a> Wanted<'a> {
    /// One that is in no namespace.
    pub(crate) fn of_cluster(group: &'a str, plural: &'a str, name: &'a str) -> Self {
        Self { group, plural, namespace: "", name }
    }

    /// One of the core group in a namespace.
    pub(crate) fn core(plural: &'a str, namespace: &'a str, name: &'a str) -> Self {
        Self { group: "", plural, namespace, name }
    }

    /// A namespace itself.
    pub(crate) fn namespace(name: &'a str) -> Self {
        Self::of_cluster("", "namespaces", name)
    }
}

impl Cluster<'_> {
    /// An object as the watch cache has it, which may be a little old.
    pub(crate) async fn cached(&self, wanted: Wanted<'_>) -> Result<Option<Value>, Failure> {
        let resource = self.resource(wanted.group, wanted.plural)?;
        let Wanted { namespace, name, .. } = wanted;
        let entry = self.registry.cached_object(&resource, namespace, name).await?;
        Ok(entry.map(|entry| entry.whole()))
    }

    /// An object as the storage has it now.
    pub(crate) async fn stored(&self, wanted: Wanted<'_>) -> Result<Option<Value>, Failure> {
        let resource = self.resource(wanted.group, wanted.plural)?;
        self.registry.stored(&resource, wanted.namespace, wanted.name).await
    }

    /// An object from the cache, and from the storage where the cache has none: a cache that lags
    /// refuses nothing that is there.
    pub(crate) async fn found(&self, wanted: Wanted<'_>) -> Result<Option<Value>, Failure> {
        let Wanted { group, plural, namespace, name } = wanted;
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
