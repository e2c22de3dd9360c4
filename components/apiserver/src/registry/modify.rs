//! A change of an object: decided on what is stored, written only if that is still there.

use super::{
    ATTEMPTS_MAX, Registry, Target, Writing, metadata, place, scale, served,
    strategies::{self, Occasion, deletion, prepare, warnings},
    strategy,
};
use crate::{
    admission::{Attributes, Operation},
    authorization::rbac::escalation,
    failure::{Cause, Failure},
    object,
    services::Outcome,
    storage::{Refused, Stored},
};
use api::{patch::managed::keep_times, resources::Resource};
use bytes::Bytes;
use serde_json::Value;

impl Registry {
    /// Changes an object with `decide`, which gets the present one and may be asked again; returns it
    /// as clients see it. One whose last finalizer goes is gone with it.
    ///
    /// Upstream's GuaranteedUpdate may decide on a cached object first; here it is always what the
    /// storage holds, so that no decision outlives its ground (kubernetes #77619, #82303).
    pub(crate) async fn modify(
        &self,
        target: &Target,
        how: &Writing,
        decide: impl Fn(&Value) -> Result<Value, Failure>,
    ) -> Result<Bytes, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            // Overtaken: the next attempt decides on what is there now; who has seen the old one is
            // told.
            if let Some(done) = self.modify_once(target, how, &decide).await? {
                return Ok(done);
            }
        }
        Err(Failure::modified(place::named(&target.resource, &target.name)))
    }

    /// One attempt; none: another writer was first.
    async fn modify_once(
        &self,
        target: &Target,
        how: &Writing,
        decide: &impl Fn(&Value) -> Result<Value, Failure>,
    ) -> Result<Option<Bytes>, Failure> {
        let resource = &target.resource;
        let stored = self.storage.get(&target.key(&self.storage)).await?;
        let Some(stored) = stored else { return Err(target.not_found()) };
        let present = self.decoded(resource, &stored).await?;
        let mut new = decide(&present)?;
        // X15: whoever says what it has seen is believed to have seen the newest.
        if !self.host.defects.has("X15") {
            check_preconditions(target, &new, &present)?;
        }
        let seen = object::meta(&new, "resourceVersion");
        if strategies::of(resource).needs_revision && matches!(seen, "" | "0") {
            let causes = [revision_missing()];
            return Err(Failure::invalid(place::kind_named(resource, &target.name), &causes));
        }
        escalation::check(how.requester.as_ref(), target, &new, Some(&present)).await?;
        metadata::carried_over(&mut new, &present);
        if !how.applied {
            new = self.owned(target, &present, new, how).await;
        }
        let mut write = Attributes::new(Operation::Update, target, new, present, how);
        match scale::told(target, &write) {
            None => self.admission.mutate(self, &mut write).await?,
            Some(mut told) => {
                self.admission.mutate(self, &mut told).await?;
                scale::carry_over(target, &told.object, &mut write.object);
            }
        }
        metadata::carried_over(&mut write.object, &write.old);
        let reserved =
            self.reserve(target, &mut write.object, Some(&write.old), how.dry_run).await?;
        let written = self.write_change(target, &mut write, &stored).await;
        let outcome = match &written {
            Ok(done) => Outcome::of(done.is_some()),
            Err(failure) => Outcome::after(failure),
        };
        self.settle(reserved, &write.object, outcome).await;
        written
    }

    /// Completes a change, and writes it if it is good; none: another writer was first.
    async fn write_change(
        &self,
        target: &Target,
        write: &mut Attributes,
        stored: &Stored,
    ) -> Result<Option<Bytes>, Failure> {
        let (resource, old) = (&*target.resource, &write.old);
        let now = metadata::time(self.host.clock.wall());
        let at = Occasion { user: &write.user, now: &now };
        prepare::update(resource, &target.subresource, &mut write.object, old, &at);
        self.complete(resource, &mut write.object);
        let part = &target.subresource;
        let causes = strategy::validate(resource, part, &write.object, Some(old));
        if !causes.is_empty() {
            return Err(Failure::invalid(place::kind_named(resource, &target.name), &causes));
        }
        for text in warnings::on_update(resource, &write.object, old) {
            write.notes.warn(text);
        }
        let told = scale::told(target, write);
        self.admission.validate(self, told.as_ref().unwrap_or(write)).await?;
        object::set_revision(&mut write.object, stored.revision);
        let new = keep_times(&write.old, write.object.clone());
        let bytes = self.encoded(resource, &new).await?;
        if write.dry_run || bytes[..] == stored.bytes[..] {
            return Ok(Some(served(&new, stored.revision)));
        }
        let (key, lease) = (target.key(&self.storage), self.lease(target).await?);
        let removed = is_finished(resource, &new);
        let written = match removed {
            true => self.storage.delete_if(&key, stored.revision).await,
            false => self.storage.put_if(&key, stored.revision, bytes.clone(), lease).await,
        };
        match written {
            Ok(revision) => {
                if removed {
                    self.free(target, &new).await;
                }
                self.answered(resource, &new, &bytes, revision).await.map(Some)
            }
            Err(Refused::Changed(_)) => Ok(None),
            Err(Refused::Failed(failure)) => Err(failure),
        }
    }

    /// Replaces an object; returns it, and whether it is new: some kinds let it be created so.
    pub(crate) async fn update(
        &self,
        target: &Target,
        body: Value,
        how: &Writing,
    ) -> Result<(Bytes, bool), Failure> {
        metadata::namespace(&body, &target.namespace)?;
        let name = object::meta(&body, "name");
        if !name.is_empty() && name != target.name {
            return Err(Failure::bad_request(format!(
                "the name of the object ({name}) does not match the name on the URL ({})",
                target.name
            )));
        }
        match self.modify(target, how, |_| Ok(body.clone())).await {
            Err(missing) if missing.reason == "NotFound" && creates(target, &body) => {}
            done => return Ok((done?, false)),
        }
        let mut body = body;
        if let Some(metadata) = object::metadata_mut(&mut body) {
            metadata.insert("name".into(), target.name.as_str().into());
        }
        let collection = Target { name: String::new(), ..target.clone() };
        Ok((self.create(&collection, body, how).await?, true))
    }
}

/// Whether replacing what is not there creates it. Who has seen a version of it does not mean that.
fn creates(target: &Target, body: &Value) -> bool {
    let unseen = matches!(object::meta(body, "resourceVersion"), "" | "0");
    unseen && target.subresource.is_empty() && strategies::of(&target.resource).creates_on_update
}

fn revision_missing() -> Cause {
    Cause {
        reason: "FieldValueInvalid",
        message: "Invalid value: 0: must be specified for an update".into(),
        field: "metadata.resourceVersion".into(),
    }
}

/// What the client says it has seen must be what is there.
fn check_preconditions(target: &Target, new: &Value, present: &Value) -> Result<(), Failure> {
    let of = place::named(&target.resource, &target.name);
    let (said, is) = (object::meta(new, "uid"), object::meta(present, "uid"));
    if !said.is_empty() && said != is {
        let why =
            format!("Precondition failed: UID in precondition: {said}, UID in object meta: {is}");
        return Err(Failure::conflict(of, &why));
    }
    let (said, is) =
        (object::meta(new, "resourceVersion"), object::meta(present, "resourceVersion"));
    match said.is_empty() || said == "0" || said == is {
        true => Ok(()),
        false => Err(Failure::modified(of)),
    }
}

/// It was only waiting for its finalizers, and has none left.
pub(super) fn is_finished(resource: &Resource, object: &Value) -> bool {
    let metadata = &object["metadata"];
    let none = metadata["finalizers"].as_array().is_none_or(Vec::is_empty);
    let now = metadata["deletionGracePeriodSeconds"].as_i64() == Some(0);
    metadata["deletionTimestamp"].is_string() && now && none && !deletion::is_held(resource, object)
}
