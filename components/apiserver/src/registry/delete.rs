//! The end of an object: at once, after its grace period, or when its finalizers are done.
//!
//! Upstream: apiserver/pkg/registry/rest/delete.go and generic/registry/store.go.

use super::{
    ATTEMPTS_MAX, Registry, Target, Writing, metadata,
    modify::is_finished,
    place, served,
    strategies::{self, deletion},
    strategy,
};
use crate::{
    admission::{Attributes, Operation},
    failure::Failure,
    object,
    storage::{Refused, Stored},
};
use api::resources::Resource;
use bytes::Bytes;
use host::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// `metav1.DeleteOptions`.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Deletion {
    pub(crate) grace_period_seconds: Option<i64>,
    pub(crate) preconditions: Option<Preconditions>,
    pub(crate) orphan_dependents: Option<bool>,
    pub(crate) propagation_policy: Option<String>,
    pub(crate) dry_run: Option<Vec<String>>,
}

/// What the object must be for the deletion to happen.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Preconditions {
    uid: Option<String>,
    resource_version: Option<String>,
}

impl Registry {
    /// Deletes an object; returns the object where it goes on for a while, else a `Status`.
    pub(crate) async fn delete(
        &self,
        target: &Target,
        options: &Deletion,
        how: &Writing,
    ) -> Result<Bytes, Failure> {
        let resource = &target.resource;
        let key = target.key(&self.storage);
        for _ in 0..ATTEMPTS_MAX {
            let Some(stored) = self.storage.get(&key).await? else {
                return Err(target.not_found());
            };
            let guard = stored.revision;
            // K08 (kubernetes #82303): it is decided on what the cache has, which may be older.
            let stored = match self.host.defects.has("K08") {
                true => self.cached_instead(target, &stored),
                false => stored,
            };
            let present = self.decoded(resource, &stored).await?;
            options.check(target, &present)?;
            let (none, old) = (Value::Null, present.clone());
            let mut write = Attributes::new(Operation::Delete, target, none, old, how);
            self.admission.mutate(self, &mut write).await?;
            self.admission.validate(self, &write).await?;
            let mut doomed = present.clone();
            mark(self.host.clock.wall(), target, options, &mut doomed);
            let bytes = self.encoded(resource, &doomed).await?;
            let goes = is_finished(resource, &doomed);
            if how.dry_run || (!goes && bytes[..] == stored.bytes[..]) {
                return Ok(served(&doomed, stored.revision));
            }
            let written = match goes {
                true => self.storage.delete_if(&key, guard).await,
                false => self.storage.put_if(&key, guard, bytes, 0).await,
            };
            if goes && written.is_ok() {
                self.free(target, &doomed).await;
            }
            match written {
                Ok(_) if goes && !strategies::of(resource).returns_deleted => {
                    return Ok(success(target, object::meta(&present, "uid")));
                }
                Ok(revision) => return Ok(served(&doomed, revision)),
                // The next attempt decides on what is there now.
                Err(Refused::Changed(_)) => {}
                Err(Refused::Failed(failure)) => return Err(failure),
            }
        }
        Err(Failure::modified(place::named(resource, &target.name)))
    }

    /// What the cache has of an object, which may be older: only deliberate bugs look at that.
    pub(super) fn cached_instead(&self, target: &Target, stored: &Stored) -> Stored {
        let cached = self.cache(&target.resource).get(&target.key(&self.storage));
        cached.map_or_else(
            || stored.clone(),
            |entry| Stored {
                key: entry.key.clone().into(),
                bytes: entry.bytes.clone(),
                revision: entry.revision,
            },
        )
    }
}

impl Deletion {
    /// Whether the client says which version it means.
    pub(crate) fn names_revision(&self) -> bool {
        self.preconditions.as_ref().is_some_and(|wanted| wanted.resource_version.is_some())
    }

    /// The object must be as it was at that version, unless the client names another.
    pub(crate) fn insist_on_revision(&mut self, revision: &str) {
        let wanted = self.preconditions.get_or_insert_default();
        wanted.resource_version.get_or_insert_with(|| revision.to_owned());
    }

    fn check(&self, target: &Target, present: &Value) -> Result<(), Failure> {
        let Some(wanted) = &self.preconditions else { return Ok(()) };
        let of = place::named(&target.resource, &target.name);
        let pairs = [
            ("UID", &wanted.uid, object::meta(present, "uid")),
            ("ResourceVersion", &wanted.resource_version, object::meta(present, "resourceVersion")),
        ];
        for (what, wanted, is) in pairs {
            if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != is) {
                let why = format!(
                    "Precondition failed: {what} in precondition: {wanted}, {what} in object \
                     meta: {is}"
                );
                return Err(Failure::conflict(of, &why));
            }
        }
        Ok(())
    }

    /// The finalizer that says what is to become of who depends on the object: as the client asks,
    /// else as the object's finalizers say, else as is usual with the kind
    /// (deletionFinalizersForGarbageCollection).
    fn finalizer(&self, resource: &Resource, present: &[Value]) -> Option<&'static str> {
        if strategy::vanishes(resource) {
            return None;
        }
        let has = |name: &str| present.iter().any(|one| one == name);
        match (self.propagation_policy.as_deref(), self.orphan_dependents) {
            (Some("Orphan"), _) | (None, Some(true)) => Some(ORPHAN),
            (Some("Foreground"), _) => Some(FOREGROUND),
            (Some(_), _) | (None, Some(false)) => None,
            (None, None) if has(ORPHAN) => Some(ORPHAN),
            (None, None) if has(FOREGROUND) => Some(FOREGROUND),
            (None, None) => strategies::of(resource).orphans.then_some(ORPHAN),
        }
    }
}

/// Dependents stay.
const ORPHAN: &str = "orphan";
/// Dependents go first.
const FOREGROUND: &str = "foregroundDeletion";

/// Says in the object that it is to go, and when.
fn mark(now: Timestamp, target: &Target, options: &Deletion, object: &mut Value) {
    let grace = deletion::grace_seconds(&target.resource, object, options.grace_period_seconds);
    deletion::prepare(&target.resource, object, &metadata::time(now));
    let Some(metadata) = object::metadata_mut(object) else { return };
    let finalizers = metadata.get("finalizers").and_then(Value::as_array);
    let mut finalizers = finalizers.cloned().unwrap_or_default();
    let wanted = options.finalizer(&target.resource, &finalizers);
    finalizers.retain(|one| {
        ![ORPHAN, FOREGROUND].iter().any(|name| one == name) || wanted.is_some_and(|w| one == w)
    });
    finalizers.extend(wanted.filter(|w| !finalizers.iter().any(|one| one == w)).map(Value::from));
    match finalizers.is_empty() {
        true => drop(metadata.remove("finalizers")),
        false => drop(metadata.insert("finalizers".into(), finalizers.into())),
    }
    // A second deletion can only shorten the time that is left.
    let left = metadata.get("deletionGracePeriodSeconds").and_then(Value::as_i64);
    if left.is_some_and(|left| left <= grace) {
        return;
    }
    let seconds = u64::try_from(grace).unwrap_or(0);
    let at = now
        .0
        .saturating_add(u64::try_from(Duration::from_secs(seconds).as_nanos()).unwrap_or(u64::MAX));
    metadata.insert("deletionTimestamp".into(), metadata::time(Timestamp(at)).into());
    metadata.insert("deletionGracePeriodSeconds".into(), grace.into());
    if let Some(generation) = metadata.get("generation").and_then(Value::as_i64) {
        metadata.insert("generation".into(), (generation + 1).into());
    }
}

/// The `Status` that says an object is gone.
fn success(target: &Target, uid: &str) -> Bytes {
    let mut details = json!({"name": target.name, "kind": target.resource.plural, "uid": uid});
    if !target.resource.kind.group.is_empty() {
        details["group"] = target.resource.kind.group.as_str().into();
    }
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": details,
    });
    status.to_string().into()
}
