//! Python's and JavaScript's clients, unmodified, with our `kube-apiserver`.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    node, python,
};

#[test]
fn python_talks() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let said = python::run("kubernetes_talk.py", &[server.kubectl().config]);
    let expected = "objects ok\npatches ok\npages ok\nwatches ok\nevents ok\nversions ok\n";
    assert_eq!(said, expected);
}

#[test]
fn javascript_talks() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let said = node::run("talk.js", &[server.kubectl().config]);
    assert_eq!(said, "objects ok\npatches ok\nscales ok\npages ok\ninforms ok\n");
}
