//! A copy of a resource's objects with indexes, and what each change to it means.
//!
//! Upstream: client-go/tools/cache/thread_safe_store.go, delta_fifo.go and shared_informer.go.

use crate::{Key, Object, object, reflector::Change};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What happened to an object.
#[derive(Clone, PartialEq, Debug)]
pub enum Notice {
    /// There is a new one.
    Added {
        /// It.
        object: Object,
        /// It was there before the store was first complete.
        initial: bool,
    },
    /// It changed, or is told of again (a resync: both are the same then).
    Updated {
        /// Before.
        old: Object,
        /// After.
        new: Object,
    },
    /// It is gone.
    Deleted {
        /// Its last state, or the last that was seen.
        object: Object,
        /// False: its end was not seen, and it may have changed before (upstream's
        /// `DeletedFinalStateUnknown`).
        seen: bool,
    },
}

impl Notice {
    /// The object's key.
    pub fn key(&self) -> Key {
        match self {
            Self::Added { object, .. } | Self::Deleted { object, .. } => Key::of(object),
            Self::Updated { new, .. } => Key::of(new),
        }
    }
}

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
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;
    use std::sync::Arc;

    fn pod(name: u8, uid: u64, version: u64, node: u8) -> Object {
        Arc::new(json!({"spec": {"nodeName": node.to_string()}, "metadata": {
            "name": name.to_string(), "namespace": (name % 2).to_string(),
            "uid": uid.to_string(), "resourceVersion": version.to_string()}}))
    }

    fn node(pod: &Value) -> Vec<String> {
        pod.pointer("/spec/nodeName")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .into_iter()
            .collect()
    }

    fn told(notices: &[Notice]) -> Vec<String> {
        let one = |notice: &Notice| match notice {
            Notice::Added { object, initial } => format!("+{} {initial}", object::uid(object)),
            Notice::Updated { new, .. } => format!("~{}", object::uid(new)),
            Notice::Deleted { object, seen } => format!("-{} {seen}", object::uid(object)),
        };
        notices.iter().map(one).collect()
    }

    #[test]
    fn a_replacement_is_told_as_the_difference() {
        let mut store = Store::new(&[]);
        let objects = vec![pod(1, 1, 1, 0), pod(2, 2, 2, 0), pod(3, 3, 3, 0)];
        let first = Change::Replaced { objects, resource_version: "3".into() };
        assert_eq!(told(&store.apply(first)), ["+1 true", "+2 true", "+3 true"]);
        // 1 vanished, 2 is the same, 3 is another, 4 is new.
        let objects = vec![pod(2, 2, 2, 0), pod(3, 9, 8, 0), pod(4, 4, 7, 0)];
        let second = Change::Replaced { objects, resource_version: "8".into() };
        assert_eq!(told(&store.apply(second)), ["-1 false", "-3 false", "+9 false", "+4 false"]);
        assert_eq!(store.resource_version(), "8");
        assert_eq!(told(&store.apply(Change::Gone(pod(1, 1, 9, 0)))), [""; 0]);
        assert_eq!(told(&store.apply(Change::Gone(pod(2, 2, 10, 0)))), ["-2 true"]);
    }

    #[derive(Clone, Debug)]
    enum Act {
        Set(u8, u8),
        Gone(u8),
        Replace(Vec<(u8, u8)>),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (0u8..6, 0u8..3).prop_map(|(name, node)| Act::Set(name, node)),
            (0u8..6).prop_map(Act::Gone),
            prop::collection::vec((0u8..6, 0u8..3), 0..5).prop_map(Act::Replace),
        ]
    }

    proptest! {
        /// What handlers have been told, and each look into an index, is what a plain map says.
        #[test]
        fn notices_and_indexes_agree_with_a_plain_map(acts in prop::collection::vec(act(), 1..40)) {
            let mut store = Store::new(&[("node", node)]);
            let mut model: BTreeMap<u8, (u8, u64)> = BTreeMap::new();
            let mut told: BTreeMap<Key, Object> = BTreeMap::new();
            for (version, act) in (1u64..).zip(acts) {
                let change = match act {
                    Act::Set(name, node) => {
                        model.insert(name, (node, version));
                        Change::Set(pod(name, u64::from(name), version, node))
                    }
                    Act::Gone(name) => {
                        model.remove(&name);
                        Change::Gone(pod(name, u64::from(name), version, 0))
                    }
                    Act::Replace(all) => {
                        model = all.into_iter().map(|(name, node)| (name, (node, version))).collect();
                        let one = |(name, (node, _)): (&u8, &(u8, u64))| {
                            pod(*name, u64::from(*name), version, *node)
                        };
                        let objects = model.iter().map(one).collect();
                        Change::Replaced { objects, resource_version: version.to_string() }
                    }
                };
                for notice in store.apply(change) {
                    let before = match &notice {
                        Notice::Added { object, .. } => told.insert(notice.key(), object.clone()),
                        Notice::Updated { old, new } => {
                            prop_assert_eq!(told.get(&notice.key()), Some(old));
                            told.insert(notice.key(), new.clone());
                            None
                        }
                        Notice::Deleted { .. } => {
                            prop_assert!(told.remove(&notice.key()).is_some());
                            None
                        }
                    };
                    prop_assert!(before.is_none());
                }
                prop_assert_eq!(&told, &store.objects);
                for wanted in 0u8..3 {
                    let found: Vec<_> =
                        store.by_index("node", &wanted.to_string()).map(|it| object::name(it)).collect();
                    let names = model.iter().filter(|(_, (node, _))| *node == wanted);
                    let mut names: Vec<_> = names.map(|(name, _)| name.to_string()).collect();
                    names.sort_by_key(|name| (name.parse::<u8>().unwrap_or(0) % 2, name.clone()));
                    prop_assert_eq!(found, names);
                }
                let odd = store.within("1").count();
                prop_assert_eq!(odd, model.keys().filter(|name| *name % 2 == 1).count());
            }
        }
    }
}
