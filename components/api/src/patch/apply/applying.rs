//! An apply: what is applied is laid over the object, and what was applied before and is not any
//! more goes.

use super::{FieldManager, last_applied, never_owned};
use crate::{
    patch::{
        PatchError,
        fields::{Set, equal},
        managed::{self, Entry, Identity, Managed, Operation},
    },
    schema::{GroupVersionKind, Shape},
};
use serde_json::{Value, json};

impl FieldManager<'_> {
    /// What an apply makes of the live object (an empty one if there is none). It holds the patch's
    /// values as they came, nulls and quantities of any form among them: the caller decodes it and
    /// fills in defaults, as for any object that a client sends.
    ///
    /// # Errors
    /// `BadRequest` if the patch has another kind or version, fields that the type does not have,
    /// or managed fields; `Conflict` if others own what it changes, unless `force`; `Stored` if the
    /// live object does not have its type.
    pub fn apply(
        &self,
        live: &Value,
        patch: &Value,
        manager: &str,
        force: bool,
        now: &str,
    ) -> Result<Value, PatchError> {
        self.check_kind(patch)?;
        let managed = Managed::decode(managed::managed_fields(live))
            .map_err(|why| PatchError::Stored(format!("failed to decode managed fields: {why}")))?;
        let mut bare = live.clone();
        managed::take(&mut bare);
        let managed = match managed.0.is_empty() {
            true => self.before_first_apply(&bare, managed, now),
            false => self.reconciled(managed),
        };
        let identity = Identity::new(manager, Operation::Apply, "", self.resource.subresource);
        let tried = self.apply_as(&bare, patch, managed.clone(), &identity, force, now);
        let applied = match tried {
            Err(PatchError::Conflict(conflicts)) if manager == last_applied::MANAGER => {
                let allowed = self.applied_by_client(&bare);
                match allowed.map_or(Some(conflicts.clone()), |it| conflicts.outside(&it)) {
                    Some(left) => Err(PatchError::Conflict(left)),
                    None => self.apply_as(&bare, patch, managed, &identity, true, now),
                }
            }
            other => other,
        };
        let (mut object, managed) = applied?;
        if manager == last_applied::MANAGER {
            last_applied::refresh(&mut object, patch);
        }
        managed.store(&mut object);
        Ok(object)
    }

    /// A patch laid over an object as an apply would, and nobody owns what it changes.
    ///
    /// # Errors
    /// `BadRequest` if the patch has fields that the type does not have; `Stored` if the object does
    /// not have its type.
    pub fn laid_over(&self, object: &Value, patch: &Value) -> Result<Value, PatchError> {
        self.merged(object, patch).map(|(merged, _)| merged)
    }

    fn apply_as(
        &self,
        live: &Value,
        patch: &Value,
        mut managed: Managed,
        identity: &Identity,
        force: bool,
        now: &str,
    ) -> Result<(Value, Managed), PatchError> {
        let (merged, set) = self.merged(live, patch)?;
        let version = self.version();
        let before = managed.0.remove(identity);
        let time = before.as_ref().and_then(|entry| entry.time.clone());
        // Who still wants all that it wanted has nothing to take away.
        let gives_up =
            before.filter(|it| it.version != version || !it.set.difference(&set).is_empty());
        managed.0.insert(identity.clone(), Entry { set, version, time });
        let object = match gives_up {
            Some(before) => self.prune(merged, &managed, &before),
            None => merged,
        };
        let mut managed = self.owners_after_apply(live, &object, managed, identity, force)?;
        if let Some(mut entry) = managed.0.remove(identity) {
            entry.set = entry.set.difference(&never_owned());
            if !equal(live, &object) {
                entry.time = Some(now.to_owned());
            }
            if !entry.set.is_empty() {
                managed.0.insert(identity.clone(), entry);
            }
        }
        Ok((object, managed))
    }

    /// The patch laid over the live object, and the fields that its applier owns by that.
    fn merged(&self, live: &Value, patch: &Value) -> Result<(Value, Set), PatchError> {
        let version = self.version();
        let shape = self.shape(&version).unwrap_or(Shape::Json);
        let (typed, name) = (self.typed(), self.name_of(patch));
        typed
            .validate(&shape, patch, false)
            .map_err(|why| bad(format!("failed to create typed patch object ({name}): {why}")))?;
        typed.validate(&shape, live, true).map_err(|why| {
            PatchError::Stored(format!("failed to create typed live object ({name}): {why}"))
        })?;
        let merged = typed
            .merge(&shape, Some(live), Some(patch))
            .map_err(|why| bad(format!("failed to merge config: {why}")))?
            .unwrap_or_else(|| json!({}));
        Ok((merged, self.owned(&version, &typed.field_set(&shape, patch))))
    }

    fn check_kind(&self, patch: &Value) -> Result<(), PatchError> {
        let text = |name: &str| patch.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = self.resource.kind;
        if text("apiVersion") != kind.api_version() || text("kind") != kind.kind {
            let (group, version) =
                text("apiVersion").split_once('/').unwrap_or(("", text("apiVersion")));
            let kind = text("kind");
            return Err(bad(format!("invalid object type: {group}/{version}, Kind={kind}")));
        }
        match managed::managed_fields(patch) {
            None | Some(Value::Null) => Ok(()),
            Some(_) => Err(bad("metadata.managedFields must be nil".to_owned())),
        }
    }

    /// An object as messages name it: `default/web; apps/v1, Kind=Deployment`.
    fn name_of(&self, object: &Value) -> String {
        let text = |name: &str| object["metadata"][name].as_str().unwrap_or_default();
        let GroupVersionKind { group, version, kind } = self.resource.kind;
        format!("{}/{}; {group}/{version}, Kind={kind}", text("namespace"), text("name"))
    }
}

fn bad(why: String) -> PatchError {
    PatchError::BadRequest(why)
}
