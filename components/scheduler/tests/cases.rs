//! Cases as data: a cluster and a pod, and where it can go and what is said of it.
//!
//! What is expected follows upstream's documentation and behaviour, plugin by plugin.

#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

use client::Key;
use host::Instant;
use scheduler::{
    config::Config,
    core::{Core, Decision, Followed},
    cycle::Cycle,
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, sync::Arc};

const NOW: Instant = Instant(0);

fn node(value: &Value) -> Value {
    let text = |member: &str, default: &str| value[member].as_str().unwrap_or(default).to_owned();
    let mut allocatable = json!({"cpu": text("cpu", "4"), "memory": text("memory", "8Gi"),
        "pods": text("pods", "110")});
    for (name, amount) in value["more"].as_object().into_iter().flatten() {
        allocatable[name] = amount.clone();
    }
    json!({"metadata": {"name": value["name"], "labels": value["labels"]},
        "spec": {"taints": value["taints"], "unschedulable": value["unschedulable"]},
        "status": {"allocatable": allocatable, "images": value["images"]}})
}

fn pod(value: &Value, name: &str) -> Value {
    let name = value["name"].as_str().unwrap_or(name);
    let namespace = value["namespace"].as_str().unwrap_or("default");
    let mut spec = value["spec"].clone();
    if spec.is_null() {
        spec = json!({});
    }
    if spec["containers"].is_null() {
        let requests = &value["requests"];
        let ports = &value["ports"];
        spec["containers"] = json!([{"name": "c", "image": value["image"],
            "resources": {"requests": requests}, "ports": ports}]);
    }
    if value["on"].is_string() {
        spec["nodeName"] = value["on"].clone();
    }
    json!({"metadata": {"name": name, "namespace": namespace, "uid": format!("{namespace}/{name}"),
        "labels": value["labels"], "deletionTimestamp": value["deleted"],
        "ownerReferences": value["owners"]}, "spec": spec, "status": value["status"]})
}

fn see(core: &mut Core, what: Followed, object: Value) {
    let object = Arc::new(object);
    core.see(NOW, what, &Key::of(&object), Some(&object));
}

fn cluster(case: &Value) -> Core {
    let list = |member: &str| case[member].as_array().cloned().unwrap_or_default();
    let config = match &case["config"] {
        Value::Null => Config::default(),
        config => Config::parse(&config.to_string()).unwrap(),
    };
    let mut core = Core::new(&config, None);
    for (members, what) in [
        ("namespaces", Followed::Namespaces),
        ("claims", Followed::Claims),
        ("volumes", Followed::Volumes),
        ("classes", Followed::Classes),
        ("csinodes", Followed::CsiNodes),
        ("csidrivers", Followed::CsiDrivers),
        ("capacities", Followed::Capacities),
        ("budgets", Followed::Budgets),
        ("services", Followed::Services),
    ] {
        list(members).into_iter().for_each(|object| see(&mut core, what, object));
    }
    list("nodes").iter().for_each(|value| see(&mut core, Followed::Nodes, node(value)));
    for (index, value) in list("placed").iter().enumerate() {
        see(&mut core, Followed::Pods, pod(value, &format!("placed-{index}")));
    }
    see(&mut core, Followed::Pods, pod(&case["pod"], "pod"));
    core
}

fn names(core: &Core, nodes: &[usize]) -> BTreeSet<String> {
    nodes.iter().map(|id| core.cluster().node(*id).name.to_string()).collect()
}

fn expected(value: &Value) -> BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The nodes with the highest score, among those that will do.
fn best(core: &Core, pod: &Arc<scheduler::objects::pod::Pod>, nodes: &[usize]) -> BTreeSet<String> {
    let cycle = Cycle {
        profile: core.profile(&pod.scheduler).unwrap(),
        cluster: core.cluster(),
        nominations: core.nominations(),
        pod,
        start: 0,
        chance: 0,
    };
    let scores = cycle.scores(nodes);
    let most = scores.iter().max().unwrap();
    let winners = nodes.iter().zip(&scores).filter(|(_, score)| *score == most);
    names(core, &winners.map(|(id, _)| *id).collect::<Vec<_>>())
}

fn check_one(case: &Value) {
    let title = case["title"].as_str().unwrap();
    let mut core = cluster(case);
    let Some(attempt) = core.next(NOW, 0) else {
        assert_eq!(case["waits"], true, "{title}: the pod is not tried");
        return;
    };
    let found = core.find(&attempt);
    if let Ok(found) = &found {
        assert_eq!(names(&core, &found.nodes), expected(&case["fits"]), "{title}");
        if !case["best"].is_null() {
            let best = best(&core, &attempt.pod, &found.nodes);
            assert_eq!(best, expected(&case["best"]), "{title}");
        }
    }
    match core.settle(NOW, &attempt, found, &std::collections::BTreeMap::new()) {
        Decision::Bind { assumptions, .. } => {
            assert!(case["says"].is_null(), "{title}: it was placed");
            let count = case["writes"].as_u64().unwrap_or(0);
            assert_eq!(assumptions.len() as u64, count, "{title}: {assumptions:?}");
        }
        Decision::Refused(refused) => {
            assert_eq!(json!(refused.message), case["says"], "{title}");
            let preemption = refused.preemption.map_or(Value::Null, |found| {
                let victims: Vec<_> = found.victims.iter().map(|(key, _)| &key.name).collect();
                json!({"node": found.node, "victims": victims})
            });
            assert_eq!(preemption, case["preempts"], "{title}");
        }
    }
}

fn check(text: &str) {
    let cases: Vec<Value> = serde_yaml_ng::from_str(text).unwrap();
    cases.iter().for_each(check_one);
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            check(include_str!(concat!("cases/", stringify!($name), ".yaml")));
        })*
    };
}

cases!(nodes, resources, spread, affinity, volumes, preemption);
