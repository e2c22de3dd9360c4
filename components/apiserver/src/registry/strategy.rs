//! What is let pass of an object, and whether it stays, whatever its kind.

use super::custom;
use crate::failure::Cause;
use api::{
    resources::Resource,
    validation::{self, Scope},
};
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
    let errors = match (&resource.custom, resource.namespaced) {
        (None, _) => validation::validate(&resource.kind, subresource, new, present),
        (Some(_), true) => validation::validate_custom(Scope::Namespaced, new, present),
        (Some(_), false) => validation::validate_custom(Scope::Cluster, new, present),
    };
    let mut causes: Vec<Cause> = errors.into_iter().map(Cause::from).collect();
    causes.extend(custom::causes(resource, new, present));
    causes
}
