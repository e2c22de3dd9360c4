//! TLS on all sides: who has no certificate stays outside, and a certificate's name is a user's.

use conformance::{
    authority::Authority,
    cluster::{Cluster, Plan},
    etcdctl::Etcdctl,
};

fn as_user(cluster: &Cluster, name: &str) -> Etcdctl {
    let tls = cluster.tls.as_ref().expect("the plan has TLS");
    let pair = tls.authority.issue(name);
    cluster.etcdctl().with("ETCDCTL_CERT", &pair.cert).with("ETCDCTL_KEY", &pair.key)
}

#[test]
fn strangers_stay_outside() {
    let cluster = Cluster::start(Plan::ours(1).with_tls());
    let impatient = cluster.etcdctl().with("ETCDCTL_COMMAND_TIMEOUT", "1s");
    let other = Authority::new("another authority").issue("root");
    let stranger = impatient.with("ETCDCTL_CERT", &other.cert).with("ETCDCTL_KEY", &other.key);
    stranger.run(&["get", "a"]).refused();
    let plain = cluster.members[0].client_url().replace("https", "http");
    impatient.at(&[plain]).run(&["get", "a"]).refused();
    impatient.run(&["get", "a"]).ok();
}

#[test]
fn the_name_on_a_certificate_is_a_user() {
    let cluster = Cluster::start(Plan::ours(1).with_tls());
    let root = cluster.etcdctl();
    for command in [
        &["user", "add", "root", "--no-password"][..],
        &["user", "grant-role", "root", "root"],
        &["user", "add", "alice", "--no-password"],
        &["role", "add", "reader"],
        &["role", "grant-permission", "reader", "read", "open"],
        &["user", "grant-role", "alice", "reader"],
        &["role", "add", "root"],
        &["put", "open", "1"],
        &["put", "secret", "1"],
    ] {
        // Upstream makes the role root by itself when authentication is switched on.
        let answer = root.run(command);
        assert!(answer.succeeded() || command.contains(&"root"), "{command:?}: {answer:?}");
    }
    root.run(&["user", "grant-role", "root", "root"]);
    root.run(&["auth", "enable"]).ok();
    let alice = as_user(&cluster, "alice");
    assert_eq!(alice.run(&["get", "open"]).ok(), "open\n1\n");
    for command in [&["get", "secret"][..], &["put", "open", "2"], &["user", "list"], &["defrag"]] {
        let refused = alice.run(command).refused();
        assert!(refused.contains("etcdserver: permission denied"), "{command:?}: {refused}");
    }
    let nobody = as_user(&cluster, "nobody").run(&["get", "open"]).refused();
    assert!(nobody.contains("permission denied"), "{nobody}");
    assert_eq!(root.run(&["get", "secret"]).ok(), "secret\n1\n");
    assert!(root.run(&["defrag"]).succeeded());
}
