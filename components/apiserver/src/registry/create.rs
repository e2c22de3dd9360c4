//! A new object.

use super::{
    ATTEMPTS_MAX, Registry, Target, Writing, metadata, place,
    strategies::{Occasion, prepare, warnings},
    strategy,
};
use crate::{
    admission::{Attributes, Operation, namespace_lifecycle::ground},
    authorization::rbac::escalation,
    failure::{Failure, Named},
    object,
    services::Outcome,
    storage::Refused,
};
use api::{decode, resources::Resource};
use bytes::Bytes;
use serde_json::{Map, Value};

/// Generated names that are tried (RetryGenerateName: eight in all).
const NAMES_MAX: u32 = 8;

impl Registry {
    /// Writes a new object; returns it as clients see it.
    pub(crate) async fn create(
        &self,
        target: &Target,
        mut object: Value,
        how: &Writing,
    ) -> Result<Bytes, Failure> {
        metadata::namespace(&object, &target.namespace)?;
        let Some(metadata) = object::metadata_mut(&mut object) else {
            return Err(Failure::bad_request("the object has no metadata"));
        };
        metadata::cleaned(metadata, &target.namespace);
        if !how.applied {
            object = self.owned(target, &Value::Object(Map::new()), object, how).await;
        }
        let mut write = Attributes::new(Operation::Create, target, object, Value::Null, how);
        self.admission.mutate(self, &mut write).await?;
        escalation::check(how.requester.as_ref(), target, &write.object, None).await?;
        let meta = |name| object::meta(&write.object, name);
        let generated = meta("name").is_empty() && !meta("generateName").is_empty();
        let attempts = if generated { NAMES_MAX } else { 1 };
        let mut last = None;
        for _ in 0..attempts {
            match self.create_once(target, write.clone()).await {
                Err(taken) if taken.reason == "AlreadyExists" => last = Some(taken),
                done => return done,
            }
        }
        Err(last.unwrap_or_else(|| Failure::internal("no name was tried")))
    }

    async fn create_once(&self, target: &Target, mut write: Attributes) -> Result<Bytes, Failure> {
        let resource = &*target.resource;
        if let Some(metadata) = object::metadata_mut(&mut write.object) {
            metadata::born(&self.host, metadata);
            metadata::generate_name(&self.host, metadata);
        }
        let now = metadata::time(self.host.clock.wall());
        let at = Occasion { user: &write.user, now: &now };
        prepare::create(resource, &mut write.object, &at);
        self.complete(resource, &mut write.object);
        write.name = object::meta(&write.object, "name").to_owned();
        let reserved = self.reserve(target, &mut write.object, None, write.dry_run).await?;
        let written = self.write_new(target, &write).await;
        let outcome = written.as_ref().map_or_else(Outcome::after, |_| Outcome::of(true));
        self.settle(reserved, &write.object, outcome).await;
        written
    }

    /// Writes an object that is complete, if it is good.
    async fn write_new(&self, target: &Target, write: &Attributes) -> Result<Bytes, Failure> {
        let (resource, object) = (&*target.resource, &write.object);
        let causes = strategy::validate(resource, "", object, None);
        if !causes.is_empty() {
            return Err(Failure::invalid(place::kind_named(resource, &write.name), &causes));
        }
        for text in warnings::on_create(resource, object) {
            write.notes.warn(text);
        }
        self.admission.validate(self, write).await?;
        let target = Target { name: write.name.clone(), ..target.clone() };
        let key = target.key(&self.storage);
        // X27: what is only tried is done.
        if write.dry_run && !self.host.defects.has("X27") {
            return match self.storage.get(&key).await? {
                Some(_) => Err(Failure::already_exists(place::named(resource, &target.name))),
                None => Ok(object::encode(object).into()),
            };
        }
        let lease = self.lease(&target).await?;
        let bytes = self.encoded(resource, object).await?;
        match self.put_new(write, &key, bytes.clone(), lease).await {
            Ok(revision) => self.answered(resource, object, &bytes, revision).await,
            Err(Refused::Changed(_)) => {
                Err(Failure::already_exists(place::named(resource, &target.name)))
            }
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Writes it where there is nothing, on its namespace where it depends on that. A namespace that
    /// changed meanwhile is looked at again.
    async fn put_new(
        &self,
        write: &Attributes,
        key: &str,
        bytes: Vec<u8>,
        lease: i64,
    ) -> Result<u64, Refused> {
        for _ in 0..ATTEMPTS_MAX {
            let ground = match write.grounded {
                true => Some(ground(self, write).await.map_err(Refused::Failed)?),
                false => None,
            };
            let created = self.storage.create(key, bytes.clone(), lease, ground.as_ref());
            if let Some(revision) = created.await? {
                return Ok(revision);
            }
        }
        Err(Refused::Failed(Failure::modified(Named {
            group: "",
            resource: "namespaces",
            name: &write.namespace,
        })))
    }

    /// Adds what the kind's objects always say, such as an empty status.
    pub(super) fn complete(&self, resource: &Resource, object: &mut Value) {
        let id = self.schemas.of(&resource.kind);
        if let (Some(id), Some(members)) = (id, object.as_object_mut()) {
            decode::complete(&self.schemas, id, members);
        }
    }

    /// Events vanish by themselves.
    pub(super) async fn lease(&self, target: &Target) -> Result<i64, Failure> {
        match strategy::vanishes(&target.resource) {
            false => Ok(0),
            true => self.leases.lease(&self.storage, self.host.now(), self.event_ttl).await,
        }
    }
}
