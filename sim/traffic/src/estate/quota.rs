//! Quotas: what they allow, and what is given back to them when something is gone.

use super::{Asked, JSON};
use serde_json::{Map, Value, json};

/// The name of the quota of each namespace.
const NAME: &str = "limits";

/// What a namespace may hold.
fn hard() -> Value {
    json!({"services": "6", "services.nodeports": "5", "count/secrets": "5"})
}

/// Makes the quota.
pub(crate) fn create(namespace: &str) -> Asked {
    let body = json!({
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": NAME},
        "spec": {"hard": hard()},
    });
    let path = format!("/api/v1/namespaces/{namespace}/resourcequotas");
    Asked { method: "POST", path, media: JSON, body, ..Asked::default() }
}

/// Reads the quota.
pub(crate) fn read(namespace: &str) -> Asked {
    Asked::get(format!("/api/v1/namespaces/{namespace}/resourcequotas/{NAME}"))
}

/// Says for the first time what is used: nothing. None: it was said already.
pub(crate) fn begin(mut quota: Value) -> Option<Asked> {
    if quota["status"]["hard"].is_object() {
        return None;
    }
    let none = hard().as_object().cloned().unwrap_or_default().into_iter();
    let none: Map<String, Value> = none.map(|(name, _)| (name, "0".into())).collect();
    quota["status"] = json!({"hard": hard(), "used": none});
    Some(status(quota))
}

/// Takes what is gone from what is used; the quota must be as it was read.
pub(crate) fn credit(mut quota: Value, gone: &[(&str, u64)]) -> Asked {
    for (resource, count) in gone {
        let used = &mut quota["status"]["used"][*resource];
        let was: u64 = used.as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
        *used = was.saturating_sub(*count).to_string().into();
    }
    status(quota)
}

fn status(quota: Value) -> Asked {
    let namespace = quota["metadata"]["namespace"].as_str().unwrap_or_default();
    let path = format!("/api/v1/namespaces/{namespace}/resourcequotas/{NAME}/status");
    Asked { method: "PUT", path, media: JSON, body: quota, ..Asked::default() }
}

/// What a deletion that was answered so gives back, each object with its uid: one whose end is told
/// twice is credited once.
pub(crate) fn gone(asked: &Asked, answer: &Value) -> Vec<(String, Vec<(&'static str, u64)>)> {
    if asked.method != "DELETE" || asked.dry_run {
        return Vec::new();
    }
    let all: Vec<&Value> = match answer["items"].as_array() {
        Some(items) => items.iter().collect(),
        None => vec![answer],
    };
    all.into_iter().filter_map(|object| one(asked, object)).collect()
}

fn one(asked: &Asked, object: &Value) -> Option<(String, Vec<(&'static str, u64)>)> {
    let uid = object["metadata"]["uid"].as_str().or_else(|| object["details"]["uid"].as_str())?;
    let what = match asked.path.contains("/services/") {
        true => vec![("services", 1), ("services.nodeports", node_ports(object))],
        false if asked.path.contains("/secrets") => vec![("count/secrets", 1)],
        false => return None,
    };
    Some((uid.to_owned(), what))
}

fn node_ports(service: &Value) -> u64 {
    let ports = service["spec"]["ports"].as_array().map_or(0, |ports| ports.len() as u64);
    if service["spec"]["type"] == "NodePort" { ports } else { 0 }
}
