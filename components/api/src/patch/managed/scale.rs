//! Owners of `replicas`, as the scale subresource and its parent call the field.
//!
//! Upstream: apimachinery's pkg/util/managedfields/scalehandler.go.

use super::{Entry, Managed};
use crate::patch::fields::{Path, Set};
use std::collections::BTreeMap;

const SCALE: &str = "autoscaling/v1";

/// Where `replicas` is in each version (`apps/v1`) of a scaled resource; `None` where it has none.
pub type ReplicasPaths = BTreeMap<String, Option<Path>>;

impl Managed {
    /// The records of the parent that are about its replicas, as records of its Scale.
    #[must_use]
    pub fn to_scale(&self, paths: &ReplicasPaths) -> Self {
        let own = self.0.iter().filter(|(_, entry)| owns(entry, paths));
        let scaled = own.map(|(who, entry)| {
            let set = Set::of([replicas().0.as_slice()]);
            let entry = Entry { set, version: SCALE.to_owned(), time: entry.time.clone() };
            (who.clone(), entry)
        });
        Self(scaled.collect())
    }

    /// The parent's records after a change by way of its Scale, whose records are those given.
    /// `version` is the parent's.
    #[must_use]
    pub fn with_scale(&self, scale: &Self, version: &str, paths: &ReplicasPaths) -> Self {
        let mut left = scale.0.clone();
        let mut out = BTreeMap::new();
        for (who, entry) in self.0.iter().filter(|(_, entry)| paths.contains_key(&entry.version)) {
            let mut entry = entry.clone();
            if let Some(path) = paths[&entry.version].as_ref().filter(|_| owns(&entry, paths))
                && left.remove(who).is_none()
            {
                // Another manager has it now.
                entry.set = entry.set.difference(&Set::of([path.0.as_slice()]));
            }
            if !entry.set.is_empty() {
                out.insert(who.clone(), entry);
            }
        }
        let Some(path) = paths.get(version).and_then(Option::as_ref) else { return Self(out) };
        for (who, entry) in left.into_iter().filter(|(_, it)| it.set.has(&replicas().0)) {
            let set = Set::of([path.0.as_slice()]);
            out.insert(who, Entry { set, version: version.to_owned(), time: entry.time });
        }
        Self(out)
    }
}

fn owns(entry: &Entry, paths: &ReplicasPaths) -> bool {
    let path = paths.get(&entry.version).and_then(Option::as_ref);
    path.is_some_and(|path| entry.set.has(&path.0))
}

fn replicas() -> Path {
    Path::of_fields(&["spec", "replicas"])
}
