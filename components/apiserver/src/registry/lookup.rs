//! Objects as the server itself looks at them, when it decides about others.

use super::{Registry, Target, place};
use crate::{cache::Entry, failure::Failure, object, storage::Refused};
use api::{decode, resources::Resource, schema::GroupVersionKind};
use serde_json::Value;
use std::sync::Arc;

impl Registry {
    /// A resource by its kind.
    pub(crate) fn resource_of_kind(
        &self,
        group: &str,
        version: &str,
        kind: &str,
    ) -> Option<Arc<Resource>> {
        let is = |one: &&Arc<Resource>| {
            let of = &one.kind;
            of.kind == kind && of.group == group && of.version == version && one.is_stored()
        };
        self.table().rows().iter().find(is).cloned()
    }

    /// An object as the cache has it.
    ///
    /// # Errors
    /// The cache has not been filled in time; the object cannot be converted.
    pub(crate) async fn cached_object(
        &self,
        resource: &Arc<Resource>,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Arc<Entry>>, Failure> {
        let cache = self.cache(resource);
        cache.reach(0).await?;
        let found = cache.get(&self.storage.key(&place::key(resource, namespace, name)));
        Ok(self.presented_together(resource, found.into_iter().collect()).await?.pop())
    }

    /// All objects of a namespace as the cache has them, of all namespaces where it is empty.
    ///
    /// # Errors
    /// The cache has not been filled in time; an object cannot be converted.
    pub(crate) async fn all_cached(
        &self,
        resource: &Arc<Resource>,
        namespace: &str,
    ) -> Result<Vec<Arc<Entry>>, Failure> {
        let cache = self.cache(resource);
        cache.reach(0).await?;
        let found = cache.snapshot(&self.storage.key(&place::prefix(resource, namespace)));
        self.presented_together(resource, found.entries).await
    }

    /// An object of a group's first version from the cache, and from the storage where the cache has
    /// none: a cache that lags refuses nothing that is there.
    ///
    /// # Errors
    /// There is no such resource, or the storage does not answer.
    pub(crate) async fn found(
        &self,
        group: &str,
        plural: &str,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Value>, Failure> {
        let resource = self.resource(group, "v1", plural);
        let resource = resource.ok_or_else(Failure::no_such_resource)?;
        match self.cached_object(&resource, namespace, name).await? {
            Some(entry) => Ok(Some(entry.whole())),
            None => self.stored(&resource, namespace, name).await,
        }
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
        match self.storage.get(&target.key(&self.storage)).await? {
            Some(stored) => self.decoded(resource, &stored).await.map(Some),
            None => Ok(None),
        }
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

    /// Brings what an admission plugin made into the form of its kind: what the kind does not have
    /// goes, what it always has comes.
    ///
    /// # Errors
    /// It is no object of the kind.
    pub(crate) fn conformed(
        &self,
        kind: &GroupVersionKind,
        object: Value,
    ) -> Result<Value, Failure> {
        let (schemas, text) = (&self.schemas, object.to_string());
        let Some(id) = schemas.of(kind) else {
            return match self.table().custom(kind) {
                Some(custom) => {
                    Ok(custom.decode(text.as_bytes()).map_err(Failure::internal)?.value)
                }
                None => Ok(object),
            };
        };
        let decoded = decode::decode(schemas, id, text.as_bytes());
        let mut value = decoded.map_err(Failure::internal)?.value;
        if let Value::Object(members) = &mut value {
            self.defaults.apply(schemas, id, members);
            decode::complete(schemas, id, members);
        }
        Ok(value)
    }
}
