//! Metadata, keys and sizes of config maps and secrets, phases of namespaces.

use crate::harness::Objects;
use serde_json::{Value, json};

fn config_maps() -> Objects {
    Objects::like(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"},
        "metadata": {"name": "a", "namespace": "b", "uid": "1"}}))
}

#[test]
fn names_labels_and_owners() {
    let owner = |controller: bool| json!({"apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "1", "controller": controller});
    config_maps().born(&[
        ("/metadata/name", Value::Null, &["metadata.name: Required value: name or generateName is required"]),
        ("/metadata/name", json!("A_"), &[r#"metadata.name: Invalid value: "A_": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"#]),
        ("/metadata/generateName", json!("a-"), &[]),
        ("/metadata/generateName", json!("-a"), &[r#"metadata.generateName: Invalid value: "-a": a lowercase RFC 1123…"#]),
        ("/metadata/namespace", Value::Null, &["metadata.namespace: Required value"]),
        ("/metadata/labels", json!({"a": "-"}), &[r#"metadata.labels: Invalid value: "-": a valid label must be an empty string…"#]),
        ("/metadata/labels", json!({"-": "a"}), &[r#"metadata.labels: Invalid value: "-": name part must consist of…"#]),
        ("/metadata/annotations", json!({"A.b/C": "{"}), &[]),
        ("/metadata/annotations", json!({"a b": ""}), &[r#"metadata.annotations: Invalid value: "a b": name part…"#]),
        ("/metadata/annotations", json!({"a": "b".repeat(256 * 1024)}), &["metadata.annotations: Too long: may not be more than 262144 bytes"]),
        ("/metadata/ownerReferences", json!([owner(true), owner(false)]), &[]),
        ("/metadata/ownerReferences", json!([owner(true), owner(true)]), &[r#"metadata.ownerReferences: Invalid value: [{…"#]),
        ("/metadata/ownerReferences", json!([{"apiVersion": "apps/", "kind": "", "name": "", "uid": ""}]), &[
            r#"metadata.ownerReferences.apiVersion: Invalid value: "apps/": version must not be empty"#,
            r#"metadata.ownerReferences.kind: Invalid value: "": must not be empty"#,
            r#"metadata.ownerReferences.name: Invalid value: "": must not be empty"#,
            r#"metadata.ownerReferences.uid: Invalid value: "": must not be empty"#,
        ]),
        ("/metadata/finalizers", json!(["foregroundDeletion", "a/b"]), &[]),
        ("/metadata/finalizers", json!(["a"]), &[r#"metadata.finalizers[0]: Invalid value: "a": name is neither a standard finalizer name nor is it fully qualified"#]),
        ("/metadata/finalizers", json!(["orphan", "foregroundDeletion"]), &[r#"metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set"#]),
        ("/metadata/managedFields", json!([{"operation": "A", "manager": "a".repeat(129)}]), &[
            r#"metadata.managedFields[0].operation: Invalid value: "A": must be `Apply` or `Update`"#,
            "metadata.managedFields[0].manager: Too long: may not be more than 128 bytes",
        ]),
    ]);
}

#[test]
fn metadata_that_stays() {
    config_maps().changed("", &[
        ("/metadata/name", json!("b"), &[r#"metadata.name: Invalid value: "b": field is immutable"#]),
        ("/metadata/uid", json!("2"), &[r#"metadata.uid: Invalid value: "2": field is immutable"#]),
        ("/metadata/deletionTimestamp", json!("2024-01-01T00:00:00Z"), &[r#"metadata.deletionTimestamp: Invalid value: "2024-01-01T00:00:00Z": field is immutable"#]),
        ("/metadata/labels", json!({"a": "b"}), &[]),
    ]);
    let going = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b",
        "deletionTimestamp": "2024-01-01T00:00:00Z", "finalizers": ["a/b"]}});
    Objects::like(going).changed("", &[
        ("/metadata/finalizers", json!([]), &[]),
        ("/metadata/finalizers", json!(["a/b", "a/c"]), &[r#"metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{"a/c"}"#]),
    ]);
}

#[test]
fn keys_and_sizes() {
    config_maps().born(&[
        (
            "/data",
            json!({"..": "", "A-b_c.d": ""}),
            &[r#"data[..]: Invalid value: "..": must not be '..'"#],
        ),
        (
            "/binaryData",
            json!({"a": "AA=="}),
            &[r#"data[a]: Invalid value: "a": duplicate of key present in binaryData"#],
        ),
        ("/data", json!({"a": "b".repeat(1024 * 1024)}), &[]),
        (
            "/data",
            json!({"a": "b".repeat(1024 * 1024 + 1)}),
            &["[]: Too long: may not be more than 1048576 bytes"],
        ),
    ]);
    let kept = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}, "immutable": true,
        "metadata": {"name": "a", "namespace": "b"}});
    Objects::like(kept).changed(
        "",
        &[
            (
                "/data",
                json!({"a": "c"}),
                &["data: Forbidden: field is immutable when `immutable` is set"],
            ),
            (
                "/immutable",
                Value::Null,
                &["immutable: Forbidden: field is immutable when `immutable` is set"],
            ),
            ("/metadata/labels", json!({"a": "b"}), &[]),
        ],
    );
}

#[test]
fn secrets() {
    let secrets = Objects::like(json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "data": {"tls.crt": "AA=="}, "metadata": {"name": "a", "namespace": "b"}}));
    secrets.born(&[
        ("/type", json!("kubernetes.io/tls"), &["data[tls.key]: Required value"]),
        (
            "/type",
            json!("kubernetes.io/basic-auth"),
            &["data[username]: Required value", "data[password]: Required value"],
        ),
        ("/type", json!("kubernetes.io/ssh-auth"), &["data[ssh-privatekey]: Required value"]),
        (
            "/type",
            json!("kubernetes.io/dockerconfigjson"),
            &["data[.dockerconfigjson]: Required value"],
        ),
        (
            "/type",
            json!("kubernetes.io/service-account-token"),
            &["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
        ("/type", json!("example.com/mine"), &[]),
    ]);
    secrets.changed(
        "",
        &[("/type", json!("a"), &[r#"type: Invalid value: "a": field is immutable"#])],
    );
    Objects::like(
        json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": "e30="}, "metadata": {"name": "a", "namespace": "b"}}),
    )
    .born(&[(
        "/data/.dockerconfigjson",
        json!("eA=="),
        &[r#"data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": …"#],
    )]);
}

#[test]
fn namespaces() {
    let namespaces = Objects::like(json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "a"}, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}));
    namespaces.born(&[
        (
            "/metadata/name",
            json!("a.b"),
            &[r#"metadata.name: Invalid value: "a.b": must not contain dots"#],
        ),
        (
            "/metadata/namespace",
            json!("a"),
            &["metadata.namespace: Forbidden: not allowed on this type"],
        ),
    ]);
    namespaces.changed("status", &[("/status/phase", json!("Terminating"), &[
        r#"status.Phase: Invalid value: "Terminating": may only be 'Active' if `deletionTimestamp` is empty"#,
    ])]);
}
