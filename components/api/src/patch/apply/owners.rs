//! Who owns what after an object changed.
//!
//! Upstream: `update` and `Update` of structured-merge-diff's merge/update.go.

use super::FieldManager;
use crate::patch::{
    Conflicts, PatchError,
    fields::Set,
    managed::{Identity, Managed},
    typed::Comparison,
};
use serde_json::Value;
use std::collections::BTreeMap;

impl FieldManager<'_> {
    /// The records without what an update took from others, and what it took: all that it changed.
    /// `None` if the object cannot be compared.
    pub(super) fn owners_after_update(
        &self,
        live: &Value,
        new: &Value,
        managed: Managed,
    ) -> Option<(Managed, Set)> {
        let version = self.version();
        let change = self.comparison(live, new, &version)?;
        let (managed, _) = self.disown(live, new, managed, None);
        let taken = change.modified.union(&change.added).difference(&change.removed);
        Some((managed, self.owned(&version, &taken)))
    }

    /// The records without what an apply took from others.
    ///
    /// # Errors
    /// `Conflict` if it takes anything, unless `force`.
    pub(super) fn owners_after_apply(
        &self,
        live: &Value,
        new: &Value,
        managed: Managed,
        applier: &Identity,
        force: bool,
    ) -> Result<Managed, PatchError> {
        let (managed, conflicts) = self.disown(live, new, managed, Some(applier));
        match Conflicts::of(&conflicts) {
            Some(conflicts) if !force => Err(PatchError::Conflict(conflicts)),
            _ => Ok(managed),
        }
    }

    /// Takes from all managers but one what is changed or gone. Gives what was changed, too.
    fn disown(
        &self,
        live: &Value,
        new: &Value,
        managed: Managed,
        but: Option<&Identity>,
    ) -> (Managed, BTreeMap<Identity, Set>) {
        let mut changes: BTreeMap<String, Option<Comparison>> = BTreeMap::new();
        let mut conflicts = BTreeMap::new();
        let mut left = BTreeMap::new();
        for (identity, mut entry) in managed.0 {
            if but != Some(&identity) {
                let change = changes
                    .entry(entry.version.clone())
                    .or_insert_with(|| self.comparison(live, new, &entry.version));
                // What is owned in a version that is gone cannot be told any more.
                let Some(change) = change else { continue };
                let changed = change.modified.union(&change.added);
                let conflict = entry.set.intersection(&changed);
                entry.set = entry.set.difference(&conflict).difference(&change.removed);
                if !conflict.is_empty() {
                    conflicts.insert(identity.clone(), conflict);
                }
            }
            if !entry.set.is_empty() {
                left.insert(identity, entry);
            }
        }
        (Managed(left), conflicts)
    }

    /// What is different, as a version calls it; `None` if that is not served.
    fn comparison(&self, live: &Value, new: &Value, version: &str) -> Option<Comparison> {
        let shape = self.shape(version)?;
        let (live, new) = (self.convert(live, version)?, self.convert(new, version)?);
        let found = self.typed().compare(&shape, &live, &new);
        Some(Comparison {
            removed: self.owned(version, &found.removed),
            modified: self.owned(version, &found.modified),
            added: self.owned(version, &found.added),
        })
    }

    /// The object in a version.
    pub(super) fn convert(&self, object: &Value, version: &str) -> Option<Value> {
        match version == self.version() {
            true => Some(object.clone()),
            false => self.resource.versions.convert(object, version),
        }
    }
}
