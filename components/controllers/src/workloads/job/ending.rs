//! Whether a Job has come to its end, and which.
//!
//! Upstream: `syncJob` in pkg/controller/job/job_controller.go, success_policy.go; KEP-3998, KEP-3939. The
//! end is announced first (`FailureTarget`, `SuccessCriteriaMet`); the last word (`Failed`,
//! `Complete`) is said when no pod runs any more and all are counted.

use client::{Object, events::Severity};
use serde_json::{Value, json};

use super::{
    indexes::Indexes,
    tally::{Tally, indexed},
};
use crate::{
    object::{condition, is, is_true, list, text},
    plan::Write,
    pods::{phase, restarts_max, seconds},
};

/// An end and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct End {
    success: bool,
    reason: String,
    message: String,
}

fn end(success: bool, reason: &str, message: impl Into<String>) -> Option<End> {
    Some(End { success, reason: reason.to_owned(), message: message.into() })
}

/// The end that was announced, or that the pods and the time call for.
pub(super) fn of(job: &Value, tally: &Tally<'_>, now: i64) -> Option<End> {
    for (kind, success) in [("FailureTarget", false), ("SuccessCriteriaMet", true)] {
        if is_true(job, kind) {
            let there = condition(job, kind).unwrap_or(&Value::Null);
            return end(success, text(there, "/reason"), text(there, "/message"));
        }
    }
    failed(job, tally, now)
        .or_else(|| failed_by_index(job, tally))
        .or_else(|| succeeded(job, tally))
}

fn failed(job: &Value, tally: &Tally<'_>, now: i64) -> Option<End> {
    if let Some(why) = &tally.fails_job {
        return end(false, "PodFailurePolicy", why);
    }
    let limit = job["spec"]["backoffLimit"].as_u64().unwrap_or(6);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if tally.failed > limit || restarted_too_often(job, tally) {
        let message = "Job has reached the specified backoff limit";
        return end(false, "BackoffLimitExceeded", message);
    }
    let deadline = job["spec"]["activeDeadlineSeconds"].as_i64();
    let start = seconds(job, "/status/startTime");
    if let (Some(limit), Some(start), false) = (deadline, start, is(job, "/spec/suspend"))
        && now - start >= limit
    {
        let message = "Job was active longer than specified deadline";
        return end(false, "DeadlineExceeded", message);
    }
    None
}

/// Containers that restart in place count as failures too (`pastBackoffLimitOnFailure`).
fn restarted_too_often(job: &Value, tally: &Tally<'_>) -> bool {
    if text(job, "/spec/template/spec/restartPolicy") != "OnFailure" {
        return false;
    }
    let begun = |pod: &&&Object| matches!(phase(pod), "Running" | "Pending");
    let restarts: i64 = tally.active.iter().filter(begun).map(|pod| restarts_max(pod)).sum();
    match job["spec"]["backoffLimit"].as_i64().unwrap_or(6) {
        0 => restarts > 0,
        limit => restarts >= limit,
    }
}

fn failed_by_index(job: &Value, tally: &Tally<'_>) -> Option<End> {
    let (failed, completions) = (tally.failed_indexes.as_ref()?, indexed(job)?);
    let max = job["spec"]["maxFailedIndexes"].as_u64();
    let max = max.and_then(|max| usize::try_from(max).ok());
    if max.is_some_and(|max| failed.len() > max) {
        let message = "Job has exceeded the specified maximal number of failed indexes";
        return end(false, "MaxFailedIndexesExceeded", message);
    }
    let ended = u64::try_from(failed.len() + tally.done.len()).unwrap_or(u64::MAX);
    (failed.len() > 0 && ended >= completions)
        .then(|| end(false, "FailedIndexes", "Job has failed indexes"))
        .flatten()
}

fn succeeded(job: &Value, tally: &Tally<'_>) -> Option<End> {
    if let Some(rule) = success_rule(job, tally) {
        return end(true, "SuccessPolicy", format!("Matched rules at index {rule}"));
    }
    let complete = match job["spec"]["completions"].as_u64() {
        // Whoever succeeds first ends it; the others may finish.
        None => tally.succeeded > 0 && tally.active.is_empty(),
        Some(wanted) => u64::try_from(tally.succeeded).unwrap_or(u64::MAX) >= wanted,
    };
    (complete && !is(job, "/spec/suspend"))
        .then(|| end(true, "CompletionsReached", "Reached expected number of succeeded pods"))
        .flatten()
}

/// The first rule of the success policy that holds.
fn success_rule(job: &Value, tally: &Tally<'_>) -> Option<usize> {
    let completions = indexed(job)?;
    let holds = |rule: &Value| {
        let wanted = rule.get("succeededIndexes").and_then(Value::as_str);
        let wanted = wanted.map(|text| Indexes::parse(text, completions));
        let done = match &wanted {
            None => tally.done.len(),
            Some(wanted) => wanted.0.intersection(&tally.done.0).count(),
        };
        let count = rule.get("succeededCount").and_then(Value::as_u64);
        match count.and_then(|count| usize::try_from(count).ok()) {
            Some(count) => done >= count,
            None => wanted.is_some_and(|wanted| done == wanted.len()),
        }
    };
    list(job, "/spec/successPolicy/rules").iter().position(holds)
}

/// Announces the end, or says the last word if there is nothing to wait for.
pub(super) fn conclude(
    job: &Value,
    tally: &Tally<'_>,
    end: &End,
    at: &str,
    status: &mut Value,
    conditions: &mut Vec<Value>,
) {
    let (announced, last) =
        if end.success { ("SuccessCriteriaMet", "Complete") } else { ("FailureTarget", "Failed") };
    let quiet = tally.active.is_empty() && tally.terminating == 0 && tally.complete;
    if !is_true(job, announced) {
        set(conditions, announced, "True", &end.reason, &end.message, at);
    }
    // The announcement is seen before: pods that are going count as failed since.
    if !quiet || !is_true(job, announced) {
        return;
    }
    set(conditions, last, "True", &end.reason, &end.message, at);
    if end.success {
        status["completionTime"] = at.into();
    }
}

/// Puts a condition in the place of the one of its type, or behind the others.
pub(super) fn set(
    conditions: &mut Vec<Value>,
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    at: &str,
) {
    let fresh = json!({"type": kind, "status": status, "reason": reason, "message": message,
        "lastProbeTime": at, "lastTransitionTime": at});
    match conditions.iter_mut().find(|condition| condition["type"] == kind) {
        Some(there) => *there = fresh,
        None => conditions.push(fresh),
    }
}

/// What people are told when a status with a new last word was written.
pub(super) fn told(job: &Value, status: &Value) -> Vec<Write> {
    let holder = json!({"status": status});
    let fresh = |kind: &str| is_true(&holder, kind) && !is_true(job, kind);
    let mut told = Vec::new();
    if fresh("Complete") {
        let message = "Job completed".to_owned();
        told.push(Write::tell(job, Severity::Normal, "Completed", message));
    }
    let failed = condition(&holder, "Failed").filter(|_| fresh("Failed"));
    if let Some(failed) = failed {
        let message = text(failed, "/message").to_owned();
        let reasons = [
            "PodFailurePolicy",
            "BackoffLimitExceeded",
            "DeadlineExceeded",
            "MaxFailedIndexesExceeded",
            "FailedIndexes",
        ];
        let reason = reasons.into_iter().find(|reason| *reason == text(failed, "/reason"));
        told.push(Write::tell(job, Severity::Warning, reason.unwrap_or("Failed"), message));
    }
    if fresh("Suspended") {
        told.push(Write::tell(job, Severity::Normal, "Suspended", "Job suspended".to_owned()));
    }
    let resumed = is_true(job, "Suspended")
        && condition(&holder, "Suspended").is_some_and(|there| there["status"] == "False");
    if resumed {
        told.push(Write::tell(job, Severity::Normal, "Resumed", "Job resumed".to_owned()));
    }
    told
}
