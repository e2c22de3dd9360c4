//! Groups of other servers beside our own, with unmodified kubectl and a small server in Python.

use conformance::{
    apiserver::ApiServer,
    authority::Authority,
    binaries,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
    ports::Port,
    process::Process,
    until::until,
};
use serde_json::{Value, json};
use std::process::Command;

fn get(kubectl: &Kubectl, args: &[&str]) -> Value {
    let all = [&["get", "-o", "json"], args].concat();
    serde_json::from_str(&kubectl.run(&all).ok()).expect("kubectl prints JSON")
}

fn raw(kubectl: &Kubectl, path: &str) -> Value {
    let answer = kubectl.run(&["get", "--raw", path]).ok();
    serde_json::from_str(&answer).expect("JSON")
}

#[test]
fn own_groups_and_definitions_have_api_services() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let all = kubectl.run(&["get", "apiservices", "--no-headers"]).ok();
    assert_eq!(all.lines().count(), 21, "{all}");
    let apps = all.lines().find(|line| line.starts_with("v1.apps ")).expect("there is one of apps");
    let cells: Vec<&str> = apps.split_whitespace().collect();
    assert_eq!(cells[..3], ["v1.apps", "Local", "True"]);
    let apps = get(&kubectl, &["apiservice", "v1.apps"]);
    assert_eq!(apps["metadata"]["labels"]["kube-aggregator.kubernetes.io/automanaged"], "onstart");

    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "lamps.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"plural": "lamps", "kind": "Lamp"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object"},
            }}],
        },
    });
    kubectl.run_with(&["create", "-f", "-"], &definition.to_string()).ok();
    let own = until("the definition has its service", || {
        let answer = kubectl.run(&["get", "apiservice", "v1.example.com", "-o", "json"]);
        answer.succeeded().then(|| answer.json())
    });
    assert_eq!(own["metadata"]["labels"]["kube-aggregator.kubernetes.io/automanaged"], "true");
    assert_eq!(own["spec"]["groupPriorityMinimum"], 1000);
    kubectl.run(&["delete", "apiservice", "v1.example.com"]).ok();
    until("it is there again", || {
        let again = kubectl.run(&["get", "apiservice", "v1.example.com"]);
        again.succeeded().then_some(())
    });
    kubectl.run(&["delete", "crd", "lamps.example.com"]).ok();
    until("it went with the definition", || {
        let gone = kubectl.run(&["get", "apiservice", "v1.example.com"]);
        (!gone.succeeded()).then_some(())
    });

    let trust = ["-n", "kube-system", "configmap", "extension-apiserver-authentication"];
    let trust = until("others may know whom to believe", || {
        let args = [&["get", "-o", "json"], &trust[..]].concat();
        let answer = kubectl.run(&args);
        answer.succeeded().then(|| answer.json())
    });
    let authority = std::fs::read_to_string(&server.authority.cert).expect("a certificate");
    let told = trust["data"]["client-ca-file"].as_str().expect("a bundle");
    assert_eq!(told.trim(), authority.trim());
}

/// A server of flunders.
fn extension(server: &ApiServer, proxies: &Authority, port: &Port) -> Process {
    let pair = server.authority.issue("extension");
    let program = binaries::workspace().join("real/conformance/python/extension.py");
    let mut command = Command::new(binaries::tool("python3", "python3"));
    command.arg(program).args([&port.number.to_string(), &pair.cert, &pair.key, &proxies.cert]);
    let process = Process::start(command, server.scratch().path().join("extension.log"));
    until("the extension serves", || process.said().contains("serving").then_some(()));
    process
}

fn register(kubectl: &Kubectl, port: u16) {
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "wardle"},
        "spec": {"type": "ExternalName", "externalName": "localhost"},
    });
    let registered = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": {"name": "v1.wardle.example.com"},
        "spec": {
            "group": "wardle.example.com", "version": "v1",
            "service": {"namespace": "default", "name": "wardle", "port": port},
            "insecureSkipTLSVerify": true, "groupPriorityMinimum": 2000, "versionPriority": 10,
        },
    });
    for object in [service, registered] {
        kubectl.run_with(&["apply", "-f", "-"], &object.to_string()).ok();
    }
}

fn condition(kubectl: &Kubectl) -> Value {
    let service = get(kubectl, &["apiservice", "v1.wardle.example.com"]);
    service["status"]["conditions"][0].clone()
}

#[test]
fn another_servers_group_is_used_like_our_own() {
    let etcd = Cluster::start(Plan::ours(1));
    let proxies = Authority::new("front proxies");
    let front = proxies.issue("front-proxy-client");
    let server = ApiServer::start_with(&etcd, |_| {
        vec![
            format!("--proxy-client-cert-file={}", front.cert),
            format!("--proxy-client-key-file={}", front.key),
        ]
    });
    let kubectl = server.kubectl();
    let port = Port::reserve();
    register(&kubectl, port.number);
    let refused = until("it is found missing", || {
        let condition = condition(&kubectl);
        (condition["reason"] == "FailedDiscoveryCheck").then_some(condition)
    });
    assert!(refused["message"].as_str().is_some_and(|why| why.contains("connection refused")));
    let unavailable = kubectl.run(&["get", "--raw", "/apis/wardle.example.com/v1"]).refused();
    assert!(
        unavailable.contains("the server is currently unable to handle the request"),
        "{unavailable}"
    );

    let mut process = extension(&server, &proxies, &port);
    let waiting = ["wait", "--for=condition=Available", "--timeout=60s"];
    kubectl.run(&[&waiting[..], &["apiservice/v1.wardle.example.com"]].concat()).ok();
    let rows = until("discovery tells of it", || {
        let rows =
            kubectl.run(&["api-resources", "--api-group=wardle.example.com", "--no-headers"]);
        rows.out.contains("flunders").then_some(rows.out)
    });
    assert_eq!(
        rows.split_whitespace().collect::<Vec<_>>(),
        ["flunders", "fl", "wardle.example.com/v1", "true", "Flunder"]
    );
    let flunders = kubectl.run(&["get", "fl", "-o", "name"]).ok();
    assert_eq!(flunders, "flunder.wardle.example.com/admin\n");

    let seen = raw(&kubectl, "/apis/wardle.example.com/v1/headers?a=b");
    assert_eq!(seen["proxy"], "front-proxy-client");
    let values = |name: &str| {
        let headers = seen["headers"].as_array().expect("headers");
        let named = headers.iter().filter(|header| header[0] == name);
        named.filter_map(|header| header[1].as_str()).collect::<Vec<_>>()
    };
    assert_eq!(values("x-remote-user"), ["admin"]);
    assert_eq!(values("x-remote-group"), ["system:masters", "system:authenticated"]);
    assert_eq!(values("x-forwarded-for"), ["127.0.0.1"]);
    assert_eq!(values("authorization"), Vec::<&str>::new());
    let away = kubectl.run(&["get", "--raw", "/apis/wardle.example.com/v1/away"]).refused();
    assert!(away.contains("redirect"), "{away}");

    let groups = raw(&kubectl, "/apis")["groups"].clone();
    let names: Vec<&str> =
        groups.as_array().expect("groups").iter().filter_map(|one| one["name"].as_str()).collect();
    assert!(names.contains(&"wardle.example.com"), "{names:?}");
    let index = raw(&kubectl, "/openapi/v3");
    let path = index["paths"]["apis/wardle.example.com/v1"]["serverRelativeURL"].clone();
    assert_eq!(path, "/openapi/v3/apis/wardle.example.com/v1?hash=1");
    let document = raw(&kubectl, path.as_str().expect("a path"));
    assert_eq!(document["info"]["title"], "Wardle");

    process.kill();
    until("it is found dead", || (condition(&kubectl)["status"] == "False").then_some(()));
    kubectl.run(&["create", "configmap", "c"]).ok();
    kubectl.run(&["delete", "apiservice", "v1.wardle.example.com"]).ok();
    let unknown = until("it is forgotten", || {
        let answer = kubectl.run(&["get", "--raw", "/apis/wardle.example.com/v1"]);
        answer.err.contains("NotFound").then_some(answer.err)
    });
    assert!(unknown.contains("could not find the requested resource"), "{unknown}");
}
