//! Two pods do not share a disk that only one may have.
//!
//! Upstream: plugins/volumerestrictions/volume_restrictions.go.

use crate::{
    cluster::{NodeState, storage::claims},
    framework::{Change, Filtering, Look, NodeFilter, Plugin, Point, Refusal, SharedPlugin},
    objects::{
        pod::Pod,
        volumes::{Disk, Volume},
    },
};
use client::Key;
use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};

const ONE_POD: &str = "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod \
    access mode already in-use by another pod";

#[derive(Debug)]
struct VolumeRestrictions;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(VolumeRestrictions))
}

fn disks(pod: &Pod) -> impl Iterator<Item = &Disk> {
    pod.volumes.iter().filter_map(|volume| match volume {
        Volume::Disk(disk) => Some(disk),
        Volume::Claim { .. } => None,
    })
}

/// The pod's disks, and who uses its claims that are for one pod only.
#[derive(Clone, Debug)]
struct Alone<'a> {
    disks: Vec<&'a Disk>,
    claims: Vec<Key>,
    users: BTreeSet<(Key, Key)>,
}

impl<'a> Alone<'a> {
    fn of(look: Look<'a>) -> Self {
        let storage = &look.cluster.storage;
        let one_pod = |key: &Key| {
            storage
                .claim(key)
                .is_some_and(|it| it.access_modes.iter().any(|it| it == "ReadWriteOncePod"))
        };
        let claims: Vec<Key> = claims(look.pod).filter(one_pod).collect();
        let mut users = BTreeSet::new();
        for claim in &claims {
            users.extend(storage.users(claim).map(|user| (claim.clone(), user.clone())));
        }
        Self { disks: disks(look.pod).collect(), claims, users }
    }
}

impl NodeFilter for Alone<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        let taken = |disk: &&Disk| {
            node.pods.iter().flat_map(|pod| disks(pod)).any(|other| disk.conflicts(other))
        };
        if self.disks.iter().any(taken) {
            return Err(Refusal::unschedulable("node(s) had no available disk"));
        }
        match self.users.is_empty() {
            true => Ok(()),
            false => Err(Refusal::unschedulable(ONE_POD)),
        }
    }

    fn with(&mut self, pod: &Pod, _: &NodeState) {
        let shared = claims(pod).filter(|claim| self.claims.contains(claim));
        self.users.extend(shared.map(|claim| (claim, pod.key.clone())));
    }

    fn without(&mut self, pod: &Pod, _: &NodeState) {
        self.users.retain(|(_, user)| *user != pod.key);
    }

    fn copy<'b>(&self) -> Box<dyn NodeFilter + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}

impl Plugin for VolumeRestrictions {
    fn name(&self) -> &'static str {
        "VolumeRestrictions"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        match change {
            Change::NodeCame(_) => true,
            Change::PodGone(gone) => {
                let freed = |disk: &Disk| disks(gone).any(|other| disk.conflicts(other));
                disks(pod).any(freed) || claims(pod).any(|own| claims(gone).any(|it| it == own))
            }
            Change::Claim(claim) => claims(pod).any(|key| key == claim.key),
            _ => false,
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        let alone = Alone::of(look);
        Ok(match alone.disks.is_empty() && alone.claims.is_empty() {
            true => Filtering::Skip,
            false => Filtering::Check(Box::new(alone)),
        })
    }
}
