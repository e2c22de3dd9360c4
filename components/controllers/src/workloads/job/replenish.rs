//! Which pods of a running Job are made or deleted.
//!
//! Upstream: `manageJob` in pkg/controller/job/job_controller.go.

use client::{Object, name};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

use super::{
    LAG, TRACKING, backoff,
    indexes::{INDEX, valid_index},
    release,
    tally::{Tally, indexed, replaces_failed_only},
};
use crate::{
    controller::Scene,
    kinds::JOBS,
    object::{count, has_finalizer, is, text, version},
    plan::{Plan, Question},
    pods::{self, is_ready, phase, seconds},
};

/// Pods that are made or deleted in one pass at most (`MaxPodCreateDeletePerSync`).
const BURST_MAX: usize = 500;

/// Adds what is to be done to the plan.
pub(super) fn pods(job: &Object, tally: &Tally<'_>, scene: &Scene<'_>, mut plan: Plan) -> Plan {
    let wanted = if is(job, "/spec/suspend") { 0 } else { wanted(job, tally) };
    let surplus = surplus(job, tally, wanted);
    if !surplus.is_empty() {
        // Without the finalizer first: what we end ourselves has not failed.
        let tracked = surplus.iter().filter(|pod| has_finalizer(pod, TRACKING));
        plan.writes.extend(tracked.map(|pod| release(pod)));
        plan.writes.extend(surplus.iter().map(|pod| pods::delete(job, pod)));
        return plan;
    }
    let going = if replaces_failed_only(job) { tally.terminating } else { 0 };
    let missing = wanted.saturating_sub(tally.active.len() + going).min(BURST_MAX);
    if missing == 0 {
        return plan;
    }
    if let Some(first) = certain(job, tally, scene) {
        return Plan { writes: plan.writes, ..first };
    }
    match indexed(job) {
        Some(completions) => create_indexed(job, tally, scene, missing, completions, plan),
        None => create_plain(job, tally, scene, missing, plan),
    }
}

/// How many pods should run.
fn wanted(job: &Value, tally: &Tally<'_>) -> usize {
    let parallelism = job["spec"]["parallelism"].as_u64().unwrap_or(1);
    let parallelism = usize::try_from(parallelism).unwrap_or(usize::MAX);
    let failed = tally.failed_indexes.as_ref().map_or(0, |failed| failed.len());
    match job["spec"]["completions"].as_u64() {
        None if tally.succeeded > 0 => tally.active.len(),
        None => parallelism,
        Some(_) => {
            let left = count(job, "/spec/completions").saturating_sub(tally.succeeded + failed);
            left.min(parallelism)
        }
    }
}

/// Pods that are too many: of an index that another works on, or beyond what is wanted.
fn surplus<'a>(job: &Value, tally: &Tally<'a>, wanted: usize) -> Vec<&'a Object> {
    let mut ranked = tally.active.clone();
    let made = |pod: &Object| seconds(pod, "/metadata/creationTimestamp").unwrap_or(0);
    let phase_rank = |pod: &Object| match phase(pod) {
        "Running" => 0,
        "Pending" => 2,
        _ => 1,
    };
    // Those first that are worth keeping.
    ranked.sort_by_key(|pod| {
        let unbound = text(pod, "/spec/nodeName").is_empty();
        (unbound, phase_rank(pod), !is_ready(pod), made(pod), name(pod))
    });
    let (mut keep, mut lose) = (Vec::new(), Vec::new());
    let mut taken = BTreeSet::new();
    for pod in ranked {
        let fits = match indexed(job) {
            None => true,
            Some(completions) => valid_index(pod, completions).is_some_and(|index| {
                let failed = tally.failed_indexes.as_ref();
                let over = tally.done.has(index) || failed.is_some_and(|it| it.has(index));
                !over && taken.insert(index)
            }),
        };
        if fits { keep.push(pod) } else { lose.push(pod) }
    }
    if indexed(job).is_some() {
        keep.sort_by_key(|pod| valid_index(pod, u64::MAX));
    }
    lose.extend(keep.into_iter().skip(wanted));
    lose.truncate(BURST_MAX);
    lose
}

/// What must be known before a pod is made: that the Job which the store shows is not older than
/// pods of it. Another leader may have counted pods since that look finished and untracked now.
fn certain(job: &Object, tally: &Tally<'_>, scene: &Scene<'_>) -> Option<Plan> {
    let ended = tally.succeeded_pods.iter().chain(&tally.failed_pods);
    let newest = ended.filter(|pod| !has_finalizer(pod, TRACKING)).map(|pod| version(pod)).max()?;
    let shown: u64 = scene.view.of(JOBS).resource_version().parse().unwrap_or(0);
    if shown >= newest {
        return None;
    }
    let question = Question::object(&JOBS.resource(), &client::Key::of(job));
    match scene.facts.answer(&question) {
        None => Some(Plan::ask(vec![question])),
        Some(Ok(live)) if version(live) == version(job) => None,
        Some(_) => Some(Plan::default().again(Some(LAG))),
    }
}

fn template(job: &Value) -> Value {
    let mut pod = pods::from_template(JOBS, job, &job["spec"]["template"]);
    let metadata = &mut pod["metadata"];
    match metadata["finalizers"].as_array_mut() {
        Some(finalizers) => finalizers.push(TRACKING.into()),
        None => metadata["finalizers"] = json!([TRACKING]),
    }
    pod
}

fn create_plain(
    job: &Object,
    tally: &Tally<'_>,
    scene: &Scene<'_>,
    missing: usize,
    mut plan: Plan,
) -> Plan {
    let now = scene.seconds();
    let wait = backoff::of_job(&tally.succeeded_pods, &tally.failed_pods, now);
    if wait > 0 {
        return plan.again(Some(Duration::from_secs(wait.unsigned_abs())));
    }
    let names = pods::free_names(scene.view, job, &format!("{}-", name(job)));
    let pod = template(job);
    plan.writes.extend(names.take(missing).map(|name| pods::create(job, pod.clone(), name)));
    plan
}

fn create_indexed(
    job: &Object,
    tally: &Tally<'_>,
    scene: &Scene<'_>,
    missing: usize,
    completions: u64,
    mut plan: Plan,
) -> Plan {
    let now = scene.seconds();
    let by_index = tally.failed_indexes.is_some();
    let wait = match by_index {
        true => 0,
        false => backoff::of_job(&tally.succeeded_pods, &tally.failed_pods, now),
    };
    if wait > 0 {
        return plan.again(Some(Duration::from_secs(wait.unsigned_abs())));
    }
    let at_work = tally.active.iter().filter_map(|pod| valid_index(pod, completions));
    let at_work: BTreeSet<u64> = at_work.collect();
    let failed = |index: u64| tally.failed_indexes.as_ref().is_some_and(|it| it.has(index));
    let open = (0..completions).filter(|index| !at_work.contains(index) && !tally.done.has(*index));
    let mut soonest: Option<i64> = None;
    let mut made = 0;
    for index in open.filter(|index| !failed(*index)) {
        if made == missing {
            break;
        }
        let last = by_index.then(|| backoff::last_failed(&tally.failed_pods, index)).flatten();
        if let Some(last) = last {
            let (counted, ignored) = backoff::before(last);
            let end = backoff::finished(last, now);
            let wait = backoff::remaining(counted + ignored + 1, end, now);
            if wait > 0 {
                soonest = Some(soonest.map_or(wait, |soonest| soonest.min(wait)));
                continue;
            }
        }
        let beginning = format!("{}-{index}-", name(job));
        let chosen = pods::free_names(scene.view, job, &beginning).next();
        let pod = for_index(job, index, by_index, last);
        plan.writes.extend(chosen.map(|name| pods::create(job, pod, name)));
        made += 1;
    }
    plan.again(soonest.map(|wait| Duration::from_secs(wait.unsigned_abs())))
}

/// A pod that knows its index: by annotation, label, host name and environment.
fn for_index(job: &Value, index: u64, by_index: bool, last: Option<&Object>) -> Value {
    let mut pod = template(job);
    pod["metadata"]["generateName"] = format!("{}-{index}-", name(job)).into();
    pod["metadata"]["annotations"][INDEX] = index.to_string().into();
    pod["metadata"]["labels"][INDEX] = index.to_string().into();
    if by_index {
        let (mut counted, mut ignored) = last.map_or((0, 0), |last| backoff::before(last));
        if let Some(last) = last {
            match super::failure::judge(job, last) {
                super::failure::Verdict::Ignore => ignored += 1,
                _ => counted += 1,
            }
        }
        pod["metadata"]["annotations"][backoff::FAILURES] = counted.to_string().into();
        if ignored > 0 {
            pod["metadata"]["annotations"][backoff::IGNORED] = ignored.to_string().into();
        }
    }
    pod["spec"]["hostname"] = format!("{}-{index}", name(job)).into();
    let field = format!("metadata.labels['{INDEX}']");
    let variable = json!({"name": "JOB_COMPLETION_INDEX",
        "valueFrom": {"fieldRef": {"fieldPath": field}}});
    for place in ["initContainers", "containers"] {
        let containers = pod["spec"].get_mut(place).and_then(Value::as_array_mut);
        for container in containers.into_iter().flatten() {
            let there = container["env"].as_array().cloned().unwrap_or_default();
            if there.iter().any(|each| each["name"] == "JOB_COMPLETION_INDEX") {
                continue;
            }
            container["env"] = there.into_iter().chain([variable.clone()]).collect();
        }
    }
    pod
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_knows_its_index() {
        let job = json!({"metadata": {"name": "j", "namespace": "n", "uid": "u"}, "spec": {
            "template": {"metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c"}]}}}});
        let pod = for_index(&job, 3, false, None);
        assert_eq!(pod["metadata"]["labels"][INDEX], "3");
        assert_eq!(pod["spec"]["hostname"], "j-3");
        assert_eq!(pod["spec"]["containers"][0]["env"][0]["name"], "JOB_COMPLETION_INDEX");
        assert_eq!(pod["metadata"]["finalizers"], json!([TRACKING]));
    }
}
