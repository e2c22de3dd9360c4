//! Runs pods until enough of them have succeeded.
//!
//! Upstream: pkg/controller/job/job_controller.go.

mod backoff;
mod ending;
mod failure;
mod indexes;
mod replenish;
mod tally;

use api::time::Moment;
use client::{Key, Object, namespace, uid};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

use self::tally::Tally;
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{JOBS, Kind, PODS},
    object::{
        condition, controller_uid, has_finalizer, is, is_deleting, is_true, list, same, text,
        version,
    },
    ownership::{self, Claim, Claimed, owner_key},
    plan::{Plan, Question, Write},
    pods::seconds,
    view::View,
};

/// On each pod of a Job until it is counted.
pub(super) const TRACKING: &str = "batch.kubernetes.io/job-tracking";
const BUILT_IN: &str = "kubernetes.io/job-controller";
/// Between looks at a store that lags behind another one.
const LAG: Duration = Duration::from_millis(100);

/// The controller.
#[derive(Debug)]
pub(crate) struct Jobs;

/// It is decided how it ends, or it has ended.
pub(super) fn is_ending(job: &Value) -> bool {
    ["Complete", "Failed", "FailureTarget", "SuccessCriteriaMet"]
        .iter()
        .any(|kind| is_true(job, kind))
}

/// It has ended.
pub(crate) fn is_finished(job: &Value) -> bool {
    is_true(job, "Complete") || is_true(job, "Failed")
}

impl Controller for Jobs {
    fn name(&self) -> &'static str {
        "job-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[JOBS, PODS]
    }

    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        if change.kind == JOBS {
            return vec![Key::of(change.object()).into()];
        }
        let mut wakes = ownership::wakes(change, view, JOBS, ownership::selector);
        let pod = change.object();
        if has_finalizer(pod, TRACKING) && controller_uid(pod).is_empty() {
            wakes.push(Key::new(namespace(pod), "").into());
        }
        wakes
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        if key.name.is_empty() {
            return release_strays(key, scene);
        }
        let job = scene.view.of(JOBS).get(key);
        let Some(job) = job else { return release_orphans(key, None, scene) };
        let manager = text(job, "/spec/managedBy");
        if !manager.is_empty() && manager != BUILT_IN {
            return Plan::default();
        }
        let orphans = release_orphans(key, Some(job), scene);
        if orphans != Plan::default() {
            return orphans;
        }
        sync(job, scene)
    }
}

/// Pods of this namespace with our finalizer that no object controls any more.
fn release_strays(key: &Key, scene: &Scene<'_>) -> Plan {
    let pods = scene.view.orphans(PODS, &key.namespace);
    let strays = pods.filter(|pod| has_finalizer(pod, TRACKING));
    // One that a Job may adopt is the Job's.
    let jobs: Vec<&Object> = scene.view.of(JOBS).within(&key.namespace).collect();
    let wanted = |pod: &Object| {
        let labels = pod.pointer("/metadata/labels");
        jobs.iter().any(|job| ownership::selector(job).matches_value(labels))
    };
    Plan::of(strays.filter(|pod| !wanted(pod)).map(|pod| release(pod)).collect())
}

/// Pods of a Job of this name that is gone. That it is gone is asked, not believed: pods may be
/// seen before their Job is.
fn release_orphans(key: &Key, job: Option<&Object>, scene: &Scene<'_>) -> Plan {
    let own = job.map(|job| uid(job)).unwrap_or_default();
    let of_key = |pod: &&Object| {
        controller_uid(pod) != own
            && has_finalizer(pod, TRACKING)
            && owner_key(pod, JOBS).as_ref() == Some(key)
    };
    let orphans: Vec<&Object> = scene.view.of(PODS).within(&key.namespace).filter(of_key).collect();
    if orphans.is_empty() {
        return Plan::default();
    }
    let question = Question::object(&JOBS.resource(), key);
    let live = match scene.facts.answer(&question) {
        None => return Plan::ask(vec![question]),
        Some(Ok(live)) => uid(live),
        Some(Err(error)) if error.is_not_found() => "",
        Some(Err(_)) => return Plan::default().again(Some(LAG)),
    };
    let gone = orphans.into_iter().filter(|pod| controller_uid(pod) != live);
    Plan::of(gone.map(|pod| release(pod)).collect())
}

/// Takes our finalizer off a pod.
fn release(pod: &Value) -> Write {
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": [TRACKING]}});
    Write::patch(PODS, pod, patch)
}

fn sync(job: &Object, scene: &Scene<'_>) -> Plan {
    let selector = ownership::selector(job);
    let claim =
        Claim { kind: JOBS, owner: job, selector: &selector, of: PODS, finalizer: TRACKING };
    let pods = match claim.make(scene) {
        Claimed::All(pods) => pods,
        Claimed::First(plan) => return plan,
    };
    if is_finished(job) {
        let left = pods.iter().filter(|pod| has_finalizer(pod, TRACKING));
        return Plan::of(left.map(|pod| release(pod)).collect());
    }
    let unseen = match unseen(job, &pods, scene) {
        Ok(unseen) => unseen,
        Err(plan) => return plan,
    };
    let tally = Tally::of(job, &pods, is_ending(job), &unseen);
    let end = ending::of(job, &tally, scene.seconds());
    let mut writes: Vec<Write> = tally.settled.iter().map(|pod| release(pod)).collect();
    let status = status(job, &tally, end.as_ref(), scene.seconds());
    let ends = status.iter().flat_map(|status| ending::told(job, status)).collect::<Vec<_>>();
    let changed = status.is_some();
    writes.extend(status.map(|status| with_status(job, status)));
    writes.extend(ends);
    let mut plan = Plan::of(writes).again(deadline(job, scene.seconds()));
    if end.is_some() || is_deleting(job) {
        if end.is_some() {
            plan.writes.extend(tally.active.iter().map(|pod| crate::pods::delete(job, pod)));
        }
        return plan;
    }
    // What follows is decided on counters that everybody can see.
    if changed && !is(job, "/spec/suspend") {
        return plan;
    }
    replenish::pods(job, &tally, scene, plan)
}

/// Uids in the status whose pods the store does not show. Where the store is older than the status
/// they may exist, so the server is asked which do.
fn unseen(job: &Object, pods: &[&Object], scene: &Scene<'_>) -> Result<BTreeSet<String>, Plan> {
    let shown: BTreeSet<&str> = pods.iter().map(|pod| uid(pod)).collect();
    let uncounted = ["succeeded", "failed"]
        .into_iter()
        .flat_map(|which| list(job, &format!("/status/uncountedTerminatedPods/{which}")));
    let missing = uncounted.filter_map(Value::as_str).filter(|uid| !shown.contains(uid));
    let missing: BTreeSet<String> = missing.map(str::to_owned).collect();
    let pods_at: u64 = scene.view.of(PODS).resource_version().parse().unwrap_or(0);
    if missing.is_empty() || pods_at >= version(job) {
        return Ok(BTreeSet::new());
    }
    let of_job = format!("batch.kubernetes.io%2Fcontroller-uid%3D{}", uid(job));
    let path = PODS.resource().path(Some(namespace(job)));
    let question = Question::path(format!("{path}?labelSelector={of_job}"));
    match scene.facts.answer(&question) {
        None => Err(Plan::ask(vec![question])),
        Some(Err(_)) => Err(Plan::default().again(Some(LAG))),
        Some(Ok(live)) => {
            let tracked = list(live, "/items").iter().filter(|pod| has_finalizer(pod, TRACKING));
            let tracked = tracked.map(|pod| uid(pod).to_owned());
            Ok(tracked.filter(|uid| missing.contains(uid)).collect())
        }
    }
}

fn with_status(job: &Object, status: Value) -> Write {
    let mut changed = Value::clone(job);
    changed["status"] = status;
    Write::status(JOBS, changed)
}

/// The status, if it is another than there is.
fn status(job: &Value, tally: &Tally<'_>, end: Option<&ending::End>, now: i64) -> Option<Value> {
    let mut status = tally.status(job);
    let at = Moment { seconds: now, nanos: 0 }.to_second();
    let mut conditions = list(job, "/status/conditions").to_vec();
    let suspended = is(job, "/spec/suspend");
    let was_suspended = is_true(job, "Suspended");
    let start = text(job, "/status/startTime");
    match (start, suspended) {
        _ if end.is_some() && !start.is_empty() => status["startTime"] = start.into(),
        ("", false) => status["startTime"] = at.clone().into(),
        (_, true) if !was_suspended => {}
        (_, false) if was_suspended => status["startTime"] = at.clone().into(),
        ("", true) => {}
        (start, _) => status["startTime"] = start.into(),
    }
    match end {
        Some(end) => ending::conclude(job, tally, end, &at, &mut status, &mut conditions),
        None if suspended != was_suspended => suspend(job, suspended, &at, &mut conditions),
        None => {}
    }
    if !conditions.is_empty() {
        status["conditions"] = conditions.into();
    }
    (!same(Some(&status), job.get("status"))).then_some(status)
}

fn suspend(job: &Value, suspended: bool, at: &str, conditions: &mut Vec<Value>) {
    let (status, reason, message) = match suspended {
        true => ("True", "JobSuspended", "Job suspended"),
        false if condition(job, "Suspended").is_none() => return,
        false => ("False", "JobResumed", "Job resumed"),
    };
    ending::set(conditions, "Suspended", status, reason, message, at);
}

/// When its time is over.
fn deadline(job: &Value, now: i64) -> Option<Duration> {
    let limit = job["spec"]["activeDeadlineSeconds"].as_i64()?;
    if is(job, "/spec/suspend") || is_ending(job) {
        return None;
    }
    let start = seconds(job, "/status/startTime").unwrap_or(now);
    Some(Duration::from_secs((start + limit - now).max(0).unsigned_abs()))
}
