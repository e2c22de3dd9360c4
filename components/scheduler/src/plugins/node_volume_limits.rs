//! A node gets no more volumes than its drivers can attach.
//!
//! Upstream: plugins/nodevolumelimits/csi.go.

use crate::{
    cluster::{Cluster, NodeState, storage::claims},
    framework::{Change, Filtering, Look, NodeFilter, Plugin, Point, Refusal, SharedPlugin},
    objects::{pod::Pod, storage::NO_PROVISIONER},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

#[derive(Debug)]
struct NodeVolumeLimits;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(NodeVolumeLimits))
}

/// A pod's volumes by driver. A volume that is yet to be made goes by its claim's name.
fn volumes(cluster: &Cluster, pod: &Pod) -> BTreeSet<(String, String)> {
    let storage = &cluster.storage;
    let one = |key: client::Key| {
        let claim = storage.claim(&key)?;
        match storage.volume(&claim.volume) {
            Some(volume) => volume.csi.clone(),
            None => {
                let driver = &storage.class(&claim.class)?.provisioner;
                let makes = driver != NO_PROVISIONER;
                makes.then(|| (driver.clone(), format!("{key}")))
            }
        }
    };
    claims(pod).filter_map(one).collect()
}

#[derive(Clone, Debug)]
struct Attachable<'a> {
    cluster: &'a Cluster,
    wanted: BTreeSet<(String, String)>,
}

impl NodeFilter for Attachable<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        let Some(drivers) = self.cluster.storage.drivers(&node.name) else { return Ok(()) };
        let mut attached = BTreeSet::new();
        for pod in &node.pods {
            attached.append(&mut volumes(self.cluster, pod));
        }
        let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
        for (driver, _) in attached.union(&self.wanted) {
            *counts.entry(driver).or_insert(0) += 1;
        }
        let new = self.wanted.difference(&attached);
        let full = |(driver, _): &(String, String)| {
            let limit = drivers.limits.get(driver).copied().flatten();
            limit.is_some_and(|limit| counts.get(driver.as_str()).is_some_and(|all| *all > limit))
        };
        match new.into_iter().any(full) {
            true => Err(Refusal::unschedulable("node(s) exceed max volume count")),
            false => Ok(()),
        }
    }

    fn copy<'b>(&self) -> Box<dyn NodeFilter + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}

impl Plugin for NodeVolumeLimits {
    fn name(&self) -> &'static str {
        "NodeVolumeLimits"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        match change {
            Change::Claim(claim) => claims(pod).any(|key| key == claim.key),
            Change::PodGone(gone) => gone.has_claims(),
            Change::Drivers { .. } | Change::NodeCame(_) => true,
            _ => false,
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        let wanted = volumes(look.cluster, look.pod);
        Ok(match wanted.is_empty() {
            true => Filtering::Skip,
            false => Filtering::Check(Box::new(Attachable { cluster: look.cluster, wanted })),
        })
    }
}
