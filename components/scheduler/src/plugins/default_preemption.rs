//! Where a pod has no place, less important ones may go.
//!
//! Upstream: plugins/defaultpreemption/default_preemption.go. What is decided is in
//! [`crate::cycle::preempt`].

use super::arguments::within;
use crate::{
    cycle::{Failure, Remedy, preempt},
    framework::{Change, Plugin, Point, SharedPlugin},
    objects::pod::Pod,
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct DefaultPreemption {
    /// Nodes that are tried, in hundredths of all.
    percent: usize,
    /// Nodes that are tried at least.
    least: usize,
}

pub(super) fn build(arguments: &Value) -> Result<SharedPlugin, String> {
    let percent = within(arguments, "minCandidateNodesPercentage", 10, (0, 100))?;
    let least = within(arguments, "minCandidateNodesAbsolute", 100, (0, i64::MAX))?;
    if percent == 0 && least == 0 {
        let both = "minCandidateNodesPercentage and minCandidateNodesAbsolute";
        return Err(format!("cannot set both {both} to zero"));
    }
    let (percent, least) = (percent.unsigned_abs(), least.unsigned_abs());
    let size = |number| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Arc::new(DefaultPreemption { percent: size(percent), least: size(least) }))
}

impl Plugin for DefaultPreemption {
    fn name(&self) -> &'static str {
        "DefaultPreemption"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PostFilter]
    }

    fn helps(&self, _: &Pod, _: &Change<'_>) -> bool {
        false
    }

    fn post_filter(&self, failure: &Failure<'_>) -> Remedy {
        let said = |why: String| format!("preemption: {why}");
        match preempt(failure, self.percent, self.least) {
            Remedy::Wait(why) => Remedy::Wait(said(why)),
            Remedy::Nothing(why) => Remedy::Nothing(said(why)),
            found @ Remedy::Preempt(_) => found,
        }
    }
}
