//! A node changes itself, and what runs on it, and nothing else.
//!
//! Upstream: plugin/pkg/admission/noderestriction.

mod labels;

use super::{
    Attributes, Cluster, Plugin, Wanted,
    pod::{Kept, is_mirror, items, refers_to, text},
};
use crate::{
    failure::{Failure, Named},
    object,
};
use serde_json::Value;

pub(super) const PLUGIN: Plugin = Plugin {
    name: "NodeRestriction",
    by_default: false,
    mutate: Some(|cluster, write| Box::pin(admit(cluster, write))),
    validate: None,
};

const LEASES: &str = "kube-node-lease";

/// The node whose kubelet writes; an empty name: nobody can tell which.
fn node_of(write: &Attributes) -> Option<&str> {
    let known = write.user.groups.iter().any(|group| group == "system:nodes");
    write.user.name.strip_prefix("system:node:").filter(|_| known)
}

async fn admit(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    let Some(node) = node_of(write) else { return Ok(()) };
    if node.is_empty() {
        let user = &write.user.name;
        return Err(write.forbidden(format!("could not determine node from user {user:?}")));
    }
    let resource = &write.resource;
    let why = match (resource.kind.group.as_str(), resource.plural.as_str()) {
        ("", "pods") => return pod(cluster, write, node).await,
        ("", "serviceaccounts") => return token(cluster, write, node).await,
        ("", "nodes") => itself(write, node),
        ("", "persistentvolumeclaims") => claim(write, node),
        ("coordination.k8s.io", "leases") => lease(write, node),
        ("storage.k8s.io", "csinodes") => {
            let own = write.name == node;
            let why = "can only access CSINode with the same name as the requesting node";
            (!own).then(|| why.to_owned())
        }
        _ => None,
    };
    why.map_or(Ok(()), |why| Err(write.forbidden(why)))
}

async fn pod(cluster: Cluster<'_>, write: &Attributes, node: &str) -> Result<(), Failure> {
    let refuse = |why: String| Err(write.forbidden(why));
    match write.subresource.as_str() {
        "" if write.creates() => match mirror_fault(&write.object, node) {
            Some(why) => refuse(why),
            None => same_node(cluster, write, node).await,
        },
        "" if write.deletes() => match on_node(&write.old, node) {
            true => Ok(()),
            false => refuse(format!(
                "node {node:?} can only delete pods with spec.nodeName set to itself"
            )),
        },
        "" => refuse(format!(
            "unexpected operation \"{}\", node {node:?} can only create and delete mirror pods",
            write.operation
        )),
        "status" => match status_fault(write, node) {
            Some(why) => refuse(why),
            None => Ok(()),
        },
        "eviction" => {
            let (namespace, name) = (write.namespace.as_str(), write.name.as_str());
            let Some(pod) = cluster.found(Wanted::core("pods", namespace, name)).await? else {
                return Err(Failure::not_found(Named { group: "", resource: "pods", name }));
            };
            match on_node(&pod, node) {
                true => Ok(()),
                false => refuse(format!(
                    "node {node} can only evict pods with spec.nodeName set to itself"
                )),
            }
        }
        other => refuse(format!(
            "unexpected pod subresource {other:?}, only 'status' and 'eviction' are allowed"
        )),
    }
}

fn on_node(pod: &Value, node: &str) -> bool {
    pod["spec"]["nodeName"] == node
}

/// A node makes no pods but those that show what it runs anyway; they pull in nothing.
fn mirror_fault(pod: &Value, node: &str) -> Option<String> {
    if !is_mirror(pod) {
        return Some(format!(
            "pod does not have \"kubernetes.io/config.mirror\" annotation, node {node:?} can only \
             create mirror pods"
        ));
    }
    let only = |what: &str| Some(format!("node {node:?} can only create pods with {what}"));
    if !on_node(pod, node) {
        return only("spec.nodeName set to itself");
    }
    let owners: Vec<&Value> = items(&pod["metadata"]["ownerReferences"]).collect();
    let [owner] = owners.as_slice() else {
        return match owners.is_empty() {
            true => only("an owner reference set to itself"),
            false => only("a single owner reference set to itself"),
        };
    };
    if owner["apiVersion"] != "v1" || owner["kind"] != "Node" || owner["name"] != node {
        return only("an owner reference set to itself");
    }
    if owner["controller"] != true {
        return only("a controller owner reference set to itself");
    }
    if owner["blockOwnerDeletion"] == true {
        let why = format!("node {node:?} must not set blockOwnerDeletion on an owner reference");
        return Some(why);
    }
    let never =
        |what: &str| Some(format!("node {node:?} can not create pods that reference {what}"));
    let spec = &pod["spec"];
    if !text(&spec["serviceAccountName"]).is_empty() {
        return never("a service account");
    }
    let kinds = [
        (Kept::Secrets, "secrets"),
        (Kept::ConfigMaps, "configmaps"),
        (Kept::TrustBundles, "clustertrustbundles"),
        (Kept::Claims, "persistentvolumeclaims"),
    ];
    kinds.into_iter().find(|(kept, _)| refers_to(spec, *kept)).and_then(|(_, name)| never(name))
}

/// The owner of a mirror pod is the node that is there, not one of its name from before.
async fn same_node(cluster: Cluster<'_>, write: &Attributes, name: &str) -> Result<(), Failure> {
    let Some(node) = cluster.found(Wanted::core("nodes", "", name)).await? else {
        return Err(Failure::not_found(Named { group: "", resource: "nodes", name }));
    };
    let said = text(&write.object["metadata"]["ownerReferences"][0]["uid"]);
    let is = object::meta(&node, "uid");
    match said == is {
        true => Ok(()),
        false => {
            Err(write.forbidden(format!("node {name} UID mismatch: expected {said} got {is}")))
        }
    }
}

fn status_fault(write: &Attributes, node: &str) -> Option<String> {
    if !write.updates() {
        return Some(format!("unexpected operation \"{}\"", write.operation));
    }
    if !on_node(&write.old, node) {
        return Some(format!(
            "node {node:?} can only update pod status for pods with spec.nodeName set to itself"
        ));
    }
    let labels = |pod: &Value| pod["metadata"]["labels"].clone();
    if labels(&write.object) != labels(&write.old) {
        return Some(format!("node {node:?} cannot update labels through pod status"));
    }
    let claims = |pod: &Value| pod["status"]["resourceClaimStatuses"].clone();
    (claims(&write.object) != claims(&write.old))
        .then(|| format!("node {node:?} cannot update resource claim statues"))
}

fn itself(write: &Attributes, node: &str) -> Option<String> {
    let asked = &write.name;
    if asked != node {
        return Some(format!("node {node:?} is not allowed to modify node {asked:?}"));
    }
    if write.deletes() {
        return None;
    }
    let source = &write.object["spec"]["configSource"];
    if !source.is_null() && (write.creates() || *source != write.old["spec"]["configSource"]) {
        return Some(match write.creates() {
            true => {
                format!("node {node:?} is not allowed to create pods with a non-nil configSource")
            }
            false => format!(
                "node {node:?} is not allowed to update configSource to a new non-nil configSource"
            ),
        });
    }
    let list = |node: &Value| node["spec"]["taints"].as_array().cloned().unwrap_or_default();
    if write.updates() && list(&write.object) != list(&write.old) {
        return Some(format!("node {node:?} is not allowed to modify taints"));
    }
    let forbidden = labels::forbidden(&write.object, &write.old).join(", ");
    match (forbidden.is_empty(), write.creates()) {
        (true, _) => None,
        (false, true) => {
            Some(format!("node {node:?} is not allowed to set the following labels: {forbidden}"))
        }
        (false, false) => Some(format!("is not allowed to modify labels: {forbidden}")),
    }
}

/// Of a claim a node says how large its volume is by now, and nothing else.
fn claim(write: &Attributes, node: &str) -> Option<String> {
    if write.subresource != "status" {
        return Some("may only update PVC status".into());
    }
    let rest = |claim: &Value| {
        let mut rest = claim.clone();
        for name in ["capacity", "conditions", "allocatedResourceStatuses", "allocatedResources"] {
            if let Some(status) = rest["status"].as_object_mut() {
                status.remove(name);
            }
        }
        if let Some(metadata) = object::metadata_mut(&mut rest) {
            metadata.remove("resourceVersion");
            metadata.remove("managedFields");
        }
        rest
    };
    (rest(&write.object) != rest(&write.old)).then(|| {
        format!(
            "node {node:?} is not allowed to update fields other than status.capacity and \
             status.conditions"
        )
    })
}

fn lease(write: &Attributes, node: &str) -> Option<String> {
    if write.namespace != LEASES {
        return Some(format!("can only access leases in the {LEASES:?} system namespace"));
    }
    let own = write.name == node;
    let why = "can only access node lease with the same name as the requesting node";
    (!own).then(|| why.to_owned())
}

/// A node asks for tokens of the pods that run on it.
async fn token(cluster: Cluster<'_>, write: &Attributes, node: &str) -> Result<(), Failure> {
    if !write.creates() || write.subresource != "token" {
        return Ok(());
    }
    let bound = &write.object["spec"]["boundObjectRef"];
    let (name, uid) = (text(&bound["name"]), text(&bound["uid"]));
    if bound["apiVersion"] != "v1" || bound["kind"] != "Pod" || name.is_empty() {
        return Err(write.forbidden("node requested token not bound to a pod"));
    }
    if uid.is_empty() {
        return Err(write.forbidden("node requested token with a pod binding without a uid"));
    }
    let Some(pod) = cluster.found(Wanted::core("pods", &write.namespace, name)).await? else {
        return Err(Failure::not_found(Named { group: "", resource: "pods", name }));
    };
    if object::meta(&pod, "uid") != uid {
        return Err(write.forbidden(format!(
            "the UID in the bound object reference ({uid}) does not match the UID in record. The \
             object might have been deleted and then recreated"
        )));
    }
    match on_node(&pod, node) {
        true => Ok(()),
        false => {
            Err(write
                .forbidden("node requested token bound to a pod scheduled on a different node"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mirror_pods_belong_to_their_node() {
        let owner = json!({"apiVersion": "v1", "kind": "Node", "name": "n", "controller": true});
        let good = json!({
            "metadata": {
                "annotations": {"kubernetes.io/config.mirror": "x"}, "ownerReferences": [owner],
            },
            "spec": {"nodeName": "n", "containers": []},
        });
        assert_eq!(mirror_fault(&good, "n"), None);
        let with = |place: &str, value: Value| {
            let mut pod = good.clone();
            *pod.pointer_mut(place).unwrap() = value;
            mirror_fault(&pod, "n").unwrap_or_default()
        };
        let cases = [
            ("/spec/nodeName", json!("m"), "with spec.nodeName set to itself"),
            ("/metadata/ownerReferences", json!([]), "with an owner reference set to itself"),
            (
                "/metadata/ownerReferences/0/controller",
                json!(false),
                "with a controller owner reference set to itself",
            ),
            (
                "/spec/containers",
                json!([{"envFrom": [{"secretRef": {"name": "s"}}]}]),
                "can not create pods that reference secrets",
            ),
        ];
        for (place, value, expected) in cases {
            let said = with(place, value);
            assert!(said.ends_with(expected), "{place}: {said}");
        }
    }
}
