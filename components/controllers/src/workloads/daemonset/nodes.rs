//! Which nodes a daemon's pod belongs on.
//!
//! Upstream: `nodeShouldRunDaemonPod` in pkg/controller/daemon/daemon_controller.go, and
//! component-helpers/scheduling/corev1.

use api::selector::{Operator, Requirement};
use client::name;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

use crate::object::{is, list, text, texts};

/// What nodes do not keep a daemon away by (`AddOrUpdateDaemonPodTolerations`).
const TOLERATED: &[(&str, &str)] = &[
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
];
/// Only for those who use the node's own network.
const NETWORK: (&str, &str) = ("node.kubernetes.io/network-unavailable", "NoSchedule");

/// The template's tolerations, and those that every daemon has.
pub(super) fn tolerations(spec: &Value) -> Vec<Value> {
    let mut all = list(spec, "/tolerations").to_vec();
    let network = is(spec, "/hostNetwork").then_some(&NETWORK);
    for (key, effect) in TOLERATED.iter().chain(network) {
        let fresh = json!({"key": key, "operator": "Exists", "effect": effect});
        if !all.contains(&fresh) {
            all.push(fresh);
        }
    }
    all
}

/// Whether a pod should be made on a node, and whether one that is there may stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fit {
    pub(super) should_run: bool,
    pub(super) may_stay: bool,
}

pub(super) fn fit(set: &Value, node: &Value) -> Fit {
    let spec = &set["spec"]["template"]["spec"];
    let pinned = text(spec, "/nodeName");
    if (!pinned.is_empty() && pinned != name(node)) || !is_selected(spec, node) {
        return Fit { should_run: false, may_stay: false };
    }
    let tolerations = tolerations(spec);
    let keeps_away = |effects: &[&str]| {
        let taints = list(node, "/spec/taints").iter();
        let mut taints = taints.filter(|taint| effects.iter().any(|it| taint["effect"] == *it));
        taints.any(|taint| !tolerations.iter().any(|it| tolerates(it, taint)))
    };
    Fit {
        should_run: !keeps_away(&["NoSchedule", "NoExecute"]),
        may_stay: !keeps_away(&["NoExecute"]),
    }
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let same = |member: &str| {
        let wanted = toleration[member].as_str().unwrap_or_default();
        (wanted, wanted == taint[member].as_str().unwrap_or_default())
    };
    let (effect, same_effect) = same("effect");
    let (key, same_key) = same("key");
    let exists = toleration["operator"] == "Exists";
    (effect.is_empty() || same_effect)
        && ((key.is_empty() && exists) || same_key)
        && (exists || same("value").1)
}

fn is_selected(spec: &Value, node: &Value) -> bool {
    let labels = texts(node, "/metadata/labels");
    let selector = texts(spec, "/nodeSelector");
    let affinity =
        spec.pointer("/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution");
    selector.iter().all(|(name, value)| labels.get(name) == Some(value))
        && affinity.is_none_or(|affinity| {
            list(affinity, "/nodeSelectorTerms").iter().any(|term| fits(term, &labels, node))
        })
}

/// A term without requirements fits nothing.
fn fits(term: &Value, labels: &BTreeMap<String, String>, node: &Value) -> bool {
    let (own, fields) = (list(term, "/matchExpressions"), list(term, "/matchFields"));
    let named = BTreeMap::from([("metadata.name".to_owned(), name(node).to_owned())]);
    (!own.is_empty() || !fields.is_empty())
        && own.iter().all(|wanted| is_met(wanted, labels))
        && fields.iter().all(|wanted| is_met(wanted, &named))
}

fn is_met(wanted: &Value, texts: &BTreeMap<String, String>) -> bool {
    let operator = match wanted["operator"].as_str().unwrap_or_default() {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        "Gt" => Operator::GreaterThan,
        "Lt" => Operator::LessThan,
        _ => return false,
    };
    let values = list(wanted, "/values").iter().filter_map(Value::as_str);
    let values: BTreeSet<String> = values.map(str::to_owned).collect();
    let requirement = Requirement::new(text(wanted, "/key"), operator, values);
    requirement.is_ok_and(|requirement| requirement.matches(texts))
}

/// The node that a pod is on, or is meant for.
pub(super) fn node_of(pod: &Value) -> &str {
    let bound = text(pod, "/spec/nodeName");
    if !bound.is_empty() {
        return bound;
    }
    let terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
    let mut fields = list(pod, terms).iter().flat_map(|term| list(term, "/matchFields"));
    let named = fields.find(|field| field["key"] == "metadata.name" && field["operator"] == "In");
    named.and_then(|field| field["values"][0].as_str()).unwrap_or_default()
}

/// A pod's spec that is bound for this node (`ReplaceDaemonSetPodNodeNameNodeAffinity`).
pub(super) fn meant_for(mut spec: Value, node: &str) -> Value {
    let term = json!({"matchFields":
        [{"key": "metadata.name", "operator": "In", "values": [node]}]});
    spec["tolerations"] = tolerations(&spec).into();
    spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
        json!({"nodeSelectorTerms": [term]});
    spec
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_chosen_by_labels_and_taints() {
        let node = |taints: Value| {
            json!({"metadata": {"name": "a", "labels": {"disk": "ssd", "size": "5"}},
                "spec": {"taints": taints}})
        };
        let set = |spec: Value| json!({"spec": {"template": {"spec": spec}}});
        let affinity = |key: &str, operator: &str, value: &str| {
            let wanted = json!({"key": key, "operator": operator, "values": [value]});
            json!({"affinity": {"nodeAffinity":
                {"requiredDuringSchedulingIgnoredDuringExecution":
                    {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}}}})
        };
        let (plain, taint) =
            (json!([]), |key: &str, effect: &str| json!([{"key": key, "effect": effect}]));
        for (spec, taints, run, stay) in [
            (json!({}), plain.clone(), true, true),
            (json!({"nodeName": "b"}), plain.clone(), false, false),
            (json!({"nodeSelector": {"disk": "hdd"}}), plain.clone(), false, false),
            (affinity("size", "Gt", "4"), plain.clone(), true, true),
            (affinity("disk", "NotIn", "ssd"), plain, false, false),
            (json!({}), taint("x", "NoSchedule"), false, true),
            (json!({}), taint("x", "NoExecute"), false, false),
            (json!({}), taint("x", "PreferNoSchedule"), true, true),
            (json!({}), taint("node.kubernetes.io/not-ready", "NoExecute"), true, true),
            (json!({"tolerations": [{"operator": "Exists"}]}), taint("x", "NoExecute"), true, true),
        ] {
            let found = fit(&set(spec.clone()), &node(taints.clone()));
            assert_eq!((found.should_run, found.may_stay), (run, stay), "{spec} {taints}");
        }
    }
}
