//! What a Deployment's status says.
//!
//! Upstream: pkg/controller/deployment/progress.go, `calculateStatus` in sync.go.

use api::time::Moment;
use client::name;
use serde_json::{Value, json};
use std::time::Duration;

use super::sets::{Bounds, Set, size, stated};
use crate::{
    object::{condition, int, list, text},
    pods::seconds,
};

/// The numbers, and whether there is enough.
pub(super) fn status(deployment: &Value, new: Option<Set<'_>>, old: &[Set<'_>], now: i64) -> Value {
    let all: Vec<Set<'_>> = old.iter().copied().chain(new).collect();
    let sum = |what: &str| -> i64 { all.iter().map(|set| stated(set, what)).sum() };
    let wanted: i64 = all.iter().map(|set| size(set)).sum();
    let available = sum("availableReplicas");
    let mut status = json!({
        "observedGeneration": int(deployment, "/metadata/generation").unwrap_or(0),
        "replicas": sum("replicas"),
        "updatedReplicas": new.map_or(0, |new| stated(new, "replicas")),
        "readyReplicas": sum("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": (wanted - available).max(0),
        "terminatingReplicas": sum("terminatingReplicas"),
    });
    if let Some(collisions) = int(deployment, "/status/collisionCount") {
        status["collisionCount"] = collisions.into();
    }
    status["conditions"] = list(deployment, "/status/conditions").to_vec().into();
    match available >= Bounds::of(deployment).least() {
        true => set(
            &mut status,
            now,
            "Available",
            "True",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
        ),
        false => set(
            &mut status,
            now,
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        ),
    }
    failure(&mut status, &all);
    status
}

/// A set that cannot make its pods is the Deployment's failure too.
fn failure(status: &mut Value, sets: &[Set<'_>]) {
    let failed = sets.iter().rev().find_map(|set| condition(set, "ReplicaFailure"));
    drop_condition(status, "ReplicaFailure");
    let conditions = status["conditions"].as_array_mut();
    if let (Some(failed), Some(conditions)) = (failed, conditions) {
        let mut failed = failed.clone();
        failed["lastUpdateTime"] = failed["lastTransitionTime"].clone();
        conditions.push(failed);
    }
}

fn drop_condition(status: &mut Value, kind: &str) {
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.retain(|condition| condition["type"] != kind);
    }
}

/// Sets a condition. Of the same status and reason it stays as it is; of the same status it keeps
/// the time of its transition.
pub(super) fn set(
    status: &mut Value,
    now: i64,
    kind: &str,
    value: &str,
    reason: &str,
    message: &str,
) {
    let at = Moment { seconds: now, nanos: 0 }.to_second();
    let there = list(status, "/conditions").iter().find(|each| each["type"] == kind).cloned();
    let since = match &there {
        Some(there) if there["status"] == value && there["reason"] == reason => return,
        Some(there) if there["status"] == value => there["lastTransitionTime"].clone(),
        _ => at.clone().into(),
    };
    drop_condition(status, kind);
    if let Some(conditions) = status["conditions"].as_array_mut() {
        conditions.push(json!({"type": kind, "status": value, "reason": reason,
            "message": message, "lastUpdateTime": at, "lastTransitionTime": since}));
    }
}

/// All pods are of the newest set, available, and as many as wanted.
pub(super) fn is_complete(deployment: &Value, status: &Value) -> bool {
    let wanted = Some(size(deployment));
    ["updatedReplicas", "replicas", "availableReplicas"]
        .iter()
        .all(|what| status[*what].as_i64() == wanted)
        && status["observedGeneration"].as_i64() >= int(deployment, "/metadata/generation")
}

fn has_progressed(deployment: &Value, status: &Value) -> bool {
    let before = |what: &str| int(deployment, &format!("/status/{what}")).unwrap_or(0);
    let after = |what: &str| status[what].as_i64().unwrap_or(0);
    let old_before = before("replicas") - before("updatedReplicas");
    let old_after = after("replicas") - after("updatedReplicas");
    after("updatedReplicas") > before("updatedReplicas")
        || old_after < old_before
        || after("readyReplicas") > before("readyReplicas")
        || after("availableReplicas") > before("availableReplicas")
}

/// Seconds after which a rollout that does not move has failed; none: it may take for ever.
pub(super) fn deadline(deployment: &Value) -> Option<i64> {
    let seconds = int(deployment, "/spec/progressDeadlineSeconds");
    seconds.filter(|seconds| *seconds < i64::from(i32::MAX))
}

/// Seconds left of the deadline, by the last sign of progress.
fn left(deployment: &Value, now: i64) -> Option<i64> {
    let progressing = condition(deployment, "Progressing")?;
    let from = seconds(progressing, "/lastUpdateTime")?;
    Some(from + deadline(deployment)? - now)
}

/// Tells in the status how a rollout comes on (`syncRolloutStatus`); gives when to look again.
pub(super) fn rollout(
    deployment: &Value,
    new: Option<Set<'_>>,
    status: &mut Value,
    now: i64,
) -> Option<Duration> {
    if deadline(deployment).is_none() {
        drop_condition(status, "Progressing");
        return None;
    }
    let current = condition(deployment, "Progressing");
    let reason = current.map(|current| text(current, "/reason")).unwrap_or_default();
    let arrived =
        status["replicas"] == status["updatedReplicas"] && reason == "NewReplicaSetAvailable";
    if arrived {
        return None;
    }
    let who = match new {
        Some(new) => format!("ReplicaSet {:?}", name(new)),
        None => format!("Deployment {:?}", name(deployment)),
    };
    if is_complete(deployment, status) {
        let message = format!("{who} has successfully progressed.");
        set(status, now, "Progressing", "True", "NewReplicaSetAvailable", &message);
        return None;
    }
    if has_progressed(deployment, status) {
        refresh(status, now, &format!("{who} is progressing."));
        return deadline(deployment).map(wait);
    }
    let over = left(deployment, now).is_some_and(|left| left < 0);
    if reason == "ProgressDeadlineExceeded" || (over && reason != "NewReplicaSetAvailable") {
        let message = format!("{who} has timed out progressing.");
        set(status, now, "Progressing", "False", "ProgressDeadlineExceeded", &message);
        return None;
    }
    left(deployment, now).map(wait)
}

/// One second more, since times are written in whole seconds.
fn wait(seconds: i64) -> Duration {
    Duration::from_secs(seconds.max(0).unsigned_abs() + 1)
}

/// Progress is told each time with a new time, unlike other conditions.
fn refresh(status: &mut Value, now: i64, message: &str) {
    let there = list(status, "/conditions").iter().find(|each| each["type"] == "Progressing");
    let since = there.filter(|there| there["status"] == "True");
    let since = since.map(|there| there["lastTransitionTime"].clone());
    drop_condition(status, "Progressing");
    set(status, now, "Progressing", "True", "ReplicaSetUpdated", message);
    let fresh = status["conditions"].as_array_mut().and_then(|all| all.last_mut());
    if let (Some(fresh), Some(since)) = (fresh, since) {
        fresh["lastTransitionTime"] = since;
    }
}
