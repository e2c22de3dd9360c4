//! The core group.
//!
//! Upstream: pkg/registry/core/*/strategy.go.

use super::{Occasion, Row, Strategy, pods, volumes, warnings};
use serde_json::{Value, json};

const PLAIN: Strategy = Strategy::PLAIN;
const COUNTED: Strategy = Strategy::COUNTED;

pub(super) const ROWS: &[Row] = &[
    ("", "configmaps", PLAIN),
    ("", "endpoints", Strategy { creates_on_update: true, ..PLAIN }),
    ("", "events", Strategy { creates_on_update: true, ..PLAIN }),
    ("", "limitranges", Strategy { creates_on_update: true, ..PLAIN }),
    (
        "",
        "namespaces",
        Strategy {
            create: create_namespace,
            update: update_namespace,
            returns_deleted: true,
            ..PLAIN
        },
    ),
    // A node comes with what it knows of itself.
    ("", "nodes", Strategy { born_with_status: true, warnings: warnings::core_v1::node, ..PLAIN }),
    (
        "",
        "persistentvolumeclaims",
        Strategy {
            create: volumes::create_claim,
            warnings: warnings::core_v1::claim,
            returns_deleted: true,
            ..PLAIN
        },
    ),
    (
        "",
        "persistentvolumes",
        Strategy {
            create: volumes::create_volume,
            status: volumes::volume_status,
            warnings: warnings::core_v1::volume,
            returns_deleted: true,
            ..PLAIN
        },
    ),
    (
        "",
        "pods",
        Strategy {
            create: pods::create,
            status: pods::status,
            warnings: warnings::pods::pod,
            returns_deleted: true,
            ..COUNTED
        },
    ),
    (
        "",
        "podtemplates",
        Strategy { warnings: warnings::pods::in_template, returns_deleted: true, ..COUNTED },
    ),
    (
        "",
        "replicationcontrollers",
        Strategy { orphans: true, warnings: warnings::pods::of_template, ..COUNTED },
    ),
    ("", "resourcequotas", Strategy { returns_deleted: true, ..PLAIN }),
    ("", "secrets", Strategy { create: create_secret, update: update_secret, ..PLAIN }),
    (
        "",
        "serviceaccounts",
        Strategy {
            create: |account, _| name_secrets(account),
            update: |account, _, _| name_secrets(account),
            returns_deleted: true,
            ..PLAIN
        },
    ),
    (
        "",
        "services",
        Strategy {
            update: |new, present, _| crate::services::drop_unused(new, present),
            creates_on_update: true,
            returns_deleted: true,
            warnings: warnings::services::service,
            ..PLAIN
        },
    ),
];

const KUBERNETES: &str = "kubernetes";

fn create_namespace(namespace: &mut Value, _: &Occasion<'_>) {
    let mut finalizers = namespace["spec"]["finalizers"].as_array().cloned().unwrap_or_default();
    if !finalizers.iter().any(|one| one == KUBERNETES) {
        finalizers.push(KUBERNETES.into());
    }
    namespace["spec"]["finalizers"] = finalizers.into();
    namespace["status"] = json!({"phase": "Active"});
    label_namespace(namespace);
}

/// Only the subresource lets a namespace go.
fn update_namespace(new: &mut Value, present: &Value, _: &Occasion<'_>) {
    let finalizers = present["spec"]["finalizers"].clone();
    new["spec"]["finalizers"] = finalizers;
    label_namespace(new);
}

fn label_namespace(namespace: &mut Value) {
    let name = namespace["metadata"]["name"].clone();
    namespace["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
}

fn create_secret(secret: &mut Value, _: &Occasion<'_>) {
    take_texts(secret);
}

/// A secret's type never changes; who leaves it out means the same.
fn update_secret(new: &mut Value, _: &Value, _: &Occasion<'_>) {
    take_texts(new);
}

/// `stringData` is for writing only: what it says goes into `data`.
fn take_texts(secret: &mut Value) {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let Some(Value::Object(texts)) =
        secret.as_object_mut().and_then(|secret| secret.remove("stringData"))
    else {
        return;
    };
    for (key, text) in texts {
        secret["data"][key] = STANDARD.encode(text.as_str().unwrap_or_default()).into();
    }
}

/// Of the secrets only their names are kept (cleanSecretReferences).
fn name_secrets(account: &mut Value) {
    for secret in account.get_mut("secrets").and_then(Value::as_array_mut).into_iter().flatten() {
        *secret = json!({"name": secret["name"]});
    }
}
