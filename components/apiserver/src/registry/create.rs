//! A new object.

use super::{Registry, Target, Writing, custom, metadata, place, served, strategy};
use crate::{
    failure::{Cause, Failure},
    object,
    storage::Refused,
};
use bytes::Bytes;
use serde_json::{Map, Value};

/// Generated names that are tried (RetryGenerateName: eight in all).
const NAMES_MAX: u32 = 8;

impl Registry {
    /// Writes a new object; returns it as clients see it.
    pub(crate) async fn create(
        &self,
        target: &Target,
        body: Value,
        how: &Writing,
    ) -> Result<Bytes, Failure> {
        metadata::namespace(&body, &target.namespace)?;
        self.namespace_takes_objects(target).await?;
        let generated = object::meta(&body, "name").is_empty()
            && !object::meta(&body, "generateName").is_empty();
        let attempts = if generated { NAMES_MAX } else { 1 };
        let mut last = None;
        for _ in 0..attempts {
            match self.create_once(target, body.clone(), how).await {
                Err(taken) if taken.reason == "AlreadyExists" => last = Some(taken),
                done => return done,
            }
        }
        Err(last.unwrap_or_else(|| Failure::internal("no name was tried")))
    }

    async fn create_once(
        &self,
        target: &Target,
        mut object: Value,
        how: &Writing,
    ) -> Result<Bytes, Failure> {
        let resource = &*target.resource;
        let Some(metadata) = object::metadata_mut(&mut object) else {
            return Err(Failure::bad_request("the object has no metadata"));
        };
        metadata::born(&self.host, metadata, &target.namespace);
        metadata::generate_name(&self.host, metadata);
        if !how.applied {
            object = self.owned(target, &Value::Object(Map::new()), object, how);
        }
        strategy::prepare_create(resource, &mut object);
        let name = object::meta(&object, "name").to_owned();
        let causes = strategy::validate(resource, &object);
        if !causes.is_empty() {
            return Err(Failure::invalid(place::kind_named(resource, &name), &causes));
        }
        let target = Target { name, ..target.clone() };
        let key = target.key(&self.storage);
        if how.dry_run {
            return match self.storage.get(&key).await? {
                Some(_) => Err(Failure::already_exists(place::named(resource, &target.name))),
                None => Ok(object::encode(&object).into()),
            };
        }
        let lease = self.lease(&target).await?;
        match self.storage.create(&key, custom::encode(resource, &object), lease).await {
            Ok(revision) => Ok(served(&object, revision)),
            Err(Refused::Changed(_)) => {
                Err(Failure::already_exists(place::named(resource, &target.name)))
            }
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Events vanish by themselves.
    async fn lease(&self, target: &Target) -> Result<i64, Failure> {
        match strategy::lives_seconds(&target.resource) {
            None => Ok(0),
            Some(seconds) => self.storage.lease(seconds).await,
        }
    }

    /// Nothing is created in a namespace that is not there, or is on its way out (admission plugin
    /// NamespaceLifecycle). The namespace is read from the storage, not from a cache: a cache that
    /// lags would let an object in after the last look of whoever empties the namespace.
    async fn namespace_takes_objects(&self, target: &Target) -> Result<(), Failure> {
        if !target.resource.namespaced || target.namespace.is_empty() {
            return Ok(());
        }
        let namespaces = strategy::namespaces();
        let namespace = place::named(&namespaces, &target.namespace);
        let key = self.storage.key(&format!("namespaces/{}", target.namespace));
        let Some(stored) = self.storage.get(&key).await? else {
            return Err(Failure::not_found(namespace));
        };
        let there = super::parsed(&stored)?;
        if object::meta(&there, "deletionTimestamp").is_empty() {
            return Ok(());
        }
        let name = &target.namespace;
        let why = format!(
            "unable to create new content in namespace {name} because it is being terminated"
        );
        let cause = Cause {
            reason: "NamespaceTerminating",
            message: format!("namespace {name} is being terminated"),
            field: "metadata.namespace".into(),
        };
        Err(Failure::forbidden(place::named(&target.resource, &target.name), &why)
            .because(&[cause]))
    }
}
