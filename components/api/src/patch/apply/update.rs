//! The bookkeeping of requests that are no apply: what they change, their manager owns.

use super::{FieldManager, cap, never_owned};
use crate::{
    decode::complete,
    patch::managed::{self, Entry, Identity, Managed, Operation},
};
use serde_json::{Value, json};

impl FieldManager<'_> {
    /// The object that a create, update or patch is about to store, with its managed fields brought
    /// up to date. `live` is the object as it is stored, an empty one
    /// for a create. `now` is RFC 3339, UTC, with whole seconds.
    ///
    /// Bookkeeping refuses nothing: where it cannot be done, the live object's records stay.
    pub fn update(&self, live: &Value, mut new: Value, manager: &str, now: &str) -> Value {
        let managed = self.records(live, &new);
        managed::take(&mut new);
        // An object that is not tracked yet is tracked from the first apply on.
        let tracked = !managed.0.is_empty() || uid(live).is_empty();
        let managed = match tracked {
            true => self.update_records(live, &new, managed, manager, now),
            false => Some(managed),
        };
        managed.unwrap_or_else(|| Managed::of(live)).store(&mut new);
        new
    }

    /// The records that hold before an update. A client may set them, by way of the object itself.
    fn records(&self, live: &Value, new: &Value) -> Managed {
        if !self.resource.subresource.is_empty() {
            return Managed::of(live);
        }
        if managed::is_reset(new) {
            return Managed::default();
        }
        // A client that knows nothing of them leaves them out without meaning to.
        let sent = Managed::of(new);
        if sent.0.is_empty() { Managed::of(live) } else { sent }
    }

    fn update_records(
        &self,
        live: &Value,
        new: &Value,
        managed: Managed,
        manager: &str,
        now: &str,
    ) -> Option<Managed> {
        let version = self.version();
        let identity =
            Identity::new(manager, Operation::Update, &version, self.resource.subresource);
        let (live, new) = (self.completed(live), self.completed(new));
        let managed = self.reconciled(managed);
        let (mut managed, taken) = self.owners_after_update(&live, &new, managed)?;
        let taken = taken.difference(&never_owned());
        if !taken.is_empty() {
            let before = managed.0.remove(&identity).map(|entry| entry.set).unwrap_or_default();
            let set = taken.union(&before);
            let time = Some(now.to_owned());
            managed.0.insert(identity, Entry { set, version, time });
        }
        cap::cap_updaters(&mut managed);
        Some(managed)
    }

    /// An object with what every one of its type has, and without records: nobody owns `spec` for
    /// the `replicas` that it puts there.
    fn completed(&self, object: &Value) -> Value {
        let mut object = object.clone();
        managed::take(&mut object);
        let schemas = self.resource.schemas;
        if let (Some(id), Value::Object(fields)) = (schemas.of(self.resource.kind), &mut object) {
            complete(schemas, id, fields);
        }
        object
    }

    /// Who owns the fields of an object that nobody tracked before.
    pub(super) fn before_first_apply(&self, live: &Value, managed: Managed, now: &str) -> Managed {
        let old = managed.clone();
        let manager = "before-first-apply";
        self.update_records(&json!({}), live, managed, manager, now).unwrap_or(old)
    }
}

fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}
