//! Keeps one pod on every node that fits.
//!
//! Upstream: pkg/controller/daemon.

mod nodes;
mod update;

use client::{Key, Notice, Object, name, uid};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use self::nodes::{Fit, fit, meant_for, node_of};
use super::revisions::{self, OF_POD, Revisions};
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{DAEMON_SETS, Kind, NODES, PODS, REVISIONS},
    naming::names,
    object::{int, is_deleting, label, same, text},
    ownership::{self, Claim, Claimed, owner_key},
    plan::{Plan, Write},
    pods,
    view::View,
};

/// Pods that are made in one pass at most.
const BURST_MAX: usize = 250;
const GENERATION: &str = "pod-template-generation";

/// The controller.
#[derive(Debug)]
pub(crate) struct DaemonSets;

impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        "daemon-set-controller"
    }

    fn workers(&self) -> usize {
        2
    }

    fn watches(&self) -> &'static [Kind] {
        &[DAEMON_SETS, NODES, PODS, REVISIONS]
    }

    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        let object = change.object();
        match change.kind {
            DAEMON_SETS => vec![Key::of(object).into()],
            PODS => ownership::wakes(change, view, DAEMON_SETS, ownership::selector),
            REVISIONS => owner_key(object, DAEMON_SETS).map(Wake::from).into_iter().collect(),
            _ => concerned(change, view),
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(set) = scene.view.of(DAEMON_SETS).get(key) else { return Plan::default() };
        let selector = ownership::selector(set);
        if selector.is_everything() {
            let message =
                "This daemon set is selecting all pods. A non-empty selector is required.";
            let severity = client::events::Severity::Warning;
            let told = Write::tell(set, severity, "SelectingAll", message.to_owned());
            return Plan::of(vec![told]);
        }
        let (kind, of) = (DAEMON_SETS, PODS);
        let claim = Claim { kind, owner: set, selector: &selector, of, finalizer: "" };
        let mine = match claim.make(scene) {
            Claimed::All(mine) => mine,
            Claimed::First(plan) => return plan,
        };
        let revisions = match revisions::of(DAEMON_SETS, set, scene) {
            Ok(revisions) => revisions,
            Err(writes) => return Plan::of(writes),
        };
        Look::new(set, mine, revisions, scene).decide()
    }
}

/// Sets for which a node counts otherwise than before.
fn concerned(change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
    let differs = |set: &&Object| match change.notice {
        Notice::Updated { old, new } => fit(set, old) != fit(set, new),
        Notice::Added { .. } | Notice::Deleted { .. } => true,
    };
    let all = view.of(DAEMON_SETS).all().filter(differs);
    all.map(|set| Wake::from(Key::of(set))).collect()
}

/// One look at one set.
struct Look<'a, 'b> {
    set: &'a Object,
    scene: &'b Scene<'a>,
    revisions: Revisions<'a>,
    /// Pods by the node that they are on, or are meant for.
    by_node: BTreeMap<&'a str, Vec<&'a Object>>,
    nodes: Vec<(&'a Object, Fit)>,
    all: Vec<&'a Object>,
}

impl<'a, 'b> Look<'a, 'b> {
    fn new(
        set: &'a Object,
        mine: Vec<&'a Object>,
        revisions: Revisions<'a>,
        scene: &'b Scene<'a>,
    ) -> Self {
        let mut by_node: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for pod in &mine {
            by_node.entry(node_of(pod)).or_default().push(pod);
        }
        for pods in by_node.values_mut() {
            // The oldest stays.
            pods.sort_by_key(|pod| {
                (
                    text(pod, "/spec/nodeName").is_empty(),
                    text(pod, "/metadata/creationTimestamp"),
                    name(pod),
                )
            });
        }
        let nodes = scene.view.of(NODES).all().map(|node| (node, fit(set, node))).collect();
        Self { set, scene, revisions, by_node, nodes, all: mine }
    }

    fn decide(&self) -> Plan {
        let mut plan = Plan::of(self.status().into_iter().collect());
        if is_deleting(self.set) {
            return plan;
        }
        let changes = self.changes();
        let idle = changes.is_empty();
        plan.writes.extend(changes);
        if idle {
            plan.writes.extend(update::next(self));
            plan.writes.extend(self.revisions.surplus(self.set, &self.all, &[]));
        }
        plan
    }

    fn pods_on(&self, node: &str) -> &[&'a Object] {
        self.by_node.get(node).map(Vec::as_slice).unwrap_or_default()
    }

    fn mark(&self) -> &str {
        label(self.revisions.newest, OF_POD).unwrap_or_default()
    }

    /// Pods to be made where none is, and to be deleted where they should not be.
    fn changes(&self) -> Vec<Write> {
        let (mut creates, mut deletes) = (Vec::new(), Vec::new());
        for (node, fit) in &self.nodes {
            let there: Vec<&Object> = self.pods_on(name(node)).to_vec();
            let (ended, living): (Vec<_>, Vec<_>) =
                there.into_iter().partition(|pod| pods::is_finished(pod));
            match (fit.should_run, fit.may_stay) {
                (true, _) if living.is_empty() && ended.is_empty() => {
                    creates.push(self.create(name(node)));
                }
                (_, true) => {
                    deletes.extend(ended);
                    // During an update with surge there may be an old and a new one.
                    deletes.extend(update::surplus(self, &living));
                }
                (_, false) => deletes.extend(living.into_iter().chain(ended)),
            }
        }
        creates.truncate(BURST_MAX);
        let going = deletes.into_iter().filter(|pod| !is_deleting(pod));
        let mut writes: Vec<Write> = going.map(|pod| self.delete(pod)).collect();
        writes.extend(creates);
        writes
    }

    fn delete(&self, pod: &Object) -> Write {
        match pods::phase(pod) {
            "Failed" => {
                let message = format!(
                    "Found failed daemon pod {}/{} on node {}, will try to kill it",
                    client::namespace(pod),
                    name(pod),
                    node_of(pod)
                );
                pods::delete(self.set, pod).and_tell(self.set, "FailedDaemonPod", message)
            }
            _ => pods::delete(self.set, pod),
        }
    }

    /// A pod for a node. Its name is made of the node's, so that no node gets two.
    fn create(&self, node: &str) -> Write {
        let mut pod = pods::from_template(DAEMON_SETS, self.set, &self.set["spec"]["template"]);
        pod["spec"] = meant_for(pod["spec"].take(), node);
        pod["metadata"]["labels"][OF_POD] = self.mark().into();
        let generation = int(self.set, "/metadata/generation").unwrap_or(0);
        pod["metadata"]["labels"][GENERATION] = generation.to_string().into();
        let of_node = format!("{}/{node}", uid(self.set));
        let there = self.scene.view.of(PODS);
        let taken =
            |called: &String| there.get(&Key::new(client::namespace(self.set), called)).is_some();
        let mut free = names(&format!("{}-", name(self.set)), &of_node);
        let called = free.find(|called| !taken(called)).unwrap_or_default();
        pods::create(self.set, pod, called)
    }

    fn status(&self) -> Option<Write> {
        let (min, now) =
            (int(self.set, "/spec/minReadySeconds").unwrap_or(0), self.scene.seconds());
        let (mut current, mut wanted, mut astray) = (0, 0, 0);
        let (mut ready, mut available, mut updated) = (0, 0, 0);
        for (node, fit) in &self.nodes {
            let there = self.pods_on(name(node));
            let first = there.first();
            if fit.should_run {
                wanted += 1;
                current += usize::from(first.is_some());
                let is_ready = first.is_some_and(|pod| pods::is_ready(pod));
                ready += usize::from(is_ready);
                let long = first.is_some_and(|pod| pods::available_in(pod, min, now) == Some(0));
                available += usize::from(long);
                let fresh = first.is_some_and(|pod| label(pod, OF_POD) == Some(self.mark()));
                updated += usize::from(fresh);
            } else {
                astray += usize::from(first.is_some());
            }
        }
        let mut status = json!({
            "currentNumberScheduled": current, "numberMisscheduled": astray,
            "desiredNumberScheduled": wanted, "numberReady": ready,
            "updatedNumberScheduled": updated, "numberAvailable": available,
            "numberUnavailable": wanted - available,
            "observedGeneration": int(self.set, "/metadata/generation").unwrap_or(0),
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
        Some(Write::status(DAEMON_SETS, changed))
    }
}
