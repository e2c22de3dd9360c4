//! Deletes pods that nobody will: of nodes that are gone, that ended long ago, that were told to go
//! before they ran anywhere.
//!
//! Upstream: pkg/controller/podgc/gc_controller.go.

use client::{Key, Object, name};
use host::Instant;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use api::time::Moment;

use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{Kind, NODES, PODS},
    object::{is_deleting, is_true, list, text},
    plan::{Plan, Question, Write},
    pods::{is_finished, phase},
    view::View,
};

/// Between looks (`gcCheckPeriod`).
const PERIOD: Duration = Duration::from_secs(20);
/// A node may be gone so long before its pods are believed to be (`quarantineTime`).
const QUARANTINE: Duration = Duration::from_secs(40);
/// Ended pods that stay (`--terminated-pod-gc-threshold`).
const FINISHED_MAX: usize = 12_500;

/// The controller. It has one key and looks at everything.
#[derive(Debug, Default)]
pub(crate) struct Pods {
    /// Nodes that pods name and that do not exist, and since when that is known.
    missing: BTreeMap<String, Instant>,
}

impl Controller for Pods {
    fn name(&self) -> &'static str {
        "pod-garbage-collector"
    }

    fn workers(&self) -> usize {
        1
    }

    fn watches(&self) -> &'static [Kind] {
        &[NODES, PODS]
    }

    fn begins(&self) -> Vec<Key> {
        vec![Key::default()]
    }

    fn wakes(&self, _: &Change<'_>, _: &View<'_>) -> Vec<Wake> {
        Vec::new()
    }

    fn decide(&mut self, _: &Key, scene: &Scene<'_>) -> Plan {
        let lost = match self.lost(scene) {
            Ok(lost) => lost,
            Err(questions) => return Plan::ask(questions),
        };
        let all = || scene.view.of(PODS).all();
        let mut writes: Vec<Write> = finished(all()).into_iter().flat_map(end).collect();
        let on_lost = all().filter(|pod| lost.contains(text(pod, "/spec/nodeName")));
        writes.extend(on_lost.flat_map(|pod| orphaned(pod, scene.seconds())));
        let unscheduled =
            all().filter(|pod| is_deleting(pod) && text(pod, "/spec/nodeName").is_empty());
        writes.extend(unscheduled.flat_map(end));
        let out = all().filter(|pod| is_deleting(pod) && is_out_of_service(pod, scene));
        writes.extend(out.flat_map(end));
        Plan::of(writes).again(Some(PERIOD))
    }
}

impl Pods {
    /// Nodes that have been missing for long enough, and that the server says do not exist.
    fn lost(&mut self, scene: &Scene<'_>) -> Result<BTreeSet<String>, Vec<Question>> {
        let named = scene.view.of(PODS).all().map(|pod| text(pod, "/spec/nodeName"));
        let there = |node: &str| scene.view.get(NODES, "", node).is_some();
        let missing: BTreeSet<&str> =
            named.filter(|node| !node.is_empty() && !there(node)).collect();
        self.missing.retain(|node, _| missing.contains(&**node));
        for node in missing {
            self.missing.entry(node.to_owned()).or_insert(scene.now);
        }
        let over = |since: &Instant| scene.now.since(*since) >= QUARANTINE;
        let (mut lost, mut open) = (BTreeSet::new(), Vec::new());
        for (node, _) in self.missing.iter().filter(|(_, since)| over(since)) {
            let question = Question::metadata(&NODES.resource(), &Key::new("", node));
            match scene.facts.answer(&question) {
                None => open.push(question),
                Some(Err(error)) if error.is_not_found() => drop(lost.insert(node.clone())),
                Some(_) => {}
            }
        }
        if open.is_empty() { Ok(lost) } else { Err(open) }
    }
}

/// Ended pods beyond the number that may stay: the worst first, then the oldest.
fn finished<'a>(all: impl Iterator<Item = &'a Object>) -> Vec<&'a Object> {
    let mut finished: Vec<&Object> = all.filter(|pod| is_finished(pod)).collect();
    let surplus = finished.len().saturating_sub(FINISHED_MAX);
    let evicted = |pod: &Value| text(pod, "/status/reason") == "Evicted";
    let made = |pod: &Value| text(pod, "/metadata/creationTimestamp").to_owned();
    finished.sort_by_key(|pod| (!evicted(pod), made(pod), name(pod).to_owned()));
    finished.truncate(surplus);
    finished
}

/// The node was declared out of service: nobody there will end the pod.
fn is_out_of_service(pod: &Object, scene: &Scene<'_>) -> bool {
    let node = scene.view.get(NODES, "", text(pod, "/spec/nodeName"));
    node.is_some_and(|node| {
        let taints = list(node, "/spec/taints");
        !is_true(node, "Ready")
            && taints.iter().any(|taint| taint["key"] == "node.kubernetes.io/out-of-service")
    })
}

/// Says that a pod has ended that cannot say so itself, and deletes it at once.
fn end(pod: &Object) -> Vec<Write> {
    let mut writes = Vec::new();
    if !is_finished(pod) && !phase(pod).is_empty() {
        writes.push(Write::patch_status(PODS, pod, json!({"status": {"phase": "Failed"}})));
    }
    writes.push(at_once(pod));
    writes
}

fn orphaned(pod: &Object, now: i64) -> Vec<Write> {
    let mut writes = Vec::new();
    if !is_finished(pod) {
        let at = Moment { seconds: now, nanos: 0 }.to_second();
        let condition = json!({"type": "DisruptionTarget", "status": "True",
            "reason": "DeletionByPodGC", "message": "PodGC: node no longer exists",
            "lastTransitionTime": at});
        let status = json!({"phase": "Failed", "conditions": [condition]});
        writes.push(Write::patch_status(PODS, pod, json!({"status": status})));
    }
    writes.push(at_once(pod));
    writes
}

fn at_once(pod: &Object) -> Write {
    let mut write = Write::delete(PODS, pod);
    if let crate::plan::Act::Delete(options) = &mut write.act {
        options.grace_period_seconds = Some(0);
    }
    write
}
