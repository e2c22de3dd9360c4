//! What is counted, by upstream's names.
//!
//! Upstream: pkg/scheduler/metrics/metrics.go.

use telemetry::{Counter, Gauge, Histogram, Registry, exponential};

/// How an attempt to place a pod ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Outcome {
    Scheduled,
    Unschedulable,
    Error,
}

/// All of it. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    attempts: [Counter; 3],
    durations: [Histogram; 3],
    pending: [Gauge; 3],
    /// Pods that others were removed for.
    pub(super) preemptions: Counter,
    /// Pods that were removed for one.
    pub(super) victims: Histogram,
}

const ATTEMPTS: &str = "scheduler_schedule_attempts_total";
const DURATION: &str = "scheduler_scheduling_attempt_duration_seconds";
const PENDING: &str = "scheduler_pending_pods";

impl Metrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let results = ["scheduled", "unschedulable", "error"];
        let queues = ["active", "backoff", "unschedulable"];
        let seconds = exponential(0.001, 2.0, 15);
        let pods = exponential(1.0, 2.0, 7);
        Self {
            attempts: results.map(|result| {
                let labels = [("profile", super::COMPONENT), ("result", result)];
                registry.counter(ATTEMPTS, "Attempts to place pods.", &labels)
            }),
            durations: results.map(|result| {
                let labels = [("profile", super::COMPONENT), ("result", result)];
                registry.histogram(DURATION, "Time of an attempt.", &labels, &seconds)
            }),
            pending: queues
                .map(|queue| registry.gauge(PENDING, "Pods without a node.", &[("queue", queue)])),
            preemptions: registry.counter(
                "scheduler_preemption_attempts_total",
                "Pods that others were removed for.",
                &[],
            ),
            victims: registry.histogram(
                "scheduler_preemption_victims",
                "Pods that were removed for one.",
                &[],
                &pods,
            ),
        }
    }

    /// An attempt ended.
    pub(super) fn attempt(&self, outcome: Outcome, took: std::time::Duration) {
        let at = match outcome {
            Outcome::Scheduled => 0,
            Outcome::Unschedulable => 1,
            Outcome::Error => 2,
        };
        self.attempts[at].increment();
        self.durations[at].observe(took.as_secs_f64());
    }

    /// Pods that are ready, wait their time, wait for a change.
    pub(super) fn pending(&self, (active, waiting, parked): (usize, usize, usize)) {
        for (gauge, pods) in self.pending.iter().zip([active, waiting, parked]) {
            gauge.set(pods as f64);
        }
    }
}
