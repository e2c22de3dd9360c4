//! How long a Job waits before it replaces pods that failed.
//!
//! Upstream: pkg/controller/job/backoff_utils.go. It keeps a record beside the pods; here the pods
//! of the Job are looked at themselves, which outlives a restart.

use client::Object;
use serde_json::Value;

use super::indexes::index;
use crate::{
    object::{annotation, condition, list, text},
    pods::{phase, seconds},
};

/// How often pods of its index had failed before, on each pod (`JobIndexFailureCountAnnotation`).
pub(super) const FAILURES: &str = "batch.kubernetes.io/job-index-failure-count";
/// And of these, those that its pod failure policy ignores.
pub(super) const IGNORED: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// The first wait, and the longest (`DefaultJobPodFailureBackOff`, `MaxJobPodFailureBackOff`).
const FIRST_SECONDS: i64 = 10;
const MAX_SECONDS: i64 = 600;

/// When a pod ended (`getFinishedTime`).
pub(super) fn finished(pod: &Value, now: i64) -> i64 {
    let ends = list(pod, "/status/containerStatuses").iter();
    let ends = ends.filter_map(|status| seconds(status, "/state/terminated/finishedAt")).max();
    let ready = || condition(pod, "Ready").and_then(|ready| seconds(ready, "/lastTransitionTime"));
    // The last should not be needed where kubelets are.
    let made = || seconds(pod, "/metadata/creationTimestamp");
    ends.or_else(|| seconds(pod, "/metadata/deletionTimestamp"))
        .or_else(ready)
        .or_else(made)
        .unwrap_or(now)
}

/// Seconds to wait after this many failures in a row, of which the last was then.
pub(super) fn remaining(failures: u64, last: i64, now: i64) -> i64 {
    let Some(doublings) = failures.checked_sub(1) else { return 0 };
    let factor = 1i64.checked_shl(u32::try_from(doublings.min(30)).unwrap_or(30)).unwrap_or(1);
    let wait = FIRST_SECONDS.saturating_mul(factor).min(MAX_SECONDS);
    (last + wait - now).max(0)
}

/// Seconds that a whole Job waits: failures since its last success count.
pub(super) fn of_job(succeeded: &[&Object], failed: &[&Object], now: i64) -> i64 {
    let success = succeeded.iter().map(|pod| finished(pod, now)).max();
    let since = failed.iter().map(|pod| finished(pod, now));
    let since: Vec<i64> =
        since.filter(|end| success.is_none_or(|success| *end > success)).collect();
    let failures = u64::try_from(since.len()).unwrap_or(u64::MAX);
    since.iter().max().map_or(0, |last| remaining(failures, *last, now))
}

fn number(pod: &Value, name: &str) -> u64 {
    annotation(pod, name).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Failures of an index before this pod: those that count, and those that do not.
pub(super) fn before(pod: &Value) -> (u64, u64) {
    (number(pod, FAILURES), number(pod, IGNORED))
}

/// Of an index's failed pods the one that failed after the most others.
pub(super) fn last_failed<'a>(failed: &[&'a Object], of: u64) -> Option<&'a Object> {
    let all = failed.iter().copied().filter(|pod| index(pod) == Some(of));
    all.max_by_key(|pod| {
        let (counted, ignored) = before(pod);
        (counted + ignored, phase(pod) == "Failed", text(pod, "/metadata/name"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_the_last_failure() {
        for (failures, last, now, expected) in
            [(0, 0, 0, 0), (1, 100, 100, 10), (2, 100, 105, 15), (7, 0, 0, 600), (60, 0, 599, 1)]
        {
            assert_eq!(remaining(failures, last, now), expected, "{failures}");
        }
    }
}
