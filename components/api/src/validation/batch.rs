//! Jobs and jobs by the clock.
//!
//! Upstream: pkg/apis/batch/validation/validation.go.

mod cron;
mod failures;
mod indexes;
mod job_status;
mod jobs;
mod schedule;

use super::kind::Kind;

pub(super) const KINDS: &[Kind] = &[
    Kind::namespaced("Job")
        .whole(jobs::whole)
        .born(jobs::born)
        .changed(jobs::change)
        .parts(&[("status", job_status::change)]),
    Kind::namespaced("CronJob").whole(cron::whole).born(cron::born).changed(cron::change),
];
