//! The member's metrics, by upstream's names.

mod applied;
mod clients;
mod disk;
mod network;
mod render;

pub(crate) use applied::AppliedMetrics;
pub(crate) use clients::ClientMetrics;
pub(crate) use disk::DiskMetrics;
pub(crate) use network::NetworkMetrics;

use crate::run::Usage;
use etcd_api::METHODS;
use telemetry::{Counter, Gauge, Registry};
use wire::CallCounts;

/// What is counted while it happens; the rest is read off the member when metrics are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    usage: Usage,
    pub(crate) calls: CallCounts,
    pub(crate) clients: ClientMetrics,
    pub(crate) disk: DiskMetrics,
    pub(crate) network: NetworkMetrics,
    pub(crate) applied: AppliedMetrics,
    pub(crate) proposals_pending: InFlight,
    pub(crate) snapshots_applied: InFlight,
    pub(crate) proposals_failed: Counter,
    pub(crate) leader_changes: Counter,
    pub(crate) leases_expired: Counter,
    pub(crate) reads_failed: Counter,
    pub(crate) reads_slow: Counter,
    pub(crate) heartbeats_late: Counter,
    pub(crate) health_success: Counter,
    pub(crate) health_failures: Counter,
}

/// A gauge of what is under way.
#[derive(Clone, Debug)]
pub(crate) struct InFlight(Gauge);

/// One more is under way until this is dropped.
#[derive(Debug)]
pub(crate) struct Entered(Gauge);

impl InFlight {
    /// Counts one in.
    pub(crate) fn enter(&self) -> Entered {
        self.0.add(1.0);
        Entered(self.0.clone())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.add(-1.0);
    }
}

impl Metrics {
    /// All at zero; `usage` tells of the process.
    pub(crate) fn new(usage: Usage) -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| registry.counter(name, help, &[]);
        let in_flight = |name: &str, help: &str| InFlight(registry.gauge(name, help, &[]));
        Self {
            calls: CallCounts::new(METHODS),
            clients: ClientMetrics::new(&registry),
            disk: DiskMetrics::new(&registry),
            network: NetworkMetrics::new(&registry),
            applied: AppliedMetrics::new(&registry),
            proposals_pending: in_flight(
                "etcd_server_proposals_pending",
                "The current number of pending proposals to commit.",
            ),
            snapshots_applied: in_flight(
                "etcd_server_snapshot_apply_in_progress_total",
                "1 if the server is applying the incoming snapshot. 0 if none.",
            ),
            proposals_failed: counter(
                "etcd_server_proposals_failed_total",
                "The total number of failed proposals seen.",
            ),
            leader_changes: counter(
                "etcd_server_leader_changes_seen_total",
                "The number of leader changes seen.",
            ),
            leases_expired: counter(
                "etcd_debugging_server_lease_expired_total",
                "The total number of expired leases.",
            ),
            reads_failed: counter(
                "etcd_server_read_indexes_failed_total",
                "The total number of failed read indexes seen.",
            ),
            reads_slow: counter(
                "etcd_server_slow_read_indexes_total",
                "The total number of pending read indexes not in sync with leader's or timed out \
                 read index requests.",
            ),
            heartbeats_late: counter(
                "etcd_server_heartbeat_send_failures_total",
                "The total number of leader heartbeat send failures (likely overloaded from slow \
                 disk).",
            ),
            health_success: counter(
                "etcd_server_health_success",
                "The total number of successful health checks",
            ),
            health_failures: counter(
                "etcd_server_health_failures",
                "The total number of failed health checks",
            ),
            usage,
            registry,
        }
    }
}
