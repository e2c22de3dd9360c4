//! Managed fields of requests that are no apply: who becomes owner, and what is kept of the
//! records.

use crate::{
    deployments::deployment,
    managers::{LATER, NOW, World},
    schemas::deployment_kind,
};
use api::{
    decode::decode,
    defaults::Defaults,
    patch::{
        fields::Path,
        managed::{Managed, keep_times, manager_of},
    },
    schema::Schemas,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn web(spec: Value) -> Value {
    let metadata = json!({"name": "web", "uid": "u"});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
}

/// Manager, operation, subresource, time and fields of each record.
fn records(object: &Value) -> Vec<(String, String)> {
    let entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let names = ["manager", "operation", "subresource", "time"];
    let one = |entry: &Value| {
        let who = names.map(|name| text(entry, name)).join(" ");
        (who, entry["fieldsV1"].to_string())
    };
    entries.iter().map(one).collect()
}

fn record(who: &str, fields: Value) -> (String, String) {
    (who.to_owned(), fields.to_string())
}

fn replicas() -> Value {
    json!({"f:spec": {"f:replicas": {}}})
}

#[test]
fn a_creator_owns_what_it_and_the_defaults_put_there() {
    let schemas = Schemas::built_in();
    let defaults = Defaults::built_in(&schemas);
    let deployment = schemas.of(&deployment_kind()).expect("a built-in kind");
    let container = json!({"name": "web", "image": "i"});
    let template = json!({
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [container], "securityContext": {}},
    });
    let mut object =
        web(json!({"selector": {"matchLabels": {"app": "web"}}, "template": template}));
    object["metadata"]["labels"] = json!({"app": "web"});
    let decoded = decode(&schemas, deployment, object.to_string().as_bytes()).expect("an object");
    let Value::Object(mut object) = decoded.value else { unreachable!() };
    defaults.apply(&schemas, deployment, &mut object);

    let world = World { schemas, ..World::default() };
    let stored = world.create(&Value::Object(object), "kubectl-create");
    // As `kubectl create deployment` leaves it on a cluster of upstream's.
    let container = json!({
        ".": {},
        "f:image": {},
        "f:imagePullPolicy": {},
        "f:name": {},
        "f:resources": {},
        "f:terminationMessagePath": {},
        "f:terminationMessagePolicy": {},
    });
    let labels = json!({"f:labels": {".": {}, "f:app": {}}});
    let wanted = json!({
        "f:metadata": labels,
        "f:spec": {
            "f:progressDeadlineSeconds": {},
            "f:replicas": {},
            "f:revisionHistoryLimit": {},
            "f:selector": {},
            "f:strategy": {
                "f:rollingUpdate": {".": {}, "f:maxSurge": {}, "f:maxUnavailable": {}},
                "f:type": {},
            },
            "f:template": {
                "f:metadata": labels,
                "f:spec": {
                    "f:containers": {"k:{\"name\":\"web\"}": container},
                    "f:dnsPolicy": {},
                    "f:restartPolicy": {},
                    "f:schedulerName": {},
                    "f:securityContext": {},
                    "f:terminationGracePeriodSeconds": {},
                },
            },
        },
    });
    let who = format!("kubectl-create Update - {NOW}");
    assert_eq!(records(&stored), [record(&who, wanted)]);
}

#[test]
fn who_changes_a_field_owns_it_and_others_no_more() {
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1, "paused": true})), "a");
    let later = World { now: LATER, ..World::default() };
    let changed = later.update(&object, "b", |it| it["spec"]["replicas"] = json!(2));
    let paused = json!({"f:spec": {"f:paused": {}}});
    let (a, b) = (format!("a Update - {NOW}"), format!("b Update - {LATER}"));
    assert_eq!(records(&changed), [record(&a, paused), record(&b, replicas())]);

    // What is removed is owned by nobody; whose request it was does not matter.
    let gone = later.update(&changed, "c", |it| it["spec"] = json!({"replicas": 2}));
    assert_eq!(records(&gone), [record(&b, replicas())]);
    // The same manager has one record; its time is that of its last change.
    let more = later.update(&object, "a", |it| it["spec"]["count"] = json!(1));
    let all = json!({"f:spec": {"f:count": {}, "f:paused": {}, "f:replicas": {}}});
    assert_eq!(records(&more), [record(&format!("a Update - {LATER}"), all)]);
}

#[test]
fn what_changes_nothing_leaves_the_records() {
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1})), "a");
    let later = World { now: LATER, ..World::default() };
    assert_eq!(later.update(&object, "b", |_| ()), object);
    // What the server sees to is nobody's.
    let versioned = later.update(&object, "b", |it| {
        it["metadata"]["resourceVersion"] = json!("7");
        it["metadata"]["generation"] = json!(2);
    });
    assert_eq!(records(&versioned), records(&object));
}

#[test]
fn subresources_have_records_of_their_own() {
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1})), "a");
    let scale = World { subresource: "scale", now: LATER, ..World::default() };
    let scaled = scale.update(&object, "a", |it| {
        it["spec"]["replicas"] = json!(2);
        it["metadata"]["managedFields"] = json!([]);
    });
    assert_eq!(records(&scaled), [record(&format!("a Update scale {LATER}"), replicas())]);
    let why = world.apply(&scaled, &web(json!({"replicas": 3})), "b").expect_err("a's");
    let owner = "\"a\" with subresource \"scale\" using apps/v1";
    let wanted = format!("Apply failed with 1 conflict: conflict with {owner}: .spec.replicas");
    assert_eq!(why.to_string(), wanted);
}

#[test]
fn clients_may_reset_records_and_may_not_know_them() {
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1})), "a");
    for reset in [json!([]), json!([{}]), json!([{"manager": "", "time": null}])] {
        let new = world.update(&object, "b", |it| it["metadata"]["managedFields"] = reset);
        assert_eq!(new["metadata"].get("managedFields"), None);
        // Nobody is tracked until somebody applies; then what is there has an owner.
        let untracked = world.update(&new, "b", |it| it["spec"]["count"] = json!(1));
        assert_eq!(untracked["metadata"].get("managedFields"), None);
        let applied = world.apply(&untracked, &web(json!({"paused": true})), "me").expect("new");
        let all = json!({"f:spec": {"f:count": {}, "f:replicas": {}}});
        let paused = json!({"f:spec": {"f:paused": {}}});
        assert_eq!(
            records(&applied),
            [
                record(&format!("me Apply - {NOW}"), paused),
                record(&format!("before-first-apply Update - {NOW}"), all),
            ]
        );
    }
    for ignorant in [json!(null), json!([{"manager": "x"}]), json!("what")] {
        let new = world.update(&object, "b", |it| it["metadata"]["managedFields"] = ignorant);
        assert_eq!(records(&new), records(&object));
    }
    let mut mine = object["metadata"]["managedFields"].clone();
    mine[0]["manager"] = json!("c");
    let new = world.update(&object, "b", |it| it["metadata"]["managedFields"] = mine);
    assert_eq!(records(&new), [record(&format!("c Update - {NOW}"), replicas())]);
}

#[test]
fn the_oldest_updates_become_one_record() {
    let mut object = World::default().create(&web(json!({})), "nobody");
    let times: Vec<_> = (10..22).map(|day| format!("2026-01-{day}T00:00:00Z")).collect();
    let mut labels = json!({});
    object = World::default().apply(&object, &web(json!({"count": 1})), "applier").expect("new");
    for (place, time) in times.iter().enumerate() {
        let world = World { now: Box::leak(time.clone().into_boxed_str()), ..World::default() };
        labels[format!("l{place}")] = json!("x");
        object = world.update(&object, &format!("m{place}"), |it| {
            it["metadata"]["labels"] = labels.clone();
        });
    }
    let managers: Vec<_> = records(&object).into_iter().map(|(who, _)| who).collect();
    assert_eq!(managers.len(), 11);
    assert_eq!(managers[0], format!("applier Apply - {NOW}"));
    assert_eq!(managers[1], format!("ancient-changes Update - {}", times[2]));
    assert_eq!(managers[2], format!("m3 Update - {}", times[3]));
    let ancient =
        json!({"f:metadata": {"f:labels": {".": {}, "f:l0": {}, "f:l1": {}, "f:l2": {}}}});
    assert_eq!(records(&object)[1].1, ancient.to_string());
}

#[test]
fn records_are_read_and_written_as_upstream_has_them() {
    let entry = json!({
        "manager": "m",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {}},
    });
    let read = |change: &dyn Fn(&mut Value)| {
        let mut entry = entry.clone();
        change(&mut entry);
        Managed::decode(Some(&json!([entry]))).map_err(|why| why.to_string())
    };
    assert_eq!(read(&|_| ()).expect("a record").encode(), Some(json!([entry])));
    let cases: [(&str, Value, &str); 5] = [
        ("operation", json!("Patch"), "operation must be `Apply` or `Update`"),
        ("apiVersion", json!(""), "apiVersion must not be empty"),
        ("fieldsType", json!(null), "missing fieldsType in managed fields entry 0"),
        ("fieldsType", json!("V2"), "invalid fieldsType \"V2\" in managed fields entry 0"),
        ("fieldsV1", json!([]), "error decoding set: expected an object"),
    ];
    for (name, value, wanted) in cases {
        let got = read(&|entry| entry[name] = value.clone()).expect_err(wanted);
        assert_eq!(got, wanted);
    }
    assert_eq!(Managed::decode(None).map(|it| it.encode()), Ok(None));
}

#[test]
fn times_alone_are_no_change() {
    let world = World::default();
    let old = world.create(&web(json!({"replicas": 1})), "a");
    let mut new = old.clone();
    new["metadata"]["managedFields"][0]["time"] = json!(LATER);
    assert_eq!(keep_times(&old, new.clone()), old);
    new["spec"]["replicas"] = json!(2);
    assert_eq!(keep_times(&old, new.clone()), new);
    let bare = web(json!({"replicas": 1}));
    assert_eq!(keep_times(&bare, old.clone()), old);
}

#[test]
fn a_manager_is_named_by_the_request_or_by_its_client() {
    assert_eq!(manager_of("me", "kubectl/v1.32"), "me");
    assert_eq!(manager_of("", "kubectl/v1.32 (linux/amd64)"), "kubectl");
    assert_eq!(manager_of("", "\u{7}x\n"), "x");
    assert_eq!(manager_of("", &"é".repeat(100)), "é".repeat(64));
}

#[test]
fn who_scales_owns_the_parents_replicas() {
    let path = Path::of_fields(&["spec", "replicas"]);
    let paths = BTreeMap::from([("apps/v1".to_owned(), Some(path))]);
    let world = World::default();
    let object = world.create(&web(json!({"replicas": 1, "count": 1})), "a");
    let object = world.apply(&object, &web(json!({"replicas": 1})), "b").expect("the same");
    let scale = Managed::of(&object).to_scale(&paths);
    assert_eq!(scale.0.len(), 2);
    assert!(scale.0.values().all(|it| it.version == "autoscaling/v1"));

    // The autoscaler took it from both.
    let entry = json!([{
        "manager": "hpa",
        "operation": "Update",
        "apiVersion": "autoscaling/v1",
        "subresource": "scale",
        "time": LATER,
        "fieldsType": "FieldsV1",
        "fieldsV1": replicas(),
    }]);
    let scale = Managed::decode(Some(&entry)).expect("a record");
    let mut stored = object;
    Managed::of(&stored).with_scale(&scale, "apps/v1", &paths).store(&mut stored);
    let rest = json!({"f:spec": {"f:count": {}}});
    assert_eq!(
        records(&stored),
        [
            record(&format!("a Update - {NOW}"), rest),
            record(&format!("hpa Update scale {LATER}"), replicas()),
        ]
    );
}

#[test]
fn nothing_upsets_the_bookkeeping() {
    let strange = [
        json!(null),
        json!([]),
        json!({"metadata": []}),
        json!({"metadata": {"managedFields": {}, "annotations": [], "uid": 1}}),
        json!({"apiVersion": 1, "kind": {}, "spec": [{"x": null}]}),
        web(json!({"template": {"spec": {"containers": {"name": 1}}}})),
        web(json!({"template": {"spec": {"containers": [null, [], {"ports": [{}]}]}}})),
        web(json!({"selector": "x", "strategy": []})),
    ];
    let world = World::default();
    for live in &strange {
        for new in &strange {
            world.put(live, new.clone(), "m");
            if let Err(why) = world.apply(live, new, "kubectl") {
                assert!([400, 409, 500].contains(&why.code()), "{why}");
            }
        }
    }
}

proptest! {
    #[test]
    fn bookkeeping_changes_nothing_else(mut old in deployment(), mut next in deployment()) {
        let world = World::default();
        old["metadata"]["name"] = json!("web");
        next["metadata"]["name"] = json!("web");
        let stored = world.create(&old, "a");
        if let Some(managed) = stored["metadata"].get("managedFields") {
            next["metadata"]["managedFields"] = managed.clone();
        }
        let updated = world.put(&stored, next.clone(), "b");
        let bare = |it: &Value| {
            let mut it = it.clone();
            let metadata = it.pointer_mut("/metadata").and_then(Value::as_object_mut);
            metadata.map(|metadata| metadata.remove("managedFields"));
            it
        };
        prop_assert_eq!(bare(&updated), bare(&next));
        // Doing it again is no news to anybody.
        let later = World { now: LATER, ..World::default() };
        prop_assert_eq!(later.put(&updated, updated.clone(), "c"), updated);
    }
}
