//! Python's and JavaScript's clients, unmodified, with our `kube-apiserver`; and requests that no
//! client makes.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    node, python,
};

/// Runs a program of `python/`, which tells of these parts.
fn runs(program: &str, parts: &[&str]) {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let said = python::run(program, &[server.kubectl().config]);
    let expected: String = parts.iter().map(|part| format!("{part} ok\n")).collect();
    assert_eq!(said, expected);
}

#[test]
fn python_talks() {
    let parts = ["objects", "patches", "pages", "watches", "events", "versions"];
    runs("kubernetes_talk.py", &parts);
}

#[test]
fn openapi_is_handed_out_in_all_forms() {
    runs("openapi.py", &["second", "tags", "binary", "third", "custom"]);
}

#[test]
fn what_cannot_be_read_is_refused_in_upstreams_words() {
    runs("limits.py", &["bodies", "strict", "media", "patches", "options", "reading"]);
}

#[test]
fn javascript_talks() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let said = node::run("talk.js", &[server.kubectl().config]);
    assert_eq!(said, "objects ok\npatches ok\nscales ok\npages ok\ninforms ok\n");
}
