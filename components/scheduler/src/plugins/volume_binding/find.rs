//! Volumes for a pod's claims on one node: those that are there, and those that can be made.
//!
//! Upstream: binder.go (FindPodVolumes), component-helpers/storage/volume/pv_helpers.go
//! (FindMatchingVolume).

use super::claims::Claims;
use crate::{
    cluster::{NodeState, Storage},
    framework::{Assumption, Look, Reason, Refusal, Severity},
    objects::{
        node::Node,
        storage::{BOUND_BY_CONTROLLER, Claim, NO_PROVISIONER, SELECTED_NODE, Volume},
    },
};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};

const ELSEWHERE: &str = "node(s) didn't match PersistentVolume's node affinity";
const NONE: &str = "node(s) didn't find available persistent volumes to bind";
const FULL: &str = "node(s) did not have enough free storage";
const GONE: &str = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";

/// What is to become of the claims that wait.
#[derive(Debug, Default)]
pub(super) struct Found<'a> {
    matched: Vec<(&'a Arc<Claim>, &'a Arc<Volume>)>,
    made: Vec<&'a Arc<Claim>>,
}

impl Found<'_> {
    /// Volumes as they are to be, and claims.
    pub(super) fn assumptions(&self, node: &str) -> Vec<Assumption> {
        let taken = |(claim, volume): &(&Arc<Claim>, &Arc<Volume>)| {
            let mut object = (*volume.object).clone();
            object["spec"]["claimRef"] = json!({"kind": "PersistentVolumeClaim",
                "apiVersion": "v1", "namespace": claim.key.namespace, "name": claim.key.name,
                "uid": claim.uid, "resourceVersion": client::resource_version(&claim.object)});
            object["metadata"]["annotations"][BOUND_BY_CONTROLLER] = "yes".into();
            Assumption::Volume(Arc::new(object))
        };
        let asked = |claim: &&Arc<Claim>| {
            let mut object = (*claim.object).clone();
            object["metadata"]["annotations"][SELECTED_NODE] = node.into();
            Assumption::Claim(Arc::new(object))
        };
        self.matched.iter().map(taken).chain(self.made.iter().map(asked)).collect()
    }
}

/// # Errors
/// Every reason why a node cannot have them.
pub(super) fn on_node<'a>(
    look: Look<'a>,
    claims: &Claims<'a>,
    node: &NodeState,
) -> Result<Found<'a>, Refusal> {
    let storage = &look.cluster.storage;
    let Some(node) = node.node.as_deref() else { return Err(Refusal::unresolvable(NONE)) };
    let mut reasons: BTreeSet<&'static str> = BTreeSet::new();
    for claim in &claims.bound {
        match storage.volume(&claim.volume) {
            None => reasons.extend([GONE]),
            Some(volume) if !reaches(volume, node) => reasons.extend([ELSEWHERE]),
            Some(_) => {}
        }
    }
    let mut found = Found::default();
    let mut waiting = claims.waiting.clone();
    // The smallest choose first.
    waiting.sort_by_key(|claim| claim.request);
    for claim in waiting {
        if let Err(reason) = found.add(storage, claim, node) {
            reasons.extend([reason]);
            break;
        }
    }
    match reasons.is_empty() {
        true => Ok(found),
        false => {
            let reasons = reasons.into_iter().map(Reason::Borrowed).collect();
            Err(Refusal { severity: Severity::Unresolvable, reasons, plugin: "" })
        }
    }
}

fn reaches(volume: &Volume, node: &Node) -> bool {
    volume.affinity.as_ref().is_none_or(|all| all.matches(&node.name, &node.labels))
}

impl<'a> Found<'a> {
    fn add(
        &mut self,
        storage: &'a Storage,
        claim: &'a Arc<Claim>,
        node: &Node,
    ) -> Result<(), &'static str> {
        if !claim.selected_node.is_empty() {
            // Its volume is being made already, for that node alone.
            return match *claim.selected_node == *node.name {
                true => {
                    self.made.push(claim);
                    Ok(())
                }
                false => Err(NONE),
            };
        }
        if let Some(volume) = self.smallest(storage, claim, node) {
            self.matched.push((claim, volume));
            return Ok(());
        }
        makeable(storage, claim, node)?;
        self.made.push(claim);
        Ok(())
    }

    /// The smallest volume that will do; one that is kept for the claim goes before all others.
    fn smallest(
        &self,
        storage: &'a Storage,
        claim: &Claim,
        node: &Node,
    ) -> Option<&'a Arc<Volume>> {
        let free = |volume: &&Arc<Volume>| {
            let chosen = self.matched.iter().any(|(_, other)| other.name == volume.name);
            !chosen && fits(volume, claim) && reaches(volume, node)
        };
        let all: Vec<_> = storage.volumes_of(&claim.class).filter(free).collect();
        let kept = all.iter().find(|volume| volume.claim.is_some()).copied();
        kept.or_else(|| all.into_iter().min_by(|a, b| a.capacity.cmp(&b.capacity)))
    }
}

fn fits(volume: &Volume, claim: &Claim) -> bool {
    let ours = match &volume.claim {
        None => volume.available,
        Some((key, uid)) => *key == claim.key && (uid.is_empty() || *uid == claim.uid),
    };
    ours && !volume.terminating
        && volume.mode == claim.mode
        && volume.capacity >= claim.request
        && claim.access_modes.iter().all(|mode| volume.access_modes.contains(mode))
        && claim.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels))
}

/// Whether a volume can be made for a node.
fn makeable(storage: &Storage, claim: &Claim, node: &Node) -> Result<(), &'static str> {
    let class = storage.class(&claim.class).ok_or(NONE)?;
    let makes = !class.provisioner.is_empty() && class.provisioner != NO_PROVISIONER;
    if !makes || !class.reaches(&node.labels) {
        return Err(NONE);
    }
    let enough = || {
        storage
            .capacities(&class.name)
            .any(|capacity| capacity.most >= claim.request && capacity.nodes.matches(&node.labels))
    };
    match !storage.is_tracked(&class.provisioner) || enough() {
        true => Ok(()),
        false => Err(FULL),
    }
}
