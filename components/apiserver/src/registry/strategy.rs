//! What is let pass of an object, and how long it lives, whatever its kind.

use super::custom;
use crate::failure::Cause;
use api::{
    resources::Resource,
    validation::{self, Scope},
};
use serde_json::Value;

/// Events are kept for an hour (`--event-ttl`).
const EVENT_SECONDS: i64 = 3600;

fn is(resource: &Resource, group: &str, plural: &str) -> bool {
    resource.kind.group == group && resource.plural == plural
}

/// How long objects of the resource live, where they vanish by themselves.
pub(super) fn lives_seconds(resource: &Resource) -> Option<i64> {
    let events = is(resource, "", "events") || is(resource, "events.k8s.io", "events");
    events.then_some(EVENT_SECONDS)
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
