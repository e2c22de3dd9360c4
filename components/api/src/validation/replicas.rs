//! What objects that run several pods have in common: a selector, a template, counts.
//!
//! Upstream: pkg/apis/apps/validation/validation.go, pkg/apis/core/validation/validation.go.

use super::{core, error::Errors, field::Field, labels};
use crate::names;
use serde_json::Value;

pub(super) const NO_MATCH: &str = "`selector` does not match template `labels`";

/// A selector that chooses the template's labels.
pub(super) fn selector(spec: &Field<'_>, empty: &str, malformed: &str, errors: &mut Errors) {
    let selector = spec.get("selector");
    labels::need(&selector, empty, errors);
    let labels = spec.down(&["template", "metadata", "labels"]);
    match labels::chooses(&selector, labels.value) {
        None => errors.push(selector.invalid(malformed)),
        Some(false) if selector.is_set() => errors.push(labels.invalid(NO_MATCH)),
        Some(_) => {}
    }
}

/// A template whose pods are always restarted and have no deadline.
pub(super) fn template(template: &Field<'_>, of: &str, errors: &mut Errors) {
    core::template(template, errors);
    always(template, of, errors);
}

/// What a template says that pods of controllers cannot be.
pub(super) fn always(template: &Field<'_>, of: &str, errors: &mut Errors) {
    template.down(&["spec", "restartPolicy"]).one_of(&["Always"], errors);
    let deadline = template.down(&["spec", "activeDeadlineSeconds"]);
    if deadline.is_set() {
        errors.push(deadline.forbidden(format!("activeDeadlineSeconds in {of} is not Supported")));
    }
}

/// Counts of a status: none is negative, and none greater than the first but for the generation.
pub(super) fn counts(status: &Field<'_>, names: &[&str], errors: &mut Errors) {
    for name in names.iter().chain(&["observedGeneration", "collisionCount"]) {
        status.get(name).not_negative(errors);
    }
    let all = status.get("replicas").number();
    for field in names.iter().map(|name| status.get(name)) {
        if field.number() > all {
            errors.push(field.invalid("cannot be greater than status.replicas"));
        }
    }
    let (available, ready) = (status.get("availableReplicas"), status.get("readyReplicas"));
    if names.contains(&"availableReplicas") && available.number() > ready.number() {
        errors.push(available.invalid("cannot be greater than readyReplicas"));
    }
}

/// A count of collisions never falls.
pub(super) fn collisions(status: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    let (now, before) = (status.get("collisionCount"), was.get("collisionCount"));
    let fell = before.integer().is_some_and(|before| now.integer().is_none_or(|now| now < before));
    if fell {
        errors.push(now.invalid_as(now.number(), "cannot be decremented"));
    }
}

/// A whole number or a share: `1`, `25%`.
pub(super) fn number_or_percent(field: &Field<'_>, errors: &mut Errors) {
    match field.value {
        Value::String(_) => field.check(names::percent, errors),
        _ => field.not_negative(errors),
    }
}

/// The number, or the number of hundredths, of such a field.
pub(super) fn number_of(field: &Field<'_>) -> i64 {
    percent(field).unwrap_or_else(|| field.number())
}

/// The number of hundredths, where the field is a share.
fn percent(field: &Field<'_>) -> Option<i64> {
    let text = field.value.as_str().filter(|text| names::percent(text).is_empty())?;
    Some(text.strip_suffix('%')?.parse().unwrap_or(i64::MAX))
}

/// No share of more than all.
pub(super) fn no_more_than_all(field: &Field<'_>, errors: &mut Errors) {
    if percent(field).is_some_and(|percent| percent > 100) {
        errors.push(field.invalid("must not be greater than 100%"));
    }
}
