//! Labels that a node must not give itself: they would draw pods that were not meant for it.
//!
//! Upstream: plugin/pkg/admission/noderestriction/admission.go and kubelet/pkg/apis/well_known_labels.go.

use serde_json::Value;
use std::collections::BTreeSet;

/// Labels of Kubernetes' own that kubelets may set.
const OWN: [&str; 12] = [
    "kubernetes.io/hostname",
    "kubernetes.io/arch",
    "kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/instance-type",
    "node.kubernetes.io/windows-build",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
];
const OWN_DOMAINS: [&str; 2] = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const RESTRICTED: &str = "node-restriction.kubernetes.io";

/// The labels that differ between two states of a node and are not the node's to change.
pub(super) fn forbidden(new: &Value, old: &Value) -> Vec<String> {
    let labels = |node: &Value| node["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    let (new, old) = (labels(new), labels(old));
    let keys: BTreeSet<&String> = new.keys().chain(old.keys()).collect();
    let changed = keys.into_iter().filter(|key| new.get(*key) != old.get(*key));
    changed.filter(|key| is_forbidden(key)).cloned().collect()
}

fn is_forbidden(label: &str) -> bool {
    let domain = label.split_once('/').map_or("", |(domain, _)| domain);
    let within =
        |of: &str| domain == of || domain.strip_suffix(of).is_some_and(|rest| rest.ends_with('.'));
    let kubernetes = within("kubernetes.io") || within("k8s.io");
    let own = OWN.contains(&label) || OWN_DOMAINS.iter().any(|of| within(of));
    within(RESTRICTED) || (kubernetes && !own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn some_labels_are_not_a_node_s_to_set() {
        for (label, expected) in [
            ("example.com/role", false),
            ("kubernetes.io/hostname", false),
            ("kubelet.kubernetes.io/x", false),
            ("a.node.kubernetes.io/x", false),
            ("node-role.kubernetes.io/control-plane", true),
            ("node-restriction.kubernetes.io/x", true),
            ("a.node-restriction.kubernetes.io/x", true),
            ("foo.k8s.io/x", true),
            ("plain", false),
        ] {
            let node = json!({"metadata": {"labels": {label: "1"}}});
            assert_eq!(!forbidden(&node, &Value::Null).is_empty(), expected, "{label}");
            assert!(forbidden(&node, &node).is_empty());
        }
    }
}
