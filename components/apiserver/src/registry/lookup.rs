//! Objects as the server itself looks at them, when it decides about others.

use super::{Registry, Target, parsed, place};
use crate::{cache::Entry, failure::Failure, object, storage::Refused};
use api::resources::Resource;
use serde_json::Value;
use std::sync::Arc;

impl Registry {
    /// An object as the cache has it.
    ///
    /// # Errors
    /// The cache has not been filled in time.
    pub(crate) async fn cached(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Entry>>, Failure> {
        let cache = self.cache(resource);
        cache.reach(0).await?;
        Ok(cache.get(&self.storage.key(&place::key(resource, namespace, name))))
    }

    /// All objects of a namespace as the cache has them, of all namespaces where it is empty.
    ///
    /// # Errors
    /// The cache has not been filled in time.
    pub(crate) async fn all_cached(
        &self,
        resource: &Resource,
        namespace: &str,
    ) -> Result<Vec<Arc<Entry>>, Failure> {
        let cache = self.cache(resource);
        cache.reach(0).await?;
        Ok(cache.snapshot(&self.storage.key(&place::prefix(resource, namespace))).entries)
    }

    /// An object as the storage has it, with its revision.
    ///
    /// # Errors
    /// The storage does not answer.
    pub(crate) async fn stored(
        &self,
        resource: &Arc<Resource>,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        let target = Target {
            resource: resource.clone(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            subresource: String::new(),
        };
        let stored = self.storage.get(&target.key(&self.storage)).await?;
        stored.as_ref().map(parsed).transpose()
    }

    /// Replaces an object if nobody has changed it since it was read; false: somebody has. It passes
    /// neither strategy nor admission: the server keeps its own accounts.
    ///
    /// # Errors
    /// The storage does not answer; whether the write happened may not be known.
    pub(crate) async fn replace(
        &self,
        resource: &Arc<Resource>,
        object: &Value,
    ) -> Result<bool, Failure> {
        let meta = |name| object::meta(object, name);
        let key = self.storage.key(&place::key(resource, meta("namespace"), meta("name")));
        let revision = meta("resourceVersion").parse().map_err(Failure::internal)?;
        match self.storage.put_if(&key, revision, object::encode(object), 0).await {
            Ok(_) => Ok(true),
            Err(Refused::Changed(_)) => Ok(false),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }
}
