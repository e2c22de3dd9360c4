//! A question to the index: which pods, on which nodes, by which label.

use super::{Among, column::ITSELF};
use crate::objects::{affinity::PodSelector, labels::Labels};
use std::sync::Arc;

/// Which pods are meant: those that all of the selectors mean.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Which {
    /// The selectors.
    pub pods: Vec<Arc<PodSelector>>,
    /// Also those that are on their way out.
    pub terminating: bool,
}

impl Which {
    /// Whether a pod is meant.
    pub fn matches(&self, namespace: &str, of_namespace: &Labels, labels: &Labels) -> bool {
        self.pods.iter().all(|one| one.matches(namespace, of_namespace, labels))
    }
}

/// How many pods are in each place?
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Question {
    /// Which pods.
    pub which: Which,
    /// The label whose values are places.
    pub key: Arc<str>,
    /// On which nodes.
    pub among: Among,
}

impl Question {
    /// Asks for each node apart.
    pub fn on_each_node(which: Which) -> Self {
        Self { which, key: ITSELF.into(), among: Among::default() }
    }
}
