//! What the stores must show before a key is decided on again: its own writes.
//!
//! Upstream counts the events that it expects, for five minutes at most, and creates another batch
//! when a watch lags longer than that (pkg/controller/controller_utils.go). We wait until each
//! store has reached the version of what was written, or no longer shows what was deleted. That
//! needs no time limit, and an object that was replaced by another of its name confuses nobody.

use client::{Key, Resource, uid};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

use crate::{
    object::{is_deleting, version},
    view::View,
};

/// What is awaited for one key.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    versions: BTreeMap<Resource, u64>,
    /// Of objects by uid, which are gone or going.
    ends: BTreeSet<(Resource, Key, String)>,
}

impl Awaited {
    /// The object was written, and this is the answer.
    pub(super) fn wrote(&mut self, resource: &Resource, answer: &Value) {
        let newest = self.versions.entry(resource.clone()).or_default();
        *newest = version(answer).max(*newest);
    }

    /// The object of this uid was deleted, or is asked to go.
    pub(super) fn deleted(&mut self, resource: &Resource, key: &Key, uid: &str) {
        self.ends.insert((resource.clone(), key.clone(), uid.to_owned()));
    }

    /// The stores show all of it. What they show is forgotten; what nobody watches as well.
    pub(super) fn is_met(&mut self, view: &View<'_>) -> bool {
        self.versions.retain(|resource, version| {
            let shown = |store: &client::Store| store.resource_version().parse().unwrap_or(0);
            view.find(resource).is_some_and(|store| shown(store) < *version)
        });
        self.ends.retain(|(resource, key, ended)| {
            let there = view.find(resource).and_then(|store| store.get(key));
            there.is_some_and(|object| uid(object) == ended && !is_deleting(object))
        });
        self.versions.is_empty() && self.ends.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::PODS;
    use client::{Store, reflector::Change};
    use serde_json::json;
    use std::sync::Arc;

    fn pod(uid: &str, version: u64) -> Value {
        json!({"metadata": {"name": "a", "namespace": "n", "uid": uid,
            "resourceVersion": version.to_string()}})
    }

    fn met(awaited: &mut Awaited, store: &Store) -> bool {
        awaited.is_met(&View::new(vec![(PODS, store)]))
    }

    #[test]
    fn a_write_is_awaited_until_the_store_has_reached_it() {
        let (mut store, mut awaited) = (View::store(), Awaited::default());
        store.apply(Change::Set(Arc::new(pod("u", 5))));
        awaited.wrote(&PODS.resource(), &pod("v", 9));
        assert!(!met(&mut awaited, &store));
        // It was seen and has gone again; others moved on.
        store.apply(Change::Reached("9".into()));
        assert!(met(&mut awaited, &store));
        awaited.wrote(&Resource::core("secrets"), &pod("v", 99));
        assert!(met(&mut awaited, &store), "nobody watches these");
    }

    #[test]
    fn an_end_is_awaited_until_that_object_is_gone_or_going() {
        let (mut store, mut awaited) = (View::store(), Awaited::default());
        store.apply(Change::Set(Arc::new(pod("u", 5))));
        let key = Key::new("n", "a");
        awaited.deleted(&PODS.resource(), &key, "u");
        assert!(!met(&mut awaited, &store));
        store.apply(Change::Set(Arc::new(pod("v", 6))));
        assert!(met(&mut awaited, &store), "another of its name");
        awaited.deleted(&PODS.resource(), &key, "v");
        let mut going = pod("v", 7);
        going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        store.apply(Change::Set(Arc::new(going)));
        assert!(met(&mut awaited, &store));
    }
}
