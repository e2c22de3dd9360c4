//! No pod goes to a node with a taint that it does not tolerate; it had rather go where taints ask
//! for less.
//!
//! Upstream: plugins/tainttoleration/taint_toleration.go.

use crate::{
    cluster::NodeState,
    framework::{
        Change, Filtering, Look, NodeFilter, NodeScore, Plugin, Point, Refusal, SharedPlugin,
        normalize,
    },
    objects::{
        pod::Pod,
        taints::{Effect, Toleration, keeps_away, tolerated},
    },
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct TaintToleration;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(TaintToleration))
}

#[derive(Clone, Debug)]
struct Tolerates<'a>(&'a [Toleration]);

impl NodeFilter for Tolerates<'_> {
    fn check(&self, node: &NodeState) -> Result<(), Refusal> {
        let taints = node.node.as_ref().map_or(&[][..], |node| &node.taints);
        match keeps_away(taints, self.0) {
            None => Ok(()),
            Some(_) => Err(Refusal::unresolvable("node(s) had untolerated taint(s)")),
        }
    }

    fn copy<'b>(&self) -> Box<dyn NodeFilter + 'b>
    where
        Self: 'b,
    {
        Box::new(self.clone())
    }
}

/// Counts taints that ask the pod to stay away if it can.
#[derive(Debug)]
struct Unwanted(Vec<Toleration>);

impl NodeScore for Unwanted {
    fn score(&self, nodes: &[&NodeState], into: &mut [i64]) {
        for (node, score) in nodes.iter().zip(into) {
            let taints = node.node.as_ref().map_or(&[][..], |node| &node.taints);
            let soft = taints.iter().filter(|taint| taint.effect == Effect::PreferNoSchedule);
            let unwanted = soft.filter(|taint| !tolerated(taint, &self.0)).count();
            *score = i64::try_from(unwanted).unwrap_or(i64::MAX);
        }
    }

    fn normalize(&self, _: &[&NodeState], scores: &mut [i64]) {
        normalize(true, scores);
    }
}

impl Plugin for TaintToleration {
    fn name(&self) -> &'static str {
        "TaintToleration"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::Filter, Point::PreScore, Point::Score]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        let welcome = |taints: &[_]| keeps_away(taints, &pod.tolerations).is_none();
        match (change, change.node()) {
            (_, Some((old, new))) => {
                welcome(&new.taints) && old.is_none_or(|old| !welcome(&old.taints))
            }
            (Change::Itself { old, new }, _) => {
                new.key == pod.key && old.tolerations != new.tolerations
            }
            _ => false,
        }
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        Ok(Filtering::Check(Box::new(Tolerates(&look.pod.tolerations))))
    }

    fn score<'a>(&'a self, look: Look<'a>, _: &[&'a NodeState]) -> Option<Box<dyn NodeScore + 'a>> {
        let all = look.pod.tolerations.iter();
        Some(Box::new(Unwanted(all.filter(|it| it.concerns_preference()).cloned().collect())))
    }
}
