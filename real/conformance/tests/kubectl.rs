//! Sessions of unmodified kubectl with our `kube-apiserver`.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
    member::Maker,
    process::Process,
    until::until,
};
use serde_json::Value;

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  containers:
  - {name: server, image: 'nginx:1', ports: [{containerPort: 80}]}
";

fn get(kubectl: &Kubectl, args: &[&str]) -> Value {
    let all = [&["get", "-o", "json"], args].concat();
    let answer = kubectl.run(&all);
    serde_json::from_str(&answer.clone().ok()).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[test]
fn objects_are_created_read_changed_and_deleted() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    assert!(kubectl.run(&["version"]).ok().contains("v1.36"));
    let namespaces = kubectl.run(&["get", "namespaces", "-o", "name"]).ok();
    assert_eq!(
        namespaces,
        "namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\n\
         namespace/kube-system\n"
    );

    assert_eq!(kubectl.run_with(&["create", "-f", "-"], POD).ok(), "pod/web created\n");
    let again = kubectl.run_with(&["create", "-f", "-"], POD).refused();
    assert!(again.contains("pods \"web\" already exists"), "{again}");
    let pod = get(&kubectl, &["pod", "web"]);
    assert_eq!(pod["spec"]["containers"][0]["image"], "nginx:1");
    assert_eq!(pod["status"]["phase"], "Pending");
    assert_eq!(pod["metadata"]["uid"].as_str().map(str::len), Some(36));

    kubectl.run(&["label", "pod", "web", "tier=front"]).ok();
    kubectl.run(&["annotate", "pod", "web", "note=hello"]).ok();
    assert_eq!(
        kubectl.run(&["get", "pods", "-l", "tier in (front,back),app=web", "-o", "name"]).ok(),
        "pod/web\n"
    );
    assert_eq!(kubectl.run(&["get", "pods", "-l", "tier=back", "-o", "name"]).ok(), "");
    assert_eq!(
        kubectl
            .run(&["get", "pods", "-A", "--field-selector", "metadata.name=web", "-o", "name"])
            .ok(),
        "pod/web\n"
    );
    assert_eq!(kubectl.run(&["delete", "pod", "web"]).ok(), "pod \"web\" deleted\n");
    let gone = kubectl.run(&["get", "pod", "web"]).refused();
    assert_eq!(gone, "Error from server (NotFound): pods \"web\" not found\n");
}

#[test]
fn three_kinds_of_patch_change_what_they_say() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    kubectl.run_with(&["create", "-f", "-"], POD).ok();
    let patch = |kind: &str, patch: &str| {
        kubectl.run(&["patch", "pod", "web", "--type", kind, "-p", patch])
    };
    patch("json", r#"[{"op":"add","path":"/metadata/labels/a","value":"1"}]"#).ok();
    patch("merge", r#"{"metadata":{"labels":{"b":"2","app":null}}}"#).ok();
    patch("strategic", r#"{"spec":{"containers":[{"name":"server","image":"nginx:2"}]}}"#).ok();
    let pod = get(&kubectl, &["pod", "web"]);
    assert_eq!(pod["metadata"]["labels"], serde_json::json!({"a": "1", "b": "2"}));
    assert_eq!(pod["spec"]["containers"].as_array().map(Vec::len), Some(1));
    assert_eq!(pod["spec"]["containers"][0]["image"], "nginx:2");
    assert_eq!(pod["spec"]["containers"][0]["ports"][0]["containerPort"], 80);
    let failed = patch("json", r#"[{"op":"test","path":"/metadata/name","value":"x"}]"#).refused();
    assert!(failed.contains("the server rejected our request"), "{failed}");
}

#[test]
fn a_stale_replacement_is_refused_and_a_watch_sees_every_change() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let log = server.scratch().path().join("watch.log");
    let watch = kubectl.command(&["get", "pods", "-w", "-o", "json", "--output-watch-events"]);
    let watch = Process::start(watch, log);
    kubectl.run_with(&["create", "-f", "-"], POD).ok();
    let old = kubectl.run(&["get", "pod", "web", "-o", "json"]).ok();
    kubectl.run(&["label", "pod", "web", "x=1"]).ok();
    let stale = kubectl.run_with(&["replace", "-f", "-"], &old).refused();
    assert!(stale.contains("the object has been modified"), "{stale}");
    kubectl.run(&["delete", "pod", "web"]).ok();
    until("the watch has told of the deletion", || watch.said().contains("DELETED").then_some(()));
    let said = watch.said();
    let events: Vec<&str> = ["ADDED", "MODIFIED", "DELETED"]
        .into_iter()
        .filter(|kind| said.matches(&format!("{{\"type\":\"{kind}\"")).count() == 1)
        .collect();
    assert_eq!(events, ["ADDED", "MODIFIED", "DELETED"], "{said}");
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let etcd = Cluster::start(Plan::ours(1));
    let mut server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    kubectl.run_with(&["create", "-f", "-"], POD).ok();
    let before = get(&kubectl, &["pod", "web"]);
    server.process().kill();
    server.run();
    assert_eq!(get(&kubectl, &["pod", "web"]), before);
    assert_eq!(server.process().terminate(), Some(0));
}

#[test]
fn it_runs_over_debian_s_etcd_and_etcdctl_reads_what_it_stores() {
    for maker in [Maker::Debian, Maker::Ours] {
        let etcd = Cluster::start(Plan::ours(1).made_by(maker));
        let server = ApiServer::start(&etcd);
        let kubectl = server.kubectl();
        kubectl.run_with(&["create", "-f", "-"], POD).ok();
        kubectl.run(&["label", "pod", "web", "x=1"]).ok();
        let stored =
            etcd.etcdctl().run(&["get", "/registry/pods/default/web", "--print-value-only"]);
        let object: Value = serde_json::from_str(&stored.ok()).expect("JSON");
        assert_eq!(object["metadata"]["labels"]["x"], "1", "{maker:?}");
    }
}

#[test]
fn bad_input_is_refused_in_a_sentence_and_changes_nothing() {
    let etcd = Cluster::start(Plan::ours(1));
    let mut server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let pods = "/api/v1/namespaces/default/pods";
    let post = |body: &str| kubectl.run_with(&["create", "--raw", pods, "-f", "-"], body).refused();
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (body, why) in [
        ("{", "unexpected end of JSON input"),
        ("[]", "couldn't get version/kind; json parse error"),
        (r#"{"kind":"Service","apiVersion":"v1"}"#, "cannot be handled as a Pod"),
        (r#"{"metadata":{"name":"a"},"spec":{"containers":7}}"#, "cannot unmarshal number"),
        (r#"{"metadata":{"name":"No Name"}}"#, "a lowercase RFC 1123 subdomain must consist"),
        (r#"{"metadata":{"name":"a","namespace":"b"}}"#, "does not match the namespace"),
        (r#"{"metadata":{}}"#, "name or generateName is required"),
        (&nested, "exceeded max depth"),
        (&"x".repeat(3_200_000), "Request entity too large: limit is 3145728"),
    ] {
        let said = post(body);
        assert!(said.contains(why), "{why:?} is not in {said:?}");
    }
    let elsewhere = "/api/v1/namespaces/nowhere/configmaps";
    let body = r#"{"metadata":{"name":"a"}}"#;
    let said = kubectl.run_with(&["create", "--raw", elsewhere, "-f", "-"], body).refused();
    assert!(said.contains("namespaces \"nowhere\" not found"), "{said}");
    let said = kubectl.run(&["get", "--raw", "/apis/none/v1/things"]).refused();
    assert!(said.contains("NotFound"), "{said}");
    assert!(
        stranger(&server).run(&["get", "--raw", "/api/v1/pods"]).refused().contains("Unauthorized")
    );
    assert_eq!(kubectl.run(&["get", "pods", "-o", "name"]).ok(), "");
    assert_eq!(server.process().ended(), None, "{}", server.process().said());
}

/// Somebody with a token that nobody gave out.
fn stranger(server: &ApiServer) -> Kubectl {
    let kubectl = server.kubectl();
    let config = std::fs::read_to_string(&kubectl.config).expect("a kubeconfig");
    let known = |line: &&str| !line.starts_with("users:");
    let mut lines: Vec<&str> = config.lines().filter(known).collect();
    lines.push("users: [{name: u, user: {token: none}}]");
    Kubectl { config: server.scratch().write("stranger", lines.join("\n")), ..kubectl }
}
