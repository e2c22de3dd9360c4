//! `pods/binding`: a scheduler says on which node a pod is to run.
//!
//! Upstream: pkg/registry/core/pod/storage/storage.go (BindingREST).

use crate::{
    failure::{Failure, Named},
    object,
    registry::{Target, metadata},
    server::body::Upload,
    server::{Asked, Server, body, options::writing},
};
use api::schema::GroupVersionKind;
use http::StatusCode;
use serde_json::{Map, Value, json};
use wire::Response;

fn kind() -> GroupVersionKind {
    GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Binding".into() }
}

impl Server {
    /// Binds a pod to a node.
    pub(in crate::server) async fn bind(
        &self,
        asked: &Asked,
        pod: &Target,
        body: Upload,
    ) -> Result<Response, Failure> {
        let how = writing(asked)?;
        let binding = self.decode(asked, &kind(), &body::read(body).await?)?.object;
        let name = object::meta(&binding, "name");
        // `POST …/bindings` names the pod in the body alone.
        let name = if pod.name.is_empty() { name.to_owned() } else { pod.name.clone() };
        if name != object::meta(&binding, "name") {
            let why = "name in URL does not match name in Binding object";
            return Err(Failure::bad_request(why));
        }
        check(&binding)?;
        let pod = Target { name: name.clone(), ..pod.clone() };
        let door = Target { subresource: "binding".into(), ..pod.clone() };
        let binding = self.registry.admitted_act(&door, binding, &how).await?;
        let now = metadata::time(self.host.clock.wall());
        let decide = |present: &Value| {
            bound(present, &binding, &now).map_err(|why| {
                let of = Named { group: "", resource: "pods/binding", name: &name };
                Failure::conflict(of, &why)
            })
        };
        self.registry.rewrite(&pod, how.dry_run, decide).await?;
        Ok(super::done())
    }
}

/// A binding's target is a node with a name.
fn check(binding: &Value) -> Result<(), Failure> {
    let target = &binding["target"];
    let refused = |why: &str| Err(Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "", why));
    match target["kind"].as_str().unwrap_or_default() {
        "" | "Node" => {}
        other => {
            return refused(&format!(
                "target.kind: Unsupported value: {other:?}: supported values: \"Node\", \"<empty>\""
            ));
        }
    }
    match target["name"].as_str().is_none_or(str::is_empty) {
        true => refused("target.name: Required value"),
        false => Ok(()),
    }
}

/// The pod with its node; the error is why it cannot have it.
fn bound(present: &Value, binding: &Value, now: &str) -> Result<Value, String> {
    let name = object::meta(present, "name");
    for (field, title) in [("uid", "UID"), ("resourceVersion", "ResourceVersion")] {
        // What the scheduler has seen of the pod, if it says so.
        let (seen, is) = (object::meta(binding, field), object::meta(present, field));
        if !seen.is_empty() && seen != is {
            return Err(format!(
                "Precondition failed: {title} in precondition: {seen}, {title} in object meta: {is}"
            ));
        }
    }
    if !object::meta(present, "deletionTimestamp").is_empty() {
        return Err(format!("pod {name} is being deleted, cannot be assigned to a host"));
    }
    let node = present["spec"]["nodeName"].as_str().unwrap_or_default();
    if !node.is_empty() {
        return Err(format!("pod {name} is already assigned to node {node:?}"));
    }
    if present["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty()) {
        return Err(format!("pod {name} has non-empty .spec.schedulingGates"));
    }
    let mut pod = present.clone();
    pod["spec"]["nodeName"] = binding["target"]["name"].clone();
    let metadata = &binding["metadata"];
    merge(&mut pod["metadata"], "annotations", metadata["annotations"].as_object(), true);
    // Labels that the server copies from the node do not replace the pod's own.
    merge(&mut pod["metadata"], "labels", metadata["labels"].as_object(), false);
    if let Some(status) = pod["status"].as_object_mut() {
        status.remove("nominatedNodeName");
    }
    scheduled(&mut pod["status"]["conditions"], now);
    Ok(pod)
}

fn merge(metadata: &mut Value, name: &str, from: Option<&Map<String, Value>>, replace: bool) {
    for (key, value) in from.into_iter().flatten() {
        if replace || metadata[name].get(key).is_none() {
            metadata[name][key] = value.clone();
        }
    }
}

/// The condition that the pod has a node.
fn scheduled(conditions: &mut Value, now: &str) {
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let Some(list) = conditions.as_array_mut() else { return };
    let present = list.iter().position(|one| one["type"] == "PodScheduled");
    let since = match present.map(|at| &list[at]) {
        Some(one) if one["status"] == "True" => one["lastTransitionTime"].clone(),
        _ => now.into(),
    };
    let condition = json!({
        "type": "PodScheduled", "status": "True", "lastProbeTime": null,
        "lastTransitionTime": since,
    });
    match present {
        Some(at) => list[at] = condition,
        None => list.push(condition),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_gets_its_node_once() {
        let binding = json!({
            "metadata": {"name": "p", "annotations": {"a": "2"}, "labels": {"zone": "z", "l": "x"}},
            "target": {"kind": "Node", "name": "n"},
        });
        let pod = json!({
            "metadata": {"name": "p", "labels": {"l": "1"}},
            "spec": {}, "status": {"phase": "Pending", "nominatedNodeName": "m"},
        });
        let new = bound(&pod, &binding, "now").unwrap();
        assert_eq!(new["spec"]["nodeName"], "n");
        assert_eq!(new["metadata"]["annotations"], json!({"a": "2"}));
        assert_eq!(new["metadata"]["labels"], json!({"l": "1", "zone": "z"}));
        assert_eq!(new["status"]["conditions"][0]["status"], "True");
        assert_eq!(new["status"].get("nominatedNodeName"), None);

        let again = bound(&new, &binding, "now").unwrap_err();
        assert_eq!(again, "pod p is already assigned to node \"n\"");
        let mut gated = pod.clone();
        gated["spec"]["schedulingGates"] = json!([{"name": "g"}]);
        let refused = bound(&gated, &binding, "now").unwrap_err();
        assert_eq!(refused, "pod p has non-empty .spec.schedulingGates");
        let mut doomed = pod;
        doomed["metadata"]["deletionTimestamp"] = "now".into();
        let refused = bound(&doomed, &binding, "now").unwrap_err();
        assert_eq!(refused, "pod p is being deleted, cannot be assigned to a host");
    }

    #[test]
    fn a_target_is_a_node_with_a_name() {
        let cases = [
            (json!({"name": "n"}), None),
            (json!({"name": "n", "kind": "Node"}), None),
            (json!({}), Some("target.name: Required value")),
            (
                json!({"name": "n", "kind": "Pod"}),
                Some(
                    "target.kind: Unsupported value: \"Pod\": supported values: \"Node\", \
                     \"<empty>\"",
                ),
            ),
        ];
        for (target, why) in cases {
            let checked = check(&json!({"target": target}));
            assert_eq!(checked.err().map(|failure| failure.message).as_deref(), why);
        }
    }
}
