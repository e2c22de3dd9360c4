//! What is let pass of an object, and whether it stays, whatever its kind.

use crate::failure::Cause;
use api::resources::Resource;
use serde_json::Value;

/// Whether objects of the resource vanish by themselves.
pub(super) fn vanishes(resource: &Resource) -> bool {
    matches!(resource.kind.group.as_str(), "" | "events.k8s.io") && resource.plural == "events"
}

/// What is wrong with a new object, or with a change of the present one (`api::validation`).
pub(super) fn validate(
    resource: &Resource,
    subresource: &str,
    new: &Value,
    present: Option<&Value>,
) -> Vec<Cause> {
    let errors = api::validation::validate(&resource.kind, subresource, new, present);
    errors.into_iter().map(Cause::from).collect()
}
