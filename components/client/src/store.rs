//! A copy of a resource's objects with indexes, and what each change to it means.
//!
//! Upstream: client-go/tools/cache/thread_safe_store.go.

use crate::{Key, Notice, Object, object, reflector::Change};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The values under which an object is found in an index.
pub type Indexer = fn(&Value) -> Vec<String>;

#[derive(Debug)]
struct Index {
    values: Indexer,
    keys: BTreeMap<String, BTreeSet<Key>>,
}

/// The copy.
#[derive(Debug, Default)]
pub struct Store {
    objects: BTreeMap<Key, Object>,
    indexes: BTreeMap<&'static str, Index>,
    resource_version: String,
}

impl Store {
    /// An empty copy with these indexes.
    pub fn new(indexers: &[(&'static str, Indexer)]) -> Self {
        let index = |(name, values): &(&'static str, Indexer)| {
            (*name, Index { values: *values, keys: BTreeMap::new() })
        };
        Self { indexes: indexers.iter().map(index).collect(), ..Self::default() }
    }

    /// The state that it shows; empty before the first.
    pub fn resource_version(&self) -> &str {
        &self.resource_version
    }

    /// An object.
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    /// All, in the order of their keys.
    pub fn all(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// Those of a namespace, in the order of their names.
    pub fn within<'a>(&'a self, namespace: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        let namespace = namespace.to_owned();
        let from = self.objects.range(Key::new(&namespace, "")..);
        from.take_while(move |(key, _)| key.namespace == namespace).map(|(_, object)| object)
    }

    /// Those that an index has under a value; none where there is no such index.
    pub fn by_index<'a>(
        &'a self,
        index: &str,
        value: &str,
    ) -> impl Iterator<Item = &'a Object> + use<'a> {
        let keys = self.indexes.get(index).and_then(|index| index.keys.get(value));
        keys.into_iter().flatten().filter_map(|key| self.objects.get(key))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Takes a change over; gives what it means, in order.
    ///
    /// An object that was replaced by another of its name is one deletion and one addition, also
    /// where its end was not seen: upstream gives one update then, and each controller has to
    /// compare uids.
    pub fn apply(&mut self, change: Change) -> Vec<Notice> {
        match change {
            Change::Replaced { objects, resource_version } => {
                let notices = self.replace(objects);
                self.resource_version = resource_version;
                notices
            }
            Change::Set(object) => {
                object::resource_version(&object).clone_into(&mut self.resource_version);
                self.set(object, false)
            }
            Change::Gone(object) => {
                object::resource_version(&object).clone_into(&mut self.resource_version);
                self.gone(object)
            }
            Change::Reached(resource_version) => {
                self.resource_version = resource_version;
                Vec::new()
            }
        }
    }

    fn replace(&mut self, objects: Vec<Object>) -> Vec<Notice> {
        let initial = self.resource_version.is_empty();
        let stay: BTreeSet<Key> = objects.iter().map(|object| Key::of(object)).collect();
        let vanished: Vec<Key> =
            self.objects.keys().filter(|key| !stay.contains(key)).cloned().collect();
        let mut notices = Vec::new();
        for key in vanished {
            notices.extend(self.remove(&key).map(|object| Notice::Deleted { object, seen: false }));
        }
        for object in objects {
            let old = self.objects.get(&Key::of(&object));
            let same = |old: &Object| {
                object::resource_version(old) == object::resource_version(&object)
                    && object::uid(old) == object::uid(&object)
            };
            if !old.is_some_and(same) {
                notices.append(&mut self.set(object, initial));
            }
        }
        notices
    }

    fn set(&mut self, object: Object, initial: bool) -> Vec<Notice> {
        let key = Key::of(&object);
        let old = self.remove(&key);
        self.insert(key, object.clone());
        match old {
            None => vec![Notice::Added { object, initial }],
            Some(old) if object::uid(&old) == object::uid(&object) => {
                vec![Notice::Updated { old, new: object }]
            }
            Some(old) => vec![
                Notice::Deleted { object: old, seen: false },
                Notice::Added { object, initial },
            ],
        }
    }

    fn gone(&mut self, object: Object) -> Vec<Notice> {
        match self.remove(&Key::of(&object)) {
            Some(_) => vec![Notice::Deleted { object, seen: true }],
            None => Vec::new(),
        }
    }

    fn insert(&mut self, key: Key, object: Object) {
        for index in self.indexes.values_mut() {
            for value in (index.values)(&object) {
                index.keys.entry(value).or_default().insert(key.clone());
            }
        }
        self.objects.insert(key, object);
    }

    fn remove(&mut self, key: &Key) -> Option<Object> {
        let object = self.objects.remove(key)?;
        for index in self.indexes.values_mut() {
            for value in (index.values)(&object) {
                if let Some(keys) = index.keys.get_mut(&value) {
                    keys.remove(key);
                    if keys.is_empty() {
                        index.keys.remove(&value);
                    }
                }
            }
        }
        Some(object)
    }
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
