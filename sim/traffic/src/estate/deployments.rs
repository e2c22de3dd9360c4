//! Deployments: what is wanted and what is so, each at a door of its own, and now and then at the
//! wrong one.

use super::{Asked, Errand, Known, MERGE_PATCH, Mark, NAMESPACES};
use crate::generator::Chance;
use serde_json::{Value, json};

/// A user's view of the deployments.
#[derive(Debug, Default)]
pub(crate) struct Deployments(Known);

/// Different names.
const NAMES: u64 = 3;

impl Errand for Deployments {
    fn next(&mut self, mark: &Mark, chance: &mut dyn Chance) -> Asked {
        let name = format!("dep-{}", chance.below(NAMES));
        let collection = format!("/apis/apps/v1/namespaces/{}/deployments", NAMESPACES[1]);
        let path = format!("{collection}/{name}");
        let known = self.0.named(&name).cloned();
        let (replicas, status) = (chance.below(4), status(chance));
        match (chance.below(100), known) {
            (0..15, _) | (15..50, None) => {
                let asked = Asked::write("POST", collection, born(&name, replicas, &status), mark);
                asked.perhaps_dry(12, chance)
            }
            (15..50, Some(mut known)) => {
                let at_status = chance.below(2) == 0;
                (known["spec"]["replicas"], known["status"]) = (replicas.into(), status);
                if chance.below(3) == 0 {
                    known["metadata"]["labels"] = json!({"wave": replicas.to_string()});
                }
                if chance.below(3) == 0
                    && let Some(metadata) = known["metadata"].as_object_mut()
                {
                    metadata.remove("resourceVersion");
                }
                Asked::write("PUT", door(path, at_status), known, mark).perhaps_dry(12, chance)
            }
            (50..75, _) => {
                let body = json!({"spec": {"replicas": replicas}, "status": status});
                let asked = Asked::write("PATCH", door(path, chance.below(2) == 0), body, mark);
                asked.of(MERGE_PATCH).perhaps_dry(12, chance)
            }
            (75..85, _) => Asked::delete(path).perhaps_dry(12, chance),
            _ => Asked::get(path),
        }
    }

    fn learn(&mut self, asked: &Asked, code: u16, answer: &Value) {
        self.0.learn(asked, code, answer);
    }
}

fn door(path: String, at_status: bool) -> String {
    if at_status { format!("{path}/status") } else { path }
}

fn status(chance: &mut dyn Chance) -> Value {
    json!({"observedGeneration": chance.below(9), "replicas": chance.below(9)})
}

fn born(name: &str, replicas: u64, status: &Value) -> Value {
    let labels = json!({"app": name});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "a", "image": "registry.example/a"}]},
            },
        },
        "status": status,
    })
}
