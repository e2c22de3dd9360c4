//! Autoscalers of pods, in both of their versions.
//!
//! Upstream: pkg/apis/autoscaling/validation/validation.go.

mod metrics;

use super::{error::Errors, field::Field, kind::Kind};
use crate::names;

const PERIOD_SECONDS_MAX: i64 = 1800;
const WINDOW_SECONDS_MAX: i64 = 3600;

pub(super) const KINDS: &[Kind] = &[Kind::namespaced("HorizontalPodAutoscaler")
    .whole(whole)
    .born(born)
    .changed(change)
    .parts(&[("status", status)])];

fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let (least, most) = (spec.get("minReplicas"), spec.get("maxReplicas"));
    if most.number() < 1 {
        errors.push(most.invalid_as(most.number(), "must be greater than 0"));
    }
    if least.integer().is_some_and(|least| most.number() < least) {
        let why = "must be greater than or equal to `minReplicas`";
        errors.push(most.invalid_as(most.number(), why));
    }
    reference(&spec.get("scaleTargetRef"), errors);
    let share = spec.get("targetCPUUtilizationPercentage");
    if share.integer().is_some_and(|share| share < 1) {
        errors.push(share.invalid("must be greater than 0"));
    }
    metrics::metrics(&spec, errors);
    let behavior = spec.get("behavior");
    for name in ["scaleUp", "scaleDown"] {
        rules(&behavior.get(name), errors);
    }
}

/// The object that is scaled, or measured.
fn reference(reference: &Field<'_>, errors: &mut Errors) {
    reference.get("kind").need_checked(names::path_segment, errors);
    reference.get("name").need_checked(names::path_segment, errors);
}

fn at_least_one(object: &Field<'_>, errors: &mut Errors) {
    let least = object.down(&["spec", "minReplicas"]);
    if least.integer().is_some_and(|least| least < 1) {
        errors.push(least.invalid("must be greater than or equal to 1"));
    }
}

fn born(object: &Field<'_>, errors: &mut Errors) {
    at_least_one(object, errors);
}

/// One that scales to nothing may go on.
fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let to_zero = old.down(&["spec", "minReplicas"]).integer() == Some(0);
    match to_zero {
        true => new.down(&["spec", "minReplicas"]).not_negative(errors),
        false => at_least_one(new, errors),
    }
}

fn rules(rules: &Field<'_>, errors: &mut Errors) {
    if !rules.is_set() {
        return;
    }
    let window = rules.get("stabilizationWindowSeconds");
    if window.number() < 0 {
        errors.push(window.invalid("must be greater than or equal to zero"));
    }
    if window.number() > WINDOW_SECONDS_MAX {
        let why = format!("must be less than or equal to {WINDOW_SECONDS_MAX}");
        errors.push(window.invalid(why));
    }
    rules.get("selectPolicy").some_of(&["Disabled", "Max", "Min"], errors);
    let policies = rules.get("policies");
    if policies.is_empty() {
        errors.push(policies.required("must specify at least one Policy"));
    }
    policies.items().for_each(|policy| self::policy(&policy, errors));
    let tolerance = rules.get("tolerance");
    if tolerance.is_set() {
        tolerance.not_negative_amount(errors);
    }
}

fn policy(policy: &Field<'_>, errors: &mut Errors) {
    policy.get("type").one_of(&["Percent", "Pods"], errors);
    for name in ["value", "periodSeconds"] {
        let field = policy.get(name);
        if field.number() <= 0 {
            errors.push(field.invalid_as(field.number(), "must be greater than zero"));
        }
    }
    let period = policy.get("periodSeconds");
    if period.number() > PERIOD_SECONDS_MAX {
        let why = format!("must be less than or equal to {PERIOD_SECONDS_MAX}");
        errors.push(period.invalid(why));
    }
}

fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    for name in ["currentReplicas", "desiredReplicas"] {
        new.get("status").get(name).not_negative(errors);
    }
}
