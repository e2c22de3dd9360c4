//! Rows of services and of endpoints as they were before slices.

use super::{
    texts::{first_of, labels, or_none},
    view::{View, int, list, text, texts},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) fn service(it: View<'_>) -> Vec<Value> {
    let ports = it.list("/spec/ports").iter().map(port).collect::<Vec<_>>().join(",");
    vec![
        it.name(),
        json!(it.text("/spec/type")),
        json!(it.list("/spec/clusterIPs").first().and_then(Value::as_str).unwrap_or("<none>")),
        json!(external_ip(it)),
        json!(or_none(ports)),
        it.age(),
        json!(labels(it.map("/spec/selector"))),
    ]
}

fn port(port: &Value) -> String {
    let (number, protocol) = (int(port, "/port"), text(port, "/protocol"));
    match int(port, "/nodePort") {
        ..=0 => format!("{number}/{protocol}"),
        node_port => format!("{number}:{node_port}/{protocol}"),
    }
}

fn external_ip(it: View<'_>) -> String {
    let external = texts(it.object, "/spec/externalIPs");
    match it.text("/spec/type") {
        "ClusterIP" | "NodePort" => or_none(external.join(",")),
        "LoadBalancer" => {
            let balancer = load_balancer(it);
            let all = balancer.iter().map(String::as_str).chain(external).collect::<Vec<_>>();
            if all.is_empty() { "<pending>".to_owned() } else { all.join(",") }
        }
        "ExternalName" => it.text("/spec/externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

/// The addresses or names of a load balancer, each once.
pub(super) fn load_balancer(it: View<'_>) -> BTreeSet<String> {
    let of = |it: &Value| match text(it, "/ip") {
        "" => text(it, "/hostname").to_owned(),
        ip => ip.to_owned(),
    };
    let ingress = it.list("/status/loadBalancer/ingress").iter().map(of);
    ingress.filter(|text| !text.is_empty()).collect()
}

pub(super) fn endpoints(it: View<'_>) -> Vec<Value> {
    let mut all = Vec::new();
    for subset in it.list("/subsets") {
        let addresses = || list(subset, "/addresses").iter().map(|it| text(it, "/ip"));
        let ports = list(subset, "/ports");
        if ports.is_empty() {
            all.extend(addresses().map(str::to_owned));
        }
        for port in ports {
            all.extend(addresses().map(|ip| host_port(ip, int(port, "/port"))));
        }
    }
    vec![it.name(), json!(or_none(first_of(&all, 3))), it.age()]
}

fn host_port(host: &str, port: i64) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}
