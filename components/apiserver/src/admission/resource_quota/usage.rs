//! What an object counts for in a quota.
//!
//! Upstream: pkg/quota/v1/evaluator/core and apiserver/pkg/quota/v1/generic.

use crate::admission::{
    Attributes,
    pod::{self, Amounts, amounts, annotation, items, quantity, text},
};
use api::{quantity::Quantity, resources::Resource};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Resources that count under their plain names too.
const PLAIN: [&str; 7] = [
    "configmaps",
    "persistentvolumeclaims",
    "pods",
    "replicationcontrollers",
    "resourcequotas",
    "secrets",
    "services",
];
/// What every container must say something about where a quota limits it.
const SAID: [&str; 6] =
    ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];
const CLASS_MARK: &str = ".storageclass.storage.k8s.io/";

/// Whether a write can change what is used.
pub(super) fn handles(write: &Attributes) -> bool {
    match (write.subresource.as_str(), write.creates()) {
        ("", true) => true,
        ("", false) => write.is("", "services") || write.is("", "persistentvolumeclaims"),
        ("resize", false) => write.is("", "pods"),
        _ => false,
    }
}

/// `count/deployments.apps`.
fn count_of(resource: &Resource) -> String {
    match resource.kind.group.as_str() {
        "" => format!("count/{}", resource.plural),
        group => format!("count/{}.{group}", resource.plural),
    }
}

/// Whether objects of the write's resource count for an entry of a quota.
pub(super) fn counts(write: &Attributes, entry: &str) -> bool {
    let resource = &write.resource;
    let plain = resource.kind.group.is_empty() && PLAIN.contains(&resource.plural.as_str());
    if entry == count_of(resource) || (plain && entry == resource.plural) {
        return true;
    }
    if write.is("", "pods") {
        let compute = ["cpu", "memory", "ephemeral-storage"];
        let bare = entry.strip_prefix("limits.").unwrap_or(entry);
        return compute.contains(&bare)
            || bare.starts_with("hugepages-")
            || entry.strip_prefix("requests.").is_some_and(|rest| rest != "storage");
    }
    if write.is("", "services") {
        return matches!(entry, "services.nodeports" | "services.loadbalancers");
    }
    let storage = entry == "requests.storage"
        || ["requests.storage", "persistentvolumeclaims"]
            .iter()
            .any(|end| entry.ends_with(&format!("{CLASS_MARK}{end}")));
    write.is("", "persistentvolumeclaims") && storage
}

/// What a write adds to what is used; nothing is ever taken away.
pub(super) fn added(write: &Attributes) -> Amounts {
    let mut usage = usage(&write.resource, &write.object);
    if write.updates() {
        for (name, before) in self::usage(&write.resource, &write.old) {
            if let Some(now) = usage.get_mut(&name) {
                *now = now.minus(before).max(Quantity::ZERO);
            }
        }
    }
    usage
}

/// What one object counts for.
fn usage(resource: &Resource, object: &Value) -> Amounts {
    let mut usage = match (resource.kind.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => pod(object),
        ("", "services") => service(object),
        ("", "persistentvolumeclaims") => claim(object),
        ("", plural) if PLAIN.contains(&plural) => one(plural),
        _ => Amounts::new(),
    };
    usage.insert(count_of(resource), Quantity::whole(1));
    usage
}

fn one(name: &str) -> Amounts {
    Amounts::from([(name.to_owned(), Quantity::whole(1))])
}

/// A pod that has ended uses nothing any more.
fn pod(object: &Value) -> Amounts {
    if matches!(text(&object["status"]["phase"]), "Succeeded" | "Failed") {
        return Amounts::new();
    }
    let mut usage = one("pods");
    usage.extend(compute(&pod::requests(object, true), &pod::limits(object, true)));
    usage
}

/// Requests and limits by the names that quotas have for them.
fn compute(requests: &Amounts, limits: &Amounts) -> Amounts {
    let mut usage = Amounts::new();
    for (name, amount) in requests {
        let native = matches!(name.as_str(), "cpu" | "memory" | "ephemeral-storage");
        if native || name.starts_with("hugepages-") {
            usage.insert(name.clone(), *amount);
        }
        usage.insert(format!("requests.{name}"), *amount);
    }
    let limited = limits.iter().filter(|(name, _)| !name.contains('/'));
    usage.extend(limited.map(|(name, amount)| (format!("limits.{name}"), *amount)));
    usage
}

fn service(object: &Value) -> Amounts {
    let spec = &object["spec"];
    let ports = || items(&spec["ports"]);
    let all = ports().count();
    let chosen = ports().filter(|port| port["nodePort"].as_i64().unwrap_or(0) != 0).count();
    let balanced = spec["type"] == "LoadBalancer";
    let node_ports = match text(&spec["type"]) {
        "NodePort" => all,
        "LoadBalancer" if spec["allocateLoadBalancerNodePorts"] == false => chosen,
        "LoadBalancer" => all,
        _ => 0,
    };
    let whole = |count: usize| Quantity::whole(i64::try_from(count).unwrap_or(i64::MAX));
    let mut usage = one("services");
    usage.insert("services.nodeports".into(), whole(node_ports));
    usage.insert("services.loadbalancers".into(), whole(usize::from(balanced)));
    usage
}

fn claim(object: &Value) -> Amounts {
    let mut usage = one("persistentvolumeclaims");
    let spec = &object["spec"];
    let class = annotation(object, "volume.beta.kubernetes.io/storage-class");
    let class = class.unwrap_or_else(|| text(&spec["storageClassName"]));
    if !class.is_empty() {
        let name = format!("{class}{CLASS_MARK}persistentvolumeclaims");
        usage.insert(name, Quantity::whole(1));
    }
    // What was given to a claim that is being shrunk back counts too.
    let asked = quantity(&spec["resources"]["requests"]["storage"]);
    let given = quantity(&object["status"]["allocatedResources"]["storage"]);
    if let Some(size) = asked.into_iter().chain(given).max() {
        usage.insert("requests.storage".into(), size);
        if !class.is_empty() {
            usage.insert(format!("{class}{CLASS_MARK}requests.storage"), size);
        }
    }
    usage
}

/// What containers leave out that a quota limits: it could not be counted.
pub(super) fn missing(write: &Attributes, limited: &BTreeSet<&str>) -> Option<String> {
    if !write.is("", "pods") {
        return None;
    }
    let spec = &write.object["spec"];
    let whole =
        compute(&amounts(&spec["resources"]["requests"]), &amounts(&spec["resources"]["limits"]));
    let required =
        limited.iter().filter(|name| SAID.contains(*name) && !whole.contains_key(**name));
    let mut missing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for name in required {
        for container in ["containers", "initContainers"].iter().flat_map(|it| items(&spec[*it])) {
            let resources = &container["resources"];
            let said = compute(&amounts(&resources["requests"]), &amounts(&resources["limits"]));
            if !said.contains_key(*name) {
                missing.entry(name).or_default().insert(text(&container["name"]));
            }
        }
    }
    let told: Vec<String> = missing
        .into_iter()
        .map(|(name, who)| format!("{name} for: {}", Vec::from_iter(who).join(",")))
        .collect();
    (!told.is_empty()).then(|| format!("must specify {}", told.join("; ")))
}
