//! Objects in the version of a request, whatever version is stored.
//!
//! Upstream: apiserver/pkg/storage/value's codecs, and for custom resources
//! apiextensions-apiserver's pkg/apiserver/customresource_handler.go (schemaCoercingDecoder,
//! unstructuredDefaulter).

use super::{
    Registry,
    conversion::{self, Questions},
    parsed, place, served,
};
use crate::{cache::Entry, failure::Failure, object, storage::Stored};
use api::{decode, patch::apply::Versions, resources::Resource, schema::GroupVersionKind};
use bytes::Bytes;
use serde_json::Value;
use std::sync::Arc;

/// Whether clients see what is stored.
pub(super) fn is_plain(resource: &Resource) -> bool {
    resource.custom.is_none() && resource.kind == resource.stored
}

impl Registry {
    /// Objects as a resource's clients see them; found out once for each object that is kept.
    ///
    /// # Errors
    /// A webhook that converts them fails.
    pub(super) async fn presented(
        &self,
        resource: &Arc<Resource>,
        entries: Vec<Arc<Entry>>,
    ) -> Result<Vec<Arc<Entry>>, Failure> {
        if is_plain(resource) {
            return Ok(entries);
        }
        let mut shown: Vec<_> = entries.iter().map(|entry| entry.view(resource)).collect();
        let unknown = || {
            let pairs = entries.iter().zip(&shown);
            pairs.filter(|(_, view)| view.is_none()).map(|(entry, _)| entry)
        };
        let objects = unknown().map(|entry| entry.value().clone()).collect();
        let objects = self.in_version(resource, objects).await?;
        let made: Vec<_> =
            unknown().zip(objects).map(|(entry, object)| entry.shown(resource, object)).collect();
        let mut made = made.into_iter();
        shown.iter_mut().filter(|view| view.is_none()).for_each(|view| *view = made.next());
        Ok(shown.into_iter().flatten().collect())
    }

    /// [`Registry::presented`] of objects that others want as well, of which one at a time asks.
    ///
    /// # Errors
    /// A webhook that converts them fails.
    pub(super) async fn presented_together(
        &self,
        resource: &Arc<Resource>,
        entries: Vec<Arc<Entry>>,
    ) -> Result<Vec<Arc<Entry>>, Failure> {
        let by_webhook = resource.custom.as_ref().is_some_and(|custom| custom.webhook.is_some());
        if !by_webhook || entries.iter().all(|entry| entry.view(resource).is_some()) {
            return self.presented(resource, entries).await;
        }
        let key = format!("{}/{}", resource.kind.api_version(), resource.plural);
        self.turns.alone(&key, self.presented(resource, entries)).await
    }

    /// Objects from the version that each was stored in.
    async fn in_version(
        &self,
        resource: &Resource,
        mut objects: Vec<Value>,
    ) -> Result<Vec<Value>, Failure> {
        let wanted = resource.kind.api_version();
        let Some(custom) = &resource.custom else {
            return Ok(objects.into_iter().map(|one| self.built_in(&resource.kind, one)).collect());
        };
        objects.iter_mut().for_each(|object| custom.fill_in_stored(object));
        let mut objects = conversion::converted(self, custom, objects, &wanted).await?;
        for object in &mut objects {
            // What cannot be pruned was stored before its definition: it is shown as it is.
            let _ = custom.prune(object);
        }
        Ok(objects)
    }

    /// An object of a built-in kind in another version; as it is where there is no way.
    fn built_in(&self, kind: &GroupVersionKind, object: Value) -> Value {
        let Some(mut new) = api::versions::convert(object.clone(), &kind.api_version()) else {
            return object;
        };
        if let (Some(id), Some(members)) = (self.schemas.of(kind), new.as_object_mut()) {
            decode::complete(&self.schemas, id, members);
        }
        new
    }

    /// Other resources that tell of the same objects: other versions, or another group.
    pub(crate) fn equivalents(&self, resource: &Resource) -> Vec<Arc<Resource>> {
        let table = self.table();
        let same = |one: &&Arc<Resource>| one.path == resource.path && one.kind != resource.kind;
        let rows = table.rows().iter().filter(same);
        rows.filter(|one| resource.is_stored() && one.is_stored()).cloned().collect()
    }

    /// An object of one of these in the version of another. What is no whole object of it stays as
    /// it is.
    ///
    /// # Errors
    /// A webhook that converts it fails.
    pub(crate) async fn as_version(
        &self,
        resource: &Resource,
        object: &Value,
    ) -> Result<Value, Failure> {
        let wanted = resource.kind.api_version();
        if object["kind"] != resource.kind.kind.as_str() || object["apiVersion"] == wanted {
            return Ok(object.clone());
        }
        let Some(custom) = &resource.custom else {
            return Ok(self.built_in(&resource.kind, object.clone()));
        };
        let objects = vec![object.clone()];
        let mut new = conversion::converted(self, custom, objects, &wanted).await?.pop();
        if let Some(new) = &mut new {
            custom.prune(new).map_err(Failure::internal)?;
        }
        Ok(new.unwrap_or_default())
    }

    /// What is stored, as the resource's clients see it. What the cache has of the same revision is
    /// found out already.
    ///
    /// # Errors
    /// It cannot be read or converted.
    pub(super) async fn shown(
        &self,
        resource: &Arc<Resource>,
        stored: Stored,
    ) -> Result<Arc<Entry>, Failure> {
        let cached = self
            .cache_if_any(resource)
            .and_then(|cache| cache.get(&String::from_utf8_lossy(&stored.key)));
        let cached = cached.filter(|entry| entry.revision == stored.revision);
        let entry = match cached {
            Some(entry) => entry,
            None => {
                parsed(&stored)?;
                Arc::new(Entry::of(stored))
            }
        };
        Ok(self.presented(resource, vec![entry.clone()]).await?.pop().unwrap_or(entry))
    }

    /// What is stored, as a value in the resource's version.
    ///
    /// # Errors
    /// It cannot be read or converted.
    pub(super) async fn decoded(
        &self,
        resource: &Arc<Resource>,
        stored: &Stored,
    ) -> Result<Value, Failure> {
        if is_plain(resource) {
            return parsed(stored);
        }
        let mut object = self.shown(resource, stored.clone()).await?.value().clone();
        object::set_revision(&mut object, stored.revision);
        Ok(object)
    }

    /// The bytes to store.
    ///
    /// # Errors
    /// A webhook that converts the object fails.
    pub(super) async fn encoded(
        &self,
        resource: &Resource,
        object: &Value,
    ) -> Result<Vec<u8>, Failure> {
        let stored = &resource.stored;
        if resource.kind == *stored {
            return Ok(object::encode(object));
        }
        let (version, objects) = (stored.api_version(), vec![object.clone()]);
        let mut new = match &resource.custom {
            Some(custom) => conversion::converted(self, custom, objects, &version).await?.pop(),
            None => api::versions::convert(object.clone(), &version),
        };
        let Some(new) = &mut new else { return Ok(object::encode(object)) };
        match (&resource.custom, self.schemas.of(stored), new.as_object_mut()) {
            (Some(custom), ..) => custom.prune_to_store(new).map_err(Failure::internal)?,
            (None, Some(id), Some(members)) => {
                self.defaults.apply(&self.schemas, id, members);
                decode::complete(&self.schemas, id, members);
            }
            _ => {}
        }
        Ok(object::encode(new))
    }

    /// What a client is told of an object that was just stored: what another version did not keep
    /// is not there any more.
    ///
    /// # Errors
    /// A webhook that converts it fails. It is stored nevertheless.
    pub(super) async fn answered(
        &self,
        resource: &Resource,
        object: &Value,
        stored: &[u8],
        revision: u64,
    ) -> Result<Bytes, Failure> {
        if resource.custom.is_none() || resource.kind == resource.stored {
            return Ok(served(object, revision));
        }
        let stored = object::decode(stored, revision).map_err(Failure::internal)?;
        let shown = self.in_version(resource, vec![stored]).await?.pop();
        Ok(served(&shown.unwrap_or_default(), revision))
    }

    /// The resource's cache, if it was ever asked for.
    fn cache_if_any(&self, resource: &Resource) -> Option<Arc<crate::cache::Cacher>> {
        let prefix = self.storage.key(&place::prefix(resource, ""));
        self.caches.lock().get(&prefix).cloned()
    }
}

/// All versions of a resource's kind, for who owns their fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct AllVersions<'a> {
    pub(super) resource: &'a Resource,
    /// Where only a webhook knows.
    pub(super) questions: &'a Questions,
}

impl Versions for AllVersions<'_> {
    fn convert(&self, object: &Value, version: &str) -> Option<Value> {
        let Some(custom) = &self.resource.custom else {
            let kind = object["kind"].as_str().unwrap_or_default();
            let served = api::versions::of(kind).contains(&version);
            return served.then(|| api::versions::convert(object.clone(), version)).flatten();
        };
        let (group, name) = version.split_once('/')?;
        let kind = GroupVersionKind {
            group: group.to_owned(),
            version: name.to_owned(),
            kind: self.resource.kind.kind.clone(),
        };
        custom.schemas.of(&kind)?;
        // What has no metadata is nothing yet, in any version.
        let something = object.get("metadata").is_some();
        if custom.webhook.is_some() && something && object["apiVersion"] != version {
            return self.questions.ask(object, version);
        }
        let mut object = object.clone();
        object["apiVersion"] = version.into();
        Some(object)
    }
}
