//! Keeps the Endpoints of each service that selects pods: the old form of its slices.
//!
//! Upstream: pkg/controller/endpoint/endpoints_controller.go, pkg/api/v1/endpoints/util.go.

use client::{Key, Object, name, namespace};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::backends::{
    self, HEADLESS, TRIGGERED, addresses, host_name, is_headless, ports, reference,
};
use crate::{
    controller::{Change, Controller, Scene, Wake},
    kinds::{ENDPOINTS, Kind, PODS, SERVICES},
    object::{annotation, is, label, texts},
    plan::{Plan, Write},
    view::View,
};

const MANAGER: &str = "endpoints.kubernetes.io/managed-by";
const OURS: &str = "endpoint-controller";
const OVER: &str = "endpoints.kubernetes.io/over-capacity";
/// Addresses in one object (`maxCapacity`).
const ADDRESSES_MAX: usize = 1000;

/// The controller. Its keys are services.
#[derive(Debug)]
pub(crate) struct Endpoints;

impl Controller for Endpoints {
    fn name(&self) -> &'static str {
        "endpoint-controller"
    }

    fn watches(&self) -> &'static [Kind] {
        &[PODS, SERVICES, ENDPOINTS]
    }

    fn wakes(&self, change: &Change<'_>, view: &View<'_>) -> Vec<Wake> {
        match change.kind {
            PODS => backends::wakes(change, view),
            _ => vec![Key::of(change.object()).into()],
        }
    }

    fn decide(&mut self, key: &Key, scene: &Scene<'_>) -> Plan {
        let there = scene.view.of(ENDPOINTS).get(key);
        let Some(service) = scene.view.of(SERVICES).get(key) else {
            // Only ours: whoever made others may want them without a service.
            let ours = there.filter(|it| label(it, MANAGER) == Some(OURS));
            return Plan::of(ours.map(|it| Write::delete(ENDPOINTS, it)).into_iter().collect());
        };
        if backends::selector(service).is_none() {
            return Plan::default();
        }
        let pods = backends::of(scene.view, service, is(service, "/spec/publishNotReadyAddresses"));
        Plan::of(write(service, &pods, there).into_iter().collect())
    }
}

fn write(service: &Object, pods: &[&Object], there: Option<&Object>) -> Option<Write> {
    let (subsets, over) = subsets(service, pods);
    let mut labels = texts(service, "/metadata/labels");
    labels.remove(HEADLESS);
    if is_headless(service) {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(MANAGER.to_owned(), OURS.to_owned());
    let was_over = there.is_some_and(|there| annotation(there, OVER).is_some());
    if let Some(there) = there
        && there["subsets"].as_array().map_or(&[][..], Vec::as_slice) == subsets
        && texts(there, "/metadata/labels") == labels
        && was_over == over
    {
        return None;
    }
    let mut wanted = match there {
        Some(there) => Value::clone(there),
        None => json!({"metadata": {"name": name(service), "namespace": namespace(service)}}),
    };
    wanted["metadata"]["labels"] = json!(labels);
    let mut annotations = texts(&wanted, "/metadata/annotations");
    annotations.remove(OVER);
    if over {
        annotations.insert(OVER.to_owned(), "truncated".to_owned());
    }
    if let Some(at) = backends::triggered(service, pods) {
        annotations.insert(TRIGGERED.to_owned(), at);
    }
    wanted["metadata"]["annotations"] = json!(annotations);
    wanted["subsets"] = subsets.into();
    Some(match there {
        Some(_) => Write::update(ENDPOINTS, wanted),
        None => Write::create(ENDPOINTS, wanted),
    })
}

/// Addresses by their ports, and whether there are too many of them.
fn subsets(service: &Object, pods: &[&Object]) -> (Vec<Value>, bool) {
    let ipv6 = backends::families(service).first().is_some_and(|ipv6| *ipv6);
    let mut by_ports: BTreeMap<String, (Vec<Value>, Vec<Value>)> = BTreeMap::new();
    // Ready ones are kept rather than others.
    let mut pods: Vec<&Object> = pods.to_vec();
    pods.sort_by_key(|pod| !backends::conditions(service, pod).ready);
    let over = pods.len() > ADDRESSES_MAX;
    pods.truncate(ADDRESSES_MAX);
    for pod in pods {
        let Some(ip) = addresses(pod, ipv6).first().map(|ip| (*ip).to_owned()) else { continue };
        let ports = ports(service, pod);
        if ports.is_empty() && !is_headless(service) {
            continue;
        }
        let mut address = json!({"ip": ip, "targetRef": reference(pod)});
        let node = crate::object::text(pod, "/spec/nodeName");
        if !node.is_empty() {
            address["nodeName"] = node.into();
        }
        if let Some(host) = host_name(service, pod) {
            address["hostname"] = host.into();
        }
        let ports = Value::Array(ports).to_string();
        let (ready, other) = by_ports.entry(ports).or_default();
        match backends::conditions(service, pod).ready {
            true => ready.push(address),
            false => other.push(address),
        }
    }
    (by_ports.into_iter().map(|(ports, addresses)| subset(&ports, addresses)).collect(), over)
}

fn subset(ports: &str, (ready, other): (Vec<Value>, Vec<Value>)) -> Value {
    let ports: Value = serde_json::from_str(ports).unwrap_or_default();
    let mut subset = json!({});
    let by_ip = |mut addresses: Vec<Value>| {
        addresses.sort_by_key(|address| address["ip"].as_str().unwrap_or_default().to_owned());
        Value::Array(addresses)
    };
    if !ready.is_empty() {
        subset["addresses"] = by_ip(ready);
    }
    if !other.is_empty() {
        subset["notReadyAddresses"] = by_ip(other);
    }
    let mut ports: Vec<Value> = ports.as_array().cloned().unwrap_or_default();
    for port in &mut ports {
        if port["name"] == ""
            && let Some(port) = port.as_object_mut()
        {
            port.remove("name");
        }
    }
    if !ports.is_empty() {
        subset["ports"] = ports.into();
    }
    subset
}
