//! What quotas let in, and in which words they refuse.

use super::{decide, scopes};
use crate::{
    admission::{Attributes, Operation},
    registry::{Target, Writing},
};
use serde_json::{Value, json};
use std::sync::Arc;

fn write(plural: &str, object: Value, old: Value) -> Attributes {
    let resource = api::resources::built_in().into_iter().find(|one| one.plural == plural);
    let target = Target {
        resource: Arc::new(resource.expect("a resource")),
        namespace: "n".into(),
        name: "x".into(),
        subresource: String::new(),
    };
    let operation = if old.is_null() { Operation::Create } else { Operation::Update };
    Attributes::new(operation, &target, object, old, &Writing::default())
}

fn quota(hard: Value, used: Value) -> Value {
    json!({"metadata": {"name": "q"}, "spec": {}, "status": {"hard": hard, "used": used}})
}

fn said(quota: &Value, write: &Attributes) -> String {
    match decide(quota, write) {
        Ok(None) => "nothing".into(),
        Ok(Some(used)) => {
            let one =
                |(name, amount): (&String, &api::quantity::Quantity)| format!("{name}={amount}");
            used.iter().map(one).collect::<Vec<_>>().join(",")
        }
        Err(why) => why,
    }
}

#[test]
fn pods_are_charged_for_what_they_ask() {
    let pod = |resources: Value| {
        write(
            "pods",
            json!({"spec": {"containers": [{"name": "a", "resources": resources}]}}),
            Value::Null,
        )
    };
    let one = pod(json!({"requests": {"cpu": "500m"}, "limits": {"cpu": "1"}}));
    let cases = [
        (json!({"pods": "2"}), json!({"pods": "1"}), "pods=2"),
        (
            json!({"pods": "1"}),
            json!({"pods": "1"}),
            "exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1",
        ),
        (
            json!({"requests.cpu": "1", "limits.cpu": "1", "pods": "9"}),
            json!({"requests.cpu": "600m", "limits.cpu": "500m", "pods": "0"}),
            "exceeded quota: q, requested: limits.cpu=1,requests.cpu=500m, used: \
             limits.cpu=500m,requests.cpu=600m, limited: limits.cpu=1,requests.cpu=1",
        ),
        (
            json!({"memory": "1Gi"}),
            json!({"memory": "0"}),
            "failed quota: q: must specify memory for: a",
        ),
        (json!({"pods": "1"}), json!({}), "status unknown for quota: q, resources: pods"),
        (json!({"services": "1"}), json!({"services": "1"}), "nothing"),
        (json!({"count/pods": "1"}), json!({"count/pods": "0"}), "count/pods=1"),
    ];
    for (hard, used, expected) in cases {
        assert_eq!(said(&quota(hard.clone(), used), &one), expected, "{hard}");
    }
}

#[test]
fn changes_are_charged_for_what_they_add() {
    let claim = |size: &str| {
        json!({"spec": {
            "storageClassName": "fast", "resources": {"requests": {"storage": size}},
        }})
    };
    let grown = write("persistentvolumeclaims", claim("3Gi"), claim("1Gi"));
    let full = quota(json!({"requests.storage": "4Gi"}), json!({"requests.storage": "1Gi"}));
    assert_eq!(said(&full, &grown), "requests.storage=3Gi");
    let shrunk = write("persistentvolumeclaims", claim("1Gi"), claim("3Gi"));
    assert_eq!(said(&full, &shrunk), "nothing");
    let name = "fast.storageclass.storage.k8s.io/requests.storage";
    let by_class = quota(json!({name: "2Gi"}), json!({name: "1Gi"}));
    assert!(said(&by_class, &grown).starts_with("exceeded quota: q, requested: fast."));
}

#[test]
fn services_and_other_objects_count() {
    let service = json!({"spec": {"type": "NodePort", "ports": [{"port": 1}, {"port": 2}]}});
    let service = write("services", service, Value::Null);
    let ports = quota(json!({"services.nodeports": "1"}), json!({"services.nodeports": "0"}));
    assert!(said(&ports, &service).contains("requested: services.nodeports=2"));
    let deployment = write("deployments", json!({}), Value::Null);
    let count =
        quota(json!({"count/deployments.apps": "1"}), json!({"count/deployments.apps": "1"}));
    assert!(said(&count, &deployment).starts_with("exceeded quota"));
    let map = write("configmaps", json!({}), Value::Null);
    let both = quota(
        json!({"configmaps": "2", "count/configmaps": "2"}),
        json!({"configmaps": "1", "count/configmaps": "1"}),
    );
    assert_eq!(said(&both, &map), "configmaps=2,count/configmaps=2");
}

#[test]
fn scopes_choose_pods() {
    let pod = write(
        "pods",
        json!({"spec": {"priorityClassName": "high", "containers": [{"name": "a"}]}}),
        Value::Null,
    );
    let with = |spec: Value| {
        let mut quota = quota(json!({"pods": "1"}), json!({"pods": "0"}));
        quota["spec"] = spec;
        quota
    };
    let selector = |operator: &str, values: Value| {
        json!({"scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": operator, "values": values},
        ]}})
    };
    for (spec, expected) in [
        (json!({}), true),
        (json!({"scopes": ["BestEffort", "NotTerminating"]}), true),
        (json!({"scopes": ["NotBestEffort"]}), false),
        (json!({"scopes": ["Terminating"]}), false),
        (selector("In", json!(["high"])), true),
        (selector("NotIn", json!(["high"])), false),
    ] {
        assert_eq!(scopes::matches(&with(spec.clone()), &pod), expected, "{spec}");
    }
    let map = write("configmaps", json!({}), Value::Null);
    assert!(!scopes::matches(&with(json!({"scopes": ["BestEffort"]})), &map));
}
