//! A pod goes where its volumes are, or can be bound or made; it is bound once they are.
//!
//! Upstream: plugins/volumebinding/{volume_binding,binder}.go.

mod claims;
mod find;

use super::arguments::within;
use crate::{
    cluster::NodeState,
    framework::{
        Assumption, Change, Filtering, Look, NodeFilter, Plugin, Point, Ready, Refusal,
        SharedPlugin,
    },
    objects::pod::Pod,
};
use claims::Claims;
use serde_json::Value;
use std::{sync::Arc, time::Duration};

#[derive(Debug)]
struct VolumeBinding {
    /// How long volumes may take to be bound or made.
    patience: Duration,
}

pub(super) fn build(arguments: &Value) -> Result<SharedPlugin, String> {
    let seconds = within(arguments, "bindTimeoutSeconds", 600, (0, i64::MAX))?;
    Ok(Arc::new(VolumeBinding { patience: Duration::from_secs(seconds.unsigned_abs()) }))
}

#[derive(Clone, Debug)]
struct Reachable<'a> {
    look: Look<'a>,
    claims: Claims<'a>,
}

impl NodeFilter for Reachable<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        find::on_node(self.look, &self.claims, node).map(drop)
    }

    fn copy<'b>(&self) -> Box<dyn NodeFilter + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}

impl Plugin for VolumeBinding {
    fn name(&self) -> &'static str {
        "VolumeBinding"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter, Point::Reserve, Point::PreBind]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        let own = |key: &client::Key| crate::cluster::storage::claims(pod).any(|it| it == *key);
        match change {
            Change::Claim(claim) => own(&claim.key),
            Change::NodeChanged { old, new } => old.labels != new.labels,
            Change::Volume(_)
            | Change::Class(_)
            | Change::Drivers { .. }
            | Change::Capacity
            | Change::NodeCame(_) => true,
            _ => false,
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        if !look.pod.has_claims() {
            return Ok(Filtering::Skip);
        }
        let claims = Claims::of(look)?;
        Ok(Filtering::Check(Box::new(Reachable { look, claims })))
    }

    fn reserve(&self, look: Look<'_>, node: &NodeState) -> Result<Vec<Assumption>, Refusal> {
        if !look.pod.has_claims() {
            return Ok(Vec::new());
        }
        let claims = Claims::of(look)?;
        Ok(find::on_node(look, &claims, node)?.assumptions(&node.name))
    }

    fn ready(&self, look: Look<'_>, node: &NodeState) -> Ready {
        claims::ready(look, &node.name, self.patience)
    }
}
