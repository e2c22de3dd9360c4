//! What unmodified kubectl does to parts of objects, and what services get.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
    until::until,
};
use serde_json::Value;
use std::{collections::BTreeSet, thread};

const SERVICES_A_SERVER: usize = 8;

const RUNNING: &str =
    r#"{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}"#;
const BUDGET: &str = r#"{"status":{"observedGeneration":1,"disruptionsAllowed":1,"currentHealthy":2,"desiredHealthy":1,"expectedPods":2}}"#;

const NODE_AND_PODS: &str = "
apiVersion: v1
kind: Node
metadata: {name: n1}
---
apiVersion: v1
kind: Pod
metadata: {name: p1, labels: {app: a}}
spec: {nodeName: n1, terminationGracePeriodSeconds: 0, containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: p2, labels: {app: a}}
spec: {nodeName: n1, terminationGracePeriodSeconds: 0, containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Pod
metadata: {name: p3}
spec: {containers: [{name: c, image: x}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: b}
spec: {minAvailable: 1, selector: {matchLabels: {app: a}}}
";

/// A request for a certificate of `CN=joe`.
const REQUEST: &str = "
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: joe}
spec:
  signerName: kubernetes.io/kube-apiserver-client
  usages: [client auth]
  request: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IQUNBUUF3RGpFTU1Bb0dBMVVFQXd3RGFtOWxNRmt3RXdZSEtvWkl6ajBDQVFZSUtvWkl6ajBEQVFjRApRZ0FFSGNNWXJrVDZvYXIvMWQ3YTAyb1RPdXVSejZGKy9mbUVKSWY2alAzK1ptL3h6MDlHVWg0a05admw0eldNCmtiNERwcGRwdC80b2FjZnhobmN5QUJjVDE2QUFNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJUUN4Ym1XYWdVUm0KWGN3b3l6ZnByMkt6cmdWZmRkdFlDUUpIU2xpdzBzdUdLQUlnVUNxdWJiaWt0dFd1elBYQVFNR255V2VSTGV2LwpmUEd6YkRZMXlleVN4ZGc9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJFUVVFU1QtLS0tLQo=
";

fn get(kubectl: &Kubectl, args: &[&str]) -> Value {
    let answer = kubectl.run(&[&["get", "-o", "json"], args].concat());
    serde_json::from_str(&answer.clone().ok()).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn names(kubectl: &Kubectl, kind: &str) -> BTreeSet<String> {
    let list = get(kubectl, &[kind]);
    let items = list["items"].as_array().cloned().unwrap_or_default();
    let name = |item: &Value| item["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    items.iter().map(name).collect()
}

#[test]
fn services_get_addresses_and_ports_and_give_them_back() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    until("the service kubernetes is there", || {
        kubectl.run(&["get", "endpointslices", "kubernetes"]).succeeded().then_some(())
    });
    assert_eq!(get(&kubectl, &["svc", "kubernetes"])["spec"]["clusterIP"], "10.0.0.1");

    kubectl.run(&["create", "deployment", "web", "--image=nginx"]).ok();
    kubectl.run(&["expose", "deployment", "web", "--port=80", "--type=NodePort"]).ok();
    let web = get(&kubectl, &["svc", "web"]);
    let address = web["spec"]["clusterIP"].as_str().unwrap_or_default().to_owned();
    let port = web["spec"]["ports"][0]["nodePort"].as_i64().unwrap_or_default();
    assert!(address.starts_with("10.0.0."), "{web}");
    assert!((30_000..=32_767).contains(&port), "{web}");
    assert_eq!(web["spec"]["ipFamilies"], serde_json::json!(["IPv4"]));
    let object = get(&kubectl, &["ipaddress", &address]);
    assert_eq!(object["spec"]["parentRef"]["name"], "web");

    let wanted = format!("--node-port={port}");
    let taken = kubectl.run(&["create", "service", "nodeport", "x", "--tcp=1", &wanted]).refused();
    assert!(taken.contains("provided port is already allocated"), "{taken}");
    let wanted = format!("--clusterip={address}");
    let taken = kubectl.run(&["create", "service", "clusterip", "x", "--tcp=1", &wanted]).refused();
    assert!(taken.contains("provided IP is already allocated"), "{taken}");

    kubectl.run(&["patch", "svc", "web", "-p", r#"{"spec":{"type":"ClusterIP"}}"#]).ok();
    let plain = get(&kubectl, &["svc", "web"]);
    assert_eq!(plain["spec"]["clusterIP"], address.as_str());
    assert_eq!(plain["spec"]["ports"][0].get("nodePort"), None);
    kubectl.run(&["delete", "svc", "web"]).ok();
    assert!(!names(&kubectl, "ipaddresses").contains(&address));
}

#[test]
fn two_servers_never_give_an_address_twice() {
    let etcd = Cluster::start(Plan::ours(1));
    let servers = [ApiServer::start(&etcd), ApiServer::start(&etcd)];
    let clients: Vec<_> =
        servers.iter().enumerate().map(|(at, server)| (at, server.kubectl())).collect();
    let work: Vec<_> = clients
        .into_iter()
        .map(|(at, kubectl)| {
            thread::spawn(move || {
                for number in 0..SERVICES_A_SERVER {
                    let name = format!("s{at}-{number}");
                    kubectl.run(&["create", "service", "nodeport", &name, "--tcp=80"]).ok();
                }
            })
        })
        .collect();
    for one in work {
        one.join().expect("all services were created");
    }
    let list = get(&servers[0].kubectl(), &["svc"]);
    let services: Vec<&Value> = list["items"].as_array().into_iter().flatten().collect();
    let own: Vec<&&Value> =
        services.iter().filter(|one| one["spec"]["type"] == "NodePort").collect();
    let addresses: BTreeSet<String> =
        services.iter().map(|one| one["spec"]["clusterIP"].to_string()).collect();
    let ports: BTreeSet<String> =
        own.iter().map(|one| one["spec"]["ports"][0]["nodePort"].to_string()).collect();
    assert_eq!(own.len(), 2 * SERVICES_A_SERVER);
    assert_eq!((addresses.len(), ports.len()), (services.len(), own.len()), "{list}");
}

#[test]
fn a_drain_keeps_to_the_budget_of_disruptions() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    kubectl.run_with(&["create", "-f", "-"], NODE_AND_PODS).ok();
    for pod in ["p1", "p2"] {
        kubectl
            .run(&["patch", "pod", pod, "--subresource=status", "--type=merge", "-p", RUNNING])
            .ok();
    }
    kubectl.run(&["patch", "pdb", "b", "--subresource=status", "--type=merge", "-p", BUDGET]).ok();
    let drained = kubectl.run(&["drain", "n1", "--force", "--timeout=3s"]).refused();
    assert!(drained.contains("Cannot evict pod as it would violate"), "{drained}");
    assert_eq!(get(&kubectl, &["node", "n1"])["spec"]["unschedulable"], true);
    let left: BTreeSet<String> = names(&kubectl, "pods");
    assert_eq!(left.intersection(&BTreeSet::from(["p1".into(), "p2".into()])).count(), 1);
    let budget = get(&kubectl, &["pdb", "b"]);
    assert_eq!(budget["status"]["disruptionsAllowed"], 0);
    assert_eq!(budget["status"]["disruptedPods"].as_object().map(serde_json::Map::len), Some(1));
    kubectl.run(&["uncordon", "n1"]).ok();

    let binding = r#"{"apiVersion":"v1","kind":"Binding","metadata":{"name":"p3"},"target":{"kind":"Node","name":"n1"}}"#;
    let path = "/api/v1/namespaces/default/pods/p3/binding";
    let file = server.scratch().write("binding.json", binding.to_owned());
    kubectl.run(&["create", "--raw", path, "-f", &file]).ok();
    assert_eq!(get(&kubectl, &["pod", "p3"])["spec"]["nodeName"], "n1");
    let again = kubectl.run(&["create", "--raw", path, "-f", &file]).refused();
    assert!(again.contains("pod p3 is already assigned to node \"n1\""), "{again}");
}

#[test]
fn a_request_for_a_certificate_is_approved() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    kubectl.run_with(&["create", "-f", "-"], REQUEST).ok();
    kubectl.run(&["certificate", "approve", "joe"]).ok();
    let request = get(&kubectl, &["csr", "joe"]);
    assert_eq!(request["spec"]["username"], "admin");
    assert_eq!(request["status"]["conditions"][0]["type"], "Approved");
    assert!(request["status"]["conditions"][0]["lastUpdateTime"].is_string());
}

#[test]
fn an_autoscaler_is_the_same_in_both_its_versions() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    kubectl.run(&["create", "deployment", "web", "--image=nginx"]).ok();
    kubectl.run(&["autoscale", "deployment", "web", "--max=5", "--cpu-percent=70"]).ok();
    let version = |version: &str| -> Value {
        let path =
            format!("/apis/autoscaling/{version}/namespaces/default/horizontalpodautoscalers/web");
        let said = kubectl.run(&["get", "--raw", &path]).ok();
        serde_json::from_str(&said).expect("the answer is JSON")
    };
    let (first, second) = (version("v1"), version("v2"));
    assert_eq!(first["spec"]["targetCPUUtilizationPercentage"], 70);
    assert_eq!(
        second["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 70,
        "{second}"
    );
    assert_eq!(first["metadata"]["uid"], second["metadata"]["uid"]);
}
