//! A pod is not tried before all of its gates are gone.
//!
//! Upstream: plugins/schedulinggates/scheduling_gates.go.

use crate::{
    framework::{Change, Plugin, Point, Refusal, SharedPlugin},
    objects::pod::Pod,
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct SchedulingGates;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(SchedulingGates))
}

impl Plugin for SchedulingGates {
    fn name(&self) -> &'static str {
        "SchedulingGates"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreEnqueue]
    }

    fn may_enter(&self, pod: &Pod) -> Result<(), Refusal> {
        match pod.gates.as_slice() {
            [] => Ok(()),
            gates => Err(Refusal::unresolvable(format!(
                "waiting for scheduling gates: [{}]",
                gates.join(" ")
            ))),
        }
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        matches!(change, Change::Itself { new, .. } if new.key == pod.key && new.gates.is_empty())
    }
}
