//! Services: their addresses and ports come from what is left of small ranges.

use super::{Asked, Errand, Known, Mark, NAMESPACES, any};
use crate::generator::Chance;
use serde_json::{Value, json};

/// A user's services of all namespaces.
#[derive(Debug, Default)]
pub(crate) struct Services(Known);

/// Where addresses that are asked for by name lie, and how many there are.
const ADDRESSES: (&str, u64) = ("10.96.0.", 30);
/// The first port of nodes, and how many there are.
const PORTS: (u64, u64) = (30_000, 32);

impl Errand for Services {
    fn next(&mut self, mark: &Mark, chance: &mut dyn Chance) -> Asked {
        let namespace = any(&NAMESPACES, chance).unwrap_or(&NAMESPACES[0]);
        let collection = format!("/api/v1/namespaces/{namespace}/services");
        let known = self.0.any(chance).cloned();
        match (chance.below(100), known) {
            (0..45, _) => {
                let body = json!({
                    "apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "svc-"},
                    "spec": spec(chance),
                });
                Asked::write("POST", collection, body, mark).perhaps_dry(12, chance)
            }
            (45..65, Some(known)) => changed(known, mark, chance),
            (65..92, Some(known)) => Asked::delete(path(&known)).perhaps_dry(10, chance),
            _ => Asked::get(collection),
        }
    }

    fn learn(&mut self, asked: &Asked, code: u16, answer: &Value) {
        self.0.learn(asked, code, answer);
    }
}

fn path(service: &Value) -> String {
    let text = |name: &str| service["metadata"][name].as_str().unwrap_or_default();
    format!("/api/v1/namespaces/{}/services/{}", text("namespace"), text("name"))
}

fn spec(chance: &mut dyn Chance) -> Value {
    let ports = json!([{"name": "a", "port": 80, "protocol": "TCP"}]);
    let mut spec = match chance.below(100) {
        0..45 => json!({"type": "ClusterIP", "ports": ports}),
        45..85 => json!({"type": "NodePort", "ports": ports}),
        85..93 => json!({"type": "ClusterIP", "clusterIP": "None", "ports": ports}),
        _ => return json!({"type": "ExternalName", "externalName": "elsewhere.example"}),
    };
    if chance.below(6) == 0 && spec["clusterIP"].is_null() {
        let (prefix, count) = ADDRESSES;
        spec["clusterIP"] = format!("{prefix}{}", 1 + chance.below(count)).into();
    }
    if chance.below(4) == 0 && spec["type"] == "NodePort" {
        spec["ports"][0]["nodePort"] = (PORTS.0 + chance.below(PORTS.1)).into();
    }
    spec
}

/// Another type, or other ports: what the service has and needs no more is free then.
fn changed(mut service: Value, mark: &Mark, chance: &mut dyn Chance) -> Asked {
    let path = path(&service);
    (service["apiVersion"], service["kind"]) = ("v1".into(), "Service".into());
    let spec = &mut service["spec"];
    if !spec["ports"].is_array() {
        spec["ports"] = json!([{"name": "a", "port": 80, "protocol": "TCP"}]);
    }
    match chance.below(4) {
        0 => spec["type"] = "NodePort".into(),
        1 => {
            spec["type"] = "ClusterIP".into();
            spec["ports"][0]["nodePort"] = 0.into();
        }
        2 if spec["type"] == "NodePort" => {
            spec["ports"][0]["nodePort"] = (PORTS.0 + chance.below(PORTS.1)).into();
        }
        _ => {
            *spec = json!({"type": "ExternalName", "externalName": "elsewhere.example"});
        }
    }
    if chance.below(3) == 0
        && let Some(metadata) = service["metadata"].as_object_mut()
    {
        metadata.remove("resourceVersion");
    }
    Asked::write("PUT", path, service, mark).perhaps_dry(15, chance)
}
