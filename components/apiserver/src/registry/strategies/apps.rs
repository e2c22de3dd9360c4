//! Workloads.
//!
//! Upstream: pkg/registry/apps/*/strategy.go.

use super::{Generation, Occasion, Row, Strategy, warnings};
use serde_json::Value;

const COUNTED: Strategy = Strategy::COUNTED;

pub(super) const ROWS: &[Row] = &[
    ("apps", "controllerrevisions", Strategy::PLAIN),
    (
        "apps",
        "daemonsets",
        Strategy {
            create: |set, _| set_template_generation(set, 1),
            update: update_daemon_set,
            warnings: warnings::pods::of_template,
            ..COUNTED
        },
    ),
    (
        "apps",
        "deployments",
        Strategy {
            generation: Generation::WantedOrAnnotations,
            status: keep_labels,
            warnings: warnings::pods::of_template,
            ..COUNTED
        },
    ),
    ("apps", "replicasets", Strategy { warnings: warnings::pods::of_template, ..COUNTED }),
    ("apps", "statefulsets", Strategy { warnings: warnings::pods::of_template, ..COUNTED }),
];

/// What counts a daemon set's templates; in the API's versions before this one it was a field.
const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

fn update_daemon_set(new: &mut Value, present: &Value, _: &Occasion<'_>) {
    let before = present["metadata"]["annotations"][TEMPLATE_GENERATION].as_str();
    let before: i64 = before.and_then(|text| text.parse().ok()).unwrap_or(0);
    let changed = new["spec"]["template"] != present["spec"]["template"];
    set_template_generation(new, before + i64::from(changed));
}

fn set_template_generation(set: &mut Value, generation: i64) {
    set["metadata"]["annotations"][TEMPLATE_GENERATION] = generation.to_string().into();
}

/// Through the status' door a deployment's labels do not change.
fn keep_labels(new: &mut Value, present: &Value, _: &Occasion<'_>) {
    if let Some(metadata) = new["metadata"].as_object_mut() {
        match present["metadata"].get("labels") {
            Some(labels) => metadata.insert("labels".into(), labels.clone()),
            None => metadata.remove("labels"),
        };
    }
}
