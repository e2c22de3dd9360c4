//! What probes and scrapers ask for over plain HTTP.

use conformance::{
    cluster::{Cluster, Plan},
    http::get,
    member::Maker,
    until::until,
};
use std::collections::BTreeSet;

#[test]
fn probes_metrics_and_version() {
    let mut cluster = Cluster::start(Plan::ours(3));
    cluster.etcdctl().run(&["put", "a", "1"]).ok();
    let port = cluster.members[0].client.number;
    assert_eq!(get(port, "/health"), (200, r#"{"health":"true","reason":""}"#.into()));
    assert_eq!(get(port, "/livez").0, 200);
    assert_eq!(get(port, "/readyz").0, 200);
    assert_eq!(get(port, "/nonsense").0, 404);
    let version: serde_json::Value = until("the cluster's version is agreed on", || {
        let (_, body) = get(port, "/version");
        (!body.contains("not_decided")).then(|| serde_json::from_str(&body).expect("JSON"))
    });
    assert_eq!(version["etcdcluster"], "3.6.0", "{version}");
    let (status, metrics) = get(port, "/metrics");
    assert_eq!(status, 200);
    for line in [
        "etcd_server_has_leader 1",
        "# TYPE etcd_server_proposals_failed_total counter",
        "etcd_mvcc_db_total_size_in_bytes ",
        "etcd_server_id{server_id=",
    ] {
        assert!(metrics.contains(line), "{line:?} is not in:\n{metrics}");
    }

    // One of three lives, but has no quorum to be ready with.
    cluster.members[1].kill();
    cluster.members[2].kill();
    until("health fails", || (get(port, "/health").0 == 503).then_some(()));
    assert_eq!(get(port, "/readyz").0, 503);
    assert_eq!(get(port, "/livez").0, 200);
}

/// Every kind of metric that a member tells.
fn names(port: u16) -> BTreeSet<String> {
    let (_, metrics) = get(port, "/metrics");
    let kinds = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    kinds.map(|kind| kind.split(' ').next().unwrap_or(kind).to_owned()).collect()
}

/// Metrics of Debian's etcd 3.4 that ours does not tell: the Go runtime's, the proxy's, the v2 store's
/// (gone from 3.6), and such as look into boltdb, or into steps that ours does not take.
const NOT_OURS: [&str; 18] = [
    "go_",
    "promhttp_",
    "etcd_grpc_proxy_",
    "etcd_debugging_store_",
    "etcd_debugging_snap_",
    "etcd_snap_",
    "etcd_debugging_disk_backend_",
    "etcd_debugging_mvcc_db_compaction_",
    "etcd_debugging_mvcc_index_compaction_",
    "etcd_debugging_mvcc_db_total_size_in_bytes",
    "etcd_debugging_mvcc_total_put_size_in_bytes",
    "etcd_debugging_mvcc_pending_events_total",
    "etcd_debugging_mvcc_watch_stream_total",
    "etcd_debugging_lease_",
    "etcd_mvcc_db_open_read_transactions",
    "etcd_mvcc_hash_duration_seconds",
    "etcd_server_go_version",
    "etcd_server_learner_promote_successes",
];

/// Told by 3.4 under names that 3.6 has no more.
const OF_OLD: [&str; 6] = [
    "etcd_debugging_auth_revision",
    "etcd_debugging_mvcc_delete_total",
    "etcd_debugging_mvcc_events_total",
    "etcd_debugging_mvcc_put_total",
    "etcd_debugging_mvcc_range_total",
    "etcd_debugging_mvcc_txn_total",
];

#[test]
fn metrics_have_upstreams_names() {
    let clusters = [Maker::Ours, Maker::Debian].map(|maker| {
        let cluster = Cluster::start(Plan::ours(1).made_by(maker));
        cluster.etcdctl().run(&["put", "a", "1"]).ok();
        cluster.etcdctl().run(&["put", "missing", "--ignore-value"]).refused();
        cluster
    });
    let [ours, theirs] = clusters.each_ref().map(|cluster| names(cluster.members[0].client.number));
    let expected = theirs.iter().filter(|name| {
        !NOT_OURS.iter().any(|prefix| name.starts_with(prefix)) && !OF_OLD.contains(&name.as_str())
    });
    let missing: Vec<_> = expected.filter(|name| !ours.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?}");

    let (_, metrics) = get(clusters[0].members[0].client.number, "/metrics");
    let value = |series: &str| -> f64 {
        let line = metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{series} is not told"))
    };
    let put = r#"grpc_method="Put",grpc_service="etcdserverpb.KV",grpc_type="unary""#;
    assert_eq!(value(&format!("grpc_server_started_total{{{put}}}")), 2.0);
    assert_eq!(value(&format!("grpc_server_msg_received_total{{{put}}}")), 2.0);
    assert_eq!(value(&format!("grpc_server_msg_sent_total{{{put}}}")), 1.0);
    assert_eq!(value(&format!(r#"grpc_server_handled_total{{grpc_code="OK",{put}}}"#)), 1.0);
    let refused = format!(r#"grpc_server_handled_total{{grpc_code="InvalidArgument",{put}}}"#);
    assert_eq!(value(&refused), 1.0);
    assert_eq!(value("etcd_mvcc_put_total"), 1.0);
    assert!(value("etcd_disk_wal_fsync_duration_seconds_count") > 1.0);
    assert!(value("etcd_disk_wal_write_bytes_total") > 100.0);
    assert_eq!(value("etcd_server_heartbeat_send_failures_total"), 0.0);
    assert_eq!(value("etcd_server_slow_read_indexes_total"), 0.0);
    assert!(value("etcd_network_client_grpc_received_bytes_total") > 10.0);
    let applied = r#"{op="Put",success="true",version="v3"}"#;
    assert_eq!(value(&format!("etcd_server_apply_duration_seconds_count{applied}")), 1.0);
    assert!(value("process_resident_memory_bytes") > 1e6);
}
