//! Counts how many pods of a budget may be evicted now.
//!
//! Upstream: pkg/controller/disruption/disruption.go. The status is written over the version that
//! was counted from: an eviction that took from it meanwhile makes the write fail, and all is
//! counted anew (K22).

use api::{selector::LabelSelector, time::Moment};
use client::{Key, Object, events::Severity, name, namespace, uid};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, time::Duration};

use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{
        BUDGETS, DEPLOYMENTS, Kind, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS,
    },
    object::{condition, controller, int, is_deleting, list, same, text},
    ownership::owner_key,
    plan::{Plan, Write},
    pods::{is_ready, phase},
    view::View,
};

/// An eviction that was let through is believed to come for so long (`DeletionTimeout`).
const DELETION_SECONDS: i64 = 2 * 60;
/// A condition that says that a pod will be evicted is believed for so long
/// (`stalePodDisruptionTimeout`).
const STALE_SECONDS: i64 = 2 * 60;
const TARGET: &str = "DisruptionTarget";

/// The controller.
#[derive(Debug)]
pub(crate) struct Disruption;

impl Controller for Disruption {
    fn name(&self) -> &'static str {
        "disruption-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[BUDGETS, PODS, REPLICA_SETS, REPLICATION_CONTROLLERS, DEPLOYMENTS, STATEFUL_SETS]
    }

    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        let object = change.object();
        match change.kind {
            BUDGETS => vec![Key::of(object).into()],
            PODS => {
                let states: Vec<&Object> = change.states().collect();
                let hit = |budget: &&Object| {
                    let selector = selector(budget);
                    states.iter().any(|pod| selector.matches_value(pod.pointer("/metadata/labels")))
                };
                let all = view.of(BUDGETS).within(namespace(object)).filter(hit);
                all.map(|budget| Wake::from(Key::of(budget))).collect()
            }
            // Its size may count for any budget of the namespace.
            _ => {
                let sizes: BTreeSet<Option<i64>> =
                    change.states().map(|owner| int(owner, "/spec/replicas")).collect();
                let all = view.of(BUDGETS).within(namespace(object)).filter(|_| sizes.len() > 1);
                all.map(|budget| Wake::from(Key::of(budget))).collect()
            }
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let Some(budget) = scene.view.of(BUDGETS).get(key) else { return Plan::default() };
        let selector = selector(budget);
        let fits = |pod: &&Object| selector.matches_value(pod.pointer("/metadata/labels"));
        let pods: Vec<&Object> = scene.view.of(PODS).within(&key.namespace).filter(fits).collect();
        let stale = pods.iter().filter_map(|pod| not_evicted(pod, scene.seconds()));
        let mut writes: Vec<Write> = stale.collect();
        let (status, again) = match expected(budget, &pods, scene.view) {
            Ok((expected, desired)) => count(budget, &pods, expected, desired, scene.seconds()),
            Err(why) => {
                let message = format!("Failed to calculate the number of expected pods: {why}");
                writes.push(Write::tell(
                    budget,
                    Severity::Warning,
                    "CalculateExpectedPodCountFailed",
                    message,
                ));
                (unknown(budget, &why, scene.seconds()), None)
            }
        };
        if pods.is_empty() && condition(budget, "DisruptionAllowed").is_none() {
            let message = "No matching pods found".to_owned();
            writes.push(Write::tell(budget, Severity::Normal, "NoPods", message));
        }
        if !same(Some(&status), budget.get("status")) {
            let mut changed = Value::clone(budget);
            changed["status"] = status;
            writes.push(Write::status(BUDGETS, changed));
        }
        Plan::of(writes).again(again)
    }
}

fn selector(budget: &Value) -> LabelSelector {
    LabelSelector::of(budget.pointer("/spec/selector")).unwrap_or_else(|_| LabelSelector::nothing())
}

/// A share of a count, rounded up.
fn share(value: &Value, of: usize) -> usize {
    let count = |number: i64| usize::try_from(number).unwrap_or(0);
    if let Some(number) = value.as_i64() {
        return count(number);
    }
    let percent = value.as_str().and_then(|text| text.strip_suffix('%')?.parse::<usize>().ok());
    (percent.unwrap_or(0) * of).div_ceil(100)
}

/// How many pods there should be, and how many of them must stay healthy (`getExpectedPodCount`).
fn expected(budget: &Value, pods: &[&Object], view: &View<'_>) -> Result<(usize, usize), String> {
    let (most, least) = (&budget["spec"]["maxUnavailable"], &budget["spec"]["minAvailable"]);
    if !most.is_null() {
        let expected = scale(pods, view)?;
        return Ok((expected, expected.saturating_sub(share(most, expected))));
    }
    if least.is_string() {
        let expected = scale(pods, view)?;
        return Ok((expected, share(least, expected)));
    }
    Ok((pods.len(), share(least, pods.len())))
}

/// The sizes of all that control these pods. A pod that nobody controls counts for itself, as
/// upstream counts pods without a controller of a known size as an error.
fn scale(pods: &[&Object], view: &View<'_>) -> Result<usize, String> {
    let (mut seen, mut sum) = (BTreeSet::new(), 0);
    for pod in pods {
        let Some(owner) = controller(pod) else { continue };
        let owner_uid = owner["uid"].as_str().unwrap_or_default().to_owned();
        if !seen.insert(owner_uid) {
            continue;
        }
        let size = size(pod, &mut seen, view).ok_or_else(|| {
            let kind = owner["kind"].as_str().unwrap_or_default();
            format!(
                "{kind}.{} does not implement the scale subresource",
                text(owner, "/apiVersion")
            )
        })?;
        sum += size;
    }
    Ok(sum)
}

/// The size of a pod's controller, or of a Deployment above it. Zero: it was counted already.
fn size(pod: &Value, seen: &mut BTreeSet<String>, view: &View<'_>) -> Option<usize> {
    for kind in [REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS] {
        let Some(key) = owner_key(pod, kind) else { continue };
        let set = view.of(kind).get(&key)?;
        let above = owner_key(set, DEPLOYMENTS).and_then(|key| view.of(DEPLOYMENTS).get(&key));
        let top = above.unwrap_or(set);
        if above.is_some() && !seen.insert(uid(top).to_owned()) {
            return Some(0);
        }
        return usize::try_from(int(top, "/spec/replicas").unwrap_or(1)).ok();
    }
    None
}

/// The status, and when evictions that did not come count no more.
fn count(
    budget: &Value,
    pods: &[&Object],
    expected: usize,
    desired: usize,
    now: i64,
) -> (Value, Option<Duration>) {
    let (disrupted, again) = disrupted(budget, pods, now);
    let healthy = pods
        .iter()
        .filter(|pod| !is_deleting(pod) && is_ready(pod) && !disrupted.contains_key(name(pod)));
    let healthy = healthy.count();
    let allowed = if expected == 0 { 0 } else { healthy.saturating_sub(desired) };
    let mut status = json!({
        "currentHealthy": healthy, "desiredHealthy": desired, "expectedPods": expected,
        "disruptionsAllowed": allowed,
        "observedGeneration": int(budget, "/metadata/generation").unwrap_or(0),
    });
    if !disrupted.is_empty() {
        status["disruptedPods"] = disrupted.into();
    }
    let (value, reason) =
        if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    status["conditions"] = conditions(budget, value, reason, "", now);
    (status, again)
}

/// Nobody may be evicted while it is not known how many there should be (`failSafe`).
fn unknown(budget: &Value, why: &str, now: i64) -> Value {
    let mut status = budget["status"].clone();
    status["disruptionsAllowed"] = 0.into();
    status["observedGeneration"] = int(budget, "/metadata/generation").unwrap_or(0).into();
    status["conditions"] = conditions(budget, "False", "SyncFailed", why, now);
    status
}

fn conditions(budget: &Value, value: &str, reason: &str, message: &str, now: i64) -> Value {
    let kind = "DisruptionAllowed";
    let there = condition(budget, kind);
    let since = there.filter(|there| there["status"] == value);
    let at = Moment { seconds: now, nanos: 0 }.to_second();
    let since = since.and_then(|there| there["lastTransitionTime"].as_str()).unwrap_or(&at);
    let fresh = json!({"type": kind, "status": value, "reason": reason, "message": message,
        "lastTransitionTime": since,
        "observedGeneration": int(budget, "/metadata/generation").unwrap_or(0)});
    let others = list(budget, "/status/conditions").iter().filter(|each| each["type"] != kind);
    others.cloned().chain([fresh]).collect()
}

/// Evictions that were let through and that have not come yet.
fn disrupted(budget: &Value, pods: &[&Object], now: i64) -> (Map<String, Value>, Option<Duration>) {
    let (mut rest, mut soonest) = (Map::new(), None);
    let told = budget.pointer("/status/disruptedPods").and_then(Value::as_object);
    for (pod, at) in told.into_iter().flatten() {
        let there = pods.iter().any(|each| name(each) == pod && !is_deleting(each));
        let time = at.as_str().and_then(|at| Moment::parse(at).ok());
        let left = time.map_or(0, |time| time.seconds + DELETION_SECONDS - now);
        if there && left > 0 {
            rest.insert(pod.clone(), at.clone());
            soonest = Some(soonest.map_or(left, |soonest: i64| soonest.min(left)));
        }
    }
    (rest, soonest.map(|left| Duration::from_secs(left.unsigned_abs())))
}

/// A pod that was to be evicted and is still there after a while was not evicted.
fn not_evicted(pod: &Object, now: i64) -> Option<Write> {
    let there = condition(pod, TARGET).filter(|there| there["status"] == "True")?;
    let since = crate::pods::seconds(there, "/lastTransitionTime")?;
    if is_deleting(pod) || phase(pod) == "Failed" || now - since < STALE_SECONDS {
        return None;
    }
    let at = Moment { seconds: now, nanos: 0 }.to_second();
    let fresh = json!({"type": TARGET, "status": "False", "lastTransitionTime": at});
    Some(Write::patch_status(PODS, pod, json!({"status": {"conditions": [fresh]}})))
}
