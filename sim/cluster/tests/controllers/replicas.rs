//! A ReplicaSet has the pods that it asks for, and never had more: whoever leads, and whatever
//! answers are lost.

use crate::{
    place::{Cluster, seconds},
    world::{Hand, History, follow, managers, pods, trouble},
};
use ::client::{Propagation, Resource, uid};
use machine::World;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

fn sets() -> Resource {
    Resource::new("apps", "v1", "replicasets")
}

pub(crate) fn set(name: &str, replicas: usize) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
}

fn alive(history: &History, set: &str) -> usize {
    let all = history.lock().unwrap();
    let of_set = |pod: &Value| pod["metadata"]["labels"]["app"] == set;
    all.values().filter(|(pod, there)| *there && of_set(pod)).count()
}

fn ever(history: &History, set: &str) -> usize {
    let all = history.lock().unwrap();
    all.values().filter(|(pod, _)| pod["metadata"]["labels"]["app"] == set).count()
}

/// What the user wants of each set at the moment.
type Wanted = Arc<Mutex<[usize; 3]>>;

#[test]
fn a_set_comes_to_its_number_and_stays_there() {
    let cluster = Cluster::start(1);
    let (history, told) = (History::default(), Arc::new(Mutex::new(Value::Null)));
    managers(&cluster, 1);
    let seen = history.clone();
    cluster.user("witness", move |host| follow(host, pods(), seen.clone()));
    let note = told.clone();
    cluster.user("user", move |host| {
        let (hand, note) = (Hand(host), note.clone());
        async move {
            hand.0.sleep(Duration::from_secs(10)).await;
            hand.create(&sets(), set("web", 3)).await;
            hand.0.sleep(Duration::from_secs(20)).await;
            hand.merge(&sets(), "web", json!({"spec": {"replicas": 5}})).await;
            hand.0.sleep(Duration::from_secs(10)).await;
            hand.merge(&sets(), "web", json!({"spec": {"replicas": 1}})).await;
            hand.0.sleep(Duration::from_secs(10)).await;
            *note.lock().unwrap() = Value::clone(&hand.list(&sets()).await[0]);
            hand.delete(&sets(), "web", Propagation::Background).await;
        }
    });
    let look = |world: &World, at, there, ever_there| {
        world.run_until(seconds(at)).unwrap();
        assert_eq!((alive(&history, "web"), ever(&history, "web")), (there, ever_there), "{at}");
    };
    look(&cluster.world, 29, 3, 3);
    look(&cluster.world, 39, 5, 5);
    look(&cluster.world, 49, 1, 5);
    look(&cluster.world, 80, 0, 5);
    let told = told.lock().unwrap();
    assert_eq!(told["status"]["replicas"], 1);
    assert_eq!(told["status"]["observedGeneration"], 3);
}

#[test]
fn no_fault_makes_a_pod_too_many() {
    for seed in 0..2 {
        let cluster = Cluster::start(seed);
        let history = History::default();
        let managers = managers(&cluster, 2);
        let seen = history.clone();
        cluster.user("witness", move |host| follow(host, pods(), seen.clone()));
        let wanted = Wanted::default();
        let wish = wanted.clone();
        cluster.user("user", move |host| {
            let (hand, wish) = (Hand(host), wish.clone());
            async move {
                for round in 0..14usize {
                    hand.0.sleep(Duration::from_secs(5)).await;
                    let at = round % 3;
                    let (name, replicas) = (format!("set-{at}"), 2 + round);
                    // Said before it is done: it may be done before we know.
                    wish.lock().unwrap()[at] = replicas;
                    hand.create(&sets(), set(&name, replicas)).await;
                    hand.merge(&sets(), &name, json!({"spec": {"replicas": replicas}})).await;
                }
            }
        });
        trouble(&cluster, &managers, seed);
        cluster.world.run_until(seconds(200)).unwrap();
        for (at, wanted) in wanted.lock().unwrap().iter().enumerate() {
            let name = format!("set-{at}");
            // The number only grew: no pod was ever one too many, so none was deleted.
            let numbers = (alive(&history, &name), ever(&history, &name));
            assert_eq!(numbers, (*wanted, *wanted), "seed {seed}, {name}");
        }
        let all = history.lock().unwrap();
        assert!(all.values().all(|(pod, _)| !uid(pod).is_empty()));
    }
}
