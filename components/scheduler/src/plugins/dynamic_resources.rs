//! Pods that claim devices are not placed: nothing here can allocate any.
//!
//! Upstream: plugins/dynamicresources/dynamicresources.go, which allocates. A pod with claims must
//! not run without its devices, so it waits, and says why.

use crate::{
    cycle::{Failure, Remedy},
    framework::{Change, Filtering, Look, Plugin, Point, Refusal, SharedPlugin},
    objects::pod::Pod,
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct DynamicResources;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(DynamicResources))
}

impl Plugin for DynamicResources {
    fn name(&self) -> &'static str {
        "DynamicResources"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::PreFilter, Point::Filter, Point::PostFilter]
    }

    fn helps(&self, pod: &Pod, change: &Change<'_>) -> bool {
        change.is_of(pod)
    }

    fn filter<'a>(&'a self, look: Look<'a>) -> Result<Filtering<'a>, Refusal> {
        match look.pod.resource_claims {
            0 => Ok(Filtering::Skip),
            _ => Err(Refusal::unresolvable("resource claims are not allocated by this scheduler")),
        }
    }

    fn post_filter(&self, _: &Failure<'_>) -> Remedy {
        Remedy::Nothing("no new claims to deallocate".to_owned())
    }
}
