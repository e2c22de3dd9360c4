//! How objects of a kind end.
//!
//! Upstream: the `CheckGracefulDelete` and `…DeleteStrategy` methods of pkg/registry/*/*/strategy.go.

use super::is;
use api::{definition, resources::Resource};
use serde_json::Value;

/// Pods that do not say otherwise have so long to end.
const POD_GRACE_SECONDS: i64 = 30;

/// How long the object goes on after it was told to go.
pub(crate) fn grace_seconds(resource: &Resource, object: &Value, asked: Option<i64>) -> i64 {
    if !is(resource, "", "pods") {
        return 0;
    }
    let unscheduled = object["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    let ended = matches!(object["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    if unscheduled || ended {
        return 0;
    }
    let own = object["spec"]["terminationGracePeriodSeconds"].as_i64();
    // Less than nothing means one second (pod strategy's CheckGracefulDelete).
    match asked.or(own).unwrap_or(POD_GRACE_SECONDS) {
        negative if negative < 0 => 1,
        seconds => seconds,
    }
}

/// Changes an object that is told to go.
pub(crate) fn prepare(resource: &Resource, object: &mut Value, now: &str) {
    if is(resource, definition::GROUP, definition::PLURAL) {
        definition::life::doomed(object, now);
    }
    if is(resource, "", "namespaces") {
        object["status"]["phase"] = "Terminating".into();
    }
}

/// Whether the object waits for more than its metadata's finalizers: a namespace for its own.
pub(crate) fn is_held(resource: &Resource, object: &Value) -> bool {
    let finalizers = object["spec"]["finalizers"].as_array();
    is(resource, "", "namespaces") && finalizers.is_some_and(|list| !list.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_pod_on_a_node_has_time_to_end() {
        let resources = api::resources::built_in();
        let pods = resources.iter().find(|one| one.plural == "pods").unwrap();
        let cases = [
            (json!({}), None, 0),
            (json!({"spec": {"nodeName": "n"}}), None, 30),
            (json!({"spec": {"nodeName": "n", "terminationGracePeriodSeconds": 5}}), None, 5),
            (json!({"spec": {"nodeName": "n", "terminationGracePeriodSeconds": 5}}), Some(9), 9),
            (json!({"spec": {"nodeName": "n"}}), Some(-3), 1),
            (json!({"spec": {"nodeName": "n"}, "status": {"phase": "Failed"}}), Some(9), 0),
        ];
        for (pod, asked, seconds) in cases {
            assert_eq!(grace_seconds(pods, &pod, asked), seconds, "{pod}");
        }
        let nodes = resources.iter().find(|one| one.plural == "nodes").unwrap();
        assert_eq!(grace_seconds(nodes, &json!({}), Some(30)), 0);
    }
}
