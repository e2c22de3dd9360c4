//! Keys of a pod's own labels that a rule of its placement names become part of the rule's selector.
//!
//! Upstream: pkg/registry/core/pod/strategy.go (mutatePodAffinity, mutateTopologySpreadConstraints).

use serde_json::{Map, Value, json};

/// Fills the selectors of a new pod's rules.
pub(super) fn merge(pod: &mut Value) {
    let labels = pod["metadata"]["labels"].as_object().cloned().unwrap_or_default();
    let spec = &mut pod["spec"];
    for kind in ["podAffinity", "podAntiAffinity"] {
        let pointer =
            |list: &str| format!("/affinity/{kind}/{list}DuringSchedulingIgnoredDuringExecution");
        for term in list(spec, &pointer("required")) {
            select(term, &labels);
        }
        for weighted in list(spec, &pointer("preferred")) {
            if let Some(term) = weighted.get_mut("podAffinityTerm") {
                select(term, &labels);
            }
        }
    }
    for constraint in list(spec, "/topologySpreadConstraints") {
        select(constraint, &labels);
    }
}

fn list<'a>(object: &'a mut Value, pointer: &str) -> impl Iterator<Item = &'a mut Value> {
    object.pointer_mut(pointer).and_then(Value::as_array_mut).into_iter().flatten()
}

fn select(term: &mut Value, labels: &Map<String, Value>) {
    if !term["labelSelector"].is_object() {
        return;
    }
    for (keys, operator) in [("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")] {
        let keys = term.get(keys).and_then(Value::as_array).cloned().unwrap_or_default();
        let found = keys.iter().filter_map(|key| Some((key, labels.get(key.as_str()?)?)));
        let added: Vec<Value> = found
            .map(|(key, value)| json!({"key": key, "operator": operator, "values": [value]}))
            .collect();
        if added.is_empty() {
            continue;
        }
        match &mut term["labelSelector"]["matchExpressions"] {
            Value::Array(list) => list.extend(added),
            other => *other = added.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_the_pod_become_expressions() {
        let mut pod = json!({
            "metadata": {"labels": {"a": "1", "b": "2"}},
            "spec": {
                "affinity": {"podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [{
                        "labelSelector": {}, "matchLabelKeys": ["a", "missing"],
                        "mismatchLabelKeys": ["b"],
                    }],
                }},
                "topologySpreadConstraints": [{"matchLabelKeys": ["a"]}],
            },
        });
        merge(&mut pod);
        let rule =
            "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0";
        assert_eq!(
            pod.pointer(rule).unwrap()["labelSelector"]["matchExpressions"],
            json!([
                {"key": "a", "operator": "In", "values": ["1"]},
                {"key": "b", "operator": "NotIn", "values": ["2"]},
            ])
        );
        // Without a selector there is nothing to add to.
        assert_eq!(pod["spec"]["topologySpreadConstraints"], json!([{"matchLabelKeys": ["a"]}]));
    }
}
