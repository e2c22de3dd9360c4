//! What goes from an object because its applier no longer applies it and nobody else wants it.
//!
//! Upstream: `prune` of structured-merge-diff's merge/update.go.

use super::FieldManager;
use crate::{
    patch::{
        fields::Set,
        managed::{Entry, Managed},
    },
    schema::Shape,
};
use serde_json::Value;
use std::collections::BTreeMap;

impl FieldManager<'_> {
    /// The merged object, without what the applier owned `before` and nobody owns now.
    pub(super) fn prune(&self, merged: Value, managed: &Managed, before: &Entry) -> Value {
        // What is told in a version that is gone cannot be found any more.
        self.pruned(&merged, managed, before).unwrap_or(merged)
    }

    fn pruned(&self, merged: &Value, managed: &Managed, before: &Entry) -> Option<Value> {
        let version = &before.version;
        let shape = self.shape(version)?;
        let typed = self.typed();
        let whole = self.convert(merged, version)?;
        let last = typed.with_parents(&shape, &before.set);
        let stripped = typed.remove(&shape, &whole, &last);
        let kept = self.give_back(merged, &stripped, version, managed)?;
        // Only what the applier owned may go: what was taken along, and nobody owned, comes back.
        let kept = typed.with_parents(&shape, &typed.field_set(&shape, &kept));
        let all = typed.with_parents(&shape, &typed.field_set(&shape, &whole));
        let gone = all.difference(&kept).intersection(&last);
        let pruned = typed.remove(&shape, &whole, &gone);
        match *version == self.version() {
            true => Some(pruned),
            false => self.resource.versions.convert(&pruned, &self.version()),
        }
    }

    /// Puts back into the stripped object what anybody owns, version after version: the one that
    /// `stripped` is in comes first, so that conversion does not miss what it needs. The result is
    /// in that version.
    fn give_back(
        &self,
        merged: &Value,
        stripped: &Value,
        version: &str,
        managed: &Managed,
    ) -> Option<Value> {
        let mut owned: BTreeMap<&str, Set> = BTreeMap::new();
        for entry in managed.0.values() {
            let set = owned.entry(&entry.version).or_default();
            *set = set.union(&entry.set);
        }
        let first = owned.remove_entry(version).unwrap_or((version, Set::default()));
        let mut kept = (version.to_owned(), stripped.clone());
        for (version, owned) in std::iter::once(first).chain(owned) {
            let Some(shape) = self.shape(version) else { continue };
            let Some(whole) = self.convert(merged, version) else { continue };
            let Some(now) = self.in_version(&kept, version) else { continue };
            kept = (version.to_owned(), self.give_back_in(&shape, &whole, &now, &owned));
        }
        self.in_version(&kept, version)
    }

    fn give_back_in(&self, shape: &Shape, whole: &Value, kept: &Value, owned: &Set) -> Value {
        let typed = self.typed();
        let all = typed.with_parents(shape, &typed.field_set(shape, whole));
        let kept = typed.with_parents(shape, &typed.field_set(shape, kept));
        let wanted = kept.union(&typed.with_parents(shape, owned));
        typed.remove(shape, whole, &all.difference(&wanted))
    }

    fn in_version(&self, (version, object): &(String, Value), wanted: &str) -> Option<Value> {
        match version == wanted {
            true => Some(object.clone()),
            false => self.resource.versions.convert(object, wanted),
        }
    }
}
