//! The oracles of objects of many kinds keep silent about a good run, and object to each way of
//! spoiling it.

#![allow(clippy::unwrap_used, reason = "a test: failing loudly is its purpose")]

use oracles::{
    ALL, History, Observation, Record, World,
    history::{
        Copied, EstateCall, EstateChange, NoticeKind, Noticed, Object, ObjectChange, Review, Term,
    },
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;

/// Whether an oracle objects.
fn objects(name: &str, history: &History) -> bool {
    let entry = ALL.iter().find(|entry| entry.name == name).unwrap();
    let mut judge = (entry.new)();
    for (at, event) in [(40, World::Healed), (200, World::End)] {
        judge.observe(&Observation::World { at: at * SECOND, event }).unwrap();
    }
    let record = Record::new(history);
    judge.observe(&Observation::History(&record)).and_then(|()| judge.finish()).is_err()
}

/// Each line: the second and revision, the key, and what it holds then.
fn log(lines: &[(u64, &str, Value)]) -> History {
    let mut history = History::default();
    let changes = lines.iter().map(|(revision, key, object)| EstateChange {
        at: revision * SECOND,
        revision: *revision,
        key: (*key).to_owned(),
        object: Some(object.clone()).filter(|object| !object.is_null()),
    });
    history.estate.log.changes = changes.collect();
    history.estate.log.known_to = 100;
    history
}

fn with(mut object: Value, author: &str, token: &str) -> Value {
    object["metadata"]["annotations"][format!("seaworthy.io/at-{author}")] = token.into();
    object
}

fn call(method: &str, path: &str, token: &str, code: u16) -> EstateCall {
    let (method, path, token) = (method.to_owned(), path.to_owned(), token.to_owned());
    EstateCall { method, path, token, code, ..EstateCall::default() }
}

#[test]
fn what_is_stored_was_asked_for() {
    let key = "secrets/n/a";
    let path = "/api/v1/namespaces/n/secrets";
    let secret = with(json!({"metadata": {"uid": "u", "name": "a"}}), "c1", "t");
    let mut good = log(&[(5, key, secret.clone()), (7, key, Value::Null)]);
    let mut created = call("POST", path, "t", 201);
    created.answer = secret;
    created.answer["metadata"]["resourceVersion"] = "5".into();
    let deleted = call("DELETE", "/api/v1/namespaces/n/secrets/a", "", 200);
    good.estate.calls = vec![created.clone(), deleted];
    assert!(!objects("estate_writes", &good));
    let spoilt = |change: &dyn Fn(&mut History)| {
        let mut bad = good.clone();
        change(&mut bad);
        objects("estate_writes", &bad)
    };
    assert!(spoilt(&|bad| bad.estate.calls[0].dry_run = true));
    assert!(spoilt(&|bad| bad.estate.calls[0].code = 409));
    assert!(spoilt(&|bad| bad.estate.calls[0].token = "other".into()));
    assert!(spoilt(&|bad| bad.estate.calls[1].dry_run = true));
    assert!(spoilt(&|bad| bad.estate.calls[1].path.push('x')));
    assert!(spoilt(&|bad| bad.estate.log.changes[0].revision = 4));
    assert!(!spoilt(&|bad| bad.estate.calls[1].path = path.into()), "all of them");
    assert!(!spoilt(&|bad| bad.estate.calls[0].code = 0), "it may have been");
}

#[test]
fn an_object_stays_itself() {
    let key = "deployments/n/a";
    let object = |uid: &str, generation: u64, replicas: u64| {
        json!({"metadata": {"uid": uid, "generation": generation, "creationTimestamp": "t"},
            "spec": {"replicas": replicas}})
    };
    let states = |last: Value| {
        let lines = [(5, key, object("u", 1, 1)), (6, key, object("u", 2, 2)), (7, key, last)];
        objects("estate_identity", &log(&lines))
    };
    assert!(!states(object("u", 3, 3)));
    assert!(!states(Value::Null));
    assert!(states(object("v", 3, 3)), "another uid");
    assert!(states(object("u", 2, 3)), "not counted");
    assert!(states(object("u", 3, 2)), "counted for nothing");
    assert!(states(object("u", 1, 1)), "back");
    let again = [(5, key, object("u", 1, 1)), (6, key, Value::Null), (7, key, object("u", 1, 1))];
    assert!(objects("estate_identity", &log(&again)), "it came back");
}

#[test]
fn the_parts_of_an_object_have_doors_of_their_own() {
    let key = "deployments/n/a";
    let path = "/apis/apps/v1/namespaces/n/deployments/a";
    let state = |token: &str, spec: u64, status: u64| {
        with(json!({"metadata": {}, "spec": {"x": spec}, "status": {"y": status}}), "c1", token)
    };
    let run = |door: &str, after: Value| {
        let mut history = log(&[(5, key, state("t1", 1, 1)), (6, key, after)]);
        history.estate.calls = vec![call("PUT", &format!("{path}{door}"), "t2", 200)];
        objects("parts_apart", &history)
    };
    assert!(!run("", state("t2", 2, 1)));
    assert!(!run("/status", state("t2", 1, 2)));
    assert!(run("", state("t2", 2, 2)));
    assert!(run("/status", state("t2", 2, 2)));
    let mut owned = state("t2", 2, 1);
    owned["metadata"]["managedFields"] = json!([{"fieldsV1": {"f:status": {}}}]);
    assert!(run("", owned));
}

#[test]
fn fields_change_owners_openly() {
    let key = "configmaps/n/shared-0";
    let path = "/api/v1/namespaces/n/configmaps/shared-0?fieldManager=";
    let entry = |manager: &str, operation: &str, names: &[&str]| {
        let fields: BTreeMap<String, Value> =
            names.iter().map(|name| (format!("f:{name}"), json!({}))).collect();
        json!({"manager": manager, "operation": operation, "fieldsV1": {"f:data": fields}})
    };
    let state = |token: &str, data: Value, managed: Value| {
        with(json!({"metadata": {"managedFields": managed}, "data": data}), "c", token)
    };
    let before = state(
        "t1",
        json!({"a": "1", "b": "1"}),
        json!([entry("m", "Apply", &["a", "b"]), entry("o", "Apply", &["b"])]),
    );
    let run = |query: &str, media: &str, body: Value, after: Value| {
        let mut history = log(&[(5, key, before.clone()), (6, key, after)]);
        let mut call = call("PATCH", &format!("{path}{query}"), "t2", 200);
        (call.media, call.body) = (media.to_owned(), json!({"data": body}));
        history.estate.calls = vec![call];
        objects("fields_owned", &history)
    };
    let apply = "application/apply-patch+yaml";
    // It gives `a` up, which goes, and `b`, which another owns and keeps.
    let kept = json!([entry("m", "Apply", &["c"]), entry("o", "Apply", &["b"])]);
    let given_up = state("t2", json!({"b": "1", "c": "1"}), kept.clone());
    assert!(!run("m", apply, json!({"c": "1"}), given_up));
    assert!(run("m", apply, json!({"c": "1"}), state("t2", json!({"c": "1"}), kept)));
    let lost = json!([entry("m", "Apply", &["c"])]);
    assert!(run("m", apply, json!({"c": "1"}), state("t2", json!({"b": "1", "c": "1"}), lost)));
    // It changes what another owns.
    let taken = json!([entry("m", "Apply", &["b"])]);
    let after = state("t2", json!({"b": "2"}), taken);
    assert!(!run("m&force=true", apply, json!({"b": "2"}), after.clone()));
    assert!(run("m", apply, json!({"b": "2"}), after));
    // Another write takes what it changes, and leaves the rest.
    let owners = json!([entry("m", "Apply", &["a"]), entry("u", "Update", &["b"])]);
    let updated = state("t2", json!({"a": "1", "b": "3"}), owners);
    assert!(!run("u", "application/json", Value::Null, updated.clone()));
    assert!(run("w", "application/json", Value::Null, updated));
}

#[test]
fn services_share_nothing() {
    let service = |address: &str, port: u64| {
        json!({"metadata": {"uid": address}, "spec": {"type": "NodePort",
            "clusterIPs": [address], "ports": [{"nodePort": port, "protocol": "TCP"}]}})
    };
    let (a, b) = ("services/specs/n/a", "services/specs/n/b");
    let both = |other: Value| log(&[(5, a, service("10.0.0.1", 1)), (6, b, other)]);
    assert!(!objects("services_unique", &both(service("10.0.0.2", 2))));
    assert!(objects("services_unique", &both(service("10.0.0.1", 2))));
    assert!(objects("services_unique", &both(service("10.0.0.2", 1))));
    let handed_on = [
        (5, a, service("10.0.0.1", 1)),
        (6, a, Value::Null),
        (7, b, service("10.0.0.1", 1)),
        (7, "ipaddresses/10.0.0.1", json!({})),
    ];
    assert!(!objects("services_unique", &log(&handed_on)));
    assert!(!objects("services_released", &log(&handed_on)));
    assert!(objects("services_released", &log(&handed_on[..3])), "not kept");
    let mut leaked = handed_on.to_vec();
    leaked.push((8, b, Value::Null));
    assert!(objects("services_released", &log(&leaked)), "kept for nobody");
}

#[test]
fn namespaces_hold_what_they_may() {
    let quota = json!({"spec": {"hard": {"count/secrets": "1"}}});
    let lines = |last: &'static str| {
        [
            (4, "namespaces/n", json!({})),
            (5, "resourcequotas/n/limits", quota.clone()),
            (6, "secrets/n/a", json!({})),
            (7, last, json!({})),
        ]
    };
    assert!(objects("quota_held", &log(&lines("secrets/n/b"))));
    assert!(!objects("quota_held", &log(&lines("secrets/m/b"))));
}

#[test]
fn a_webhook_is_asked() {
    let secret = with(json!({"metadata": {}}), "c", "t");
    let mut history =
        log(&[(5, "validatingwebhookconfigurations/w", json!({})), (60, "secrets/n/a", secret)]);
    let mut created = call("POST", "/api/v1/namespaces/n/secrets", "t", 201);
    created.called = 59 * SECOND;
    history.estate.calls = vec![created];
    assert!(objects("webhooks_asked", &history));
    history.estate.reviews = vec![Review { at: 61 * SECOND, token: "t".into() }];
    assert!(objects("webhooks_asked", &history), "too late");
    history.estate.reviews = vec![Review { at: 60 * SECOND, token: "t".into() }];
    assert!(!objects("webhooks_asked", &history));
    history.estate.reviews.clear();
    history.estate.calls[0].called = 20 * SECOND;
    assert!(!objects("webhooks_asked", &history), "not all servers know it yet");
}

#[test]
fn leaders_come_one_after_the_other() {
    let terms = |all: &[(u32, &[u64])]| {
        let term = |(client, acts): &(u32, &[u64])| Term { client: *client, acts: acts.to_vec() };
        let mut history = History::default();
        history.estate.terms = all.iter().map(term).collect();
        objects("one_leader", &history)
    };
    assert!(!terms(&[(1, &[1, 5, 9]), (2, &[10, 20]), (1, &[21]), (3, &[])]));
    assert!(terms(&[(1, &[1, 5, 9]), (2, &[8, 20])]));
}

#[test]
fn informers_go_forward_and_arrive() {
    let notice = |kind, revision| {
        let (name, uid) = ("a".to_owned(), "u".to_owned());
        Noticed { at: 0, kind, name, uid, revision }
    };
    let shown = BTreeMap::from([("a".to_owned(), ("u".to_owned(), 6))]);
    let told = |notices: &[Noticed], shown: &BTreeMap<String, (String, u64)>| {
        let mut history = History::default();
        let object = Object { uid: "u".into(), ..Object::default() };
        let change = ObjectChange { at: 1, revision: 6, name: "a".into(), object: Some(object) };
        history.objects.log.changes = vec![change];
        let (notices, shown) = (notices.to_vec(), shown.clone());
        let copy = Copied { client: 1, notices, shown, looked: 150 * SECOND };
        history.estate.copies = vec![copy];
        objects("informer_faithful", &history)
    };
    use NoticeKind::{Added, Deleted, Updated};
    let (added, updated) = (notice(Added, 5), notice(Updated, 6));
    assert!(!told(&[added.clone(), updated.clone()], &shown));
    assert!(told(&[added.clone(), updated.clone()], &BTreeMap::new()), "it does not arrive");
    assert!(told(&[added.clone(), notice(Updated, 4)], &shown), "back");
    assert!(told(&[added.clone(), added.clone()], &shown), "twice");
    assert!(told(&[updated], &shown), "before it was there");
    assert!(told(&[added.clone(), notice(Deleted, 6), added], &shown), "after its end");
}
