//! Moves a Deployment's pods from one template to the next through ReplicaSets.
//!
//! Upstream: pkg/controller/deployment.

mod progress;
mod revision;
mod scaling;
mod sets;

use api::selector::LabelSelector;
use client::{Key, Object, uid};
use serde_json::{Value, json};

use self::{
    revision::{Fresh, fresh},
    scaling::Sizes,
    sets::{Set, is_rolling, size, stated},
};
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{DEPLOYMENTS, Kind, PODS, REPLICA_SETS},
    object::{condition, int, is, is_deleting, same, text},
    ownership::{self, Claim, Claimed, owner_key},
    plan::{Plan, Write},
    view::View,
};

/// The controller.
#[derive(Debug)]
pub(crate) struct Deployments;

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[DEPLOYMENTS, REPLICA_SETS, PODS]
    }

    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        match change.kind {
            DEPLOYMENTS => vec![Key::of(change.object()).into()],
            REPLICA_SETS => ownership::wakes(change, view, DEPLOYMENTS, ownership::selector),
            _ => waiting_for(change, view).into_iter().collect(),
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(deployment) = scene.view.of(DEPLOYMENTS).get(key) else { return Plan::default() };
        let selector = ownership::selector(deployment);
        if selector.is_everything() {
            return selecting_all(deployment);
        }
        let claimed = claim(deployment, &selector, scene);
        let mine = match claimed {
            Claimed::All(mine) => mine,
            Claimed::First(plan) => return plan,
        };
        Rollout::new(deployment, &mine, scene).decide()
    }
}

fn claim<'a>(deployment: &Object, selector: &LabelSelector, scene: &Scene<'a>) -> Claimed<'a> {
    let (kind, of) = (DEPLOYMENTS, REPLICA_SETS);
    Claim { kind, owner: deployment, selector, of, finalizer: "" }.make(scene)
}

/// A Deployment that recreates waits for the last pod of its old sets.
fn waiting_for(change: &Change<'_>, view: &View<'_>) -> Option<Wake> {
    let set = owner_key(change.object(), REPLICA_SETS)?;
    let key = owner_key(view.of(REPLICA_SETS).get(&set)?, DEPLOYMENTS)?;
    let deployment = view.of(DEPLOYMENTS).get(&key)?;
    (!is_rolling(deployment)).then(|| key.into())
}

fn selecting_all(deployment: &Object) -> Plan {
    let generation = int(deployment, "/metadata/generation");
    if int(deployment, "/status/observedGeneration") >= generation {
        return Plan::default();
    }
    let mut changed = Value::clone(deployment);
    changed["status"]["observedGeneration"] = generation.into();
    let message = "This deployment is selecting all pods. A non-empty selector is required.";
    let severity = client::events::Severity::Warning;
    Plan::of(vec![
        Write::status(DEPLOYMENTS, changed),
        Write::tell(deployment, severity, "SelectingAll", message.to_owned()),
    ])
}

/// One look at one Deployment.
struct Rollout<'a, 'b> {
    deployment: &'a Object,
    new: Option<Set<'a>>,
    old: Vec<Set<'a>>,
    scene: &'b Scene<'a>,
}

impl<'a, 'b> Rollout<'a, 'b> {
    fn new(deployment: &'a Object, sets: &[Set<'a>], scene: &'b Scene<'a>) -> Self {
        let (new, old) = revision::split(deployment, sets);
        Self { deployment, new, old, scene }
    }

    fn decide(&self) -> Plan {
        let deployment = self.deployment;
        if is_deleting(deployment) {
            return self.status_only();
        }
        if let Some(plan) = self.paused_or_resumed() {
            return plan;
        }
        let all: Vec<Set<'a>> = self.old.iter().copied().chain(self.new).collect();
        let paused = is(deployment, "/spec/paused");
        if let Some(new) = self.new
            && let Some(write) = self.note_revision(new)
        {
            return Plan::of(vec![write]);
        }
        if paused || scaling::is_scaling(deployment, &all) {
            let sizes = scaling::spread(deployment, self.new, &self.old);
            let mut plan = self.scale(sizes);
            if plan.writes.is_empty() && paused {
                plan.writes.extend(self.cleanup());
            }
            return self.with_status(plan);
        }
        let plan = if is_rolling(deployment) { self.roll() } else { self.recreate() };
        let idle = plan.writes.is_empty();
        let mut plan = self.with_status(plan);
        if idle {
            let mut after = Value::Null;
            after["status"] = progress::status(deployment, self.new, &self.old, 0);
            if progress::is_complete(deployment, &after["status"]) {
                plan.writes.extend(self.cleanup());
            }
        }
        plan
    }

    fn note_revision(&self, new: Set<'a>) -> Option<Write> {
        let number = revision::next(&self.old);
        revision::adjust(self.deployment, new, number)
            .or_else(|| revision::mark(self.deployment, new))
    }

    fn roll(&self) -> Plan {
        match self.new {
            Some(new) => self.scale(scaling::roll(self.deployment, new, &self.old)),
            None => self.create(),
        }
    }

    fn recreate(&self) -> Plan {
        let pods = self.old.iter();
        let pods = pods.flat_map(|set| self.scene.view.controlled_by(PODS, uid(set)));
        let pods: Vec<&Object> = pods.collect();
        match scaling::recreate(self.deployment, self.new, &self.old, &pods) {
            Some(sizes) => self.scale(sizes),
            None => self.create(),
        }
    }

    fn create(&self) -> Plan {
        let deployment = self.deployment;
        match fresh(deployment, &self.old, self.scene) {
            Fresh::Create(set) => {
                let (called, size) = (client::name(&set).to_owned(), size(&set));
                let mut write = Write::create(REPLICA_SETS, set);
                if size > 0 {
                    let message = format!("Scaled up replica set {called} from 0 to {size}");
                    write = write.and_tell(deployment, "ScalingReplicaSet", message);
                }
                let why = format!("Failed to create new replica set {called:?}: {{}}");
                Plan::of(vec![write.or_warn(deployment, "ReplicaSetCreateError", &why)])
            }
            Fresh::Collision => {
                let count = int(deployment, "/status/collisionCount").unwrap_or(0) + 1;
                let mut changed = Value::clone(deployment);
                changed["status"]["collisionCount"] = count.into();
                Plan::of(vec![Write::status(DEPLOYMENTS, changed)])
            }
        }
    }

    fn scale(&self, sizes: Sizes<'a>) -> Plan {
        let writes = sizes.into_iter();
        let writes = writes.filter_map(|(set, to)| revision::scaled(self.deployment, set, to));
        Plan::of(writes.collect())
    }

    /// Old sets beyond those that are kept for going back to them (`cleanupDeployment`).
    fn cleanup(&self) -> Vec<Write> {
        let Some(limit) = int(self.deployment, "/spec/revisionHistoryLimit") else {
            return Vec::new();
        };
        if limit >= i64::from(i32::MAX) {
            return Vec::new();
        }
        let mut old: Vec<Set<'a>> =
            self.old.iter().copied().filter(|set| !is_deleting(set)).collect();
        old.sort_by_key(|set| (sets::revision(set), text(set, "/metadata/creationTimestamp")));
        let keep = usize::try_from(limit).unwrap_or(0);
        let surplus = old.len().saturating_sub(keep);
        let empty = |set: &Set<'a>| {
            size(set) == 0
                && stated(set, "replicas") == 0
                && int(set, "/metadata/generation") <= int(set, "/status/observedGeneration")
        };
        let going = old.into_iter().take(surplus).filter(empty);
        going.map(|set| Write::delete(REPLICA_SETS, set)).collect()
    }

    /// The condition that says that a rollout rests (`checkPausedConditions`).
    fn paused_or_resumed(&self) -> Option<Plan> {
        let deployment = self.deployment;
        progress::deadline(deployment)?;
        let there = condition(deployment, "Progressing");
        let reason = there.map(|there| text(there, "/reason")).unwrap_or_default();
        if reason == "ProgressDeadlineExceeded" {
            return None;
        }
        let (reason, message) = match (is(deployment, "/spec/paused"), reason == "DeploymentPaused")
        {
            (true, false) => ("DeploymentPaused", "Deployment is paused"),
            (false, true) => ("DeploymentResumed", "Deployment is resumed"),
            _ => return None,
        };
        let mut changed = Value::clone(deployment);
        let mut status = changed["status"].take();
        if status["conditions"].is_null() {
            status["conditions"] = json!([]);
        }
        let now = self.scene.seconds();
        progress::set(&mut status, now, "Progressing", "Unknown", reason, message);
        changed["status"] = status;
        Some(Plan::of(vec![Write::status(DEPLOYMENTS, changed)]))
    }

    fn status_only(&self) -> Plan {
        let status = progress::status(self.deployment, self.new, &self.old, self.scene.seconds());
        Plan::of(self.write_status(status).into_iter().collect())
    }

    /// What is to be done, and then told.
    fn with_status(&self, mut plan: Plan) -> Plan {
        let (deployment, now) = (self.deployment, self.scene.seconds());
        let mut status = progress::status(deployment, self.new, &self.old, now);
        let mut again = None;
        if !is(deployment, "/spec/paused") {
            again = progress::rollout(deployment, self.new, &mut status, now);
            self.first_words(&mut status, now);
        }
        // A status that waits for a collision to be solved is written by itself.
        let writes_status = plan.writes.iter().any(|write| write.resource.plural == "deployments");
        if !writes_status {
            plan.writes.extend(self.write_status(status));
        }
        plan.again(again)
    }

    /// A rollout that has only begun has a condition too, from which its deadline counts.
    fn first_words(&self, status: &mut Value, now: i64) {
        let deployment = self.deployment;
        if progress::deadline(deployment).is_none() {
            return;
        }
        let refused = self.scene.refused.filter(|it| it.verb == "create" && self.new.is_none());
        if let Some(refusal) = refused {
            let message = refusal.error.to_string();
            let reason = "ReplicaSetCreateError";
            return progress::set(status, now, "Progressing", "False", reason, &message);
        }
        let told = condition(deployment, "Progressing");
        let over = told.is_some_and(|told| told["reason"] == "NewReplicaSetAvailable");
        let Some(new) = self.new else { return };
        let begun =
            over && !progress::is_complete(deployment, status) && stated(new, "replicas") == 0;
        if told.is_none() {
            let message = format!("Found new replica set {:?}", client::name(new));
            progress::set(status, now, "Progressing", "True", "FoundNewReplicaSet", &message);
        } else if begun && size(new) > 0 && stated(new, "observedGeneration") == 0 {
            let message = format!("Created new replica set {:?}", client::name(new));
            progress::set(status, now, "Progressing", "True", "NewReplicaSetReason", &message);
        }
    }

    fn write_status(&self, status: Value) -> Option<Write> {
        if same(Some(&status), self.deployment.get("status")) {
            return None;
        }
        let mut changed = Value::clone(self.deployment);
        changed["status"] = status;
        Some(Write::status(DEPLOYMENTS, changed))
    }
}
