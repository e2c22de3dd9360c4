//! What has become of a Job's pods, each counted once.
//!
//! Upstream: `trackJobStatusAndRemoveFinalizers` in pkg/controller/job/job_controller.go; KEP-2307.
//!
//! A pod carries a finalizer until it is counted. First its uid is written into the Job's status,
//! then the finalizer is taken off, and only when both are seen the counter grows and the uid goes.
//! A crash between any two of these loses nothing and counts nothing twice.

use client::{Object, uid};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use super::{
    TRACKING, backoff,
    failure::{Verdict, judge},
    indexes::{Indexes, valid_index},
};
use crate::{
    object::{count, has_finalizer, is_deleting, list, text},
    pods::{self, phase},
};

/// Pods that are counted in one pass at most (`MaxUncountedPods`).
const UNCOUNTED_MAX: usize = 500;

/// The pods of a Job, sorted.
#[derive(Debug, Default)]
pub(super) struct Tally<'a> {
    pub(super) active: Vec<&'a Object>,
    pub(super) terminating: usize,
    /// Ended pods, counted or not.
    pub(super) succeeded_pods: Vec<&'a Object>,
    pub(super) failed_pods: Vec<&'a Object>,
    /// Numbers that include what is not counted yet.
    pub(super) succeeded: usize,
    pub(super) failed: usize,
    pub(super) done: Indexes,
    pub(super) failed_indexes: Option<Indexes>,
    /// The reason, if a pod's failure is the Job's.
    pub(super) fails_job: Option<String>,
    /// What the status is to say.
    pub(super) counted: (usize, usize),
    pub(super) uncounted: (Vec<String>, Vec<String>),
    /// Their uids are written; their finalizers may go.
    pub(super) settled: Vec<&'a Object>,
    /// All that ended is counted, and no finalizer of ours is left on it.
    pub(super) complete: bool,
}

/// How many completions an indexed Job wants; none: it is not indexed.
pub(super) fn indexed(job: &Value) -> Option<u64> {
    (job["spec"]["completionMode"] == "Indexed")
        .then(|| job["spec"]["completions"].as_u64().unwrap_or(0))
}

/// Only pods that failed are replaced, not those that are going.
pub(super) fn replaces_failed_only(job: &Value) -> bool {
    match text(job, "/spec/podReplacementPolicy") {
        "" => job.pointer("/spec/podFailurePolicy").is_some_and(|policy| !policy.is_null()),
        policy => policy == "Failed",
    }
}

fn is_failed(job: &Value, pod: &Value, ending: bool) -> bool {
    phase(pod) == "Failed"
        || (is_deleting(pod) && phase(pod) != "Succeeded" && (ending || !replaces_failed_only(job)))
}

fn uids(job: &Value, which: &str) -> Vec<String> {
    let all = list(job, &format!("/status/uncountedTerminatedPods/{which}")).iter();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl<'a> Tally<'a> {
    /// Sorts and counts. `ending`: what goes counts as failed. `unseen`: uids of pods that the
    /// store does not show yet, but that exist and are not counted.
    pub(super) fn of(
        job: &Value,
        pods: &[&'a Object],
        ending: bool,
        unseen: &BTreeSet<String>,
    ) -> Self {
        let mut tally = Self::default();
        for pod in pods {
            match () {
                () if phase(pod) == "Succeeded" => tally.succeeded_pods.push(pod),
                () if is_failed(job, pod, ending) => tally.failed_pods.push(pod),
                () if pods::is_active(pod) => tally.active.push(pod),
                () => {}
            }
        }
        tally.terminating = pods.iter().filter(|pod| pods::is_terminating(pod)).count();
        tally.flush(job, pods, unseen);
        tally.count_succeeded(job);
        tally.count_failed(job);
        tally.settle(job);
        let tracked = |pod: &&&Object| has_finalizer(pod, TRACKING);
        let ended = tally.succeeded_pods.iter().chain(&tally.failed_pods);
        tally.complete = ended.filter(tracked).count() == 0
            && tally.uncounted.0.is_empty()
            && tally.uncounted.1.is_empty();
        tally
    }

    /// What is written in the status and has no finalizer any more moves to the counters.
    fn flush(&mut self, job: &Value, pods: &[&'a Object], unseen: &BTreeSet<String>) {
        let tracked = pods.iter().filter(|pod| has_finalizer(pod, TRACKING));
        let tracked: BTreeSet<&str> =
            tracked.map(|pod| uid(pod)).chain(unseen.iter().map(String::as_str)).collect();
        let move_on = |which: &str| {
            let (stay, gone): (Vec<String>, Vec<String>) =
                uids(job, which).into_iter().partition(|uid| tracked.contains(&**uid));
            (stay, count(job, &format!("/status/{which}")) + gone.len())
        };
        let ((succeeded, successes), (failed, failures)) =
            (move_on("succeeded"), move_on("failed"));
        self.counted = (successes, failures);
        self.uncounted = (succeeded, failed);
    }

    /// An indexed Job needs no uids: an index is done or it is not.
    fn count_succeeded(&mut self, job: &Value) {
        let tracked = self.succeeded_pods.iter().filter(|pod| has_finalizer(pod, TRACKING));
        if let Some(completions) = indexed(job) {
            self.done = Indexes::parse(text(job, "/status/completedIndexes"), completions);
            let fresh: Vec<u64> = tracked.filter_map(|pod| valid_index(pod, completions)).collect();
            self.done.0.extend(fresh);
            self.counted.0 = self.done.len();
            self.succeeded = self.done.len();
            return;
        }
        let known: BTreeSet<&str> = self.uncounted.0.iter().map(String::as_str).collect();
        let fresh = tracked.map(|pod| uid(pod)).filter(|uid| !known.contains(uid));
        let fresh: Vec<String> = fresh.map(str::to_owned).collect();
        self.succeeded = self.counted.0 + self.uncounted.0.len() + fresh.len();
        self.uncounted.0.extend(fresh.into_iter().take(UNCOUNTED_MAX));
    }

    fn count_failed(&mut self, job: &Value) {
        let completions = indexed(job);
        let known: BTreeSet<&str> = self.uncounted.1.iter().map(String::as_str).collect();
        let mut fresh = Vec::new();
        for pod in self.failed_pods.iter().filter(|pod| has_finalizer(pod, TRACKING)) {
            let verdict = judge(job, pod);
            if let Verdict::FailJob(why) = &verdict {
                self.fails_job.get_or_insert_with(|| why.clone());
            }
            let meant = completions.is_none_or(|all| valid_index(pod, all).is_some());
            if meant && verdict != Verdict::Ignore && !known.contains(uid(pod)) {
                fresh.push(uid(pod).to_owned());
            }
        }
        self.failed = self.counted.1 + self.uncounted.1.len() + fresh.len();
        self.uncounted.1.extend(fresh.into_iter().take(UNCOUNTED_MAX));
        self.failed_indexes = completions.and_then(|all| self.failed_indexes(job, all));
    }

    /// Indexes whose pods failed too often, or in a way that ends them.
    fn failed_indexes(&self, job: &Value, completions: u64) -> Option<Indexes> {
        let limit = job["spec"]["backoffLimitPerIndex"].as_u64()?;
        let mut failed = Indexes::parse(text(job, "/status/failedIndexes"), completions);
        for pod in &self.failed_pods {
            let Some(index) = valid_index(pod, completions) else { continue };
            let ends = match judge(job, pod) {
                Verdict::FailIndex => true,
                Verdict::Ignore => false,
                Verdict::Count | Verdict::FailJob(_) => backoff::before(pod).0 >= limit,
            };
            if ends && !self.done.has(index) {
                failed.0.insert(index);
            }
        }
        Some(failed)
    }

    /// Ended pods that the status shows, or that count for nothing, need no finalizer any more.
    fn settle(&mut self, job: &Value) {
        let (succeeded, failed) = (uids(job, "succeeded"), uids(job, "failed"));
        let completions = indexed(job);
        let written =
            completions.map(|all| Indexes::parse(text(job, "/status/completedIndexes"), all));
        let success = |pod: &Object| match (&written, completions) {
            (Some(written), Some(all)) => {
                valid_index(pod, all).is_none_or(|index| written.has(index))
            }
            _ => succeeded.iter().any(|each| each == uid(pod)),
        };
        let failure = |pod: &Object| {
            let strange = completions.is_some_and(|all| valid_index(pod, all).is_none());
            strange
                || judge(job, pod) == Verdict::Ignore
                || failed.iter().any(|each| each == uid(pod))
        };
        let tracked = |pod: &&Object| has_finalizer(pod, TRACKING);
        let good = self.succeeded_pods.iter().copied().filter(|pod| success(pod));
        let bad = self.failed_pods.iter().copied().filter(|pod| failure(pod));
        let bad = bad.filter(|pod| !self.is_memory(job, pod));
        self.settled = good.chain(bad).filter(tracked).collect();
    }

    /// The pod is the only one that remembers how often its index failed: it must not go before
    /// another does (`podsWithDelayedDeletionPerIndex`).
    fn is_memory(&self, job: &Value, pod: &Object) -> bool {
        let (Some(failed), Some(completions)) = (&self.failed_indexes, indexed(job)) else {
            return false;
        };
        let Some(index) = valid_index(pod, completions) else { return false };
        let replaced =
            self.active.iter().any(|other| valid_index(other, completions) == Some(index));
        let over = failed.has(index) || self.done.has(index) || super::is_ending(job);
        let last = backoff::last_failed(&self.failed_pods, index);
        !replaced && !over && last.is_some_and(|last| uid(last) == uid(pod))
    }

    /// What the status says of the pods.
    pub(super) fn status(&self, job: &Value) -> Value {
        let ready = self.active.iter().filter(|pod| pods::is_ready(pod)).count();
        let mut status = json!({
            "active": self.active.len(), "ready": ready, "terminating": self.terminating,
            "succeeded": self.counted.0, "failed": self.counted.1,
            "uncountedTerminatedPods": {},
        });
        if !self.uncounted.0.is_empty() {
            status["uncountedTerminatedPods"]["succeeded"] = json!(self.uncounted.0);
        }
        if !self.uncounted.1.is_empty() {
            status["uncountedTerminatedPods"]["failed"] = json!(self.uncounted.1);
        }
        if indexed(job).is_some() && self.done.len() > 0 {
            status["completedIndexes"] = self.done.to_string().into();
        }
        if let Some(failed) = &self.failed_indexes {
            status["failedIndexes"] = failed.to_string().into();
        }
        status
    }
}
