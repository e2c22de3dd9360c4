//! A pod's claims: those that have a volume, and those that get one where the pod goes.

use crate::{
    cluster::{Storage, storage},
    framework::{Look, Ready, Refusal},
    objects::{storage::Claim, volumes::Volume},
};
use client::Key;
use std::{sync::Arc, time::Duration};

/// What a pod's claims are like.
#[derive(Clone, Debug, Default)]
pub(super) struct Claims<'a> {
    pub(super) bound: Vec<&'a Arc<Claim>>,
    /// They wait for the pod to be placed.
    pub(super) waiting: Vec<&'a Arc<Claim>>,
}

impl<'a> Claims<'a> {
    /// # Errors
    /// A claim is missing or going, or has no volume and does not wait for the pod.
    pub(super) fn of(look: Look<'a>) -> Result<Self, Refusal> {
        let mut all = Self::default();
        for volume in &look.pod.volumes {
            let Volume::Claim { name, ephemeral } = volume else { continue };
            let claim = usable(look, name, *ephemeral).map_err(Refusal::unresolvable)?;
            let waits = || look.cluster.storage.class(&claim.class).is_some_and(|it| it.waits);
            if claim.bound {
                all.bound.push(claim);
            } else if claim.volume.is_empty() && waits() {
                all.waiting.push(claim);
            } else {
                let why = "pod has unbound immediate PersistentVolumeClaims";
                return Err(Refusal::unresolvable(why));
            }
        }
        Ok(all)
    }
}

/// A claim that a pod may use; the error says why it may not.
fn usable<'a>(look: Look<'a>, name: &str, ephemeral: bool) -> Result<&'a Arc<Claim>, String> {
    let key = Key::new(&look.pod.key.namespace, name);
    let Some(claim) = look.cluster.storage.claim(&key) else {
        return Err(match ephemeral {
            true => format!(
                "waiting for ephemeral volume controller to create the persistentvolumeclaim \
                 {name:?}"
            ),
            false => format!("persistentvolumeclaim {name:?} not found"),
        });
    };
    if claim.lost {
        let volume = &claim.volume;
        return Err(format!(
            "persistentvolumeclaim {name:?} bound to non-existent persistentvolume {volume:?}"
        ));
    }
    if claim.terminating {
        return Err(format!("persistentvolumeclaim {name:?} is being deleted"));
    }
    if ephemeral && claim.controller != look.pod.uid {
        let pod = &look.pod.key;
        return Err(format!("PVC {key} was not created for pod {pod} (pod is not owner)"));
    }
    Ok(claim)
}

/// Whether all of a pod's claims have their volumes by now (`checkBindings`).
pub(super) fn ready(look: Look<'_>, node: &str, patience: Duration) -> Ready {
    for key in storage::claims(look.pod) {
        match of_claim(&look.cluster.storage, &key, node) {
            Ok(true) => {}
            Ok(false) => return Ready::Wait(patience),
            Err(why) => return Ready::Failed(why),
        }
    }
    Ready::Yes
}

/// Whether a claim has its volume; the error says why it will get none.
fn of_claim(storage: &Storage, key: &Key, node: &str) -> Result<bool, String> {
    let claim = storage.seen_claim(key);
    let claim = claim.ok_or_else(|| format!("persistentvolumeclaim {:?} not found", key.name))?;
    if claim.bound {
        return Ok(true);
    }
    let expected = storage.claim(key).map_or("", |claim| claim.selected_node.as_str());
    // A provisioner that cannot make the volume there takes the node out again.
    match (claim.selected_node.as_str(), expected) {
        ("", "") => Ok(false),
        (now, _) if now == node => Ok(false),
        ("", _) => Err(format!("provisioning failed for PVC {:?}", key.name)),
        (_, _) => Err(format!("selected node of PVC {key} is not {node:?} any more")),
    }
}
