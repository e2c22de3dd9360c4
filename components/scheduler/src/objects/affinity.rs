//! Which pods a pod wants near it, or far from it.
//!
//! Upstream: pkg/scheduler/framework/types.go (AffinityTerm, newAffinityTerm).

use super::{
    items,
    labels::{Labels, Selector},
    number, text, texts,
};
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

/// Which pods are meant: by their namespace and their labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PodSelector {
    /// Namespaces by name.
    pub namespaces: BTreeSet<String>,
    /// Namespaces by their labels; none of them by default.
    pub namespace_selector: Selector,
    /// Pods by their labels.
    pub selector: Selector,
}

impl PodSelector {
    /// Pods of one namespace.
    pub fn within(namespace: &str, selector: Selector) -> Self {
        let namespaces = BTreeSet::from([namespace.to_owned()]);
        Self { namespaces, namespace_selector: Selector::of(&Value::Null), selector }
    }

    /// Whether a pod is meant, by its namespace, that one's labels, and its own.
    pub fn matches(&self, namespace: &str, of_namespace: &Labels, labels: &Labels) -> bool {
        (self.namespaces.contains(namespace) || self.namespace_selector.matches(of_namespace))
            && self.selector.matches(labels)
    }
}

/// Pods, and how near: nodes with the same value of a label are one place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Term {
    /// Which pods.
    pub pods: Arc<PodSelector>,
    /// The label of nodes.
    pub topology_key: Arc<str>,
}

impl Term {
    /// Reads `v1.PodAffinityTerm` of a pod in this namespace.
    fn read(value: &Value, own_namespace: &str) -> Self {
        let named: BTreeSet<String> = texts(value, "namespaces").into_iter().collect();
        let by_labels = &value["namespaceSelector"];
        let namespaces = match named.is_empty() && by_labels.is_null() {
            true => BTreeSet::from([own_namespace.to_owned()]),
            false => named,
        };
        let pods = PodSelector {
            namespaces,
            namespace_selector: Selector::of(by_labels),
            selector: Selector::of(&value["labelSelector"]),
        };
        Self { pods: Arc::new(pods), topology_key: text(value, "topologyKey").into() }
    }
}

/// What a pod says of other pods.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PodAffinity {
    /// Some of these must be near.
    pub required: Vec<Term>,
    /// None of these may be near.
    pub required_anti: Vec<Term>,
    /// The more of these are near, the better; the worse where the weight is below zero.
    pub preferred: Vec<(Term, i64)>,
}

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

impl PodAffinity {
    /// Reads a pod's `affinity`.
    pub fn read(affinity: &Value, namespace: &str) -> Self {
        let required = |kind: &str| -> Vec<Term> {
            items(&affinity[kind], REQUIRED).map(|term| Term::read(term, namespace)).collect()
        };
        let preferred = |kind: &str, sign: i64| -> Vec<(Term, i64)> {
            let one = |value: &Value| {
                let weight = i64::from(number(value, "weight").unwrap_or(0));
                (Term::read(&value["podAffinityTerm"], namespace), sign * weight)
            };
            items(&affinity[kind], PREFERRED).map(one).collect()
        };
        let mut all = preferred("podAffinity", 1);
        all.append(&mut preferred("podAntiAffinity", -1));
        Self {
            required: required("podAffinity"),
            required_anti: required("podAntiAffinity"),
            preferred: all,
        }
    }

    /// It says nothing.
    pub fn is_nothing(&self) -> bool {
        self.required.is_empty() && self.required_anti.is_empty() && self.preferred.is_empty()
    }
}
