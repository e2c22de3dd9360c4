//! The objects that are written and read.

use serde_json::{Value, json};

/// Where the objects are that are written.
pub(crate) const WRITTEN: &str = "default";
/// Where the pods are that are listed, and no others.
pub(crate) const LISTED: &str = "listed";

/// A pod of some 3.7 KB as stored: as many labels, variables and mounts as a common one has.
pub(crate) fn pod(namespace: &str, name: &str) -> Value {
    let variables: Vec<_> = (0..12)
        .map(|number| {
            json!({"name": format!("SETTING_{number}"), "value": format!("the value of setting {number}")})
        })
        .collect();
    let mounts: Vec<_> = (0..4)
        .map(|number| json!({"name": format!("volume-{number}"), "mountPath": format!("/var/lib/volume-{number}")}))
        .collect();
    let volumes: Vec<_> = (0..4)
        .map(|number| json!({"name": format!("volume-{number}"), "configMap": {"name": format!("settings-{number}")}}))
        .collect();
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"app": "bench", "app.kubernetes.io/name": "bench", "pod-template-hash": "5d59d67564"},
            "annotations": {"checksum/settings": "a5b1f7c9e2d84360f1a9c0d3e4b5a697"}
        },
        "spec": {
            "containers": [{
                "name": "main",
                "image": "registry.example/bench/main:v1.27.3",
                "args": ["--listen=:8080", "--log-level=info"],
                "env": variables,
                "ports": [{"name": "http", "containerPort": 8080}],
                "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
                "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}},
                "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
                "volumeMounts": mounts
            }],
            "volumes": volumes
        }
    })
}

/// What the field manager of a load applies: a label of its own, another at each request.
pub(crate) fn applied(name: &str, number: u64) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": WRITTEN, "labels": {"applied": number.to_string()}}
    })
}
