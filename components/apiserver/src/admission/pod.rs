//! The parts of a pod that plugins look at.

use api::quantity::Quantity;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Amounts by resource: `cpu`, `memory`.
pub(super) type Amounts = BTreeMap<String, Quantity>;

/// Lists of containers in a pod's spec, in the order in which upstream visits them.
pub(super) const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// The members of a list; nothing where it is none.
pub(super) fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

/// The members of a list, to be changed.
pub(super) fn items_mut<'a>(of: &'a mut Value, list: &str) -> impl Iterator<Item = &'a mut Value> {
    of.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten()
}

/// A text; empty where there is none.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An annotation of an object.
pub(super) fn annotation<'a>(object: &'a Value, key: &str) -> Option<&'a str> {
    object["metadata"]["annotations"][key].as_str()
}

/// Whether a kubelet made the pod from a file of its own.
pub(super) fn is_mirror(pod: &Value) -> bool {
    annotation(pod, "kubernetes.io/config.mirror").is_some()
}

/// What a pod can pull in that the cluster keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kept {
    Secrets,
    ConfigMaps,
    Claims,
    TrustBundles,
}

/// Whether a pod's spec refers to any object of that kind. References have members of their own
/// names, which nothing else in a spec has.
pub(super) fn refers_to(spec: &Value, kept: Kept) -> bool {
    let names: &[&str] = match kept {
        Kept::Secrets => &["secret", "secretKeyRef", "secretRef", "imagePullSecrets"],
        Kept::ConfigMaps => &["configMap", "configMapKeyRef", "configMapRef"],
        Kept::Claims => &["persistentVolumeClaim"],
        Kept::TrustBundles => &["clusterTrustBundle"],
    };
    match spec {
        Value::Object(members) => members.iter().any(|(name, value)| {
            let there = value.is_object() || value.as_array().is_some_and(|it| !it.is_empty());
            (there && names.contains(&name.as_str())) || refers_to(value, kept)
        }),
        Value::Array(items) => items.iter().any(|item| refers_to(item, kept)),
        _ => false,
    }
}

/// A member that is an object, made where it is not.
pub(super) fn object_mut<'a>(of: &'a mut Value, name: &str) -> &'a mut Map<String, Value> {
    if !of[name].is_object() {
        of[name] = Value::Object(Map::new());
    }
    of[name].as_object_mut().expect("invariant: it was made an object")
}

/// A member that is a list, made where it is not.
pub(super) fn list_mut<'a>(of: &'a mut Value, name: &str) -> &'a mut Vec<Value> {
    if !of[name].is_array() {
        of[name] = Value::Array(Vec::new());
    }
    of[name].as_array_mut().expect("invariant: it was made a list")
}

/// Amounts as objects write them; what is no quantity is left out.
pub(super) fn amounts(list: &Value) -> Amounts {
    let entries = list.as_object().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), quantity(value)?))).collect()
}

/// One amount: text, or a number.
pub(super) fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text).ok(),
        Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
        _ => None,
    }
}

/// What a whole pod asks for (component-helpers/resource, PodRequests): the containers that run side
/// by side together, or the hungriest of those that run before; resources of the pod itself win.
pub(super) fn requests(pod: &Value, overhead: bool) -> Amounts {
    total(pod, "requests", overhead)
}

/// What a whole pod may use at most (PodLimits).
pub(super) fn limits(pod: &Value, overhead: bool) -> Amounts {
    total(pod, "limits", overhead)
}

fn total(pod: &Value, which: &str, overhead: bool) -> Amounts {
    let spec = &pod["spec"];
    let of = |container: &Value| amounts(&container["resources"][which]);
    let mut sum = Amounts::new();
    items(&spec["containers"]).for_each(|container| add(&mut sum, &of(container)));
    let (mut sidecars, mut before) = (Amounts::new(), Amounts::new());
    for container in items(&spec["initContainers"]) {
        let own = of(container);
        let mut now = sidecars.clone();
        add(&mut now, &own);
        if container["restartPolicy"] == "Always" {
            add(&mut sum, &own);
            sidecars = now.clone();
        }
        raise(&mut before, &now);
    }
    raise(&mut sum, &before);
    for (name, amount) in amounts(&spec["resources"][which]) {
        sum.insert(name, amount);
    }
    if overhead {
        for (name, amount) in amounts(&spec["overhead"]) {
            // What has no limit gets none from the overhead.
            match sum.get_mut(&name) {
                Some(there) => *there = there.plus(amount),
                None if which == "requests" => drop(sum.insert(name, amount)),
                None => {}
            }
        }
    }
    sum
}

/// Adds amounts to amounts.
pub(super) fn add(to: &mut Amounts, more: &Amounts) {
    for (name, amount) in more {
        let there = to.entry(name.clone()).or_insert(Quantity::ZERO);
        *there = there.plus(*amount);
    }
}

/// Takes the larger of each two amounts.
fn raise(to: &mut Amounts, other: &Amounts) {
    for (name, amount) in other {
        let there = to.entry(name.clone()).or_insert(*amount);
        *there = (*there).max(*amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_asks_for_what_runs_at_the_same_time() {
        let one = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let sidecar = |cpu: &str| {
            let mut made = one(cpu);
            made["restartPolicy"] = "Always".into();
            made
        };
        let cases = [
            (json!({"containers": [one("1"), one("500m")]}), "1500m"),
            (json!({"containers": [one("1")], "initContainers": [one("3"), one("2")]}), "3"),
            (json!({"containers": [one("1")], "initContainers": [sidecar("1"), one("2")]}), "3"),
            (json!({"containers": [one("1")], "initContainers": [one("2"), sidecar("1")]}), "2"),
            (json!({"containers": [one("1")], "overhead": {"cpu": "100m"}}), "1100m"),
            (json!({"containers": [one("1")], "resources": {"requests": {"cpu": "4"}}}), "4"),
        ];
        for (spec, expected) in cases {
            let found = requests(&json!({"spec": spec}), true);
            assert_eq!(found["cpu"].to_string(), expected, "{spec}");
        }
    }
}
