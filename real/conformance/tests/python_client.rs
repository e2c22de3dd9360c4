//! Python's clients, unmodified: python-etcd3, and gRPC's own for reflection and health.

use conformance::{
    cluster::{Cluster, Plan},
    python,
};

#[test]
fn etcd3_against_three_members_with_tls() {
    let cluster = Cluster::start(Plan::ours(3).with_tls());
    let tls = cluster.tls.as_ref().expect("the plan has TLS");
    let port = cluster.members[1].client.number.to_string();
    let paths = [&tls.authority.cert, &tls.client.cert, &tls.client.key].map(Clone::clone);
    let args = [vec![port], paths.to_vec()].concat();
    assert_eq!(python::run("talk.py", &args).lines().count(), 5);
}

#[test]
fn reflection_and_health() {
    let cluster = Cluster::start(Plan::ours(1));
    let port = cluster.members[0].client.number.to_string();
    assert_eq!(python::run("discover.py", &[port]), "reflection ok\nhealth ok\n");
}
