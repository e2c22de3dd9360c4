//! How many pods may be missing at once.
//!
//! Upstream: pkg/apis/policy/validation/validation.go.

use super::{conditions, error::Errors, field::Field, kind::Kind, labels, replicas};
use crate::names;

pub(super) const KINDS: &[Kind] = &[Kind::namespaced("PodDisruptionBudget")
    .named(names::path_segment)
    .whole(whole)
    .parts(&[("status", status)])];

fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let (least, most) = (spec.get("minAvailable"), spec.get("maxUnavailable"));
    if least.is_set() && most.is_set() {
        errors.push(spec.invalid("minAvailable and maxUnavailable cannot be both set"));
    }
    for share in [&least, &most].into_iter().filter(|share| share.is_set()) {
        replicas::number_or_percent(share, errors);
        replicas::no_more_than_all(share, errors);
    }
    labels::selector(&spec.get("selector"), errors);
    spec.get("unhealthyPodEvictionPolicy").some_of(&["AlwaysAllow", "IfHealthyBudget"], errors);
}

fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let status = new.get("status");
    conditions::conditions(&status.get("conditions"), errors);
    for name in ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"] {
        status.get(name).not_negative(errors);
    }
}
