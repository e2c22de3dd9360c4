//! What objects get that their clients left out.

mod arbitrary;

use api::{
    decode::{complete, decode},
    defaults::Defaults,
    schema::{GroupVersionKind, Schemas, TypeId},
};
use arbitrary::Draw;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn of(schemas: &Schemas, api_version: &str, kind: &str) -> TypeId {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let kind = GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() };
    schemas.of(&kind).unwrap_or_else(|| panic!("no {kind}"))
}

/// What is left after defaulting of what was not there before.
fn added(before: &Value, after: &Value) -> Option<Value> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let mut news = Map::new();
            for (name, value) in after {
                let new = match before.get(name) {
                    Some(known) => added(known, value),
                    None => Some(value.clone()),
                };
                news.extend(new.map(|new| (name.clone(), new)));
            }
            (!news.is_empty()).then(|| news.into())
        }
        (Value::Array(before), Value::Array(after)) if before.len() == after.len() => {
            let news: Vec<_> = before.iter().zip(after).map(|(a, b)| added(a, b)).collect();
            let some = news.iter().any(Option::is_some);
            some.then(|| news.into_iter().map(Option::unwrap_or_default).collect())
        }
        _ => (before != after).then(|| after.clone()),
    }
}

fn defaults_of(kind: (&str, &str), given: &Value) -> Value {
    let schemas = Schemas::built_in();
    let mut object = given.as_object().expect("an object").clone();
    Defaults::built_in(&schemas).apply(&schemas, of(&schemas, kind.0, kind.1), &mut object);
    added(given, &object.into()).unwrap_or_default()
}

#[test]
fn what_is_added() {
    let pod_spec = json!({"dnsPolicy": "ClusterFirst", "restartPolicy": "Always",
        "schedulerName": "default-scheduler", "securityContext": {},
        "terminationGracePeriodSeconds": 30, "enableServiceLinks": true});
    let with = |more: Value| {
        let mut spec = pod_spec.clone();
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"spec": spec})
    };
    let container = json!({"imagePullPolicy": "IfNotPresent", "terminationMessagePolicy": "File",
        "terminationMessagePath": "/dev/termination-log"});
    let cases = [
        (("v1", "Pod"), json!({}), with(json!({}))),
        (
            ("v1", "Pod"),
            json!({"spec": {"containers": [{"image": "a:1", "resources":
                {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"}}}]}}),
            {
                let mut one = container.clone();
                one["resources"] = json!({"requests": {"memory": "1Gi"}});
                with(json!({"containers": [one]}))
            },
        ),
        (
            ("v1", "Pod"),
            json!({"spec": {"hostNetwork": true, "containers": [{"image": "a:1", "ports": [{"containerPort": 80}]}]}}),
            {
                let mut one = container.clone();
                one["ports"] = json!([{"hostPort": 80, "protocol": "TCP"}]);
                with(json!({"containers": [one]}))
            },
        ),
        (
            ("v1", "Pod"),
            json!({"spec": {"resources": {"limits": {"cpu": "2"}}, "containers": [
                {"image": "a:1", "resources": {"requests": {"cpu": "100m", "memory": "1Gi"}}},
                {"image": "a:1", "resources": {"requests": {"cpu": "0.0001"}}}]}}),
            {
                let mut rounded = container.clone();
                rounded["resources"] = json!({"requests": {"cpu": "1m"}});
                let requests = json!({"requests": {"cpu": "101m", "memory": "1Gi"}});
                with(json!({"containers": [container, rounded], "resources": requests}))
            },
        ),
        (
            ("v1", "Pod"),
            json!({"spec": {"volumes": [{"name": "a"}, {"name": "b", "secret": {}},
                {"name": "c", "hostPath": {"path": "/"}}]}}),
            with(json!({"volumes": [{"emptyDir": {}}, {"secret": {"defaultMode": 420}},
                {"hostPath": {"type": ""}}]})),
        ),
        (
            ("v1", "Service"),
            json!({"spec": {"ports": [{"port": 80}, {"port": 1, "targetPort": "http"}]}}),
            json!({"spec": {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster",
                "ports": [{"protocol": "TCP", "targetPort": 80}, {"protocol": "TCP"}]}}),
        ),
        (
            ("v1", "Service"),
            json!({"spec": {"type": "LoadBalancer", "sessionAffinity": "ClientIP"}}),
            json!({"spec": {"internalTrafficPolicy": "Cluster", "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": true,
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}}}),
        ),
        (
            ("v1", "Service"),
            json!({"spec": {"type": "ExternalName"}}),
            json!({"spec": {"sessionAffinity": "None"}}),
        ),
        (
            ("v1", "Namespace"),
            json!({"metadata": {"name": "a"}}),
            json!({"metadata": {"labels": {"kubernetes.io/metadata.name": "a"}}, "status": {"phase": "Active"}}),
        ),
        (
            ("apps/v1", "DaemonSet"),
            json!({"spec": {"updateStrategy": {"type": "OnDelete"}, "template": {"spec": {}}}}),
            {
                let mut spec = pod_spec.clone();
                spec.as_object_mut().unwrap().remove("enableServiceLinks");
                json!({"spec": {"revisionHistoryLimit": 10, "template": {"spec": spec}}})
            },
        ),
        (
            ("batch/v1", "Job"),
            json!({"spec": {"backoffLimitPerIndex": 1, "parallelism": 3, "template": {"metadata":
                {"labels": {"a": "b"}}, "spec": pod_spec}}}),
            json!({"metadata": {"labels": {"a": "b"}}, "spec": {"backoffLimit": i32::MAX, "suspend": false,
                "completionMode": "NonIndexed", "manualSelector": false,
                "podReplacementPolicy": "TerminatingOrFailed"}}),
        ),
        (
            ("networking.k8s.io/v1", "NetworkPolicy"),
            json!({"spec": {"egress": [{"ports": [{"port": 53}]}]}}),
            json!({"spec": {"policyTypes": ["Ingress", "Egress"], "egress": [{"ports": [{"protocol": "TCP"}]}]}}),
        ),
        (
            ("rbac.authorization.k8s.io/v1", "RoleBinding"),
            json!({"subjects": [{"kind": "User"}, {"kind": "ServiceAccount"}], "roleRef": {"kind": "Role"}}),
            json!({"subjects": [{"apiGroup": "rbac.authorization.k8s.io"}, null],
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io"}}),
        ),
        (
            ("autoscaling/v2", "HorizontalPodAutoscaler"),
            json!({"spec": {"metrics": [{}], "behavior": {"scaleDown": {"selectPolicy": "Min"}}}}),
            json!({"spec": {"minReplicas": 1, "behavior": {
                "scaleDown": {"policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
                "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
                    {"type": "Pods", "value": 4, "periodSeconds": 15},
                    {"type": "Percent", "value": 100, "periodSeconds": 15}]}}}}),
        ),
        (
            ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
            json!({"spec": {"names": {"kind": "CronTab", "plural": "crontabs"}}}),
            json!({"spec": {"conversion": {"strategy": "None"},
                "names": {"singular": "crontab", "listKind": "CronTabList"}}}),
        ),
        (
            ("v1", "LimitRange"),
            json!({"spec": {"limits": [{"type": "Container", "max": {"cpu": "1"}, "min": {"memory": "1Mi"}}]}}),
            json!({"spec": {"limits": [{"default": {"cpu": "1"}, "defaultRequest": {"cpu": "1", "memory": "1Mi"}}]}}),
        ),
    ];
    for (kind, given, expected) in cases {
        assert_eq!(defaults_of(kind, &given), expected, "{kind:?} {given}");
    }
}

/// A whole object, as a client sees it after `create`.
#[test]
fn a_deployment() {
    let schemas = Schemas::built_in();
    let id = of(&schemas, "apps/v1", "Deployment");
    let text = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{
        "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
        "spec":{"containers":[{"name":"web","image":"nginx","ports":[{"containerPort":80}],
        "livenessProbe":{"httpGet":{"port":"http"}}}]}}}}"#;
    let decoded = decode(&schemas, id, text.as_bytes()).expect("it is one");
    let mut object = decoded.value.as_object().expect("an object").clone();
    Defaults::built_in(&schemas).apply(&schemas, id, &mut object);
    complete(&schemas, id, &mut object);
    insta::assert_snapshot!(serde_json::to_string_pretty(&object).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Of every kind.
    #[test]
    fn twice_is_once(seed in any::<u64>()) {
        let schemas = Schemas::built_in();
        let defaults = Defaults::built_in(&schemas);
        for kind in schemas.types().iter().filter(|kind| !kind.kinds.is_empty()) {
            let id = schemas.named(&kind.name).expect("it has a name");
            let mut once = Draw::new(&schemas, seed).object(id, 0);
            defaults.apply(&schemas, id, &mut once);
            let mut twice = once.clone();
            defaults.apply(&schemas, id, &mut twice);
            prop_assert_eq!(&twice, &once, "{}", kind.name);
            complete(&schemas, id, &mut once);
            let mut twice = once.clone();
            defaults.apply(&schemas, id, &mut twice);
            complete(&schemas, id, &mut twice);
            prop_assert_eq!(twice, once, "{}", kind.name);
        }
    }
}
