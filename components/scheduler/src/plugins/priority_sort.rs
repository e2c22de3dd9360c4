//! The more important pod is tried first; of equals, the one that came first.
//!
//! Upstream: plugins/queuesort/priority_sort.go.

use crate::{
    framework::{Plugin, Point, SharedPlugin},
    objects::pod::Pod,
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct PrioritySort;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(PrioritySort))
}

impl Plugin for PrioritySort {
    fn name(&self) -> &'static str {
        "PrioritySort"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::QueueSort]
    }

    fn rank(&self, pod: &Pod) -> i64 {
        -i64::from(pod.priority)
    }
}
