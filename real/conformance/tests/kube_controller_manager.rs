//! Our `kube-controller-manager` beside our `kube-apiserver`, seen by unmodified kubectl. No node
//! runs pods here: they are made, counted and deleted as objects.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    controller_manager::ControllerManager,
    kubectl::Kubectl,
    until::until,
};
use serde_json::Value;

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: server, image: 'nginx:1'}]}
";

fn get(kubectl: &Kubectl, args: &[&str]) -> Value {
    let all = [&["get", "-o", "json"], args].concat();
    let answer = kubectl.run(&all);
    serde_json::from_str(&answer.clone().ok()).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn names(kubectl: &Kubectl, args: &[&str]) -> Vec<String> {
    let said = kubectl.run(&[&["get", "-o", "name"], args].concat()).ok();
    said.lines().map(str::to_owned).collect()
}

/// Waits until so many are listed.
fn wait_for(kubectl: &Kubectl, count: usize, args: &[&str]) -> Vec<String> {
    until(&format!("{count} of {args:?}"), || {
        let names = names(kubectl, args);
        (names.len() == count).then_some(names)
    })
}

#[test]
fn a_deployment_has_its_pods_and_takes_them_with_it() {
    let etcd = Cluster::start(Plan::ours(1));
    // With all admission plugins: pods need the account that a controller makes.
    let server = ApiServer::start_with(&etcd, |_| Vec::new());
    let mut manager = ControllerManager::start(&server, &["--use-service-account-credentials"]);
    let kubectl = server.kubectl();

    wait_for(&kubectl, 1, &["serviceaccounts", "-n", "default"]);
    let root = until("the authority is published", || {
        let answer = kubectl.run(&["get", "configmap", "kube-root-ca.crt", "-o", "json"]);
        answer.succeeded().then(|| answer.ok())
    });
    assert!(root.contains("BEGIN CERTIFICATE"), "{root}");

    kubectl.run_with(&["apply", "-f", "-"], DEPLOYMENT).ok();
    wait_for(&kubectl, 3, &["pods", "-l", "app=web"]);
    let sets = wait_for(&kubectl, 1, &["replicasets"]);
    let set = get(&kubectl, &[&sets[0]]);
    assert_eq!(set["metadata"]["ownerReferences"][0]["name"], "web");
    assert_eq!(set["metadata"]["annotations"]["deployment.kubernetes.io/revision"], "1");

    // A pod that somebody deletes is replaced.
    let pods = names(&kubectl, &["pods", "-l", "app=web"]);
    kubectl.run(&["delete", &pods[0], "--force"]).ok();
    wait_for(&kubectl, 3, &["pods", "-l", "app=web"]);
    kubectl.run(&["scale", "deployment", "web", "--replicas=5"]).ok();
    wait_for(&kubectl, 5, &["pods", "-l", "app=web"]);
    until("the status says so", || {
        let web = get(&kubectl, &["deployment", "web"]);
        let (status, now) = (&web["status"], &web["metadata"]["generation"]);
        (status["replicas"] == 5 && status["observedGeneration"] == *now).then_some(())
    });
    let described = kubectl.run(&["describe", "deployment", "web"]).ok();
    assert!(described.contains("ScalingReplicaSet"), "{described}");

    // Another image: a second set, and going back.
    kubectl.run(&["set", "image", "deployment/web", "server=nginx:2"]).ok();
    wait_for(&kubectl, 2, &["replicasets"]);
    let history = until("there are two revisions", || {
        let said = kubectl.run(&["rollout", "history", "deployment/web"]).ok();
        said.lines().any(|line| line.starts_with('2')).then_some(said)
    });
    assert!(history.contains("REVISION"), "{history}");
    kubectl.run(&["rollout", "undo", "deployment/web"]).ok();
    until("the first set is the third revision", || {
        let set = get(&kubectl, &[&sets[0]]);
        let revision = &set["metadata"]["annotations"]["deployment.kubernetes.io/revision"];
        (revision == "3").then_some(())
    });

    // Nothing stays behind.
    kubectl.run(&["delete", "deployment", "web"]).ok();
    wait_for(&kubectl, 0, &["replicasets"]);
    wait_for(&kubectl, 0, &["pods"]);
    assert_eq!(manager.process().ended(), None, "{}", manager.process().said());
    assert_eq!(manager.process().terminate(), Some(0), "{}", manager.process().said());
    // It gave its office back.
    let lease = get(&kubectl, &["lease", "kube-controller-manager", "-n", "kube-system"]);
    assert_eq!(lease["spec"]["holderIdentity"].as_str().unwrap_or_default(), "");
}

#[test]
fn dependents_stay_or_go_as_their_owner_was_deleted() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start_with(&etcd, |_| Vec::new());
    let _manager = ControllerManager::start(&server, &[]);
    let kubectl = server.kubectl();
    wait_for(&kubectl, 1, &["serviceaccounts", "-n", "default"]);
    for (cascade, left) in [("orphan", 3), ("foreground", 0)] {
        kubectl.run_with(&["apply", "-f", "-"], DEPLOYMENT).ok();
        wait_for(&kubectl, 3, &["pods", "-l", "app=web"]);
        let cascade = format!("--cascade={cascade}");
        kubectl.run(&["delete", "deployment", "web", &cascade]).ok();
        wait_for(&kubectl, usize::from(left > 0), &["replicasets"]);
        wait_for(&kubectl, left, &["pods", "-l", "app=web"]);
    }
}

#[test]
fn a_namespace_goes_with_all_that_is_in_it() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start_with(&etcd, |_| Vec::new());
    let _manager = ControllerManager::start(&server, &[]);
    let kubectl = server.kubectl();
    kubectl.run(&["create", "namespace", "short"]).ok();
    wait_for(&kubectl, 1, &["serviceaccounts", "-n", "short"]);
    kubectl.run_with(&["apply", "-n", "short", "-f", "-"], DEPLOYMENT).ok();
    wait_for(&kubectl, 3, &["pods", "-n", "short"]);
    kubectl.run(&["create", "configmap", "held", "-n", "short"]).ok();
    let hold = r#"{"metadata":{"finalizers":["example.com/hold"]}}"#;
    kubectl.run(&["patch", "configmap", "held", "-n", "short", "--type=merge", "-p", hold]).ok();
    kubectl.run(&["delete", "namespace", "short", "--wait=false"]).ok();
    until("it says what holds it", || {
        let namespace = get(&kubectl, &["namespace", "short"]);
        namespace.to_string().contains("example.com/hold in 1 resource instances").then_some(())
    });
    wait_for(&kubectl, 0, &["pods", "-n", "short"]);
    let free = r#"{"metadata":{"finalizers":null}}"#;
    kubectl.run(&["patch", "configmap", "held", "-n", "short", "--type=merge", "-p", free]).ok();
    until("it is gone", || {
        (!kubectl.run(&["get", "namespace", "short"]).succeeded()).then_some(())
    });
}

#[test]
fn of_two_managers_one_works_and_the_other_takes_over() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start_with(&etcd, |_| Vec::new());
    let mut first = ControllerManager::start(&server, &[]);
    let kubectl = server.kubectl();
    wait_for(&kubectl, 1, &["serviceaccounts", "-n", "default"]);
    let _second = ControllerManager::start(&server, &[]);
    // Without a word: its lease must run out.
    first.process().kill();
    kubectl.run_with(&["apply", "-f", "-"], DEPLOYMENT).ok();
    wait_for(&kubectl, 3, &["pods", "-l", "app=web"]);
}
