//! How often a job's pods run.
//!
//! Upstream: `pkg/apis/batch/v1/defaults.go`.

use super::{Object, Specials, fill, inner, made};
use serde_json::Value;

/// Rules of jobs alone: a cron job's template is left as it is until a job is made of it.
pub(super) const SPECIALS: Specials = &[("batch.v1.Job", job)];

fn job(job: &mut Object) {
    let Some(spec) = made(job, "spec") else { return };
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        spec.insert("completions".into(), 1.into());
    }
    fill(spec, "parallelism", 1);
    // With a limit for each index, the job's own is out of the way.
    let limit = if spec.contains_key("backoffLimitPerIndex") { i32::MAX } else { 6 };
    fill(spec, "backoffLimit", limit);
    fill(spec, "completionMode", "NonIndexed");
    fill(spec, "suspend", false);
    fill(spec, "manualSelector", false);
    let replacement =
        if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    fill(spec, "podReplacementPolicy", replacement);
    let labels = inner(spec, "template")
        .and_then(|template| inner(template, "metadata"))
        .and_then(|metadata| metadata.get("labels").cloned());
    if let Some(labels) = labels.filter(Value::is_object)
        && let Some(metadata) = made(job, "metadata")
    {
        fill(metadata, "labels", labels);
    }
}
