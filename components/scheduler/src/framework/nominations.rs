//! Pods that wait for room on a certain node, which others were removed to make.
//!
//! Upstream: pkg/scheduler/backend/queue/nominator.go.

use crate::objects::pod::Pod;
use client::Key;
use std::{collections::BTreeMap, sync::Arc};

/// Which pods are to come to which node.
#[derive(Debug, Default)]
pub struct Nominations {
    nodes: BTreeMap<Key, String>,
    pods: BTreeMap<String, BTreeMap<Key, Arc<Pod>>>,
}

impl Nominations {
    /// A pod is to come to this node, and to no other.
    pub fn set(&mut self, pod: &Arc<Pod>, node: &str) {
        self.remove(&pod.key);
        self.nodes.insert(pod.key.clone(), node.to_owned());
        self.pods.entry(node.to_owned()).or_default().insert(pod.key.clone(), pod.clone());
    }

    /// A pod is to come to no node any more.
    pub fn remove(&mut self, key: &Key) {
        let Some(node) = self.nodes.remove(key) else { return };
        if let Some(pods) = self.pods.get_mut(&node) {
            pods.remove(key);
            if pods.is_empty() {
                self.pods.remove(&node);
            }
        }
    }

    /// Where a pod is to come.
    pub fn of(&self, key: &Key) -> Option<&str> {
        self.nodes.get(key).map(String::as_str)
    }

    /// Pods that are to come to a node.
    pub fn on(&self, node: &str) -> impl Iterator<Item = &Arc<Pod>> {
        self.pods.get(node).into_iter().flat_map(BTreeMap::values)
    }

    /// Nobody waits.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}
