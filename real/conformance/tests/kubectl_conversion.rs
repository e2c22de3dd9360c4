//! Custom resources in versions that only a webhook can convert, with unmodified kubectl.

use conformance::{
    apiserver::ApiServer,
    binaries,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
    ports::Port,
    process::Process,
    until::until,
};
use serde_json::{Value, json};
use std::process::Command;

/// A server of conversion webhooks, where it is, and whom to believe.
struct Converter {
    process: Process,
    url: String,
    bundle: String,
}

impl Converter {
    fn start(server: &ApiServer) -> Self {
        let (port, pair) = (Port::reserve(), server.authority.issue("converter"));
        let program = binaries::workspace().join("real/conformance/python/converter.py");
        let mut command = Command::new(binaries::tool("python3", "python3"));
        command.arg(program).args([&port.number.to_string(), &pair.cert, &pair.key]);
        let process = Process::start(command, server.scratch().path().join("converter.log"));
        until("the webhook serves", || process.said().contains("serving").then_some(()));
        let encoded = Command::new(binaries::tool("base64", "coreutils"))
            .args(["-w0", &server.authority.cert])
            .output()
            .expect("base64 runs");
        let bundle = String::from_utf8(encoded.stdout).expect("text");
        Self { process, url: format!("https://127.0.0.1:{}", port.number), bundle }
    }

    /// A definition of lamps that are stored in this version and converted at this path.
    fn definition(&self, stored: &str, path: &str) -> Value {
        let watts = json!({"watts": {"type": "integer"}});
        let spec = |properties: Value| {
            json!({"openAPIV3Schema": {"type": "object", "properties": {
                "spec": {"type": "object", "properties": properties},
            }}})
        };
        let version = |name: &str, schema: Value| json!({"name": name, "served": true, "storage": name == stored, "schema": schema});
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "lamps.example.com"},
            "spec": {
                "group": "example.com", "scope": "Namespaced",
                "names": {"plural": "lamps", "singular": "lamp", "kind": "Lamp"},
                "versions": [
                    version("v1", spec(watts.clone())),
                    version("v2", spec(json!({"power": {"type": "object", "properties": watts}}))),
                ],
                "conversion": {"strategy": "Webhook", "webhook": {
                    "conversionReviewVersions": ["v1"],
                    "clientConfig": {"url": format!("{}{path}", self.url), "caBundle": self.bundle},
                }},
            },
        })
    }
}

fn define(kubectl: &Kubectl, definition: &Value) {
    kubectl.run_with(&["apply", "-f", "-"], &definition.to_string()).ok();
    let name = "crd/lamps.example.com";
    kubectl.run(&["wait", "--for", "condition=established", "--timeout=30s", name]).ok();
}

fn lamp(version: &str, name: &str, spec: &Value) -> String {
    json!({
        "apiVersion": format!("example.com/{version}"), "kind": "Lamp",
        "metadata": {"name": name}, "spec": spec,
    })
    .to_string()
}

fn get(kubectl: &Kubectl, what: &str) -> Value {
    let answer = kubectl.run(&["get", what, "-o", "json"]).ok();
    serde_json::from_str(&answer).expect("kubectl prints JSON")
}

#[test]
fn versions_are_read_and_written_as_the_webhook_says() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let converter = Converter::start(&server);
    define(&kubectl, &converter.definition("v1", "/convert"));

    let power = json!({"power": {"watts": 5}});
    let created = kubectl.run_with(&["create", "-f", "-"], &lamp("v2", "a", &power)).ok();
    assert_eq!(created, "lamp.example.com/a created\n");
    kubectl.run_with(&["create", "-f", "-"], &lamp("v1", "b", &json!({"watts": 7}))).ok();
    let stored = etcd.etcdctl().run(&["get", "/registry/example.com/lamps/default/a"]).ok();
    assert!(stored.contains(r#""apiVersion":"example.com/v1""#), "{stored}");
    assert_eq!(get(&kubectl, "lamps.v1.example.com/a")["spec"], json!({"watts": 5}));
    assert_eq!(get(&kubectl, "lamps.v2.example.com/a")["spec"], power);

    let before = converter.process.said().matches("converted 2 ").count();
    let all = get(&kubectl, "lamps.v2.example.com");
    let watts: Vec<&Value> = all["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|lamp| &lamp["spec"]["power"]["watts"])
        .collect();
    assert_eq!(watts, [5, 7]);
    let after = converter.process.said().matches("converted 2 ").count();
    assert!(after <= before + 1, "a list is one review at most");

    let patch = ["patch", "lamps.v2.example.com/b", "--type=merge", "-p"];
    kubectl.run(&[&patch[..], &[r#"{"spec":{"power":{"watts":9}}}"#]].concat()).ok();
    assert_eq!(get(&kubectl, "lamps.v1.example.com/b")["spec"], json!({"watts": 9}));

    let apply = |version: &str, manager: &str, spec: &Value| {
        let manager = format!("--field-manager={manager}");
        let args = ["apply", "--server-side", &manager, "-f", "-"];
        kubectl.run_with(&args, &lamp(version, "c", spec))
    };
    apply("v1", "one", &json!({"watts": 1})).ok();
    let refused = apply("v2", "two", &json!({"power": {"watts": 2}})).refused();
    assert!(
        refused.contains(r#"conflict with "one" using example.com/v1: .spec.watts"#),
        "{refused}"
    );
    apply("v2", "one", &json!({"power": {"watts": 3}})).ok();
    assert_eq!(get(&kubectl, "lamps.v1.example.com/c")["spec"], json!({"watts": 3}));

    define(&kubectl, &converter.definition("v2", "/convert"));
    let versions = get(&kubectl, "crd/lamps.example.com")["status"]["storedVersions"].clone();
    assert_eq!(versions, json!(["v1", "v2"]));
    until("what was stored before is still read", || {
        let lamp = get(&kubectl, "lamps.v2.example.com/a");
        (lamp["spec"] == power).then_some(())
    });
}

#[test]
fn webhooks_that_are_wrong_or_dead_hurt_nobody_else() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let mut converter = Converter::start(&server);
    define(&kubectl, &converter.definition("v1", "/wrong"));
    kubectl.run_with(&["create", "-f", "-"], &lamp("v1", "a", &json!({"watts": 5}))).ok();
    let get_v2 = || kubectl.run(&["get", "lamps.v2.example.com/a", "-o", "json"]);
    let wrong = get_v2().refused();
    let start = "conversion webhook for example.com/v1, Kind=Lamp";
    let why = format!("{start} returned invalid object: must have the same name: a != other");
    assert!(wrong.contains(&why), "{wrong}");

    define(&kubectl, &converter.definition("v1", "/convert"));
    until("the right path is asked", || get_v2().succeeded().then_some(()));
    let path = "/apis/example.com/v2/lamps?watch=1&timeoutSeconds=50";
    converter.process.kill();
    kubectl.run_with(&["create", "-f", "-"], &lamp("v1", "b", &json!({"watts": 6}))).ok();
    let dead = kubectl.run(&["get", "lamps.v2.example.com/b", "-o", "json"]).refused();
    let url = format!("{start} failed: Post \"{}/convert?timeout=30s\": dial tcp", converter.url);
    assert!(dead.contains(&url) && dead.contains("connection refused"), "{dead}");
    kubectl.run(&["get", "--raw", path]).refused();
    assert_eq!(get(&kubectl, "lamps.v1.example.com/b")["spec"], json!({"watts": 6}));
    kubectl.run(&["create", "configmap", "c"]).ok();

    let mut untrusted = converter.definition("v1", "/convert");
    untrusted["spec"]["conversion"]["webhook"]["clientConfig"]["caBundle"] = "Cg==".into();
    let refused = kubectl.run_with(&["apply", "-f", "-"], &untrusted.to_string()).refused();
    assert!(refused.contains("unable to parse bytes as PEM block"), "{refused}");
}

#[test]
fn a_watch_ends_when_its_definition_says_something_else() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    let converter = Converter::start(&server);
    let definition = converter.definition("v1", "/convert");
    define(&kubectl, &definition);
    kubectl.run_with(&["create", "-f", "-"], &lamp("v1", "a", &json!({"watts": 5}))).ok();
    let path = "/apis/example.com/v2/lamps?watch=1&timeoutSeconds=600";
    let log = server.scratch().path().join("watch.log");
    let mut watch = Process::start(kubectl.command(&["get", "--raw", path]), log);
    until("the watch has begun", || watch.said().contains(r#""power":{"watts":5}"#).then_some(()));
    let mut changed = definition;
    changed["spec"]["versions"][0]["deprecated"] = true.into();
    define(&kubectl, &changed);
    until("the watch has ended", || watch.ended());
}
