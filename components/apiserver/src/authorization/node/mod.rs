//! Nodes may do what the pods on them need, and nothing else.
//!
//! Upstream: plugin/pkg/auth/authorizer/node; who is a node: pkg/auth/nodeidentifier.

mod pod;

use super::{
    Attributes, Decision,
    rbac::{Rule, node_rules, rules_allow},
};
use crate::{
    authentication::User,
    cache::{
        Cacher, Entry,
        index::{Index, Place, part},
    },
    failure::Failure,
    registry::Registry,
};
use pod::{Kind, Needs};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// Node leases live here.
const LEASES: &str = "kube-node-lease";

/// Judges nodes' requests by what is on them.
#[derive(Debug)]
pub(super) struct Nodes {
    registry: Arc<Registry>,
    rules: Vec<Rule>,
    /// By node: `namespace/name` of its pods.
    pods: Index<Needs>,
    /// By claim (`namespace/name`): the volumes bound to it, and their secrets.
    volumes: Index<BTreeSet<String>>,
    /// By node.
    attachments: Index<()>,
    /// By node.
    slices: Index<()>,
}

/// Which node a user is.
pub(super) fn name(user: &User) -> Option<&str> {
    user.name.strip_prefix("system:node:").filter(|_| user.is_in("system:nodes"))
}

type Answer = Result<(), String>;

impl Nodes {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            rules: node_rules(),
            pods: Index::new(read_pod),
            volumes: Index::new(read_volume),
            attachments: Index::new(read_node),
            slices: Index::new(read_node),
        }
    }

    /// Decides on a node's requests; of others it has no opinion.
    pub(super) async fn decide(&self, attributes: &Attributes) -> Decision {
        let Some(node) = name(&attributes.user) else {
            return Decision::NoOpinion(String::new());
        };
        if node.is_empty() {
            let why = format!("unknown node for user {:?}", attributes.user.name);
            return Decision::NoOpinion(why);
        }
        match self.judge(node, attributes).await {
            Ok(()) => Decision::Allow(String::new()),
            Err(why) => Decision::NoOpinion(why),
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
                self.volume(node, what).await
            }
            ("storage.k8s.io", "volumeattachments") => {
                only_get(what)?;
                let cache = self.cache("storage.k8s.io", "volumeattachments").await?;
                let there = self.attachments.now(&cache).contains_key(&place(node, &what.name));
                related(there, node)
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

    async fn cache(&self, group: &str, plural: &str) -> Result<Arc<Cacher>, String> {
        let cache = self.registry.cached(group, "v1", plural).await;
        cache.map_err(|failure: Failure| failure.to_string())
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
        let there = self.is_needed(node, kind, &what.namespace, &what.name).await?;
        related(there, node)
    }

    async fn is_needed(
        &self,
        node: &str,
        kind: Kind,
        namespace: &str,
        name: &str,
    ) -> Result<bool, String> {
        let pods = self.cache("", "pods").await?;
        let wanted = (kind, name.to_owned());
        let beside = |pod: &str| pod.split_once('/').is_some_and(|(of, _)| of == namespace);
        let direct = part(&self.pods.now(&pods), node)
            .any(|(pod, needs)| beside(pod) && needs.contains(&wanted));
        if direct || kind != Kind::Secret {
            return Ok(direct);
        }
        let volumes = self.cache("", "persistentvolumes").await?;
        let volumes = self.volumes.now(&volumes);
        let secret = format!("{namespace}/{name}");
        Ok(self
            .claims(node, &pods)
            .iter()
            .any(|claim| part(&volumes, claim).any(|(_, secrets)| secrets.contains(&secret))))
    }

    /// The claims of a node's pods, as `namespace/name`.
    fn claims(&self, node: &str, pods: &Cacher) -> BTreeSet<String> {
        let pods = self.pods.now(pods);
        let claims = part(&pods, node).flat_map(|(pod, needs)| {
            let namespace = pod.split_once('/').map_or("", |(namespace, _)| namespace);
            let claims = needs.iter().filter(|(kind, _)| *kind == Kind::Claim);
            claims.map(move |(_, name)| format!("{namespace}/{name}"))
        });
        claims.collect()
    }

    async fn volume(&self, node: &str, what: &Attributes) -> Answer {
        let pods = self.cache("", "pods").await?;
        let volumes = self.cache("", "persistentvolumes").await?;
        let volumes = self.volumes.now(&volumes);
        let claims = self.claims(node, &pods);
        let bound = claims.iter().any(|claim| volumes.contains_key(&place(claim, &what.name)));
        related(bound, node)
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
                let cache = self.cache("resource.k8s.io", "resourceslices").await?;
                let there = self.slices.now(&cache).contains_key(&place(node, &what.name));
                related(there, node)
            }
            "watch" | "list" | "deletecollection" if selects(what, "nodeName", node) => Ok(()),
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
            ("", "list" | "watch") if selects(what, "spec.nodeName", node) => Ok(()),
            ("", "list" | "watch") if what.name.is_empty() => {
                Err("can only list/watch pods with spec.nodeName field selector".into())
            }
            ("", "get" | "list" | "watch") => {
                let pods = self.cache("", "pods").await?;
                let name = format!("{}/{}", what.namespace, what.name);
                related(self.pods.now(&pods).contains_key(&place(node, &name)), node)
            }
            // Of mirror pods, and of pods on the node: admission sees to that.
            ("", "create" | "delete") | ("status", "update" | "patch") | ("eviction", "create") => {
                Ok(())
            }
            _ => Err(String::new()),
        }
    }
}

fn place(part: &str, name: &str) -> Place {
    (part.to_owned(), name.to_owned())
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

fn selects(what: &Attributes, field: &str, node: &str) -> bool {
    what.fields.iter().any(|(name, value)| name == field && value == node)
}

/// Verbs for what a node has one of, under its own name.
const OWN: [&str; 5] = ["get", "create", "update", "patch", "delete"];

fn lease(node: &str, what: &Attributes) -> Answer {
    is_one_of(what, &OWN, "can only get, create, update, patch, or delete a node lease")?;
    if what.namespace != LEASES {
        return Err(format!("can only access leases in the {LEASES:?} system namespace"));
    }
    if what.verb != "create" && what.name != node {
        return Err("can only access node lease with the same name as the requesting node".into());
    }
    Ok(())
}

fn csi_node(node: &str, what: &Attributes) -> Answer {
    is_one_of(what, &OWN, "can only get, create, update, patch, or delete a CSINode")?;
    if !what.subresource.is_empty() {
        return Err("cannot authorize CSINode subresources".into());
    }
    if what.verb != "create" && what.name != node {
        return Err("can only access CSINode with the same name as the requesting node".into());
    }
    Ok(())
}

/// A node reads its own `Node` only, and writes those that admission lets it write.
fn own_node(node: &str, what: &Attributes) -> Answer {
    match (what.subresource.as_str(), what.verb.as_str(), what.name.as_str()) {
        ("", "create" | "update" | "patch", _) | ("status", "update" | "patch", _) => Ok(()),
        ("", "get" | "list" | "watch", name) if name == node => Ok(()),
        ("", "get" | "list" | "watch", "") => {
            Err(format!("node '{node}' cannot read all nodes, only its own Node object"))
        }
        ("", "get" | "list" | "watch", name) => {
            Err(format!("node '{node}' cannot read '{name}', only its own Node object"))
        }
        _ => Err(String::new()),
    }
}

/// The object, parsed for this one reading: an index keeps far less of it.
fn parsed(entry: &Entry) -> Option<Value> {
    serde_json::from_slice(&entry.bytes).ok()
}

fn read_pod(entry: &Entry) -> Option<(Place, Needs)> {
    let pod = parsed(entry)?;
    let node = pod["spec"]["nodeName"].as_str()?;
    let metadata = &pod["metadata"];
    let name = format!("{}/{}", metadata["namespace"].as_str()?, metadata["name"].as_str()?);
    Some((place(node, &name), pod::needs(&pod)))
}

fn read_volume(entry: &Entry) -> Option<(Place, BTreeSet<String>)> {
    let volume = parsed(entry)?;
    let (claim, secrets) = pod::bound(&volume)?;
    Some((place(&claim, volume["metadata"]["name"].as_str()?), secrets))
}

fn read_node(entry: &Entry) -> Option<(Place, ())> {
    let object = parsed(entry)?;
    let node = object["spec"]["nodeName"].as_str()?;
    Some((place(node, object["metadata"]["name"].as_str()?), ()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_its_own_things_only() {
        let what = |verb: &str, namespace: &str, name: &str| Attributes {
            verb: verb.into(),
            namespace: namespace.into(),
            name: name.into(),
            ..Attributes::default()
        };
        assert!(lease("n", &what("update", LEASES, "n")).is_ok());
        assert!(lease("n", &what("create", LEASES, "")).is_ok());
        assert!(lease("n", &what("update", LEASES, "m")).is_err());
        assert!(lease("n", &what("update", "default", "n")).is_err());
        assert!(lease("n", &what("list", LEASES, "n")).is_err());
        assert!(csi_node("n", &what("patch", "", "n")).is_ok());
        assert!(csi_node("n", &what("patch", "", "m")).is_err());
        assert!(own_node("n", &what("get", "", "n")).is_ok());
        assert!(own_node("n", &what("watch", "", "")).unwrap_err().contains("cannot read all"));
        assert!(own_node("n", &what("get", "", "m")).unwrap_err().contains("cannot read 'm'"));
        assert!(own_node("n", &what("delete", "", "n")).is_err());
    }

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
