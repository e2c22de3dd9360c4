//! Server-side apply: stories of two managers and more.

use crate::managers::{LATER, NOW, World};
use api::{
    patch::{Filter, apply::Versions, fields::Set},
    schema::Schemas,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A Deployment with that spec.
fn web(spec: Value) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": spec,
    })
}

fn pod(spec: Value) -> Value {
    web(json!({"template": {"spec": spec}}))
}

fn containers(containers: Value) -> Value {
    pod(json!({"containers": containers}))
}

/// What is stored, without its managed fields.
fn bare(object: &Value) -> Value {
    let mut object = object.clone();
    object["metadata"].as_object_mut().map(|it| it.remove("managedFields"));
    object
}

/// The fields that a manager owns by a kind of request.
fn owned(object: &Value, manager: &str, operation: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let mut own = entries
        .iter()
        .filter(|it| it["manager"] == manager && it["operation"] == operation)
        .map(|it| it["fieldsV1"].clone());
    own.next().unwrap_or(Value::Null)
}

#[test]
fn an_applier_owns_what_it_applies() {
    let world = World { schemas: Schemas::built_in(), ..World::default() };
    let patch = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "web",
            "namespace": "default",
            "labels": {"app": "web"},
            "finalizers": ["a/b"],
        },
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"spec": {
                "nodeSelector": {"disk": "ssd"},
                "containers": [{
                    "name": "c",
                    "args": ["x"],
                    "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
                    "resources": {"limits": {"cpu": "1"}},
                }],
            }},
        },
    });
    let object = world.apply(&json!({}), &patch, "kubectl").expect("nobody else is there");
    let port = |number: u16, protocol: &str| {
        format!("k:{{\"containerPort\":{number},\"protocol\":\"{protocol}\"}}")
    };
    let wanted = json!([{
        "manager": "kubectl",
        "operation": "Apply",
        "apiVersion": "apps/v1",
        "time": NOW,
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {
                "f:finalizers": {"v:\"a/b\"": {}},
                "f:labels": {"f:app": {}},
            },
            "f:spec": {
                "f:replicas": {},
                "f:selector": {},
                "f:template": {"f:spec": {
                    "f:nodeSelector": {},
                    "f:containers": {"k:{\"name\":\"c\"}": {
                        ".": {},
                        "f:name": {},
                        "f:args": {},
                        "f:resources": {"f:limits": {"f:cpu": {}}},
                        "f:ports": {
                            port(80, "TCP"): {".": {}, "f:containerPort": {}},
                            port(53, "UDP"): {".": {}, "f:containerPort": {}, "f:protocol": {}},
                        },
                    }},
                }},
            },
        },
    }]);
    assert_eq!(object["metadata"]["managedFields"], wanted);
    assert_eq!(bare(&object), patch);
}

#[test]
fn what_others_own_is_a_conflict_in_upstreams_words() {
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1, "paused": true})), "kubectl");
    let why = world.apply(&object, &web(json!({"replicas": 2})), "me").expect_err("kubectl's");
    assert_eq!((why.code(), why.reason()), (409, "Conflict"));
    assert_eq!(
        why.to_string(),
        "Apply failed with 1 conflict: conflict with \"kubectl\" using apps/v1: .spec.replicas"
    );
    let causes = why.causes();
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].reason, "FieldManagerConflict");
    assert_eq!(causes[0].message, "conflict with \"kubectl\" using apps/v1");
    assert_eq!(causes[0].field, ".spec.replicas");

    let object = world.apply(&object, &web(json!({"paused": true})), "other").expect("the same");
    let both = web(json!({"replicas": 2, "paused": false}));
    let why = world.apply(&object, &both, "me").expect_err("two owners").to_string();
    let lines = [
        "Apply failed with 3 conflicts: conflicts with \"kubectl\" using apps/v1:",
        "- .spec.paused",
        "- .spec.replicas",
        "conflicts with \"other\":",
        "- .spec.paused",
    ];
    assert_eq!(why, lines.join("\n"));
}

#[test]
fn the_same_value_is_shared_and_force_takes_all() {
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1})), "kubectl");
    let object = world.apply(&object, &web(json!({"replicas": 1})), "me").expect("the same value");
    assert_eq!(owned(&object, "kubectl", "Update"), json!({"f:spec": {"f:replicas": {}}}));
    assert_eq!(owned(&object, "me", "Apply"), json!({"f:spec": {"f:replicas": {}}}));

    let object = world.force(&object, &web(json!({"replicas": 2})), "me");
    assert_eq!(object["spec"]["replicas"], 2);
    assert_eq!(owned(&object, "kubectl", "Update"), Value::Null);
    assert_eq!(owned(&object, "me", "Apply"), json!({"f:spec": {"f:replicas": {}}}));
}

#[test]
fn what_is_no_longer_applied_goes_unless_somebody_wants_it() {
    let world = World::default();
    let full = containers(json!([
        {"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]},
        {"name": "b"},
    ]));
    let object = world.apply(&json!({}), &full, "me").expect("nobody else is there");
    let image = containers(json!([{"name": "a", "image": "1"}]));
    let object = world.apply(&object, &image, "other").expect("the same value");
    let object = world.update(&object, "kubelet", |it| it["metadata"]["uid"] = json!("u"));

    let object = world.apply(&object, &web(json!({"replicas": 1})), "me").expect("no conflict");
    let mut wanted = containers(json!([{"name": "a", "image": "1"}]));
    wanted["spec"]["replicas"] = json!(1);
    wanted["metadata"]["uid"] = json!("u");
    assert_eq!(bare(&object), wanted);

    let object = world.apply(&object, &web(json!({})), "other").expect("no conflict");
    let mut wanted = web(json!({"replicas": 1}));
    wanted["metadata"]["uid"] = json!("u");
    assert_eq!(bare(&object), wanted);
    assert_eq!(owned(&object, "other", "Apply"), json!({"f:spec": {}}));
}

#[test]
fn what_others_changed_since_stays() {
    let world = World::default();
    let object = world.apply(&json!({}), &web(json!({"replicas": 1})), "me").expect("no conflict");
    let object = world.update(&object, "autoscaler", |it| it["spec"]["replicas"] = json!(5));
    assert_eq!(owned(&object, "me", "Apply"), Value::Null);
    let object = world.apply(&object, &web(json!({"paused": true})), "me").expect("no conflict");
    assert_eq!(object["spec"], json!({"replicas": 5, "paused": true}));
}

#[test]
fn lists_are_shared_item_by_item_as_their_type_says() {
    let world = World::default();
    let port = |ports: Value| containers(json!([{"name": "a", "ports": ports}]));
    let object = world.apply(&json!({}), &port(json!([{"containerPort": 80}])), "me").expect("new");
    // The same port: its protocol is TCP by default.
    let same = port(json!([{"containerPort": 80, "protocol": "TCP", "name": "http"}]));
    let object = world.apply(&object, &same, "other").expect("no conflict");
    // Another port, though the number is the same.
    let udp = port(json!([{"containerPort": 80, "protocol": "UDP"}]));
    let object = world.apply(&object, &udp, "third").expect("no conflict");
    let wanted = json!([
        {"containerPort": 80, "protocol": "TCP", "name": "http"},
        {"containerPort": 80, "protocol": "UDP"},
    ]);
    assert_eq!(object.pointer("/spec/template/spec/containers/0/ports"), Some(&wanted));

    let args = |args: Value| containers(json!([{"name": "a", "args": args}]));
    let object = world.apply(&json!({}), &args(json!(["x"])), "me").expect("new");
    let why = world.apply(&object, &args(json!(["x", "y"])), "other").expect_err("atomic");
    let field = ".spec.template.spec.containers[name=\"a\"].args";
    assert_eq!(why.causes()[0].field, field);

    let finalizers = |finalizers: Value| {
        let mut object = web(json!({}));
        object["metadata"]["finalizers"] = finalizers;
        object
    };
    let object = world.apply(&json!({}), &finalizers(json!(["a", "b"])), "me").expect("new");
    let object = world.apply(&object, &finalizers(json!(["c", "a"])), "other").expect("a set");
    assert_eq!(object["metadata"]["finalizers"], json!(["c", "a", "b"]));
    let object = world.apply(&object, &finalizers(json!(["c"])), "me").expect("a set");
    assert_eq!(object["metadata"]["finalizers"], json!(["c", "a"]));
}

#[test]
fn an_applied_list_keeps_its_order_and_what_others_have_stays_near() {
    let world = World::default();
    let named = |names: &[&str]| {
        let items = names.iter().map(|name| json!({"name": name}));
        containers(Value::Array(items.collect()))
    };
    let cases: [[&[&str]; 3]; 6] = [
        // Stored, applied by another, wanted.
        [&["a", "b"], &["a", "b"], &["a", "b"]],
        [&["a", "b"], &["b", "a"], &["b", "a"]],
        [&["a", "b", "c"], &["c", "a"], &["b", "c", "a"]],
        [&["a", "b"], &["n", "b"], &["a", "n", "b"]],
        [&["a", "b"], &["n"], &["a", "b", "n"]],
        [&[], &["b", "a"], &["b", "a"]],
    ];
    for [stored, applied, wanted] in cases {
        let object = world.force(&json!({}), &named(stored), "me");
        let object = world.apply(&object, &named(applied), "other").expect("no conflict");
        assert_eq!(bare(&object), named(wanted), "{stored:?} {applied:?}");
    }
}

#[test]
fn what_is_stored_twice_is_replaced_by_what_is_applied() {
    let world = World::default();
    let env = |env: Value| containers(json!([{"name": "a", "env": env}]));
    let twice = env(json!([
        {"name": "X", "value": "1"},
        {"name": "Y", "value": "1"},
        {"name": "X", "value": "2"},
    ]));
    let object = world.create(&twice, "u");
    let path = "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"a\"}/f:env";
    let x = json!({});
    let y = json!({".": {}, "f:name": {}, "f:value": {}});
    let all = json!({".": {}, "k:{\"name\":\"X\"}": x, "k:{\"name\":\"Y\"}": y});
    assert_eq!(owned(&object, "u", "Update").pointer(path), Some(&all));

    let once = env(json!([{"name": "X", "value": "3"}]));
    assert!(world.apply(&object, &once, "me").is_err());
    let object = world.force(&object, &once, "me");
    let wanted = env(json!([{"name": "X", "value": "3"}, {"name": "Y", "value": "1"}]));
    assert_eq!(bare(&object), wanted);
}

#[test]
fn a_client_side_apply_is_taken_over() {
    let world = World::default();
    let annotation = "kubectl.kubernetes.io/last-applied-configuration";
    let mut live = web(json!({"replicas": 1, "paused": true}));
    live["metadata"]["annotations"] = json!({annotation: web(json!({"replicas": 1})).to_string()});
    let object = world.create(&live, "kubectl-client-side-apply");

    // What was applied by the client is kubectl's own; what was not is a conflict.
    let patch = web(json!({"replicas": 2}));
    let upgraded = world.apply(&object, &patch, "kubectl").expect("kubectl's own field");
    assert_eq!(upgraded["spec"]["replicas"], 2);
    let told = upgraded["metadata"]["annotations"][annotation].as_str().expect("it is kept");
    assert_eq!(told, format!("{patch}\n"));
    assert!(world.apply(&object, &patch, "me").is_err());
    let both = web(json!({"replicas": 2, "paused": false}));
    let why = world.apply(&object, &both, "kubectl").expect_err("paused was not applied");
    assert_eq!(
        why.causes().iter().map(|it| it.field.as_str()).collect::<Vec<_>>(),
        [".spec.paused"]
    );
    // What was changed after it was applied is a conflict, too.
    let scaled = world.update(&object, "autoscaler", |it| it["spec"]["replicas"] = json!(7));
    assert!(world.apply(&scaled, &patch, "kubectl").is_err());
}

#[test]
fn what_is_no_apply_is_refused_in_upstreams_words() {
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1})), "kubectl");
    let typed = |why: &str| {
        format!(
            "failed to create typed patch object (default/web; apps/v1, Kind=Deployment): {why}"
        )
    };
    let mut with_managed = web(json!({}));
    with_managed["metadata"]["managedFields"] = json!([]);
    let mut other_kind = web(json!({}));
    other_kind["kind"] = json!("Pod");
    other_kind["apiVersion"] = json!("v1");
    let cases = [
        (other_kind, "invalid object type: /v1, Kind=Pod".to_owned()),
        (with_managed, "metadata.managedFields must be nil".to_owned()),
        (web(json!({"what": 1})), typed(".spec.what: field not declared in schema")),
        (
            web(json!({"replicas": "1"})),
            typed(".spec.replicas: expected numeric (int or float), got string"),
        ),
        (web(json!({"paused": 1})), typed(".spec.paused: expected boolean, got &{1}")),
        (web(json!([])), typed(".spec: expected map, got &{[]}")),
        (
            containers(json!([{"name": 1}])),
            typed(
                ".spec.template.spec.containers[name=1].name: \
                 expected string, got &value.valueUnstructured{Value:1}",
            ),
        ),
        (
            containers(json!([{"name": "a"}, {"name": "a"}])),
            typed(".spec.template.spec.containers: duplicate entries for key [name=\"a\"]"),
        ),
        (
            containers(json!([{"image": "a"}])),
            typed(
                ".spec.template.spec.containers: element 0: associative list with keys has an \
                 element that omits key field \"name\" (and doesn't have default value)",
            ),
        ),
    ];
    for (patch, text) in cases {
        let why = world.apply(&object, &patch, "me").expect_err(&text);
        assert_eq!((why.code(), why.to_string()), (400, text), "{patch}");
    }
}

/// Replicas are called `count` in v1beta2.
struct Renamed;

impl Versions for Renamed {
    fn convert(&self, object: &Value, version: &str) -> Option<Value> {
        let (from, to) = match version {
            "apps/v1" => ("count", "replicas"),
            "apps/v1beta2" => ("replicas", "count"),
            _ => return None,
        };
        let mut object = object.clone();
        object["apiVersion"] = json!(version);
        if let Some(spec) = object["spec"].as_object_mut() {
            let value = spec.remove(from);
            spec.extend(value.map(|value| (to.to_owned(), value)));
        }
        Some(object)
    }
}

#[test]
fn managers_own_in_their_own_versions() {
    let old = World { versions: Box::new(Renamed), version: "v1beta2", ..World::default() };
    let new = World { versions: Box::new(Renamed), ..World::default() };
    let mut patch = web(json!({"count": 1}));
    patch["apiVersion"] = json!("apps/v1beta2");
    let object = old.apply(&json!({}), &patch, "old").expect("nobody else is there");
    let stored = Renamed.convert(&object, "apps/v1").expect("it is served");
    assert_eq!(stored["spec"], json!({"replicas": 1}));

    let why = new.apply(&stored, &web(json!({"replicas": 2})), "me").expect_err("the same field");
    assert_eq!(why.causes()[0].field, ".spec.count");
    // The applier itself may move on to a newer version; what it owned goes along.
    let object = new.apply(&stored, &web(json!({})), "old").expect("its own");
    assert_eq!(bare(&object)["spec"], json!({}));
    // What is owned in a version that is gone is forgotten.
    let mut gone = stored;
    gone["metadata"]["managedFields"][0]["apiVersion"] = json!("apps/v1alpha1");
    let object = new.apply(&gone, &web(json!({"replicas": 2})), "me").expect("no owner is known");
    assert_eq!(owned(&object, "old", "Apply"), Value::Null);
}

#[test]
fn a_request_owns_only_what_it_can_change() {
    let status = Set::from_value(&json!({"f:status": {}})).expect("a set");
    let filters = BTreeMap::from([("apps/v1".to_owned(), Filter::Without(status))]);
    let world = World { filters, ..World::default() };
    let mut patch = web(json!({"replicas": 1}));
    patch["status"] = json!({"replicas": 1});
    let object = world.apply(&json!({}), &patch, "me").expect("nobody else is there");
    assert_eq!(owned(&object, "me", "Apply"), json!({"f:spec": {"f:replicas": {}}}));
    let object = world.update(&object, "kubelet", |it| it["status"]["replicas"] = json!(5));
    assert_eq!(owned(&object, "kubelet", "Update"), Value::Null);
}

#[test]
fn what_became_atomic_is_owned_as_one() {
    let world = World::default();
    let object = world.apply(&json!({}), &pod(json!({"nodeSelector": {"a": "1"}})), "me");
    let mut object = object.expect("nobody else is there");
    let whole = json!({"f:spec": {"f:template": {"f:spec": {"f:nodeSelector": {}}}}});
    assert_eq!(owned(&object, "me", "Apply"), whole);
    // As it would have been told while the map was granular.
    let parts = json!({"f:spec": {"f:template": {"f:spec": {"f:nodeSelector": {"f:a": {}}}}}});
    object["metadata"]["managedFields"][0]["fieldsV1"] = parts;
    let why = world.apply(&object, &pod(json!({"nodeSelector": {"b": "2"}})), "other");
    let causes = why.expect_err("it is one field").causes();
    assert_eq!(causes[0].field, ".spec.template.spec.nodeSelector");
    let stored = world.update(&object, "other", |it| it["spec"]["replicas"] = json!(1));
    assert_eq!(owned(&stored, "me", "Apply"), whole);
}

#[test]
fn nothing_new_leaves_the_time() {
    let world = World::default();
    let object = world.apply(&json!({}), &web(json!({"replicas": 1})), "me").expect("new");
    let later = World { now: LATER, ..World::default() };
    let again = later.apply(&object, &web(json!({"replicas": 1})), "me").expect("the same");
    assert_eq!(again, object);
    let changed = later.apply(&object, &web(json!({"replicas": 2})), "me").expect("its own");
    assert_eq!(changed["metadata"]["managedFields"][0]["time"], LATER);
}
