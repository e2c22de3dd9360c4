//! Nodes may do what the pods on them need, and nothing else.
//!
//! Upstream: plugin/pkg/auth/authorizer/node; who is a node: pkg/auth/nodeidentifier.

mod graph;
mod own;
mod pod;

use super::{
    Attributes, Decision,
    rbac::{Rule, node_rules, rules_allow},
};
use crate::{
    authentication::{NODES, User},
    registry::Registry,
};
use graph::Graph;
use own::{csi_node, lease, own_node};
use pod::Kind;
use std::sync::Arc;

/// Judges nodes' requests by what is on them.
#[derive(Debug)]
pub(super) struct Nodes {
    graph: Graph,
    rules: Vec<Rule>,
}

/// Which node a user is.
pub(super) fn name(user: &User) -> Option<&str> {
    user.name.strip_prefix("system:node:").filter(|_| user.is_in(NODES))
}

type Answer = Result<(), String>;

impl Nodes {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self { graph: Graph::new(registry), rules: node_rules() }
    }

    /// Decides on a node's requests; of others it has no opinion.
    pub(super) async fn decide(&self, attributes: &Attributes) -> Decision {
        let Some(node) = name(&attributes.user) else {
            return Decision::no_opinion("");
        };
        if node.is_empty() {
            let why = format!("unknown node for user {:?}", attributes.user.name);
            return Decision::no_opinion(why);
        }
        match self.judge(node, attributes).await {
            Ok(()) => Decision::allow(""),
            Err(why) => Decision::no_opinion(why),
        }
    }

    async fn judge(&self, node: &str, what: &Attributes) -> Answer {
        if !what.is_resource {
            return self.by_rules(what);
        }
        match (what.group.as_str(), what.resource.as_str()) {
            ("", "secrets") => self.needed_read(node, Kind::Secret, what).await,
            ("", "configmaps") => self.needed_read(node, Kind::ConfigMap, what).await,
            ("", "persistentvolumeclaims") if what.subresource == "status" => {
                is_one_of(what, &["update", "patch"], "can only get/update/patch this type")?;
                self.needed(node, Kind::Claim, what).await
            }
            ("", "persistentvolumeclaims") => self.needed_get(node, Kind::Claim, what).await,
            ("resource.k8s.io", "resourceclaims") => {
                self.needed_get(node, Kind::ResourceClaim, what).await
            }
            ("", "serviceaccounts") => self.token(node, what).await,
            ("", "persistentvolumes") => {
                only_get(what)?;
                related(self.graph.mounts(node, &what.name).await?, node)
            }
            ("storage.k8s.io", "volumeattachments") => {
                only_get(what)?;
                related(self.graph.has_attachment(node, &what.name).await?, node)
            }
            ("resource.k8s.io", "resourceslices") => self.slice(node, what).await,
            ("", "nodes") => own_node(node, what),
            ("", "pods") => self.pod(node, what).await,
            ("coordination.k8s.io", "leases") => lease(node, what),
            ("storage.k8s.io", "csinodes") => csi_node(node, what),
            _ => self.by_rules(what),
        }
    }

    fn by_rules(&self, what: &Attributes) -> Answer {
        if rules_allow(what, &self.rules) { Ok(()) } else { Err(String::new()) }
    }

    async fn needed_read(&self, node: &str, kind: Kind, what: &Attributes) -> Answer {
        is_one_of(what, &["get", "list", "watch"], "can only read resources of this type")?;
        if !what.subresource.is_empty() {
            return Err("cannot read subresource".into());
        }
        if what.namespace.is_empty() {
            return Err("can only read namespaced object of this type".into());
        }
        self.needed(node, kind, what).await
    }

    async fn needed_get(&self, node: &str, kind: Kind, what: &Attributes) -> Answer {
        only_get(what)?;
        self.needed(node, kind, what).await
    }

    /// Whether a pod on the node needs the object.
    async fn needed(&self, node: &str, kind: Kind, what: &Attributes) -> Answer {
        if what.name.is_empty() {
            return Err("No Object name found".into());
        }
        let there = self.graph.needs(node, kind, &what.namespace, &what.name).await?;
        related(there, node)
    }

    async fn token(&self, node: &str, what: &Attributes) -> Answer {
        if what.verb != "create" || what.name.is_empty() {
            return Err("can only create tokens for individual service accounts".into());
        }
        if what.subresource != "token" {
            return Err("can only create token subresource of serviceaccount".into());
        }
        self.needed(node, Kind::ServiceAccount, what).await
    }

    async fn slice(&self, node: &str, what: &Attributes) -> Answer {
        if !what.subresource.is_empty() {
            return Err("cannot authorize ResourceSlice subresources".into());
        }
        match what.verb.as_str() {
            // Admission sees the node's name in the new object.
            "create" => Ok(()),
            "get" | "update" | "patch" | "delete" => {
                related(self.graph.has_slice(node, &what.name).await?, node)
            }
            "watch" | "list" | "deletecollection" if what.selectors.requires("nodeName", node) => {
                Ok(())
            }
            "watch" | "list" | "deletecollection" => Err(
                "can only list/watch/deletecollection resourceslices with nodeName field selector"
                    .into(),
            ),
            _ => {
                Err("only the following verbs are allowed for a ResourceSlice: get, watch, list, \
                      create, update, patch, delete, deletecollection"
                    .into())
            }
        }
    }

    async fn pod(&self, node: &str, what: &Attributes) -> Answer {
        match (what.subresource.as_str(), what.verb.as_str()) {
            ("", "list" | "watch") if what.selectors.requires("spec.nodeName", node) => Ok(()),
            ("", "list" | "watch") if what.name.is_empty() => {
                Err("can only list/watch pods with spec.nodeName field selector".into())
            }
            ("", "get" | "list" | "watch") => {
                let there = self.graph.has_pod(node, &what.namespace, &what.name).await?;
                related(there, node)
            }
            // Of mirror pods, and of pods on the node: admission sees to that.
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                Ok(())
            }
            _ => Err(String::new()),
        }
    }
}

fn related(is: bool, node: &str) -> Answer {
    let why = || format!("no relationship found between node '{node}' and this object");
    if is { Ok(()) } else { Err(why()) }
}

fn is_one_of(what: &Attributes, verbs: &[&str], why: &str) -> Answer {
    if verbs.contains(&what.verb.as_str()) { Ok(()) } else { Err(why.into()) }
}

fn only_get(what: &Attributes) -> Answer {
    is_one_of(what, &["get"], "can only get individual resources of this type")?;
    match what.subresource.is_empty() {
        true => Ok(()),
        false => Err("cannot get subresource".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_known_by_name_and_group() {
        let user = |name: &str, group: &str| User {
            name: name.into(),
            groups: vec![group.into()],
            ..User::default()
        };
        assert_eq!(name(&user("system:node:n", "system:nodes")), Some("n"));
        assert_eq!(name(&user("system:node:n", "other")), None);
        assert_eq!(name(&user("alice", "system:nodes")), None);
    }
}
