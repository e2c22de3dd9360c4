//! How evenly a pod's like are to be spread.
//!
//! Upstream: pkg/scheduler/framework/plugins/podtopologyspread/common.go.

use super::{
    items,
    labels::{Labels, Selector},
    number, text, texts,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// One wish about how pods are spread over the values of a label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Constraint {
    /// By how many pods two places may differ.
    pub max_skew: i64,
    /// The label of nodes.
    pub topology_key: Arc<str>,
    /// Nothing else will do; else it is a preference.
    pub required: bool,
    /// Which pods are counted, of the pod's own namespace.
    pub selector: Selector,
    /// With fewer places than these, the emptiest counts as empty.
    pub min_domains: i64,
    /// Only nodes that the pod selects count.
    pub honor_affinity: bool,
    /// Only nodes whose taints the pod tolerates count.
    pub honor_taints: bool,
}

/// Reads a pod's constraints.
pub fn constraints(spec: &Value, labels: &Labels) -> Vec<Constraint> {
    items(spec, "topologySpreadConstraints").map(|value| read(value, labels)).collect()
}

/// Reads `v1.TopologySpreadConstraint` of a pod with these labels.
pub fn read(value: &Value, labels: &Labels) -> Constraint {
    Constraint {
        max_skew: number(value, "maxSkew").unwrap_or(1).into(),
        topology_key: text(value, "topologyKey").into(),
        required: text(value, "whenUnsatisfiable") != "ScheduleAnyway",
        selector: selector(value, labels),
        min_domains: number(value, "minDomains").unwrap_or(1).into(),
        honor_affinity: text(value, "nodeAffinityPolicy") != "Ignore",
        honor_taints: text(value, "nodeTaintsPolicy") == "Honor",
    }
}

/// The selector, and that the labels of `matchLabelKeys` are as the pod's own.
fn selector(value: &Value, labels: &Labels) -> Selector {
    let keys = texts(value, "matchLabelKeys");
    if keys.is_empty() || value["labelSelector"].is_null() {
        return Selector::of(&value["labelSelector"]);
    }
    let mut whole = value["labelSelector"].clone();
    let mut expressions = whole["matchExpressions"].as_array().cloned().unwrap_or_default();
    for (key, own) in keys.iter().filter_map(|key| labels.get_key_value(key)) {
        expressions.push(json!({"key": key, "operator": "In", "values": [own]}));
    }
    whole["matchExpressions"] = Value::Array(expressions);
    Selector::of(&whole)
}
