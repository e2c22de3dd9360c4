//! Deployments, sets, jobs.

use crate::harness::Objects;
use serde_json::{Value, json};

fn template() -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}})
}

fn of(version: &str, kind: &str, spec: Value) -> Objects {
    let mut all = json!({"selector": {"matchLabels": {"app": "web"}}, "template": template()});
    for (name, value) in spec.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    Objects::like(
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": "web", "namespace": "a"}, "spec": all}),
    )
}

#[test]
fn deployments() {
    let deployments = of("apps/v1", "Deployment", json!({"replicas": 3}));
    deployments.born(&[
        ("/spec/selector", Value::Null, &["spec.selector: Required value"]),
        ("/spec/selector", json!({}), &["spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
        ("/spec/selector/matchLabels/app", json!("api"), &[r#"spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`"#]),
        ("/spec/template/metadata", json!({}), &["spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`"]),
        ("/spec/template/spec/containers/0/image", json!(""), &["spec.template.spec.containers[0].image: Required value"]),
        ("/spec/template/spec/restartPolicy", json!("Never"), &[r#"spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always""#]),
        ("/spec/replicas", json!(-1), &["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        ("/spec/strategy", json!({"type": "Recreate", "rollingUpdate": {}}), &["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"]),
        ("/spec/strategy", json!({"type": "Blue"}), &[r#"spec.strategy: Unsupported value: {"type":"Blue"}: supported values: "Recreate", "RollingUpdate""#]),
        ("/spec/strategy", json!({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}), &[r#"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0"#]),
        ("/spec/strategy", json!({"rollingUpdate": {"maxUnavailable": "101%"}}), &[r#"spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%"#]),
        ("/spec/strategy", json!({"rollingUpdate": {"maxSurge": "a"}}), &[r#"spec.strategy.rollingUpdate.maxSurge: Invalid value: "a": a valid percent string must be a numeric string followed by an ending '%'…"#]),
        ("/spec/progressDeadlineSeconds", json!(0), &["spec.progressDeadlineSeconds: Invalid value: 0: must be greater than minReadySeconds"]),
    ]);
    deployments.changed("", &[
        ("/spec/replicas", json!(5), &[]),
        ("/spec/selector", json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]}), &[r#"spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable"#]),
    ]);
    deployments.changed("status", &[
        ("/status", json!({"replicas": 3, "readyReplicas": 2, "availableReplicas": 2}), &[]),
        ("/status", json!({"replicas": 1, "readyReplicas": 2, "availableReplicas": 3}), &[
            "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
            "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
            "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
        ]),
    ]);
}

#[test]
fn sets() {
    of("apps/v1", "ReplicaSet", json!({})).born(&[
        ("/spec/template/spec/activeDeadlineSeconds", json!(1), &["spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported"]),
    ]);
    let daemons = of("apps/v1", "DaemonSet", json!({}));
    daemons.born(&[
        ("/spec/selector", json!({}), &["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"]),
        ("/spec/updateStrategy", json!({"type": "A"}), &[r#"spec.updateStrategy: Unsupported value: {"type":"A"}: supported values: "RollingUpdate", "OnDelete""#]),
        ("/spec/updateStrategy", json!({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}), &["spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]),
    ]);
    let sets = of(
        "apps/v1",
        "StatefulSet",
        json!({
            "serviceName": "web",
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}],
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]}},
        }),
    );
    sets.born(&[
        ("/metadata/name", json!("a.b"), &[r#"metadata.name: Invalid value: "a.b": must not contain dots"#]),
        ("/spec/podManagementPolicy", json!("A"), &[r#"spec.podManagementPolicy: Invalid value: "A": must be 'OrderedReady' or 'Parallel'"#]),
        ("/spec/volumeClaimTemplates", json!([]), &[r#"spec.template.spec.containers[0].volumeMounts[0].name: Not found: "data""#]),
        ("/spec/updateStrategy", json!({"rollingUpdate": {"partition": -1}}), &["spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0"]),
    ]);
    sets.changed("", &[
        ("/spec/replicas", json!(5), &[]),
        ("/spec/serviceName", json!("b"), &["spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"]),
    ]);
    Objects::like(json!({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": {"name": "a", "namespace": "b"}, "data": {"a": 1}, "revision": 1}))
        .changed("", &[("/data", json!({"a": 2}), &[r#"data: Invalid value: {"a":2}: field is immutable"#])]);
}

fn jobs() -> Objects {
    Objects::like(
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "sum", "namespace": "a", "uid": "u"},
        "spec": {
            "completions": 3, "parallelism": 3, "completionMode": "Indexed", "backoffLimitPerIndex": 1,
            "manualSelector": true, "selector": {"matchLabels": {"job": "sum"}},
            "template": {"metadata": {"labels": {"job": "sum"}}, "spec": {"restartPolicy": "Never", "containers": [{"name": "sum", "image": "sum:1"}]}},
            "podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [1, 2]}}]},
            "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]},
        }}),
    )
}

#[test]
fn new_jobs() {
    jobs().born(&[
        ("/spec/template/spec/restartPolicy", json!("Always"), &[r#"spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never""#]),
        ("/spec/template/spec/restartPolicy", json!("OnFailure"), &[r#"spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified"#]),
        ("/spec/manualSelector", Value::Null, &[
            "spec.template.metadata.labels[controller-uid]: Required value: must be 'u'",
            "spec.template.metadata.labels[job-name]: Required value: must be 'sum'",
            "spec.template.metadata.labels[batch.kubernetes.io/controller-uid]: Required value: must be 'u'",
            "spec.template.metadata.labels[batch.kubernetes.io/job-name]: Required value: must be 'sum'",
            r#"spec.selector: Invalid value: {"matchLabels":{"job":"sum"}}: `selector` not auto-generated"#,
        ]),
        ("/spec/completionMode", json!("NonIndexed"), &[
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
            "spec.successPolicy: Invalid value: {…",
        ]),
        ("/spec/completions", Value::Null, &[
            "spec.completions: Required value: when completion mode is Indexed",
            r#"spec.successPolicy.rules[0].succeededIndexes: Invalid value: "0-1": error parsing succeededIndexes: too large index: "0""#,
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 1: must be less than or equal to 0 (the number of specified completions)",
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 1: must be less than or equal to 0 (the number of indexes in the specified succeededIndexes field)",
        ]),
        ("/spec/podFailurePolicy/rules/0/action", json!("Shrug"), &[r#"spec.podFailurePolicy.rules[0].action: Unsupported value: "Shrug": supported values: "Count", "FailIndex", "FailJob", "Ignore""#]),
        ("/spec/podFailurePolicy/rules/0/onExitCodes/values", json!([2, 0, 2]), &[
            "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
            "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 2",
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,0,2]: must be ordered",
        ]),
        ("/spec/managedBy", json!("me"), &[r#"spec.managedBy: Invalid value: "me": must be a domain-prefixed path (such as "acme.io/foo")"#]),
    ]);
}

#[test]
fn changed_jobs() {
    jobs().changed("", &[
        ("/spec/parallelism", json!(1), &[]),
        ("/spec/completions", json!(4), &["spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"]),
        ("/spec/template/spec/containers/0/image", json!("sum:2"), &["spec.template: Invalid value: {…"]),
    ]);
    jobs().changed("status", &[
        ("/status", json!({"active": 1, "ready": 1, "startTime": "2024-01-01T00:00:00Z"}), &[]),
        ("/status", json!({"active": 1, "ready": 2}), &["status.ready: Invalid value: 2: cannot set more ready pods than active"]),
        ("/status", json!({"completedIndexes": "0,3"}), &[r#"status.completedIndexes: Invalid value: "0,3": error parsing completedIndexes: too large index: "3""#]),
        ("/status", json!({"conditions": [{"type": "Failed", "status": "True"}], "startTime": "2024-01-01T00:00:00Z"}), &["status.conditions: Invalid value: cannot set Failed=True condition without the FailureTarget=true condition"]),
    ]);
}

#[test]
fn cron_jobs() {
    let crons = Objects::like(
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "sum", "namespace": "a"},
        "spec": {"schedule": "*/5 * * * *", "timeZone": "Europe/Berlin", "jobTemplate": {"spec": {
            "template": {"spec": {"restartPolicy": "OnFailure", "containers": [{"name": "sum", "image": "sum:1"}]}}}}}}),
    );
    crons.born(&[
        ("/metadata/name", json!("a".repeat(53)), &[r#"metadata.name: Invalid value: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa": must be no more than 52 characters"#]),
        ("/spec/schedule", json!(""), &["spec.schedule: Required value"]),
        ("/spec/schedule", json!("61 * * * *"), &[r#"spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61"#]),
        ("/spec/schedule", json!("TZ=UTC 1 * * * *"), &[r#"spec.schedule: Invalid value: "TZ=UTC 1 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead"#]),
        ("/spec/timeZone", json!("Mars/../Base"), &[r#"spec.timeZone: Invalid value: "Mars/../Base": unknown time zone Mars/../Base"#]),
        ("/spec/concurrencyPolicy", json!("Queue"), &[r#"spec.concurrencyPolicy: Unsupported value: "Queue": supported values: "Allow", "Forbid", "Replace""#]),
        ("/spec/jobTemplate/spec/selector", json!({}), &["spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated"]),
    ]);
}
