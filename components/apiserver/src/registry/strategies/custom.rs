//! Custom resources: all alike, but for whether their status is a part of its own.
//!
//! Upstream: apiextensions-apiserver's pkg/registry/customresource (strategy.go, status_strategy.go).

use super::{Generation, Strategy};
use crate::registry::custom::only_status;
use api::resources::Resource;

const WITH_STATUS: Strategy = Strategy {
    generation: Generation::Wanted,
    status: |new, present, _| only_status(new, present),
    needs_revision: true,
    ..Strategy::PLAIN
};

const WITHOUT: Strategy = Strategy { generation: Generation::WantedOrStatus, ..WITH_STATUS };

/// A custom resource's strategy.
pub(super) fn of(resource: &Resource) -> &'static Strategy {
    match resource.subresource("status") {
        Some(_) => &WITH_STATUS,
        None => &WITHOUT,
    }
}
