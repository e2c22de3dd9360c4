//! What probes and scrapers ask for over plain HTTP.

use conformance::{
    cluster::{Cluster, Plan},
    http::get,
    until::until,
};

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
