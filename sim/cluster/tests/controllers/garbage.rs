//! Nothing goes whose owner lives, and nothing stays whose owners are gone.

use crate::{
    place::{Cluster, seconds},
    world::{Hand, History, follow, managers, trouble},
};
use ::client::{Propagation, Resource, name, uid};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

fn maps() -> Resource {
    Resource::core("configmaps")
}

fn map(name: &str, owners: &[&Value]) -> Value {
    let owner = |owner: &&Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "name": ::client::name(owner),
            "uid": uid(owner), "blockOwnerDeletion": true})
    };
    let owners: Vec<Value> = owners.iter().map(owner).collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "ownerReferences": owners}})
}

/// One family a way of deleting: what stays of each.
const STAYS: &[(&str, Propagation, &[&str])] = &[
    ("back", Propagation::Background, &["back-both", "back-other"]),
    ("fore", Propagation::Foreground, &["fore-both", "fore-other"]),
    ("free", Propagation::Orphan, &["free-both", "free-child", "free-grandchild", "free-other"]),
];

async fn raise(hand: &Hand, family: &str, how: Propagation) {
    let named = |who: &str| format!("{family}-{who}");
    let root = hand.create(&maps(), map(&named("root"), &[])).await;
    let other = hand.create(&maps(), map(&named("other"), &[])).await;
    let child = hand.create(&maps(), map(&named("child"), &[&root])).await;
    hand.create(&maps(), map(&named("grandchild"), &[&child])).await;
    hand.create(&maps(), map(&named("both"), &[&root, &other])).await;
    hand.0.sleep(Duration::from_secs(4)).await;
    hand.delete(&maps(), &named("root"), how).await;
}

#[test]
fn families_go_as_they_were_asked_to() {
    for seed in 0..2 {
        let cluster = Cluster::start(seed);
        let (history, done) = (History::default(), Arc::new(Mutex::new(BTreeSet::new())));
        let managers = managers(&cluster, 2);
        let seen = history.clone();
        cluster.user("witness", move |host| follow(host, maps(), seen.clone()));
        let note = done.clone();
        cluster.user("user", move |host| {
            let (hand, note) = (Hand(host), note.clone());
            async move {
                hand.0.sleep(Duration::from_secs(15)).await;
                for (family, how, _) in STAYS {
                    raise(&hand, family, *how).await;
                    hand.0.sleep(Duration::from_secs(10)).await;
                }
                // Its owner was never there.
                let ghost = json!({"metadata": {"name": "ghost", "uid": "none"}});
                hand.create(&maps(), map("haunted", &[&ghost])).await;
                note.lock().unwrap().insert(());
            }
        });
        trouble(&cluster, &managers, seed);
        cluster.world.run_until(seconds(220)).unwrap();
        assert_eq!(done.lock().unwrap().len(), 1, "seed {seed}: the user came to an end");
        let all = history.lock().unwrap();
        let ours =
            |name: &str| ["back", "fore", "free", "haunted"].iter().any(|it| name.starts_with(it));
        let there = all.values().filter(|(_, there)| *there).map(|(map, _)| name(map));
        let there: Vec<&str> = there.filter(|name| ours(name)).collect();
        let mut there = there;
        there.sort_unstable();
        let mut expected: Vec<&str> =
            STAYS.iter().flat_map(|(_, _, stays)| stays.iter().copied()).collect();
        expected.sort_unstable();
        assert_eq!(there, expected, "seed {seed}");
    }
}
