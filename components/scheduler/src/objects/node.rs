//! What the scheduler reads of a node.

use super::{
    items,
    labels::{self, Labels},
    resources::Resources,
    taints::{self, Taint},
    text, texts,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// A node as the scheduler sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Node {
    /// Its name.
    pub name: Arc<str>,
    /// What tells it from another of its name.
    pub uid: String,
    /// Its labels.
    pub labels: Labels,
    /// Its marks.
    pub taints: Vec<Taint>,
    /// It takes no new pods.
    pub unschedulable: bool,
    /// What it has for pods.
    pub allocatable: Resources,
    /// Bytes of the images that it holds, by each of their names.
    pub images: BTreeMap<String, i64>,
}

impl Node {
    /// Reads a node.
    pub fn read(object: &Value) -> Self {
        let (metadata, spec, status) = (&object["metadata"], &object["spec"], &object["status"]);
        Self {
            name: text(metadata, "name").into(),
            uid: text(metadata, "uid").to_owned(),
            labels: labels::read(&metadata["labels"]),
            taints: taints::taints(spec),
            unschedulable: spec["unschedulable"].as_bool().unwrap_or(false),
            allocatable: Resources::read(&status["allocatable"]),
            images: images(status),
        }
    }

    /// Region and zone, by which nodes take turns; empty where it has neither.
    pub fn zone(&self) -> (String, String) {
        let first = |names: [&str; 2]| {
            names.iter().find_map(|name| self.labels.get(*name)).cloned().unwrap_or_default()
        };
        let beta = "failure-domain.beta.kubernetes.io";
        let region = first([&format!("{beta}/region"), "topology.kubernetes.io/region"]);
        (region, first([&format!("{beta}/zone"), "topology.kubernetes.io/zone"]))
    }
}

fn images(status: &Value) -> BTreeMap<String, i64> {
    let mut all = BTreeMap::new();
    for image in items(status, "images") {
        let bytes = image["sizeBytes"].as_i64().unwrap_or(0);
        all.extend(texts(image, "names").into_iter().map(|name| (name, bytes)));
    }
    all
}
