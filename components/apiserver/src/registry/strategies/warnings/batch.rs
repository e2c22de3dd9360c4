//! Of jobs.
//!
//! Upstream: pkg/registry/batch/{job,cronjob}/strategy.go.

use super::{hostname, pods};
use serde_json::Value;

const NAMES: &str = "Pod names and hostnames";

pub(crate) fn job(job: &Value, born: bool) -> Vec<String> {
    let name = hostname(job, NAMES).filter(|_| born);
    name.into_iter().chain(pods::template(&job["spec"]["template"], "spec.template")).collect()
}

pub(crate) fn cron_job(job: &Value, born: bool) -> Vec<String> {
    let name = hostname(job, NAMES).filter(|_| born);
    let template = &job["spec"]["jobTemplate"]["spec"]["template"];
    let mut all: Vec<String> = name.into_iter().collect();
    all.extend(pods::template(template, "spec.jobTemplate.spec.template"));
    if job["spec"]["schedule"].as_str().is_some_and(|schedule| schedule.contains("TZ")) {
        all.push(
            "CRON_TZ or TZ used in spec.schedule is not officially supported, see \
             https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"
                .into(),
        );
    }
    all
}
