//! Keeps a ReplicaSet, or a ReplicationController, at the number of pods that it asks for.
//!
//! Upstream: pkg/controller/replicaset/replica_set.go; pkg/controller/replication wraps the same.

use api::{selector::LabelSelector, time::Moment};
use client::{Key, Object, uid};
use serde_json::{Value, json};
use std::{cmp::Ordering, time::Duration};

use super::disposal::ranked;
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{Kind, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS},
    object::{controller_uid, count, int, is_deleting, same},
    ownership::{self, Claim, Claimed},
    plan::{Plan, Write},
    pods,
};

/// Pods that are made or deleted in one pass at most (`BurstReplicas`).
const BURST_MAX: usize = 500;

/// One controller for each of the two kinds.
#[derive(Debug)]
pub(crate) struct Replicas {
    name: &'static str,
    kind: Kind,
}

impl Replicas {
    pub(crate) fn of_sets() -> Self {
        let kind = REPLICA_SETS;
        Self { name: "replicaset-controller", kind }
    }

    pub(crate) fn of_controllers() -> Self {
        let kind = REPLICATION_CONTROLLERS;
        Self { name: "replication-controller", kind }
    }

    fn selector(&self, owner: &Value) -> LabelSelector {
        if self.kind == REPLICA_SETS { ownership::selector(owner) } else { plain_selector(owner) }
    }
}

/// A ReplicationController's selector is a map of labels.
fn plain_selector(owner: &Value) -> LabelSelector {
    let labels = crate::object::texts(owner, "/spec/selector");
    match labels.is_empty() {
        true => LabelSelector::nothing(),
        false => LabelSelector::of_labels(&labels).unwrap_or_else(|_| LabelSelector::nothing()),
    }
}

impl Controller for Replicas {
    fn name(&self) -> &'static str {
        self.name
    }

    fn watches(&self) -> &'static [Kind] {
        match self.kind == REPLICA_SETS {
            true => &[REPLICA_SETS, PODS],
            false => &[REPLICATION_CONTROLLERS, PODS],
        }
    }

    fn wakes(&self, change: &Change<'_>, view: &crate::view::View<'_>) -> Vec<Wake> {
        if change.kind == self.kind {
            return vec![Key::of(change.object()).into()];
        }
        let selector = if self.kind == REPLICA_SETS { ownership::selector } else { plain_selector };
        ownership::wakes(change, view, self.kind, selector)
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(set) = scene.view.of(self.kind).get(key) else { return Plan::default() };
        let selector = self.selector(set);
        let claim =
            Claim { kind: self.kind, owner: set, selector: &selector, of: PODS, finalizer: "" };
        let mine = match claim.make(scene) {
            Claimed::All(mine) => mine,
            Claimed::First(plan) => return plan,
        };
        let active: Vec<&Object> =
            mine.iter().copied().filter(|pod| pods::is_active(pod)).collect();
        let mut writes: Vec<Write> = self.status(set, &mine, &active, scene).into_iter().collect();
        if !is_deleting(set) {
            writes.extend(self.changes(set, &active, scene));
        }
        Plan::of(writes).again(next_available(set, &active, scene))
    }
}

impl Replicas {
    /// Pods to be made or deleted.
    fn changes(&self, set: &Object, active: &[&Object], scene: &Scene<'_>) -> Vec<Write> {
        let wanted = int(set, "/spec/replicas").map_or(1, |wanted| wanted.max(0));
        let wanted = usize::try_from(wanted).unwrap_or(0);
        match active.len().cmp(&wanted) {
            Ordering::Equal => Vec::new(),
            Ordering::Less => {
                let missing = (wanted - active.len()).min(BURST_MAX);
                let beginning = format!("{}-", client::name(set));
                let names = pods::free_names(scene.view, set, &beginning).take(missing);
                let pod = pods::from_template(self.kind, set, &set["spec"]["template"]);
                names.map(|name| pods::create(set, pod.clone(), name)).collect()
            }
            Ordering::Greater => {
                let surplus = (active.len() - wanted).min(BURST_MAX);
                let related = self.related(set, scene);
                let ranked = ranked(active, related.into_iter(), scene.seconds());
                ranked.into_iter().take(surplus).map(|pod| pods::delete(set, pod)).collect()
            }
        }
    }

    /// Pods of all sets that have the same controller as this one (`getIndirectlyRelatedPods`).
    fn related<'a>(&self, set: &Value, scene: &Scene<'a>) -> Vec<&'a Object> {
        let owner = controller_uid(set);
        if owner.is_empty() {
            return scene.view.controlled_by(PODS, uid(set)).collect();
        }
        let sets = scene.view.controlled_by(self.kind, owner);
        sets.flat_map(|set| scene.view.controlled_by(PODS, uid(set))).collect()
    }

    /// The status, if another is written there (`calculateStatus`).
    fn status(
        &self,
        set: &Object,
        mine: &[&Object],
        active: &[&Object],
        scene: &Scene<'_>,
    ) -> Option<Write> {
        let (min, now) = (int(set, "/spec/minReadySeconds").unwrap_or(0), scene.seconds());
        let template = &set["spec"]["template"];
        let number = |fits: &dyn Fn(&Object) -> bool| active.iter().filter(|pod| fits(pod)).count();
        let mut status = json!({
            "replicas": active.len(),
            "fullyLabeledReplicas": number(&|pod| pods::has_labels_of(pod, template)),
            "readyReplicas": number(&|pod| pods::is_ready(pod)),
            "availableReplicas": number(&|pod| pods::available_in(pod, min, now) == Some(0)),
            "observedGeneration": int(set, "/metadata/generation").unwrap_or(0),
        });
        if self.kind == REPLICA_SETS {
            let terminating = mine.iter().filter(|pod| pods::is_terminating(pod)).count();
            status["terminatingReplicas"] = terminating.into();
        }
        let conditions = conditions(set, active.len(), scene);
        if !conditions.is_empty() {
            status["conditions"] = conditions.into();
        }
        if same(Some(&status), set.get("status")) {
            return None;
        }
        let mut changed = Value::clone(set);
        changed["status"] = status;
        Some(Write::status(self.kind, changed))
    }
}

/// With `ReplicaFailure` while pods cannot be made or deleted.
fn conditions(set: &Value, active: usize, scene: &Scene<'_>) -> Vec<Value> {
    let there = crate::object::list(set, "/status/conditions").to_vec();
    let failed = |condition: &Value| condition["type"] == "ReplicaFailure";
    let done = active == count(set, "/spec/replicas");
    let refused = scene.refused.filter(|refusal| refusal.plural == PODS.plural && !done);
    let Some(refusal) = refused else {
        return there.into_iter().filter(|condition| !(done && failed(condition))).collect();
    };
    let reason = if refusal.verb == "create" { "FailedCreate" } else { "FailedDelete" };
    if there.iter().any(|condition| failed(condition) && condition["reason"] == reason) {
        return there;
    }
    let now = Moment { seconds: scene.seconds(), nanos: 0 }.to_second();
    let mut conditions: Vec<Value> =
        there.into_iter().filter(|condition| !failed(condition)).collect();
    conditions.push(json!({"type": "ReplicaFailure", "status": "True", "reason": reason,
        "message": refusal.error.to_string(), "lastTransitionTime": now}));
    conditions
}

/// When the next pod will have been ready for long enough.
fn next_available(set: &Value, active: &[&Object], scene: &Scene<'_>) -> Option<Duration> {
    let min = int(set, "/spec/minReadySeconds").unwrap_or(0);
    let waits = active.iter().filter_map(|pod| pods::available_in(pod, min, scene.seconds()));
    let next = waits.filter(|wait| *wait > 0).min()?;
    Some(Duration::from_secs(next.unsigned_abs()))
}
