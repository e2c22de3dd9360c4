//! What flow control tells of itself: `apiserver_flowcontrol_…`.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/metrics/metrics.go.

use super::{
    flows::{Flows, Level},
    queue_set::Refusal,
};
use crate::metrics::Utilization;
use host::Instant;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use telemetry::{Counter, Family, Gauge, Histogram, Registry};

const LEVEL: &[&str] = &["priority_level"];
const SCHEMA: &[&str] = &["priority_level", "flow_schema"];
/// Seconds that are waited, or worked.
const SECONDS: [f64; 15] =
    [0.0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 25.0, 30.0];
const PARTS: [f64; 13] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0];
const REQUEST_PARTS: [f64; 10] = [0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.25, 0.5, 0.75, 1.0];
const DEMANDS: [f64; 18] =
    [0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.4, 1.7, 2.0, 3.0, 6.0];

#[derive(Debug)]
pub(super) struct FlowMetrics {
    rejected: Family<Counter>,
    dispatched: Family<Counter>,
    queue_length: Family<Histogram>,
    waited: Family<Histogram>,
    executed: Family<Histogram>,
    seats: Family<Histogram>,
    watches: Family<Histogram>,
    /// Requests and seats, waiting and executing, by level and schema.
    present: [Family<Gauge>; 4],
    level_gauges: Vec<(Family<Gauge>, Read)>,
    next_s: Family<Gauge>,
    proportion: Gauge,
    seat_utilization: Family<Histogram>,
    request_utilization: Family<Histogram>,
    demand: Family<Histogram>,
}

/// What of a level is followed over time.
#[derive(Debug)]
pub(super) struct LevelMetrics {
    seats: Utilization,
    waiting: Utilization,
    executing: Utilization,
    demand: Utilization,
}

/// Where a request was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way<'a> {
    pub(super) level: &'a str,
    pub(super) schema: &'a str,
}

impl FlowMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let r = registry;
        Self {
            rejected: r.counters(
                "apiserver_flowcontrol_rejected_requests_total",
                "[BETA] Requests that were turned away, by reason.",
                &["priority_level", "flow_schema", "reason"],
            ),
            dispatched: r.counters(
                "apiserver_flowcontrol_dispatched_requests_total",
                "[BETA] Requests that were let through.",
                SCHEMA,
            ),
            queue_length: r.histograms(
                "apiserver_flowcontrol_request_queue_length_after_enqueue",
                "[ALPHA] Length of its queue as each request sees it that has just joined.",
                SCHEMA,
                &[0.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0],
            ),
            waited: r.histograms(
                "apiserver_flowcontrol_request_wait_duration_seconds",
                "[BETA] Time that requests wait in their queues.",
                &["priority_level", "flow_schema", "execute"],
                &SECONDS,
            ),
            executed: r.histograms(
                "apiserver_flowcontrol_request_execution_seconds",
                "[ALPHA] Time that requests take; of a watch: until it has begun.",
                &["priority_level", "flow_schema", "type"],
                &SECONDS,
            ),
            seats: r.histograms(
                "apiserver_flowcontrol_work_estimated_seats",
                "[ALPHA] Seats that requests are estimated to take at most.",
                SCHEMA,
                &[1.0, 2.0, 4.0, 10.0],
            ),
            watches: r.histograms(
                "apiserver_flowcontrol_watch_count_samples",
                "[ALPHA] Watches that are told of a write.",
                SCHEMA,
                &[0.0, 1.0, 10.0, 100.0, 1000.0, 10_000.0],
            ),
            present: present(r),
            level_gauges: level_gauges(r),
            next_s: r.gauges(
                "apiserver_flowcontrol_next_s_bounds",
                "[ALPHA] Least and greatest virtual begin of the oldest request of a queue.",
                &["priority_level", "bound"],
            ),
            proportion: r.gauge(
                "apiserver_flowcontrol_seat_fair_frac",
                "[ALPHA] Part of its target that a level gets whom no bound stops.",
                &[],
            ),
            seat_utilization: r.histograms(
                "apiserver_flowcontrol_priority_level_seat_utilization",
                "[ALPHA] Part of the seats that is taken, nanosecond by nanosecond.",
                &["priority_level", "phase"],
                &PARTS,
            ),
            request_utilization: r.histograms(
                "apiserver_flowcontrol_priority_level_request_utilization",
                "[ALPHA] Requests as a part of the limit, nanosecond by nanosecond.",
                &["phase", "priority_level"],
                &REQUEST_PARTS,
            ),
            demand: r.histograms(
                "apiserver_flowcontrol_demand_seats",
                "[ALPHA] Seats that are wanted as a part of those there are, nanosecond by \
                 nanosecond.",
                LEVEL,
                &DEMANDS,
            ),
        }
    }

    pub(super) fn estimated(&self, way: Way<'_>, seats: u32) {
        self.seats.with(&[way.level, way.schema]).observe(f64::from(seats));
    }

    pub(super) fn watched(&self, way: Way<'_>, watches: u32) {
        self.watches.with(&[way.level, way.schema]).observe(f64::from(watches));
    }

    pub(super) fn queued(&self, way: Way<'_>, length: usize) {
        self.queue_length.with(&[way.level, way.schema]).observe(length as f64);
    }

    pub(super) fn rejected(&self, way: Way<'_>, why: Refusal) {
        self.rejected.with(&[way.level, way.schema, why.name()]).increment();
    }

    pub(super) fn waited(&self, way: Way<'_>, execute: bool, time: Duration) {
        let execute = if execute { "true" } else { "false" };
        self.waited.with(&[way.level, way.schema, execute]).observe(time.as_secs_f64());
    }

    pub(super) fn dispatched(&self, way: Way<'_>) {
        self.dispatched.with(&[way.level, way.schema]).increment();
    }

    pub(super) fn executed(&self, way: Way<'_>, watch: bool, time: Duration) {
        let kind = if watch { "watch" } else { "regular" };
        self.executed.with(&[way.level, way.schema, kind]).observe(time.as_secs_f64());
    }

    pub(super) fn level(&self, name: &str, now: Instant) -> LevelMetrics {
        let utilization = |histogram| Utilization::new(histogram, now);
        LevelMetrics {
            seats: utilization(self.seat_utilization.with(&[name, "executing"])),
            waiting: utilization(self.request_utilization.with(&["waiting", name])),
            executing: utilization(self.request_utilization.with(&["executing", name])),
            demand: utilization(self.demand.with(&[name])),
        }
    }

    /// Brings up to date what is read off the queues.
    pub(super) fn look(&self, flows: &Flows) {
        for (name, level) in flows.levels() {
            for (gauges, read) in &self.level_gauges {
                gauges.with(&[name]).set(read(level));
            }
            let starts = level.queues.queues().iter().filter(|queue| !queue.waiting.is_empty());
            let starts = starts.map(|queue| queue.next_dispatch_r.seconds());
            let (least, most) = starts.fold((f64::MAX, 0.0_f64), |(a, b), s| (a.min(s), b.max(s)));
            if least <= most {
                self.next_s.with(&[name, "min"]).set(least);
                self.next_s.with(&[name, "max"]).set(most);
            }
        }
        self.proportion.set(flows.proportion());
        for ((level, schema), numbers) in counted(flows) {
            for (gauges, number) in self.present.iter().zip(numbers) {
                gauges.with(&[&level, &schema]).set(f64::from(number));
            }
        }
    }
}

impl LevelMetrics {
    /// The level has changed.
    pub(super) fn note(&mut self, now: Instant, level: &Level) {
        let ((waiting, executing), (taken, wanted)) = (level.queues.counts(), level.queues.seats());
        let limit = f64::from(level.queues.limit().max(1));
        self.seats.set(now, f64::from(taken) / limit);
        self.executing.set(now, f64::from(executing) / limit);
        self.waiting.set(now, f64::from(waiting) / f64::from(room(level)));
        self.demand.set(now, f64::from(taken + wanted) / limit);
    }
}

/// Requests that may wait in a level.
fn room(level: &Level) -> u32 {
    match level.queues.overflow() {
        super::queue_set::Overflow::Queue { queues, length, .. } => {
            queues.saturating_mul(length).max(1)
        }
        _ => 1,
    }
}

/// Requests and seats, waiting and executing, of every schema in use and of those that still have
/// some.
fn counted(flows: &Flows) -> BTreeMap<(Arc<str>, Arc<str>), [u32; 4]> {
    let used = flows.schemas().into_iter();
    let mut all: BTreeMap<(Arc<str>, Arc<str>), [u32; 4]> =
        used.map(|(schema, level)| ((level.clone(), schema.clone()), [0; 4])).collect();
    for (name, level) in flows.levels() {
        for request in level.queues.requests().values() {
            let key = (name.clone(), request.about.schema.clone());
            let numbers = all.entry(key).or_default();
            let executing = usize::from(request.started.is_some());
            numbers[executing] += 1;
            numbers[2 + executing] += request.work.seats();
        }
    }
    all
}

/// In the order of [`counted`].
fn present(registry: &Registry) -> [Family<Gauge>; 4] {
    [
        (
            "apiserver_flowcontrol_current_inqueue_requests",
            "[BETA] Requests that wait in queues now.",
        ),
        (
            "apiserver_flowcontrol_current_executing_requests",
            "[BETA] Requests that are executed now; watches until they have begun.",
        ),
        ("apiserver_flowcontrol_current_inqueue_seats", "[ALPHA] Seats that are waited for now."),
        ("apiserver_flowcontrol_current_executing_seats", "[BETA] Seats that are taken now."),
    ]
    .map(|(name, help)| registry.gauges(name, help, SCHEMA))
}

type Read = fn(&Level) -> f64;

fn level_gauges(registry: &Registry) -> Vec<(Family<Gauge>, Read)> {
    let all: [(&'static str, &'static str, Read); 11] = [
        (
            "apiserver_flowcontrol_nominal_limit_seats",
            "[BETA] Seats of the level by its configuration.",
            |level| level.bounds.nominal.into(),
        ),
        (
            "apiserver_flowcontrol_lower_limit_seats",
            "[ALPHA] Seats that the level always keeps.",
            |level| level.bounds.low.into(),
        ),
        (
            "apiserver_flowcontrol_upper_limit_seats",
            "[ALPHA] Seats that the level may have at most.",
            |level| level.bounds.high.into(),
        ),
        ("apiserver_flowcontrol_current_limit_seats", "[ALPHA] Seats that it has now.", |level| {
            level.queues.limit().into()
        }),
        (
            "apiserver_flowcontrol_target_seats",
            "[ALPHA] Seats that it was to get when they were shared out last.",
            |level| level.target,
        ),
        (
            "apiserver_flowcontrol_demand_seats_average",
            "[ALPHA] Seats that were wanted in the last period, on average.",
            |level| level.demand.average,
        ),
        (
            "apiserver_flowcontrol_demand_seats_stdev",
            "[ALPHA] Standard deviation of the seats that were wanted in the last period.",
            |level| level.demand.deviation,
        ),
        (
            "apiserver_flowcontrol_demand_seats_high_watermark",
            "[ALPHA] Most seats that were wanted at one time of the last period.",
            |level| level.demand.high,
        ),
        (
            "apiserver_flowcontrol_demand_seats_smoothed",
            "[ALPHA] Seats that are wanted, smoothed over periods.",
            |level| level.demand.smoothed,
        ),
        ("apiserver_flowcontrol_current_r", "[ALPHA] Virtual time of the level.", |level| {
            level.queues.current_r().seconds()
        }),
        (
            "apiserver_flowcontrol_latest_s",
            "[ALPHA] Virtual begin of the request that was let through last.",
            |level| level.queues.latest_s().seconds(),
        ),
    ];
    all.map(|(name, help, read)| (registry.gauges(name, help, LEVEL), read)).into()
}
