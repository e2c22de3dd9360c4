//! Requests: how many, how long, how large, and what became of them.
//!
//! Upstream: apiserver/pkg/endpoints/metrics/metrics.go.

use super::{Labels, Peak};
use host::Instant;
use http::StatusCode;
use std::time::Duration;
use telemetry::{Counter, Family, Gauge, Histogram, Registry, exponential};

const COMPONENT: &str = "apiserver";
const SECONDS: [f64; 23] = [
    0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0,
    10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
];

#[derive(Clone, Debug)]
pub(crate) struct RequestMetrics {
    total: Family<Counter>,
    duration: Family<Histogram>,
    sli_duration: Family<Histogram>,
    response_sizes: Family<Histogram>,
    terminations: Family<Counter>,
    long_running: Family<Gauge>,
    watch_events: Family<Counter>,
    watch_event_sizes: Family<Histogram>,
    in_flight: Family<Gauge>,
    in_queue: Family<Gauge>,
    /// That read, and that write.
    pub(crate) executing: [Peak; 2],
    pub(crate) waiting: [Peak; 2],
}

/// A request that stays open; what it sends is counted. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct LongRunning {
    open: Gauge,
    events: Counter,
    sizes: Histogram,
}

const RESOURCE: &[&str] =
    &["verb", "group", "version", "resource", "subresource", "scope", "component"];
const EVENT: &[&str] = &["group", "version", "resource"];

impl RequestMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let r = registry;
        Self {
            total: r.counters(
                "apiserver_request_total",
                "[STABLE] Requests by what they ask for and by the code of their answer.",
                &[
                    "verb",
                    "dry_run",
                    "group",
                    "version",
                    "resource",
                    "subresource",
                    "scope",
                    "component",
                    "code",
                    "system_client",
                ],
            ),
            duration: r.histograms(
                "apiserver_request_duration_seconds",
                "[STABLE] Time from a request's arrival to its answer.",
                &[
                    "verb",
                    "dry_run",
                    "group",
                    "version",
                    "resource",
                    "subresource",
                    "scope",
                    "component",
                ],
                &SECONDS,
            ),
            sli_duration: r.histograms(
                "apiserver_request_sli_duration_seconds",
                "[ALPHA] The same without the time that was waited for a seat.",
                RESOURCE,
                // Without the two shortest.
                &SECONDS[2..],
            ),
            response_sizes: r.histograms(
                "apiserver_response_sizes",
                "[STABLE] Bytes of answers to those who read.",
                RESOURCE,
                &exponential(1000.0, 10.0, 7),
            ),
            terminations: r.counters(
                "apiserver_request_terminations_total",
                "[ALPHA] Requests that the server ended in self-defence.",
                &[
                    "verb",
                    "group",
                    "version",
                    "resource",
                    "subresource",
                    "scope",
                    "component",
                    "code",
                ],
            ),
            long_running: r.gauges(
                "apiserver_longrunning_requests",
                "[STABLE] Requests that are open for long.",
                RESOURCE,
            ),
            watch_events: r.counters(
                "apiserver_watch_events_total",
                "[ALPHA] Events sent to those who watch.",
                EVENT,
            ),
            watch_event_sizes: r.histograms(
                "apiserver_watch_events_sizes",
                "[ALPHA] Bytes of events sent to those who watch.",
                EVENT,
                &exponential(1024.0, 2.0, 8),
            ),
            in_flight: r.gauges(
                "apiserver_current_inflight_requests",
                "[STABLE] Most requests executed at one time in the last second.",
                &["request_kind"],
            ),
            in_queue: r.gauges(
                "apiserver_current_inqueue_requests",
                "[ALPHA] Most requests in queues at one time in the last second.",
                &["request_kind"],
            ),
            executing: Default::default(),
            waiting: Default::default(),
        }
    }

    /// A request was answered.
    pub(crate) fn answered(
        &self,
        labels: &Labels,
        (code, bytes): (StatusCode, Option<u64>),
        took: Duration,
        waited: Duration,
    ) {
        let Labels { verb, dry_run, scope, .. } = *labels;
        let [group, version, resource, sub] = labels.of_resource();
        self.count(labels, code);
        let seconds = took.as_secs_f64();
        self.duration
            .with(&[verb, dry_run, group, version, resource, sub, scope, COMPONENT])
            .observe(seconds);
        let plain = [verb, group, version, resource, sub, scope, COMPONENT];
        self.sli_duration.with(&plain).observe(seconds - waited.as_secs_f64());
        if let (Some(bytes), "GET" | "LIST") = (bytes, verb) {
            self.response_sizes.with(&plain).observe(bytes as f64);
        }
    }

    fn count(&self, labels: &Labels, code: StatusCode) {
        let Labels { verb, dry_run, scope, system_client, .. } = *labels;
        let [group, version, resource, sub] = labels.of_resource();
        let values = [
            verb,
            dry_run,
            group,
            version,
            resource,
            sub,
            scope,
            COMPONENT,
            code.as_str(),
            system_client,
        ];
        self.total.with(&values).increment();
    }

    /// A request was turned away before it was looked at.
    pub(crate) fn dropped(&self, labels: &Labels, code: StatusCode) {
        self.count(labels, code);
        self.terminated(labels, code);
    }

    /// The server ended a request in self-defence.
    pub(crate) fn terminated(&self, labels: &Labels, code: StatusCode) {
        let [group, version, resource, sub] = labels.of_resource();
        let (verb, scope) = (labels.verb, labels.scope);
        let values = [verb, group, version, resource, sub, scope, COMPONENT, code.as_str()];
        self.terminations.with(&values).increment();
    }

    /// A request stays open.
    pub(crate) fn opened(&self, labels: &Labels) -> LongRunning {
        let [group, version, resource, sub] = labels.of_resource();
        let (verb, scope) = (labels.verb, labels.scope);
        let open = self.long_running.with(&[verb, group, version, resource, sub, scope, COMPONENT]);
        open.add(1.0);
        let event = [group, version, resource];
        LongRunning {
            open,
            events: self.watch_events.with(&event),
            sizes: self.watch_event_sizes.with(&event),
        }
    }

    /// Brings up to date what is read off the present.
    pub(crate) fn look(&self, now: Instant) {
        for (at, kind) in ["readOnly", "mutating"].into_iter().enumerate() {
            self.in_flight.with(&[kind]).set(self.executing[at].get(now).into());
            self.in_queue.with(&[kind]).set(self.waiting[at].get(now).into());
        }
    }
}

impl LongRunning {
    /// An event of so many bytes was sent.
    pub(crate) fn sent(&self, bytes: usize) {
        self.events.increment();
        self.sizes.observe(bytes as f64);
    }
}

impl Drop for LongRunning {
    fn drop(&mut self) {
        self.open.add(-1.0);
    }
}
