//! Each door changes its own side of an object, and generations count.

use super::*;
use crate::authentication::User;
use serde_json::json;

fn resource(plural: &str) -> Resource {
    api::resources::built_in().into_iter().find(|one| one.plural == plural).unwrap()
}

fn with<T>(work: impl FnOnce(&Occasion<'_>) -> T) -> T {
    let user = User {
        name: "alice".into(),
        groups: vec!["dev".into()],
        uid: "7".into(),
        ..User::default()
    };
    work(&Occasion { user: &user, now: "2026-01-01T00:00:00Z" })
}

fn created(plural: &str, mut object: Value) -> Value {
    with(|at| create(&resource(plural), &mut object, at));
    object
}

fn updated(plural: &str, door: &str, present: &Value, mut new: Value) -> Value {
    with(|at| update(&resource(plural), door, &mut new, present, at));
    new
}

#[test]
fn a_new_object_has_the_status_that_the_server_gives_it() {
    let pending = json!({"phase": "Pending"});
    let since = json!({"phase": "Pending", "lastPhaseTransitionTime": "2026-01-01T00:00:00Z"});
    let best_effort = json!({"phase": "Pending", "qosClass": "BestEffort"});
    let cases = [
        ("pods", best_effort),
        ("persistentvolumeclaims", pending),
        ("persistentvolumes", since),
        ("namespaces", json!({"phase": "Active"})),
        ("deployments", Value::Null),
        ("services", Value::Null),
        ("nodes", json!({"bad": 1})),
    ];
    for (plural, status) in cases {
        let object = json!({"metadata": {"name": "a"}, "spec": {}, "status": {"bad": 1}});
        assert_eq!(created(plural, object)["status"], status, "{plural}");
    }
}

#[test]
fn who_asks_for_a_certificate_is_who_sends_the_request() {
    let request = json!({"metadata": {}, "spec": {"username": "root", "request": "x"}});
    let spec = json!({"username": "alice", "uid": "7", "groups": ["dev"], "request": "x"});
    assert_eq!(created("certificatesigningrequests", request)["spec"], spec);

    let present = json!({"metadata": {}, "spec": spec, "status": {"certificate": "c"}});
    let approved = json!({
        "metadata": {}, "spec": {},
        "status": {"conditions": [{"type": "Approved", "status": "True"}], "certificate": "bad"},
    });
    let new = updated("certificatesigningrequests", "approval", &present, approved);
    assert_eq!(new["spec"], spec);
    assert_eq!(new["status"]["certificate"], "c");
    assert_eq!(new["status"]["conditions"][0]["lastUpdateTime"], "2026-01-01T00:00:00Z");
}

#[test]
fn a_generation_counts_what_is_wanted() {
    let present = json!({
        "metadata": {"generation": 3, "annotations": {"a": "1"}, "labels": {"l": "1"}},
        "spec": {"x": 1}, "status": {},
    });
    let change = |pointer: &str, value: Value| {
        let mut new = present.clone();
        *new.pointer_mut(pointer).unwrap() = value;
        new
    };
    let cases = [
        ("replicasets", "", change("/spec/x", 2.into()), 4),
        ("replicasets", "", change("/metadata/annotations/a", "2".into()), 3),
        ("deployments", "", change("/metadata/annotations/a", "2".into()), 4),
        ("deployments", "", change("/metadata/labels/l", "2".into()), 3),
        ("endpointslices", "", change("/metadata/labels/l", "2".into()), 4),
        ("deployments", "status", change("/spec/x", 2.into()), 3),
        ("deployments", "scale", change("/spec/x", 2.into()), 4),
        ("priorityclasses", "", change("/spec/x", 2.into()), 3),
    ];
    for (plural, door, new, generation) in cases {
        let new = updated(plural, door, &present, new);
        assert_eq!(new["metadata"]["generation"], generation, "{plural} {door}");
    }
}

#[test]
fn the_status_door_changes_nothing_else() {
    let present = json!({"metadata": {}, "spec": {"x": 1}, "data": 1, "status": {"a": 1}});
    let new = json!({"metadata": {}, "spec": {"x": 2}, "more": 1, "status": {"a": 2}});
    let status = updated("replicasets", "status", &present, new.clone());
    assert_eq!(status, json!({"metadata": {}, "spec": {"x": 1}, "data": 1, "status": {"a": 2}}));
    let main = updated("replicasets", "", &status, new);
    assert_eq!(main["spec"], json!({"x": 2}));
    assert_eq!(main["status"], json!({"a": 2}));
}

#[test]
fn a_daemon_set_counts_its_templates_in_an_annotation() {
    let set = created("daemonsets", json!({"metadata": {}, "spec": {"template": 1}}));
    let count = |set: &Value| {
        set["metadata"]["annotations"]["deprecated.daemonset.template.generation"].clone()
    };
    assert_eq!(count(&set), "1");
    let mut new = set.clone();
    new["metadata"]["annotations"] = json!({});
    let same = updated("daemonsets", "", &set, new.clone());
    assert_eq!(count(&same), "1");
    new["spec"]["template"] = 2.into();
    let changed = updated("daemonsets", "", &set, new);
    assert_eq!((count(&changed), &changed["metadata"]["generation"]), ("2".into(), &2.into()));
}

#[test]
fn texts_of_a_secret_become_data_and_accounts_name_their_secrets() {
    let secret = json!({"metadata": {}, "stringData": {"a": "hi"}, "data": {"b": "eA=="}});
    let secret = created("secrets", secret);
    assert_eq!(secret["data"], json!({"a": "aGk=", "b": "eA=="}));
    assert_eq!(secret.get("stringData"), None);
    let account = json!({"metadata": {}, "secrets": [{"name": "s", "namespace": "n"}]});
    assert_eq!(created("serviceaccounts", account)["secrets"], json!([{"name": "s"}]));
}

#[test]
fn each_door_of_a_pod_changes_its_part() {
    let present = json!({
        "metadata": {"generation": 1},
        "spec": {"nodeName": "n", "containers": [{"name": "a", "image": "i"}]},
        "status": {"phase": "Running", "qosClass": "BestEffort"},
    });
    let new = json!({
        "metadata": {"generation": 1},
        "spec": {
            "containers": [{"name": "a", "image": "j", "resources": {"limits": {"cpu": "1"}}}],
            "ephemeralContainers": [{"name": "d"}],
        },
        "status": {"phase": "Failed"},
    });
    let debugged = updated("pods", "ephemeralcontainers", &present, new.clone());
    assert_eq!(
        debugged["spec"],
        json!({
            "nodeName": "n", "containers": [{"name": "a", "image": "i"}],
            "ephemeralContainers": [{"name": "d"}],
        })
    );
    assert_eq!(debugged["status"], present["status"]);
    let resized = updated("pods", "resize", &present, new.clone());
    let container = json!({"name": "a", "image": "i", "resources": {"limits": {"cpu": "1"}}});
    assert_eq!(resized["spec"], json!({"nodeName": "n", "containers": [container]}));
    assert_eq!(resized["metadata"]["generation"], 2);
    let status = updated("pods", "status", &present, new);
    assert_eq!(status["status"], json!({"phase": "Failed", "qosClass": "BestEffort"}));
}
