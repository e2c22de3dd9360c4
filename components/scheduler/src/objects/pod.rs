//! What the scheduler reads of a pod.

use super::{
    affinity::PodAffinity,
    items,
    labels::{self, Labels},
    node_selector::{self, Preferred, Required},
    number,
    requests::Requests,
    spread::{self, Constraint},
    taints::{self, Toleration},
    text,
    volumes::{self, Volume},
};
use api::time::Moment;
use client::{Key, Object};
use serde_json::Value;

/// A port of the node that a pod takes for itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HostPort {
    /// The node's address; `0.0.0.0` for all.
    pub ip: String,
    /// `TCP`
    pub protocol: String,
    /// Its number.
    pub port: i32,
}

/// Who made a pod and keeps it alive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Owner {
    /// `ReplicaSet`
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// A pod as the scheduler sees it.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Namespace and name.
    pub key: Key,
    /// What tells it from another of its name.
    pub uid: String,
    /// The pod as it came.
    pub object: Object,
    /// Its labels.
    pub labels: Labels,
    /// Where it runs; empty: nowhere yet.
    pub node: String,
    /// Who is to place it.
    pub scheduler: String,
    /// The higher, the more important.
    pub priority: i32,
    /// Others may not be removed for it.
    pub never_preempts: bool,
    /// What must happen before it may be placed.
    pub gates: Vec<String>,
    /// What it asks for.
    pub requests: Requests,
    /// Ports of the node.
    pub ports: Vec<HostPort>,
    /// Which nodes it may be on.
    pub required: Option<Required>,
    /// Which nodes it prefers.
    pub preferred: Vec<Preferred>,
    /// Which pods it wants near or far.
    pub affinity: PodAffinity,
    /// What it tolerates.
    pub tolerations: Vec<Toleration>,
    /// How its like are spread.
    pub spread: Vec<Constraint>,
    /// Volumes that count.
    pub volumes: Vec<Volume>,
    /// Claims of devices.
    pub resource_claims: usize,
    /// Images of all containers.
    pub images: Vec<String>,
    /// Its controller.
    pub owner: Option<Owner>,
    /// It is on its way out.
    pub terminating: bool,
    /// It goes because it was preempted.
    pub disrupted: bool,
    /// It has ended for good.
    pub ended: bool,
    /// Where it may be once others have gone; empty: nowhere.
    pub nominated: String,
    /// When it was started, or made.
    pub started: Moment,
}

impl Pod {
    /// Reads a pod.
    pub fn read(object: Object) -> Self {
        let (spec, status) = (&object["spec"], &object["status"]);
        let metadata = &object["metadata"];
        let (namespace, name) = (text(metadata, "namespace"), text(metadata, "name"));
        let labels = labels::read(&metadata["labels"]);
        Self {
            key: Key::new(namespace, name),
            uid: text(metadata, "uid").to_owned(),
            node: text(spec, "nodeName").to_owned(),
            scheduler: spec["schedulerName"].as_str().unwrap_or("default-scheduler").to_owned(),
            priority: number(spec, "priority").unwrap_or(0),
            never_preempts: text(spec, "preemptionPolicy") == "Never",
            gates: items(spec, "schedulingGates").map(|it| text(it, "name").to_owned()).collect(),
            requests: Requests::of(&object),
            ports: host_ports(spec),
            required: Required::of_pod(spec),
            preferred: preferred(spec),
            affinity: PodAffinity::read(&spec["affinity"], namespace),
            tolerations: taints::tolerations(spec),
            spread: spread::constraints(spec, &labels),
            volumes: volumes::volumes(spec, name),
            resource_claims: items(spec, "resourceClaims").count(),
            images: images(spec),
            owner: owner(metadata),
            terminating: !text(metadata, "deletionTimestamp").is_empty(),
            disrupted: disrupted(status),
            ended: matches!(text(status, "phase"), "Succeeded" | "Failed"),
            nominated: text(status, "nominatedNodeName").to_owned(),
            started: started(&object),
            labels,
            object,
        }
    }

    /// The same pod on a node.
    #[must_use]
    pub fn on(&self, node: &str) -> Self {
        Self { node: node.to_owned(), ..self.clone() }
    }

    /// It mounts a claim.
    pub fn has_claims(&self) -> bool {
        self.volumes.iter().any(|volume| matches!(volume, Volume::Claim { .. }))
    }
}

fn preferred(spec: &Value) -> Vec<Preferred> {
    let affinity = &spec["affinity"]["nodeAffinity"];
    node_selector::preferred(&affinity["preferredDuringSchedulingIgnoredDuringExecution"])
}

fn host_ports(spec: &Value) -> Vec<HostPort> {
    let stays = |it: &&Value| text(it, "restartPolicy") == "Always";
    let all = items(spec, "containers").chain(items(spec, "initContainers").filter(stays));
    let one = |port: &Value| {
        let or = |member: &str, default: &str| match text(port, member) {
            "" => default.to_owned(),
            said => said.to_owned(),
        };
        let number = number(port, "hostPort").filter(|number| *number > 0)?;
        Some(HostPort {
            ip: or("hostIP", "0.0.0.0"),
            protocol: or("protocol", "TCP"),
            port: number,
        })
    };
    all.flat_map(|container| items(container, "ports")).filter_map(one).collect()
}

fn images(spec: &Value) -> Vec<String> {
    let all = items(spec, "initContainers").chain(items(spec, "containers"));
    all.map(|container| text(container, "image").to_owned()).collect()
}

/// The reference that says that it is the controller.
fn owner(metadata: &Value) -> Option<Owner> {
    let controls = |it: &&Value| it["controller"].as_bool() == Some(true);
    let found = items(metadata, "ownerReferences").find(controls)?;
    let (kind, name) = (text(found, "kind").to_owned(), text(found, "name").to_owned());
    Some(Owner { kind, name, uid: text(found, "uid").to_owned() })
}

fn disrupted(status: &Value) -> bool {
    items(status, "conditions").any(|condition| {
        text(condition, "type") == "DisruptionTarget"
            && text(condition, "status") == "True"
            && text(condition, "reason") == "PreemptionByScheduler"
    })
}

/// `GetPodStartTime`, or when it was made where it was never started.
fn started(pod: &Value) -> Moment {
    let said = [text(&pod["status"], "startTime"), text(&pod["metadata"], "creationTimestamp")];
    let read = said.iter().find_map(|text| Moment::parse(text).ok());
    read.unwrap_or(Moment { seconds: 0, nanos: 0 })
}
