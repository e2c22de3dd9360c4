//! Keeps pods that are not interchangeable: numbered, named, each with claims of its own.
//!
//! Upstream: pkg/controller/statefulset/stateful_set_control.go. One step at a time, unless the set
//! is managed in parallel: a pod is made when all before it are available, and taken when all after
//! it are gone.

mod identity;

use client::{Key, Object, name};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

use self::identity::{Claims, claims, ordinal, pod, range, retention};
use super::revisions::{self, OF_POD, Revisions};
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{CLAIMS, Kind, PODS, REVISIONS, STATEFUL_SETS},
    object::{int, is_deleting, label, same, text},
    ownership::{self, Claim, Claimed, owner_key},
    plan::{Plan, Write},
    pods,
    view::View,
};

/// The controller.
#[derive(Debug)]
pub(crate) struct StatefulSets;

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[STATEFUL_SETS, PODS, CLAIMS, REVISIONS]
    }

    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        let object = change.object();
        match change.kind {
            STATEFUL_SETS => vec![Key::of(object).into()],
            PODS => ownership::wakes(change, view, STATEFUL_SETS, ownership::selector),
            REVISIONS => owner_key(object, STATEFUL_SETS).map(Wake::from).into_iter().collect(),
            // Named after their sets.
            _ => {
                let of_set = |set: &&Object| name(object).contains(&format!("-{}-", name(set)));
                let all = view.of(STATEFUL_SETS).within(client::namespace(object)).filter(of_set);
                all.map(|set| Wake::from(Key::of(set))).collect()
            }
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(set) = scene.view.of(STATEFUL_SETS).get(key) else { return Plan::default() };
        let selector = ownership::selector(set);
        let (kind, of) = (STATEFUL_SETS, PODS);
        let claim = Claim { kind, owner: set, selector: &selector, of, finalizer: "" };
        let mine = match claim.make(scene) {
            Claimed::All(mine) => mine,
            Claimed::First(plan) => return plan,
        };
        let revisions = match revisions::of(STATEFUL_SETS, set, scene) {
            Ok(revisions) => revisions,
            Err(writes) => return Plan::of(writes),
        };
        Look::new(set, &mine, &revisions, scene).decide()
    }
}

/// One look at one set.
struct Look<'a, 'b> {
    set: &'a Object,
    revisions: &'b Revisions<'a>,
    scene: &'b Scene<'a>,
    /// Pods that should be there, by number, and those that should not.
    pods: BTreeMap<i64, &'a Object>,
    condemned: BTreeMap<i64, &'a Object>,
    all: Vec<&'a Object>,
    /// The revision that pods were of before the update.
    current: &'a Object,
}

/// What follows from the look at one pod.
enum Step {
    /// This first.
    Do(Vec<Write>),
    /// Something must come to pass first; at the latest look again then.
    Wait(Option<Duration>),
    Go,
}

impl<'a, 'b> Look<'a, 'b> {
    fn new(
        set: &'a Object,
        mine: &[&'a Object],
        revisions: &'b Revisions<'a>,
        scene: &'b Scene<'a>,
    ) -> Self {
        let (first, size) = range(set);
        let (mut pods, mut condemned) = (BTreeMap::new(), BTreeMap::new());
        for pod in mine {
            let Some(number) = ordinal(set, pod) else { continue };
            match (first..first + size).contains(&number) {
                true => pods.insert(number, *pod),
                false => condemned.insert(number, *pod),
            };
        }
        let current = revisions.named(text(set, "/status/currentRevision"));
        let current = current.unwrap_or(revisions.newest);
        Self { set, revisions, scene, pods, condemned, all: mine.to_vec(), current }
    }

    fn decide(&self) -> Plan {
        let mut plan = Plan::of(self.status().into_iter().collect());
        if is_deleting(self.set) {
            return plan;
        }
        plan.writes.extend(retention(self.set, self.scene.view));
        let (steps, again) = self.steps();
        plan.writes.extend(steps);
        let keep = [name(self.current)];
        plan.writes.extend(self.revisions.surplus(self.set, &self.all, &keep));
        plan.again(again)
    }

    fn is_ordered(&self) -> bool {
        self.set["spec"]["podManagementPolicy"] != "Parallel"
    }

    fn steps(&self) -> (Vec<Write>, Option<Duration>) {
        let ((first, size), mut all) = (range(self.set), Vec::new());
        let mut again = None;
        for number in first..first + size {
            match self.keep(number) {
                Step::Go => {}
                Step::Do(writes) => {
                    all.extend(writes);
                    if self.is_ordered() {
                        return (all, None);
                    }
                }
                Step::Wait(wait) => {
                    again = again.or(wait);
                    if self.is_ordered() {
                        return (all, again);
                    }
                }
            }
        }
        for (_, pod) in self.condemned.iter().rev() {
            if !is_deleting(pod) {
                all.push(self.delete(pod));
            }
            if self.is_ordered() {
                return (all, again);
            }
        }
        let updates = if all.is_empty() { self.update() } else { None };
        all.extend(updates);
        (all, again)
    }

    /// A pod that should be there.
    fn keep(&self, number: i64) -> Step {
        let Some(pod) = self.pods.get(&number) else { return self.create(number) };
        if is_deleting(pod) {
            return Step::Wait(None);
        }
        if pods::is_finished(pod) {
            return Step::Do(vec![self.delete(pod)]);
        }
        // A claim that was deleted under a pod that does not run yet must be made again.
        if pods::phase(pod) == "Pending"
            && let Claims::Missing(writes) = claims(self.set, number, self.scene.view)
        {
            return Step::Do(writes);
        }
        let min = int(self.set, "/spec/minReadySeconds").unwrap_or(0);
        match pods::available_in(pod, min, self.scene.seconds()) {
            Some(0) => Step::Go,
            Some(wait) => Step::Wait(Some(Duration::from_secs(wait.unsigned_abs()))),
            None => Step::Wait(None),
        }
    }

    fn create(&self, number: i64) -> Step {
        let mut writes = match claims(self.set, number, self.scene.view) {
            Claims::There => Vec::new(),
            Claims::Missing(writes) => writes,
            Claims::Going => return Step::Wait(None),
        };
        let revision = self.revision_for(number);
        let pod = pod(self.set, &revisions::template(revision), name(revision), number);
        let called = name(&pod).to_owned();
        let done = format!("create Pod {called} in StatefulSet {} successful", name(self.set));
        let failed =
            format!("create Pod {called} in StatefulSet {} failed error: {{}}", name(self.set));
        let write = Write::create(PODS, pod).and_tell(self.set, "SuccessfulCreate", done);
        writes.push(write.or_warn(self.set, "FailedCreate", &failed));
        Step::Do(writes)
    }

    /// Pods before the partition, and those that an update has not come to, stay what they were.
    fn revision_for(&self, number: i64) -> &'a Object {
        let (first, _) = range(self.set);
        let rolling = self.set["spec"]["updateStrategy"]["type"] != "OnDelete";
        let partition = int(self.set, "/spec/updateStrategy/rollingUpdate/partition");
        let before = match partition.filter(|partition| *partition > 0) {
            Some(partition) => number < partition,
            None => number < first + int(self.set, "/status/currentReplicas").unwrap_or(0),
        };
        if rolling && before { self.current } else { self.revisions.newest }
    }

    fn delete(&self, pod: &Object) -> Write {
        let (called, set) = (name(pod), name(self.set));
        let done = format!("delete Pod {called} in StatefulSet {set} successful");
        let failed = format!("delete Pod {called} in StatefulSet {set} failed error: {{}}");
        Write::delete(PODS, pod).and_tell(self.set, "SuccessfulDelete", done).or_warn(
            self.set,
            "FailedDelete",
            &failed,
        )
    }

    /// The next pod that must be replaced: the last of those that are of another revision, once
    /// all after it are healthy.
    fn update(&self) -> Option<Write> {
        if self.set["spec"]["updateStrategy"]["type"] == "OnDelete" {
            return None;
        }
        let partition = int(self.set, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
        let newest = name(self.revisions.newest);
        for (_, pod) in self.pods.range(partition.max(0)..).rev() {
            if label(pod, OF_POD) != Some(newest) && !is_deleting(pod) {
                return Some(self.delete(pod));
            }
            if is_deleting(pod) || !pods::is_ready(pod) {
                return None;
            }
        }
        None
    }

    fn status(&self) -> Option<Write> {
        let (min, now) =
            (int(self.set, "/spec/minReadySeconds").unwrap_or(0), self.scene.seconds());
        let (current, newest) = (name(self.current), name(self.revisions.newest));
        let all = || self.pods.values().chain(self.condemned.values()).copied();
        let of = |wanted: &str| {
            all().filter(|pod| !is_deleting(pod) && label(pod, OF_POD) == Some(wanted)).count()
        };
        let (replicas, ready) = (all().count(), all().filter(|pod| pods::is_ready(pod)).count());
        let available = all().filter(|pod| pods::available_in(pod, min, now) == Some(0)).count();
        let updated = of(newest);
        // The update is over when every pod is of it and ready.
        let wanted = usize::try_from(range(self.set).1).unwrap_or(0);
        let whole = int(self.set, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0) <= 0;
        let over = whole && updated == replicas && ready == replicas && replicas == wanted;
        let rolling = self.set["spec"]["updateStrategy"]["type"] != "OnDelete";
        let (current, count) =
            if over && rolling { (newest, updated) } else { (current, of(current)) };
        let mut status = json!({
            "observedGeneration": int(self.set, "/metadata/generation").unwrap_or(0),
            "replicas": replicas, "readyReplicas": ready, "availableReplicas": available,
            "currentReplicas": count, "updatedReplicas": updated,
            "currentRevision": current, "updateRevision": newest,
        });
        for kept in ["collisionCount", "conditions"] {
            if let Some(value) = self.set["status"].get(kept) {
                status[kept] = value.clone();
            }
        }
        if same(Some(&status), self.set.get("status")) {
            return None;
        }
        let mut changed = Value::clone(self.set);
        changed["status"] = status;
        Some(Write::status(STATEFUL_SETS, changed))
    }
}
