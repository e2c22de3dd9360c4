//! The member's metrics, by upstream's names.

use crate::member::Member;
use telemetry::{Counter, Gauge, Registry};

/// What is counted while it happens; the rest is read off the member when metrics are asked for.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) proposals_pending: InFlight,
    pub(crate) proposals_failed: Counter,
    pub(crate) leader_changes: Counter,
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
    /// All at zero.
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| registry.counter(name, help, &[]);
        Self {
            proposals_pending: InFlight(registry.gauge(
                "etcd_server_proposals_pending",
                "The current number of pending proposals to commit.",
                &[],
            )),
            proposals_failed: counter(
                "etcd_server_proposals_failed_total",
                "The total number of failed proposals seen.",
            ),
            leader_changes: counter(
                "etcd_server_leader_changes_seen_total",
                "The number of leader changes seen.",
            ),
            health_success: counter(
                "etcd_server_health_success",
                "The total number of successful health checks",
            ),
            health_failures: counter(
                "etcd_server_health_failures",
                "The total number of failed health checks",
            ),
            registry,
        }
    }

    /// The text of all metrics, with what is read off the member as of now.
    #[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
    pub(crate) fn render(&self, member: &Member) -> String {
        let gauge = |name: &str, help: &str, value: f64| {
            self.registry.gauge(name, help, &[]).set(value);
        };
        let leadership = *member.leadership.borrow();
        let truth = |value: bool| f64::from(u8::from(value));
        gauge(
            "etcd_server_has_leader",
            "Whether or not a leader exists. 1 is existence, 0 is not.",
            truth(leadership.leader != 0),
        );
        gauge(
            "etcd_server_is_leader",
            "Whether or not this member is a leader. 1 if is, 0 otherwise.",
            truth(leadership.leading),
        );
        gauge(
            "etcd_server_is_learner",
            "Whether or not this member is a learner. 1 if is, 0 otherwise.",
            truth(member.is_learner()),
        );
        gauge(
            "etcd_server_proposals_committed_total",
            "The total number of consensus proposals committed.",
            *member.committed.borrow() as f64,
        );
        gauge(
            "etcd_server_proposals_applied_total",
            "The total number of consensus proposals applied.",
            *member.applied.borrow() as f64,
        );
        gauge(
            "etcd_server_quota_backend_bytes",
            "Current backend storage quota size in bytes.",
            member.config.quota_backend_bytes as f64,
        );
        let store = member.store.read();
        gauge(
            "etcd_mvcc_db_total_size_in_bytes",
            "Total size of the underlying database physically allocated in bytes.",
            crate::services::maintenance::db_size(&store) as f64,
        );
        gauge(
            "etcd_mvcc_db_total_size_in_use_in_bytes",
            "Total size of the underlying database logically in use in bytes.",
            store.size_in_use() as f64,
        );
        gauge(
            "etcd_debugging_mvcc_current_revision",
            "The current revision of store.",
            store.revision() as f64,
        );
        gauge(
            "etcd_debugging_mvcc_compact_revision",
            "The revision of the last compaction in store.",
            store.compact_revision() as f64,
        );
        drop(store);
        let id = format!("{:x}", member.id);
        self.registry
            .gauge("etcd_server_id", "Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.", &[("server_id", &id)])
            .set(1.0);
        self.registry
            .gauge(
                "etcd_server_version",
                "Which version is running. 1 for 'server_version' label with current version.",
                &[("server_version", crate::version::SERVER)],
            )
            .set(1.0);
        self.registry.render()
    }
}
