//! A pod goes to the zone that its volumes are in, as their labels say.
//!
//! Upstream: plugins/volumezone/volume_zone.go.

use crate::{
    cluster::{NodeState, storage::claims},
    framework::{Change, Filtering, Look, NodeFilter, Plugin, Point, Refusal, SharedPlugin},
    objects::pod::Pod,
};
use serde_json::Value;
use std::sync::Arc;

const KEYS: [&str; 4] = [
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
];

#[derive(Debug)]
struct VolumeZone;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(VolumeZone))
}

/// Labels, and the values of which a node must have one.
#[derive(Clone, Debug)]
struct Zones(Vec<(&'static str, Vec<String>)>);

/// The other name of a label, old or new.
fn twin(key: &str) -> &'static str {
    let at = KEYS.iter().position(|one| *one == key).unwrap_or(0);
    KEYS[(at + 2) % KEYS.len()]
}

impl NodeFilter for Zones {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        let Some(node) = node.node.as_deref() else { return Ok(()) };
        if !KEYS.iter().any(|key| node.labels.contains_key(*key)) {
            return Ok(());
        }
        let there = |(key, values): &(&'static str, Vec<String>)| {
            let own = node.labels.get(*key).or_else(|| node.labels.get(twin(key)));
            own.is_some_and(|own| values.contains(own))
        };
        match self.0.iter().all(there) {
            true => Ok(()),
            false => Err(Refusal::unresolvable("node(s) had no available volume zone")),
        }
    }

    fn copy<'a>(&self) -> Box<dyn NodeFilter + 'a> {
        Box::new(self.clone())
    }
}

impl Plugin for VolumeZone {
    fn name(&self) -> &'static str {
        "VolumeZone"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        match change {
            Change::Claim(claim) => claims(pod).any(|key| key == claim.key),
            Change::Volume(_) | Change::Class(_) | Change::NodeCame(_) => true,
            Change::NodeChanged { old, new } => {
                KEYS.iter().any(|key| old.labels.get(*key) != new.labels.get(*key))
            }
            _ => false,
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        let storage = &look.cluster.storage;
        let mut zones = Vec::new();
        for key in claims(look.pod) {
            // What is not bound yet is somebody else's to judge.
            let Some(claim) = storage.claim(&key).filter(|claim| !claim.volume.is_empty()) else {
                continue;
            };
            let Some(volume) = storage.volume(&claim.volume) else { continue };
            for key in KEYS {
                if let Some(value) = volume.labels.get(key) {
                    let values = value.split("__").map(|one| one.trim().to_owned());
                    zones.push((key, values.collect()));
                }
            }
        }
        Ok(match zones.is_empty() {
            true => Filtering::Skip,
            false => Filtering::Check(Box::new(Zones(zones))),
        })
    }
}
