//! The store against a plain map, and what its consumers are told.

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
    pod.pointer("/spec/nodeName").and_then(Value::as_str).map(str::to_owned).into_iter().collect()
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
