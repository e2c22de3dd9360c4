//! How many pods a second the scheduler places: the default profile, on one processor, without the
//! API. Each pod is read from JSON, placed, and seen again where it was put.

use crate::{options::SchedulerOptions, progress};
use client::{Key, Object};
use host::Instant;
use scheduler::{
    config::Config,
    core::{Core, Decision, Followed},
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Pods that make the scheduler look at others, or not.
struct Kind {
    name: &'static str,
    spec: fn() -> Value,
}

const LABEL: &str = "web";

fn selector() -> Value {
    json!({"matchLabels": {"app": LABEL}})
}

fn spread(when: &str) -> Value {
    json!({"topologySpreadConstraints": [{"maxSkew": 1, "whenUnsatisfiable": when,
        "topologyKey": "topology.kubernetes.io/zone", "labelSelector": selector()}]})
}

fn affinity(kind: &str, key: &str) -> Value {
    let term = json!({"topologyKey": key, "labelSelector": selector()});
    json!({"affinity": {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}})
}

const KINDS: [Kind; 6] = [
    Kind { name: "simple", spec: || json!({}) },
    Kind { name: "spread over zones", spec: || spread("DoNotSchedule") },
    Kind { name: "spread over zones, preferred", spec: || spread("ScheduleAnyway") },
    Kind {
        name: "affinity in a zone",
        spec: || affinity("podAffinity", "topology.kubernetes.io/zone"),
    },
    Kind {
        name: "anti-affinity on a node",
        spec: || affinity("podAntiAffinity", "kubernetes.io/hostname"),
    },
    Kind {
        name: "anti-affinity, preferred",
        spec: || {
            let term =
                json!({"topologyKey": "kubernetes.io/hostname", "labelSelector": selector()});
            let preferred = json!([{"weight": 10, "podAffinityTerm": term}]);
            json!({"affinity": {"podAntiAffinity":
                {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}})
        },
    },
];

fn node(number: u32) -> Value {
    let name = format!("node-{number}");
    json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name,
            "topology.kubernetes.io/zone": format!("zone-{}", number % 10)}},
        "status": {"allocatable": {"cpu": "32", "memory": "256Gi", "pods": "110"}}})
}

fn pod(number: u32, spec: Value, node: Option<&str>) -> Object {
    let name = format!("pod-{number}");
    let mut spec = spec;
    spec["containers"] = json!([{"name": "c", "image": "nginx:1",
        "resources": {"requests": {"cpu": "100m", "memory": "200Mi"}}}]);
    if let Some(node) = node {
        spec["nodeName"] = node.into();
    }
    Arc::new(json!({"metadata": {"name": name, "namespace": "default", "uid": name,
        "labels": {"app": LABEL}}, "spec": spec}))
}

/// Places all pods; gives how many found a place, and how many seconds it took.
fn place(options: &SchedulerOptions, kind: &Kind) -> (u32, f64) {
    let mut core = Core::new(&Config::default(), None);
    let now = Instant(0);
    for number in 0..options.nodes {
        let object = Arc::new(node(number));
        core.see(now, Followed::Nodes, &Key::of(&object), Some(&object));
    }
    let pods: Vec<Object> = (0..options.pods).map(|it| pod(it, (kind.spec)(), None)).collect();
    let began = std::time::Instant::now();
    let mut placed = 0;
    for object in &pods {
        let key = Key::of(object);
        core.see(now, Followed::Pods, &key, Some(object));
        let Some(attempt) = core.next(now, u64::from(placed).wrapping_mul(0x9e37_79b9)) else {
            continue;
        };
        if let Decision::Bind { node, .. } = core.decide(now, &attempt) {
            core.bound(now, &key);
            let mut bound = (**object).clone();
            bound["spec"]["nodeName"] = node.into();
            core.see(now, Followed::Pods, &key, Some(&Arc::new(bound)));
            placed += 1;
        }
    }
    (placed, began.elapsed().as_secs_f64())
}

/// Measures every kind of pods.
pub(crate) fn run(options: &SchedulerOptions) -> std::io::Result<()> {
    for kind in &KINDS {
        let (placed, seconds) = place(options, kind);
        let rate = f64::from(options.pods) / seconds;
        let name = kind.name;
        progress::say(&format!(
            "{name:32} {rate:8.0} pods/s   {placed} of {} placed on {} nodes",
            options.pods, options.nodes
        ));
    }
    Ok(())
}
