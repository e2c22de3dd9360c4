//! Pods are bound through the API (`pods/binding`), by whoever runs the profile.
//!
//! Upstream: plugins/defaultbinder/default_binder.go.

use crate::{
    framework::{Change, Plugin, Point, SharedPlugin},
    objects::pod::Pod,
};
use serde_json::Value;
use std::sync::Arc;

#[derive(Debug)]
struct DefaultBinder;

pub(super) fn build(_: &Value) -> Result<SharedPlugin, String> {
    Ok(Arc::new(DefaultBinder))
}

impl Plugin for DefaultBinder {
    fn name(&self) -> &'static str {
        "DefaultBinder"
    }

    fn points(&self) -> &'static [Point] {
        &[Point::Bind]
    }

    fn helps(&self, _: &Pod, _: &Change<'_>) -> bool {
        false
    }
}
