//! What the scheduler reads of volumes, claims, classes and drivers.

use super::{
    items,
    labels::{self, Labels},
    node_selector::Required,
    resources::quantity,
    text, texts,
};
use api::quantity::Quantity;
use client::{Key, Object};
use serde_json::Value;
use std::collections::BTreeMap;

/// Says that a volume or claim is wholly bound.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// Says that a controller bound it, rather than a user.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// The node that a claim's volume is to be made for.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// A class's provisioner that makes nothing.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// A `PersistentVolumeClaim`.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Namespace and name.
    pub key: Key,
    /// What tells it from another of its name.
    pub uid: String,
    /// The claim as it came.
    pub object: Object,
    /// The volume that it has; empty: none.
    pub volume: String,
    /// Volume and claim agree.
    pub bound: bool,
    /// It is lost for ever.
    pub lost: bool,
    /// Its class; empty: none.
    pub class: String,
    /// Where its volume is to be made; empty: not said.
    pub selected_node: String,
    /// `ReadWriteOnce`, …
    pub access_modes: Vec<String>,
    /// `Filesystem` or `Block`.
    pub mode: String,
    /// Labels that the volume must have.
    pub selector: Option<labels::Selector>,
    /// How much it asks for.
    pub request: Quantity,
    /// It is on its way out.
    pub terminating: bool,
    /// The uid of the pod that controls it; empty: nobody does.
    pub controller: String,
}

impl Claim {
    /// Reads a claim.
    pub fn read(object: Object) -> Self {
        let (metadata, spec) = (&object["metadata"], &object["spec"]);
        let notes = &metadata["annotations"];
        let volume = text(spec, "volumeName").to_owned();
        let controls = |it: &&Value| it["controller"].as_bool() == Some(true);
        let owner = items(metadata, "ownerReferences").find(controls);
        let class = notes["volume.beta.kubernetes.io/storage-class"].as_str();
        Self {
            key: Key::of(&object),
            uid: text(metadata, "uid").to_owned(),
            bound: !volume.is_empty() && notes.get(BIND_COMPLETED).is_some(),
            lost: text(&object["status"], "phase") == "Lost",
            class: class.unwrap_or(text(spec, "storageClassName")).to_owned(),
            selected_node: text(notes, SELECTED_NODE).to_owned(),
            access_modes: texts(spec, "accessModes"),
            mode: spec["volumeMode"].as_str().unwrap_or("Filesystem").to_owned(),
            selector: spec["selector"].is_object().then(|| labels::Selector::of(&spec["selector"])),
            request: quantity(&spec["resources"]["requests"]["storage"]),
            terminating: !text(metadata, "deletionTimestamp").is_empty(),
            controller: owner.map_or("", |owner| text(owner, "uid")).to_owned(),
            volume,
            object,
        }
    }
}

/// A `PersistentVolume`.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// The volume as it came.
    pub object: Object,
    /// The claim that it is for, and that one's uid if it is said.
    pub claim: Option<(Key, String)>,
    /// Its class; empty: none.
    pub class: String,
    /// `ReadWriteOnce`, …
    pub access_modes: Vec<String>,
    /// `Filesystem` or `Block`.
    pub mode: String,
    /// Its labels.
    pub labels: Labels,
    /// How much it holds.
    pub capacity: Quantity,
    /// Nodes that reach it; none: all do.
    pub affinity: Option<Required>,
    /// It is nobody's: neither taken nor released nor failed.
    pub available: bool,
    /// It is on its way out.
    pub terminating: bool,
    /// Driver and handle, for those of a driver.
    pub csi: Option<(String, String)>,
}

impl Volume {
    /// Reads a volume.
    pub fn read(object: Object) -> Self {
        let (metadata, spec) = (&object["metadata"], &object["spec"]);
        let claim = &spec["claimRef"];
        let notes = &metadata["annotations"];
        let class = notes["volume.beta.kubernetes.io/storage-class"].as_str();
        let of = || (Key::new(text(claim, "namespace"), text(claim, "name")), text(claim, "uid"));
        let driver = &spec["csi"];
        let names = || (text(driver, "driver").to_owned(), text(driver, "volumeHandle").to_owned());
        Self {
            name: text(metadata, "name").to_owned(),
            claim: claim.is_object().then(of).map(|(key, uid)| (key, uid.to_owned())),
            class: class.unwrap_or(text(spec, "storageClassName")).to_owned(),
            access_modes: texts(spec, "accessModes"),
            mode: spec["volumeMode"].as_str().unwrap_or("Filesystem").to_owned(),
            labels: labels::read(&metadata["labels"]),
            capacity: quantity(&spec["capacity"]["storage"]),
            affinity: Required::read(&Value::Null, &spec["nodeAffinity"]["required"]),
            available: matches!(text(&object["status"], "phase"), "" | "Available"),
            terminating: !text(metadata, "deletionTimestamp").is_empty(),
            csi: driver.is_object().then(names),
            object,
        }
    }
}

/// A `StorageClass`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Who makes its volumes.
    pub provisioner: String,
    /// Volumes are bound or made when a pod is placed, not before.
    pub waits: bool,
    /// Where volumes can be made: one of these must fit; none: anywhere.
    pub topologies: Vec<Vec<(String, Vec<String>)>>,
}

impl Class {
    /// Reads a class.
    pub fn read(object: &Value) -> Self {
        let label = |it: &Value| (text(it, "key").to_owned(), texts(it, "values"));
        let term = |it: &Value| items(it, "matchLabelExpressions").map(label).collect();
        Self {
            name: text(&object["metadata"], "name").to_owned(),
            provisioner: text(object, "provisioner").to_owned(),
            waits: text(object, "volumeBindingMode") == "WaitForFirstConsumer",
            topologies: items(object, "allowedTopologies").map(term).collect(),
        }
    }

    /// Whether volumes can be made for a node with these labels.
    pub fn reaches(&self, node: &Labels) -> bool {
        let holds = |(key, values): &(String, Vec<String>)| {
            node.get(key).is_some_and(|value| values.contains(value))
        };
        self.topologies.is_empty() || self.topologies.iter().any(|term| term.iter().all(holds))
    }
}

/// How many volumes of each driver a node takes: a `CSINode`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Drivers {
    /// By driver; none: as many as there are.
    pub limits: BTreeMap<String, Option<i32>>,
}

impl Drivers {
    /// Reads a `CSINode`.
    pub fn read(object: &Value) -> Self {
        let limit = |driver: &Value| super::number(&driver["allocatable"], "count");
        let one = |driver: &Value| (text(driver, "name").to_owned(), limit(driver));
        Self { limits: items(&object["spec"], "drivers").map(one).collect() }
    }
}

/// Room for new volumes of a class: a `CSIStorageCapacity`.
#[derive(Clone, Debug)]
pub struct Capacity {
    /// The class.
    pub class: String,
    /// Nodes that it is said of.
    pub nodes: labels::Selector,
    /// The largest volume that can be made.
    pub most: Quantity,
}

impl Capacity {
    /// Reads a `CSIStorageCapacity`.
    pub fn read(object: &Value) -> Self {
        let largest = match object["maximumVolumeSize"].is_null() {
            true => &object["capacity"],
            false => &object["maximumVolumeSize"],
        };
        Self {
            class: text(object, "storageClassName").to_owned(),
            nodes: labels::Selector::of(&object["nodeTopology"]),
            most: quantity(largest),
        }
    }
}
