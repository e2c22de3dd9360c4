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
use std::{borrow::Cow, collections::BTreeMap};

/// What is different, by the version that tells it; `None` for versions that are gone.
type Changes = BTreeMap<String, Option<Comparison>>;

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
        let taken = change.modified.union(&change.added).difference(&change.removed);
        let changes = BTreeMap::from([(version, Some(change))]);
        let (managed, _) = self.disown(live, new, managed, None, changes);
        Some((managed, taken))
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
        let (managed, conflicts) =
            self.disown(live, new, managed, Some(applier), Changes::default());
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
        mut changes: Changes,
    ) -> (Managed, BTreeMap<Identity, Set>) {
        let mut conflicts = BTreeMap::new();
        let mut left = BTreeMap::new();
        for (identity, mut entry) in managed.0 {
            if but != Some(&identity) {
                let change = changes
                    .entry(entry.version.clone())
                    .or_insert_with(|| self.comparison(live, new, &entry.version));
                // What is owned in a version that is gone cannot be told any more.
                let Some(change) = change else { continue };
                let conflict = entry.set.intersection(&change.modified.union(&change.added));
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

    /// What is different, as a version calls it and as far as the request may change it; `None` if
    /// the version is not served.
    fn comparison(&self, live: &Value, new: &Value, version: &str) -> Option<Comparison> {
        let shape = self.shape(version)?;
        let (live, new) = (self.convert(live, version)?, self.convert(new, version)?);
        let mut found = self.typed().compare(&shape, &live, &new);
        for set in [&mut found.removed, &mut found.modified, &mut found.added] {
            if let Some(filter) = self.resource.filters.get(version) {
                *set = filter.apply(set);
            }
        }
        Some(found)
    }

    /// The object in a version.
    pub(super) fn convert<'o>(&self, object: &'o Value, version: &str) -> Option<Cow<'o, Value>> {
        match version == self.version() {
            true => Some(Cow::Borrowed(object)),
            false => self.resource.versions.convert(object, version).map(Cow::Owned),
        }
    }

    /// The records as the types of today would tell them.
    pub(super) fn reconciled(&self, mut managed: Managed) -> Managed {
        for entry in managed.0.values_mut() {
            if let Some(shape) = self.shape(&entry.version) {
                self.typed().reconcile(&shape, &mut entry.set);
            }
        }
        managed
    }
}
