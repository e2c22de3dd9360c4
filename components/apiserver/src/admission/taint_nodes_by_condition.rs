//! A new node takes no pods until it is known to be ready.
//!
//! Upstream: plugin/pkg/admission/nodetaint.

use super::{Attributes, Plugin, pod::list_mut};
use serde_json::json;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "TaintNodesByCondition",
    by_default: true,
    mutate: Some(|_, write| {
        mutate(write);
        Box::pin(async { Ok(()) })
    }),
    validate: None,
};

fn mutate(write: &mut Attributes) {
    if !write.is_whole("", "nodes") || !write.creates() {
        return;
    }
    let taint = json!({"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"});
    let taints = list_mut(&mut write.object["spec"], "taints");
    let same =
        |one: &serde_json::Value| one["key"] == taint["key"] && one["effect"] == taint["effect"];
    if !taints.iter().any(same) {
        taints.push(taint);
    }
}
