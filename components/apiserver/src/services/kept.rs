//! What a replaced service keeps of what the server gave it, and what it loses with its type.
//!
//! Upstream: pkg/registry/core/service/storage/storage.go (patchAllocatedValues,
//! normalizeClusterIPs) and pkg/registry/core/service/strategy.go (dropTypeDependentFields).

use super::families::text;
use serde_json::{Map, Value, json};

/// Whether services of the type have an address of the cluster.
pub(super) fn has_address(service: &Value) -> bool {
    matches!(text(service, "type"), "ClusterIP" | "NodePort" | "LoadBalancer")
}

/// Whether services of the type have ports on nodes.
pub(super) fn has_node_ports(service: &Value) -> bool {
    match text(service, "type") {
        "NodePort" => true,
        "LoadBalancer" => service["spec"]["allocateLoadBalancerNodePorts"] != false,
        _ => false,
    }
}

/// Whether nodes say of themselves whether they have an endpoint of the service.
pub(super) fn has_health_check(service: &Value) -> bool {
    text(service, "type") == "LoadBalancer" && text(service, "externalTrafficPolicy") == "Local"
}

/// Whether traffic from outside comes in by the service.
fn has_outside(service: &Value) -> bool {
    matches!(text(service, "type"), "NodePort" | "LoadBalancer")
        || service["spec"]["externalIPs"].as_array().is_some_and(|list| !list.is_empty())
}

/// A replacement that leaves out what the server gave means to keep it.
pub(crate) fn carry_over(new: &mut Value, old: Option<&Value>) {
    let Some(old) = old else {
        let address = new["spec"]["clusterIP"].clone();
        if !is_blank(&address) && new["spec"]["clusterIPs"].is_null() {
            new["spec"]["clusterIPs"] = json!([address]);
        }
        return;
    };
    let before = &old["spec"];
    if has_address(old) && has_address(new) {
        if is_blank(&new["spec"]["clusterIP"]) {
            set(new, "clusterIP", &before["clusterIP"]);
        }
        if is_blank(&new["spec"]["clusterIPs"]) && new["spec"]["clusterIP"] == before["clusterIP"] {
            set(new, "clusterIPs", &before["clusterIPs"]);
        }
    }
    if has_node_ports(old) && has_node_ports(new) {
        carry_over_ports(new, old);
    }
    if has_health_check(old)
        && has_health_check(new)
        && is_blank(&new["spec"]["healthCheckNodePort"])
    {
        set(new, "healthCheckNodePort", &before["healthCheckNodePort"]);
    }
    // Who changes the one address means the list too.
    let (one, same) =
        (new["spec"]["clusterIP"].clone(), new["spec"]["clusterIPs"] == before["clusterIPs"]);
    if one != before["clusterIP"] && same {
        match is_blank(&one) {
            true => set(new, "clusterIPs", &Value::Null),
            false => new["spec"]["clusterIPs"] = json!([one]),
        }
    }
}

/// A port without a number gets the one that the port of its name had, unless another took it.
fn carry_over_ports(new: &mut Value, old: &Value) {
    let ports = |service: &Value| service["spec"]["ports"].as_array().cloned().unwrap_or_default();
    let before = ports(old);
    let mut used: Vec<Value> = ports(new).iter().map(|port| port["nodePort"].clone()).collect();
    for port in ports_mut(new) {
        if !is_blank(&port["nodePort"]) {
            continue;
        }
        let same = before.iter().find(|one| one["name"] == port["name"]);
        let had = same.map(|one| &one["nodePort"]).filter(|had| !is_blank(had));
        if let Some(had) = had.filter(|had| !used.contains(had)) {
            used.push(had.clone());
            port["nodePort"] = had.clone();
        }
    }
}

/// What goes with the type goes when the type does, unless the client sets it anew.
pub(crate) fn drop_unused(new: &mut Value, old: &Value) {
    let same = |new: &Value, name: &str| new["spec"].get(name) == old["spec"].get(name);
    let mut gone: Vec<&str> = Vec::new();
    if has_address(old) && !has_address(new) {
        gone.extend(["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]);
    }
    if has_health_check(old) && !has_health_check(new) {
        gone.push("healthCheckNodePort");
    }
    let balanced = |service: &Value| text(service, "type") == "LoadBalancer";
    if balanced(old) && !balanced(new) {
        gone.extend(["allocateLoadBalancerNodePorts", "loadBalancerClass"]);
    }
    if has_outside(old) && !has_outside(new) {
        gone.push("externalTrafficPolicy");
    }
    gone.retain(|name| same(new, name));
    if let Some(spec) = new["spec"].as_object_mut() {
        gone.iter().for_each(|name| drop(spec.remove(*name)));
    }
    let nodes = |service: &Value| matches!(text(service, "type"), "NodePort" | "LoadBalancer");
    if nodes(old) && !nodes(new) && numbers(new) == numbers(old) {
        for port in ports_mut(new) {
            port.as_object_mut().and_then(|port| port.remove("nodePort"));
        }
    }
}

fn ports_mut(service: &mut Value) -> impl Iterator<Item = &mut Value> {
    service.pointer_mut("/spec/ports").and_then(Value::as_array_mut).into_iter().flatten()
}

fn numbers(service: &Value) -> Vec<&Value> {
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    ports.map(|port| &port["nodePort"]).collect()
}

fn set(service: &mut Value, name: &str, value: &Value) {
    let Some(spec) = service["spec"].as_object_mut() else { return };
    match value.is_null() {
        true => drop(spec.remove(name)),
        false => drop(spec.insert(name.into(), value.clone())),
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => Map::is_empty(map),
        Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node_port() -> Value {
        json!({"spec": {
            "type": "NodePort", "clusterIP": "10.0.0.9", "clusterIPs": ["10.0.0.9"],
            "externalTrafficPolicy": "Cluster",
            "ports": [{"name": "a", "port": 1, "nodePort": 30001}, {"name": "b", "port": 2, "nodePort": 30002}],
        }})
    }

    #[test]
    fn what_is_left_out_is_kept() {
        let old = node_port();
        let mut new = json!({"spec": {
            "type": "NodePort",
            "ports": [{"name": "b", "port": 2}, {"name": "c", "port": 3, "nodePort": 30001}, {"name": "a", "port": 1}],
        }});
        carry_over(&mut new, Some(&old));
        assert_eq!(new["spec"]["clusterIPs"], json!(["10.0.0.9"]));
        assert_eq!(numbers(&new), [&json!(30002), &json!(30001), &Value::Null]);

        let mut moved = old.clone();
        moved["spec"]["clusterIP"] = "10.0.0.7".into();
        carry_over(&mut moved, Some(&old));
        assert_eq!(moved["spec"]["clusterIPs"], json!(["10.0.0.7"]));
        let mut born = json!({"spec": {"type": "ClusterIP", "clusterIP": "10.0.0.7"}});
        carry_over(&mut born, None);
        assert_eq!(born["spec"]["clusterIPs"], json!(["10.0.0.7"]));
    }

    #[test]
    fn what_goes_with_the_type_goes() {
        let old = node_port();
        let mut new = old.clone();
        new["spec"]["type"] = "ClusterIP".into();
        drop_unused(&mut new, &old);
        assert_eq!(numbers(&new), [&Value::Null, &Value::Null]);
        assert_eq!(new["spec"].get("externalTrafficPolicy"), None);
        assert_eq!(new["spec"]["clusterIP"], "10.0.0.9");
        let mut name = old.clone();
        name["spec"]["type"] = "ExternalName".into();
        drop_unused(&mut name, &old);
        assert_eq!(name["spec"].get("clusterIPs"), None);
    }
}
