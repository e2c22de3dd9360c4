//! The text of all metrics: what was counted, and what is read off the member as of now.

use super::Metrics;
use crate::member::Member;
use std::sync::atomic::Ordering::Relaxed;
use telemetry::Registry;
use tonic::Code;
use wire::CallCounts;

impl Metrics {
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
        gauge("etcd_debugging_mvcc_keys_total", "Total number of keys.", store.key_count() as f64);
        drop(store);
        self.watches(member);
        self.identity(member);
        calls(&self.registry, &self.calls);
        self.registry.render() + &(self.usage)()
    }

    #[expect(clippy::cast_precision_loss, reason = "metrics are floating-point numbers")]
    fn watches(&self, member: &Member) {
        let (watches, behind) = member.store.read().watch_counts();
        let gauge = |name: &str, help: &str, value: usize| {
            self.registry.gauge(name, help, &[]).set(value as f64);
        };
        gauge("etcd_debugging_mvcc_watcher_total", "Total number of watchers.", watches);
        gauge(
            "etcd_debugging_mvcc_slow_watcher_total",
            "Total number of unsynced slow watchers.",
            behind,
        );
    }

    fn identity(&self, member: &Member) {
        let id = format!("{:x}", member.id);
        for peer in member.peers.ids() {
            let reachable = f64::from(u8::from(member.peers.is_reachable(peer)));
            self.network.active(&id, &format!("{peer:x}"), reachable);
        }
        if let Some(version) = member.store.read().members().version() {
            let help = "Which version is running. 1 for 'cluster_version' label with current \
                        cluster version";
            let minor = version.rsplit_once('.').map_or(version, |(minor, _)| minor);
            let label = [("cluster_version", minor)];
            self.registry.gauge("etcd_cluster_version", help, &label).set(1.0);
        }
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
    }
}

/// As go-grpc-prometheus: every method is there from the start, with every code.
fn calls(registry: &Registry, calls: &CallCounts) {
    let total = |name: &str, help: &str, labels: &[(&str, &str)], value: u64| {
        let counter = registry.counter(name, help, labels);
        // Rendering is the only writer; two at a time may be off until the next.
        counter.add(value.saturating_sub(counter.get()));
    };
    for ((path, kind), counts) in calls.methods() {
        let Some((service, method)) = path.trim_start_matches('/').split_once('/') else {
            continue;
        };
        let labels = [("grpc_method", method), ("grpc_service", service), ("grpc_type", kind)];
        for (name, help, count) in [
            (
                "grpc_server_started_total",
                "Total number of RPCs started on the server.",
                &counts.started,
            ),
            (
                "grpc_server_msg_received_total",
                "Total number of RPC stream messages received on the server.",
                &counts.received,
            ),
            (
                "grpc_server_msg_sent_total",
                "Total number of gRPC stream messages sent by the server.",
                &counts.sent,
            ),
        ] {
            total(name, help, &labels, count.load(Relaxed));
        }
        let help =
            "Total number of RPCs completed on the server, regardless of success or failure.";
        for (code, count) in counts.handled.iter().enumerate() {
            let code = i32::try_from(code).map_or(Code::Unknown, Code::from_i32);
            let code = match code {
                Code::Ok => "OK".to_owned(),
                Code::Cancelled => "Canceled".to_owned(),
                other => format!("{other:?}"),
            };
            let [method, service, kind] = labels;
            let labels = [("grpc_code", code.as_str()), method, service, kind];
            total("grpc_server_handled_total", help, &labels, count.load(Relaxed));
        }
    }
    total(
        "etcd_network_client_grpc_received_bytes_total",
        "The total number of bytes received from grpc clients.",
        &[],
        calls.bytes_received(),
    );
    total(
        "etcd_network_client_grpc_sent_bytes_total",
        "The total number of bytes sent to grpc clients.",
        &[],
        calls.bytes_sent(),
    );
}
