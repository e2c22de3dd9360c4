//! Rows of nodes, and of the runtimes that they offer.

use super::view::{View, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn node(it: View<'_>) -> Vec<Value> {
    let info = |field: &str| it.text_or(&format!("/status/nodeInfo/{field}"), "<unknown>");
    vec![
        it.name(),
        json!(status(it)),
        json!(roles(it)),
        it.age(),
        json!(it.text("/status/nodeInfo/kubeletVersion")),
        json!(address(it, "InternalIP")),
        json!(address(it, "ExternalIP")),
        json!(info("osImage")),
        json!(info("kernelVersion")),
        json!(info("containerRuntimeVersion")),
    ]
}

fn status(it: View<'_>) -> String {
    // The last of a type counts.
    let conditions = it.list("/status/conditions").iter().rev();
    let ready = conditions.filter(|it| text(it, "/type") == "Ready").map(|it| text(it, "/status"));
    let ready = match ready.into_iter().next() {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    };
    match it.flag_or("/spec/unschedulable", false) {
        true => format!("{ready},SchedulingDisabled"),
        false => ready.to_owned(),
    }
}

/// By labels `node-role.kubernetes.io/ROLE` and `kubernetes.io/role=ROLE`.
fn roles(it: View<'_>) -> String {
    let mut roles = BTreeSet::new();
    for (name, value) in it.map("/metadata/labels").into_iter().flatten() {
        let role = match name.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => role,
            None if name == "kubernetes.io/role" => value.as_str().unwrap_or_default(),
            None => continue,
        };
        roles.insert(role);
    }
    roles.remove("");
    match roles.is_empty() {
        true => "<none>".to_owned(),
        false => roles.into_iter().collect::<Vec<_>>().join(","),
    }
}

fn address<'a>(it: View<'a>, kind: &str) -> &'a str {
    let found = it.list("/status/addresses").iter().find(|it| text(it, "/type") == kind);
    found.map_or("<none>", |it| text(it, "/address"))
}

pub(super) fn runtime_class(it: View<'_>) -> Vec<Value> {
    vec![it.name(), json!(it.text("/handler")), it.age()]
}
