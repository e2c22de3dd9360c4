//! What belongs to which node, as the watch caches have it.
//!
//! Upstream: plugin/pkg/auth/authorizer/node/graph.go.

use super::pod::{self, Kind, Needs};
use crate::{
    cache::{
        Cacher, Entry,
        index::{Index, Place, part},
    },
    failure::Failure,
    registry::Registry,
};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// Objects by node.
#[derive(Debug)]
pub(super) struct Graph {
    registry: Arc<Registry>,
    /// By node: `namespace/name` of its pods.
    pods: Index<Needs>,
    /// By claim (`namespace/name`): the volumes bound to it, and their secrets.
    volumes: Index<BTreeSet<String>>,
    /// By node.
    attachments: Index<()>,
    /// By node.
    slices: Index<()>,
}

/// An answer, or why the caches have none yet.
type Known = Result<bool, String>;

impl Graph {
    pub(super) fn new(registry: Arc<Registry>) -> Self {
        Self {
            registry,
            pods: Index::new(read_pod),
            volumes: Index::new(read_volume),
            attachments: Index::new(read_node),
            slices: Index::new(read_node),
        }
    }

    async fn cache(&self, group: &str, plural: &str) -> Result<Arc<Cacher>, String> {
        let cache = self.registry.cached(group, "v1", plural).await;
        cache.map_err(|failure: Failure| failure.to_string())
    }

    /// Whether a pod is on the node.
    pub(super) async fn has_pod(&self, node: &str, namespace: &str, name: &str) -> Known {
        let pods = self.cache("", "pods").await?;
        let name = format!("{namespace}/{name}");
        Ok(self.pods.now(&pods).contains_key(&place(node, &name)))
    }

    /// Whether a pod on the node needs the object.
    pub(super) async fn needs(&self, node: &str, kind: Kind, namespace: &str, name: &str) -> Known {
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

    /// Whether the volume is bound to a claim of a pod on the node.
    pub(super) async fn mounts(&self, node: &str, volume: &str) -> Known {
        let pods = self.cache("", "pods").await?;
        let volumes = self.cache("", "persistentvolumes").await?;
        let volumes = self.volumes.now(&volumes);
        let claims = self.claims(node, &pods);
        Ok(claims.iter().any(|claim| volumes.contains_key(&place(claim, volume))))
    }

    pub(super) async fn has_attachment(&self, node: &str, name: &str) -> Known {
        let cache = self.cache("storage.k8s.io", "volumeattachments").await?;
        Ok(self.attachments.now(&cache).contains_key(&place(node, name)))
    }

    pub(super) async fn has_slice(&self, node: &str, name: &str) -> Known {
        let cache = self.cache("resource.k8s.io", "resourceslices").await?;
        Ok(self.slices.now(&cache).contains_key(&place(node, name)))
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
}

fn place(part: &str, name: &str) -> Place {
    (part.to_owned(), name.to_owned())
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
