//! Pods, services and what else is of the core group.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go`.

use super::{Object, Specials, each, fill, inner, is_zero, made, pod_resources, text};
use serde_json::{Value, json};

pub(super) const SPECIALS: Specials = &[
    ("core.v1.Container", container),
    ("core.v1.EphemeralContainer", container),
    ("core.v1.ImageVolumeSource", image_volume),
    ("core.v1.LimitRangeItem", limit_range_item),
    ("core.v1.Namespace", namespace),
    ("core.v1.NodeStatus", node_status),
    ("core.v1.Pod", pod),
    ("core.v1.ReplicationController", replication_controller),
    ("core.v1.Service", service),
    ("core.v1.ServicePort", service_port),
    ("core.v1.Volume", volume),
];

fn container(container: &mut Object) {
    if text(container, "imagePullPolicy").is_empty() {
        let policy = pull_policy(text(container, "image"));
        container.insert("imagePullPolicy".into(), policy.into());
    }
}

fn image_volume(image: &mut Object) {
    if text(image, "pullPolicy").is_empty() {
        let policy = pull_policy(text(image, "reference"));
        image.insert("pullPolicy".into(), policy.into());
    }
}

/// `latest` may move; every other tag, and a digest, are taken to stay.
fn pull_policy(image: &str) -> &'static str {
    if image.is_empty() || image.contains('@') {
        return "IfNotPresent";
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    match name.split_once(':') {
        None | Some((_, "latest")) => "Always",
        Some(_) => "IfNotPresent",
    }
}

fn volume(volume: &mut Object) {
    if !volume.keys().any(|key| key != "name") {
        volume.insert("emptyDir".into(), json!({}));
    }
}

fn pod(pod: &mut Object) {
    let Some(spec) = made(pod, "spec") else { return };
    for list in ["containers", "initContainers"] {
        each(spec, list).for_each(requests_from_limits);
    }
    pod_resources::fill_in(spec);
    fill(spec, "enableServiceLinks", true);
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        for list in ["containers", "initContainers"] {
            each(spec, list).flat_map(|one| each(one, "ports")).for_each(host_port);
        }
    }
}

/// Of pods alone: a template's limits may be changed later without its requests.
fn requests_from_limits(container: &mut Object) {
    let Some(resources) = inner(container, "resources") else { return };
    let limits = resources.get("limits").and_then(Value::as_object).cloned().unwrap_or_default();
    if limits.is_empty() {
        return;
    }
    let Some(requests) = made(resources, "requests") else { return };
    for (name, amount) in limits {
        fill(requests, &name, amount);
    }
}

fn host_port(port: &mut Object) {
    let own = port.get("containerPort").filter(|own| !is_zero(own)).cloned();
    if port.get("hostPort").is_none_or(is_zero)
        && let Some(own) = own
    {
        port.insert("hostPort".into(), own);
    }
}

fn replication_controller(controller: &mut Object) {
    let labels = inner(controller, "spec")
        .and_then(|spec| inner(spec, "template"))
        .and_then(|template| inner(template, "metadata"))
        .and_then(|metadata| metadata.get("labels").cloned())
        .filter(|labels| !is_zero(labels));
    let Some(labels) = labels else { return };
    if let Some(spec) = inner(controller, "spec") {
        fill(spec, "selector", labels.clone());
    }
    if let Some(metadata) = made(controller, "metadata") {
        fill(metadata, "labels", labels);
    }
}

fn service_port(port: &mut Object) {
    if port.get("targetPort").is_none_or(is_zero)
        && let Some(own) = port.get("port").cloned()
    {
        port.insert("targetPort".into(), own);
    }
}

/// Its plain rules are those of its spec, which come later: an outer type looks first.
fn service(service: &mut Object) {
    let Some(spec) = made(service, "spec") else { return };
    session_affinity(spec);
    let kind = match text(spec, "type") {
        "" => "ClusterIP",
        kind => kind,
    }
    .to_owned();
    let external = spec.get("externalIPs").is_some_and(|list| !is_zero(list));
    let exposed = kind == "LoadBalancer" || kind == "NodePort";
    if (exposed || (kind == "ClusterIP" && external))
        && text(spec, "externalTrafficPolicy").is_empty()
    {
        spec.insert("externalTrafficPolicy".into(), "Cluster".into());
    }
    if exposed || kind == "ClusterIP" {
        fill(spec, "internalTrafficPolicy", "Cluster");
    }
    if kind != "LoadBalancer" {
        return;
    }
    fill(spec, "allocateLoadBalancerNodePorts", true);
    let balancer = inner(service, "status").and_then(|status| inner(status, "loadBalancer"));
    for ingress in balancer.into_iter().flat_map(|one| each(one, "ingress")) {
        if !text(ingress, "ip").is_empty() {
            fill(ingress, "ipMode", "VIP");
        }
    }
}

fn session_affinity(spec: &mut Object) {
    match text(spec, "sessionAffinity") {
        "" | "None" => drop(spec.remove("sessionAffinityConfig")),
        "ClientIP" => {
            // The timeout itself is a plain rule.
            if let Some(config) = made(spec, "sessionAffinityConfig") {
                made(config, "clientIP");
            }
        }
        _ => {}
    }
}

/// A namespace says its name in a label, so that selectors can find it.
fn namespace(namespace: &mut Object) {
    let Some(metadata) = inner(namespace, "metadata") else { return };
    let name = text(metadata, "name").to_owned();
    if !name.is_empty()
        && let Some(labels) = made(metadata, "labels")
    {
        labels.insert("kubernetes.io/metadata.name".into(), name.into());
    }
}

fn node_status(status: &mut Object) {
    if let Some(capacity) = status.get("capacity").filter(|it| !is_zero(it)).cloned() {
        fill(status, "allocatable", capacity);
    }
}

fn limit_range_item(item: &mut Object) {
    if text(item, "type") != "Container" {
        return;
    }
    for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")]
    {
        let amounts = item.get(from).and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, amount) in amounts {
            if let Some(target) = made(item, to) {
                fill(target, &name, amount);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_pulled_again_where_its_tag_may_move() {
        let cases = [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("localhost:5000/nginx", "Always"),
            ("localhost:5000/nginx:1", "IfNotPresent"),
            ("nginx@sha256:0123", "IfNotPresent"),
            ("nginx:latest@sha256:0123", "IfNotPresent"),
            ("", "IfNotPresent"),
        ];
        for (image, policy) in cases {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
