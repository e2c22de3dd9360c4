//! Rows of the core group's small kinds.

use super::{
    apps,
    texts::{containers, labels},
    view::{View, text},
};
use serde_json::{Value, json};

pub(super) fn namespace(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.text("/status/phase")), it.age()]
}

pub(super) fn config_map(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.count("/data") + it.count("/binaryData")), it.age()]
}

pub(super) fn secret(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.text("/type")), json!(it.count("/data")), it.age()]
}

pub(super) fn service_account(it: View<'_>) -> Vec<Value> {
    vec![it.name(), it.age()]
}

pub(super) fn pod_template(it: View<'_>) -> Vec<Value> {
    let [names, images] = containers(it.list("/template/spec/containers"));
    vec![it.name(), names, images, json!(labels(it.map("/template/metadata/labels")))]
}

pub(super) fn replication_controller(it: View<'_>) -> Vec<Value> {
    apps::replicas(it, labels(it.map("/spec/selector")))
}

pub(super) fn component_status(it: View<'_>) -> Vec<Value> {
    let healthy = it.list("/conditions").iter().find(|it| text(it, "/type") == "Healthy");
    let status = match healthy.map(|it| text(it, "/status")) {
        None => "Unknown",
        Some("True") => "Healthy",
        Some(_) => "Unhealthy",
    };
    let told = |field| healthy.map_or("", |it| text(it, field));
    vec![it.name(), json!(status), json!(told("/message")), json!(told("/error"))]
}

/// What begins with `limits.` has a column of its own.
pub(super) fn resource_quota(it: View<'_>) -> Vec<Value> {
    let (mut requests, mut limits) = (Vec::new(), Vec::new());
    let used = it.map("/status/used");
    for (name, hard) in it.map("/status/hard").into_iter().flatten() {
        let used = used.and_then(|it| it.get(name)?.as_str()).unwrap_or("0");
        let column = if name.starts_with("limits.") { &mut limits } else { &mut requests };
        column.push(format!("{name}: {used}/{}", hard.as_str().unwrap_or("0")));
    }
    vec![it.name(), json!(requests.join(", ")), json!(limits.join(", ")), it.age()]
}
