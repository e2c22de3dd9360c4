//! A limit to the number of records: the oldest of those that updates made become one a version.
//!
//! Upstream: pkg/util/managedfields/internal/capmanagers.go.

use crate::patch::managed::{Identity, Managed, Operation};
use std::collections::BTreeMap;

/// So many managers by update are told apart.
const MAX_UPDATERS: usize = 10;

/// Who owns what managers of old changed.
const OLD_UPDATES: &str = "ancient-changes";

pub(super) fn cap_updaters(managed: &mut Managed) {
    let updaters = managed.0.iter().filter(|(who, _)| who.operation == Operation::Update);
    let mut updaters: Vec<_> =
        updaters.map(|(who, entry)| (entry.time.clone(), who.clone())).collect();
    let mut count = updaters.len();
    if count <= MAX_UPDATERS {
        return;
    }
    updaters.sort();
    let mut first_of: BTreeMap<String, Identity> = BTreeMap::new();
    for (_, who) in updaters {
        if count <= MAX_UPDATERS {
            return;
        }
        let Some(entry) = managed.0.get(&who).cloned() else { continue };
        let Some(first) = first_of.get(&entry.version) else {
            first_of.insert(entry.version.clone(), who);
            continue;
        };
        let bucket = Identity::new(OLD_UPDATES, Operation::Update, &entry.version, "");
        if !managed.0.contains_key(&bucket)
            && let Some(oldest) = managed.0.remove(first)
        {
            managed.0.insert(bucket.clone(), oldest);
        }
        managed.0.remove(&who);
        count -= 1;
        if let Some(old) = managed.0.get_mut(&bucket) {
            old.set = old.set.union(&entry.set);
            old.time = entry.time;
        }
    }
}
