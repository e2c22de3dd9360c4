//! What is told of a job: counts that only grow, conditions that exclude each other.

use super::{indexes, jobs::is_indexed};
use crate::{
    time::Moment,
    validation::{error::Errors, field::Field},
};
use std::collections::BTreeSet;

/// Conditions that stay once they are true.
const TERMINAL: [&str; 3] = ["Failed", "Complete", "FailureTarget"];
/// Conditions that are never true together.
const EXCLUSIVE: [(&str, &str, &str); 4] = [
    ("Complete", "Failed", "cannot set Complete=True and Failed=true conditions"),
    ("Complete", "FailureTarget", "cannot set Complete=True and FailureTarget=true conditions"),
    (
        "SuccessCriteriaMet",
        "Failed",
        "cannot set SuccessCriteriaMet=True and Failed=true conditions",
    ),
    (
        "SuccessCriteriaMet",
        "FailureTarget",
        "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
    ),
];

/// Whether a condition is true.
fn is(job: &Field<'_>, kind: &str) -> bool {
    let mut conditions = job.down(&["status", "conditions"]).items();
    conditions.any(|one| one.get("type").text() == kind && one.get("status").text() == "True")
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let status = new.get("status");
    for name in ["active", "succeeded", "failed", "ready", "terminating"] {
        status.get(name).not_negative(errors);
    }
    uncounted(&status.get("uncountedTerminatedPods"), errors);
    conditions(new, errors);
    ended(new, errors);
    times(new, old, errors);
    lists(new, errors);
    let ready = status.get("ready");
    if ready.number() > status.get("active").number() {
        errors.push(ready.invalid("cannot set more ready pods than active"));
    }
    kept(new, old, errors);
}

fn uncounted(pods: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for id in pods.get("succeeded").items().chain(pods.get("failed").items()) {
        if id.is_empty() {
            errors.push(id.invalid("must not be empty"));
        } else if !seen.insert(id.text()) {
            errors.push(id.duplicate());
        }
    }
}

fn conditions(job: &Field<'_>, errors: &mut Errors) {
    let place = job.down(&["status", "conditions"]);
    for (one, other, why) in EXCLUSIVE {
        if is(job, one) && is(job, other) {
            errors.push(place.invalid_silently(why));
        }
    }
    let missing = |kind: &str, first: &str| is(job, kind) && !is(job, first);
    if missing("Failed", "FailureTarget") {
        let why = "cannot set Failed=True condition without the FailureTarget=true condition";
        errors.push(place.invalid_silently(why));
    }
    if missing("Complete", "SuccessCriteriaMet") {
        let why =
            "cannot set Complete=True condition without the SuccessCriteriaMet=true condition";
        errors.push(place.invalid_silently(why));
    }
}

/// What cannot be of a job that has ended.
fn ended(job: &Field<'_>, errors: &mut Errors) {
    if !is(job, "Complete") && !is(job, "Failed") {
        return;
    }
    let status = job.get("status");
    for name in ["active", "terminating"] {
        let field = status.get(name);
        if field.number() > 0 {
            errors.push(field.invalid(format!("{name}>0 is invalid for finished job")));
        }
    }
    if !status.get("startTime").is_set() {
        let why = "startTime is required for finished job";
        errors.push(status.get("startTime").required(why));
    }
    let pods = status.get("uncountedTerminatedPods");
    if !pods.get("succeeded").is_empty() || !pods.get("failed").is_empty() {
        let why = "uncountedTerminatedPods needs to be empty for finished job";
        errors.push(pods.invalid(why));
    }
}

fn times(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    let (start, end) = (status.get("startTime"), status.get("completionTime"));
    match (is(new, "Complete"), end.is_set()) {
        (false, true) => {
            let why = "cannot set completionTime when there is no Complete=True condition";
            errors.push(end.invalid(why));
        }
        (true, false) => {
            errors.push(end.required("completionTime is required for Complete jobs"));
        }
        _ => {}
    }
    let moment = |field: &Field<'_>| Moment::parse(field.text()).ok();
    if moment(&end).zip(moment(&start)).is_some_and(|(end, start)| end < start) {
        errors.push(end.invalid("completionTime cannot be set before startTime"));
    }
    let (began, stopped) = (was.get("startTime"), was.get("completionTime"));
    if end.is_set() && stopped.is_set() && end.value != stopped.value {
        errors.push(end.invalid("completionTime cannot be mutated"));
    }
    let runs = !new.down(&["spec", "suspend"]).is_true();
    if runs && began.is_set() && began.value != start.value {
        errors.push(start.required("startTime cannot be removed for unsuspended job"));
    }
}

/// Indexes of pods that have ended, one way or the other.
fn lists(job: &Field<'_>, errors: &mut Errors) {
    let (spec, status) = (job.get("spec"), job.get("status"));
    let (done, failed) = (status.get("completedIndexes"), status.get("failedIndexes"));
    let all = spec.get("completions");
    if let Some(all) = all.integer() {
        for (name, list) in [("completedIndexes", &done), ("failedIndexes", &failed)] {
            if let Err(why) = indexes::count(list.text(), all) {
                errors.push(list.invalid(format!("error parsing {name}: {why}")));
            }
        }
        if let Some(index) = indexes::overlap(done.text(), failed.text(), all) {
            let why = format!("failedIndexes and completedIndexes overlap at index: {index}");
            errors.push(failed.invalid(why));
        }
    }
    if !done.is_empty() && !is_indexed(&spec) {
        let why = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.push(done.invalid(why));
    }
    if failed.is_set() && !spec.get("backoffLimitPerIndex").is_set() {
        let why = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        errors.push(failed.invalid(why));
    }
}

/// What does not go back.
fn kept(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    let place = status.get("conditions");
    for kind in TERMINAL {
        if is(old, kind) && !is(new, kind) {
            let why = format!("cannot disable the terminal {kind}=True condition");
            errors.push(place.invalid_silently(why));
        }
    }
    for name in ["failed", "succeeded"] {
        let field = status.get(name);
        if field.number() < was.get(name).number() {
            let why = format!("cannot decrease the {name} counter");
            errors.push(field.invalid_as(field.number(), why));
        }
    }
    let met = "SuccessCriteriaMet";
    if is(old, met) && !is(new, met) {
        errors.push(place.invalid_silently("cannot disable the SuccessCriteriaMet=True condition"));
    }
    if is(old, "Complete") && !is(old, met) && is(new, met) {
        let why = "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions";
        errors.push(place.invalid_silently(why));
    }
}
