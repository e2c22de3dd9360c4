//! What policies say of writes, without a cluster.

use super::judge::{Judged, Policy, all};
use crate::{
    admission::{Attributes, Operation},
    registry::{Target, Writing},
};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::sync::Arc;

fn write(object: Value) -> Attributes {
    let built_in = api::resources::built_in();
    let resource = built_in.into_iter().find(|one| one.plural == "deployments").expect("there");
    let target = Target {
        resource: Arc::new(resource),
        namespace: "n".into(),
        name: "d".into(),
        subresource: String::new(),
    };
    Attributes::new(Operation::Create, &target, object, Value::Null, &Writing::default())
}

fn judged(spec: Value, params: Value, object: Value) -> Judged {
    let policy = Arc::new(Policy::compile(&json!({"spec": spec})));
    let namespace = json!({"metadata": {"name": "n", "labels": {"tier": "prod"}}});
    // Nobody is asked anything that needs time.
    let judged = all(&write(object), &policy, &params, &namespace).now_or_never();
    judged.expect("an answer at once")
}

fn said(spec: Value, params: Value, object: Value) -> Vec<String> {
    judged(spec, params, object).denials.into_iter().map(|one| one.message).collect()
}

#[test]
fn validations_speak_their_messages() {
    let object = json!({"spec": {"replicas": 7}});
    let cases = [
        (json!([{"expression": "object.spec.replicas <= 9"}]), vec![]),
        (
            json!([{"expression": " object.spec.replicas <= 5 "}]),
            vec!["failed expression: object.spec.replicas <= 5"],
        ),
        (
            json!([{"expression": "object.spec.replicas <= 5", "message": "too many"}]),
            vec!["too many"],
        ),
        (
            json!([{"expression": "object.spec.replicas <= 5", "message": "too many",
                "messageExpression": "'at most 5, not ' + string(object.spec.replicas)"}]),
            vec!["at most 5, not 7"],
        ),
        (
            json!([{"expression": "object.spec.none == 1"}]),
            vec!["expression 'object.spec.none == 1' resulted in error: no such key: none"],
        ),
        (
            json!([{"expression": "request.operation == 'CREATE' && request.resource.resource == \
                'deployments' && namespaceObject.metadata.labels['tier'] == 'prod'"}]),
            vec![],
        ),
        (
            json!([{"expression": "authorizer.group('apps').resource('deployments').check('get').allowed()"}]),
            vec![],
        ),
    ];
    for (validations, expected) in cases {
        let spec = json!({"validations": validations});
        assert_eq!(said(spec, Value::Null, object.clone()), expected, "{validations}");
    }
}

#[test]
fn variables_conditions_and_params_count() {
    let spec = json!({
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [
            {"name": "most", "expression": "int(params.data.most)"},
            {"name": "twice", "expression": "variables.most * 2"},
        ],
        "matchConditions": [{"name": "labelled", "expression": "has(object.metadata.labels)"}],
        "validations": [{"expression": "object.spec.replicas <= variables.twice"}],
        "auditAnnotations": [{"key": "replicas", "valueExpression": "string(object.spec.replicas)"}],
    });
    let params = json!({"data": {"most": "2"}});
    let object = |replicas: i64, labels: bool| {
        let mut object = json!({"metadata": {}, "spec": {"replicas": replicas}});
        if labels {
            object["metadata"]["labels"] = json!({});
        }
        object
    };
    let judge = |object| judged(spec.clone(), params.clone(), object);
    assert_eq!(judge(object(9, false)), Judged::default());
    assert_eq!(judge(object(4, true)).denials, []);
    assert_eq!(judge(object(4, true)).notes, [("replicas".to_owned(), "4".to_owned())]);
    assert_eq!(
        judge(object(5, true)).denials[0].message,
        "failed expression: object.spec.replicas <= variables.twice"
    );
}

#[test]
fn what_cannot_be_decided_is_denied_unless_the_policy_says_otherwise() {
    let spec = |policy: &str| json!({"failurePolicy": policy, "validations": [{"expression": "object.spec.a.b"}]});
    assert_eq!(said(spec("Fail"), Value::Null, json!({"spec": {}})).len(), 1);
    assert_eq!(said(spec("Ignore"), Value::Null, json!({"spec": {}})).len(), 0);
}
