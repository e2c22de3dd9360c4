//! Custom resources, from their definition to their end, with unmodified kubectl.

use conformance::{
    apiserver::ApiServer,
    cluster::{Cluster, Plan},
    kubectl::Kubectl,
};
use serde_json::Value;

const DEFINITION: &str = r#"
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crontabs.stable.example.com}
spec:
  group: stable.example.com
  scope: Namespaced
  names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [tables]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources:
      status: {}
      scale:
        specReplicasPath: .spec.replicas
        statusReplicasPath: .status.replicas
        labelSelectorPath: .status.labelSelector
    additionalPrinterColumns:
    - {name: Spec, type: string, jsonPath: .spec.cronSpec}
    - {name: Replicas, type: integer, jsonPath: .spec.replicas}
    selectableFields:
    - jsonPath: .spec.image
    schema:
      openAPIV3Schema:
        type: object
        description: A table of jobs.
        properties:
          spec:
            type: object
            required: [cronSpec]
            x-kubernetes-validations:
            - {rule: self.replicas <= 10, message: at most ten, fieldPath: .replicas}
            - {rule: self.image == oldSelf.image, messageExpression: "'it is ' + oldSelf.image"}
            properties:
              cronSpec: {type: string, pattern: '^\S+( \S+){4}$', description: When it runs.}
              image: {type: string, default: none}
              replicas: {type: integer, minimum: 1, default: 1}
              ports:
                type: array
                x-kubernetes-list-type: map
                x-kubernetes-list-map-keys: [port]
                items:
                  type: object
                  required: [port]
                  properties: {port: {type: integer}, name: {type: string}}
          status:
            type: object
            properties: {replicas: {type: integer}, labelSelector: {type: string}}
  - name: v1beta1
    served: true
    storage: false
    deprecated: true
    schema:
      openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}
"#;

const TABLE: &str = r#"
apiVersion: stable.example.com/v1
kind: CronTab
metadata: {name: a}
spec: {cronSpec: "* * * * 5", ports: [{port: 1}]}
"#;

fn define(kubectl: &Kubectl) {
    kubectl.run_with(&["apply", "-f", "-"], DEFINITION).ok();
    let definition = "crd/crontabs.stable.example.com";
    kubectl.run(&["wait", "--for", "condition=established", "--timeout=30s", definition]).ok();
}

fn get(kubectl: &Kubectl, what: &str) -> Value {
    let answer = kubectl.run(&["get", what, "-o", "json"]).ok();
    serde_json::from_str(&answer).expect("kubectl prints JSON")
}

#[test]
fn what_is_defined_is_used_like_what_is_built_in() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    define(&kubectl);
    let created = kubectl.run_with(&["create", "-f", "-"], TABLE).ok();
    assert_eq!(created, "crontab.stable.example.com/a created\n");
    let table = get(&kubectl, "ct/a");
    let spec = serde_json::json!({
        "cronSpec": "* * * * 5", "image": "none", "ports": [{"port": 1}], "replicas": 1,
    });
    assert_eq!((&table["spec"], &table["metadata"]["generation"]), (&spec, &1.into()));
    let rows = kubectl.run(&["get", "tables", "--no-headers"]).ok();
    let cells: Vec<&str> = rows.split_whitespace().collect();
    assert_eq!(cells, ["a", "*", "*", "*", "*", "5", "1"], "{rows}");
    for (field, expected) in [("none", "crontab.stable.example.com/a\n"), ("x", "")] {
        let selector = format!("spec.image={field}");
        let found = kubectl.run(&["get", "ct", "--field-selector", &selector, "-o", "name"]).ok();
        assert_eq!(found, expected, "{field}");
    }
    let explained = kubectl.run(&["explain", "ct.spec.cronSpec"]).ok();
    assert!(explained.contains("When it runs."), "{explained}");

    kubectl.run(&["scale", "ct/a", "--replicas=3"]).ok();
    kubectl.run(&["label", "ct/a", "x=y"]).ok();
    let status = r#"{"status":{"replicas":2,"labelSelector":"x=y"},"spec":{"replicas":9}}"#;
    let patch = ["patch", "ct/a", "--subresource=status", "--type=merge", "-p", status];
    kubectl.run(&patch).ok();
    let table = get(&kubectl, "ct/a");
    assert_eq!((&table["spec"]["replicas"], &table["status"]["replicas"]), (&3.into(), &2.into()));
    assert_eq!(table["metadata"]["generation"], 2);

    let wanted = TABLE.replace("port: 1", "port: 2");
    kubectl.run_with(&["apply", "--server-side", "--field-manager=x", "-f", "-"], &wanted).ok();
    let table = get(&kubectl, "ct/a");
    assert_eq!(table["spec"]["ports"], serde_json::json!([{"port": 1}, {"port": 2}]));

    let older = get(&kubectl, "crontabs.v1beta1.stable.example.com/a");
    assert_eq!(older["apiVersion"], "stable.example.com/v1beta1");
    assert_eq!(older["spec"], table["spec"]);
}

#[test]
fn what_a_definition_forbids_is_refused_in_upstreams_words() {
    let etcd = Cluster::start(Plan::ours(1));
    let server = ApiServer::start(&etcd);
    let kubectl = server.kubectl();
    define(&kubectl);
    kubectl.run_with(&["create", "-f", "-"], TABLE).ok();
    let patched = |spec: &str| {
        let patch = format!(r#"{{"spec":{spec}}}"#);
        kubectl.run(&["patch", "ct/a", "--type=merge", "-p", &patch]).refused()
    };
    for (spec, why) in [
        (r#"{"replicas":0}"#, "spec.replicas in body should be greater than or equal to 1"),
        (r#"{"replicas":"1"}"#, r#"spec.replicas in body must be of type integer: "string""#),
        (r#"{"replicas":11}"#, r#"spec.replicas: Invalid value: "object": at most ten"#),
        (r#"{"image":"b"}"#, r#"spec: Invalid value: "object": it is none"#),
        (r#"{"cronSpec":null}"#, "spec.cronSpec: Required value"),
        (r#"{"ports":[{"port":1},{"port":1}]}"#, r#"spec.ports[1]: Duplicate value: {"port":1}"#),
    ] {
        let said = patched(spec);
        assert!(said.contains(why), "{why:?} is not in {said:?}");
    }
    let unknown = TABLE.replace("ports: [{port: 1}]", "color: red").replace("name: a", "name: b");
    let said = kubectl.run_with(&["create", "--validate=strict", "-f", "-"], &unknown).refused();
    assert!(said.contains(r#"unknown field "spec.color""#), "{said}");
    let said = kubectl.run(&["patch", "ct/a", "--type=strategic", "-p", "{}"]).refused();
    assert!(said.contains("strategic-merge-patch+json is not supported"), "{said}");

    let wrong = DEFINITION
        .replace("type: object\n            required", "required")
        .replace("crontabs", "others")
        .replace("self.replicas <= 10", "self.nothing");
    let said = kubectl.run_with(&["create", "-f", "-"], &wrong).refused();
    let why = "properties[spec].type: Required value: must not be empty for specified object";
    assert!(said.contains(why), "{why:?} is not in {said:?}");
}

#[test]
fn a_definition_takes_its_objects_with_it_on_all_replicas() {
    let etcd = Cluster::start(Plan::ours(1));
    let (one, other) = (ApiServer::start(&etcd), ApiServer::start(&etcd));
    define(&one.kubectl());
    other.kubectl().run_with(&["create", "-f", "-"], TABLE).ok();
    let finalized = r#"{"metadata":{"finalizers":["example.com/wait"]}}"#;
    one.kubectl().run(&["patch", "ct/a", "--type=merge", "-p", finalized]).ok();
    let definition = "crd/crontabs.stable.example.com";
    one.kubectl().run(&["delete", definition, "--wait=false"]).ok();
    conformance::until::until("the object is told to go", || {
        get(&other.kubectl(), "ct/a")["metadata"]["deletionTimestamp"].is_string().then_some(())
    });
    let said = other
        .kubectl()
        .run_with(&["create", "-f", "-"], &TABLE.replace("name: a", "name: b"))
        .refused();
    assert!(said.contains("custom resource definition is terminating"), "{said}");
    let released = r#"{"metadata":{"finalizers":null}}"#;
    other.kubectl().run(&["patch", "ct/a", "--type=merge", "-p", released]).ok();
    one.kubectl().run(&["wait", "--for=delete", "--timeout=30s", definition]).ok();
    for server in [&one, &other] {
        conformance::until::until("nothing is served any more", || {
            let all = server.kubectl().run(&["api-resources", "--cached=false"]).ok();
            (!all.contains("crontabs")).then_some(())
        });
    }
    let left = etcd.etcdctl().run(&["get", "--prefix", "--keys-only", "/registry/stable."]).ok();
    assert_eq!(left.trim(), "");
}
