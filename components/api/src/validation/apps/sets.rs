//! Replica sets, daemon sets, and the revisions that sets keep of their templates.

use crate::validation::{core, error::Errors, field::Field, labels, replicas, rules::same};

pub(super) fn replica_set(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    spec.get("replicas").not_negative(errors);
    spec.get("minReadySeconds").not_negative(errors);
    let empty = "empty selector is invalid for deployment";
    replicas::selector(&spec, empty, "invalid label selector", errors);
    replicas::template(&spec.get("template"), "ReplicaSet", errors);
}

/// What a set chose once it chooses for ever.
pub(super) fn selector_stays(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let place = ["spec", "selector"];
    new.down(&place).unchanged(&old.down(&place), errors);
}

pub(super) fn replica_set_status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let counts = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
    let status = new.get("status");
    replicas::counts(&status, &counts, errors);
    status.get("terminatingReplicas").not_negative(errors);
}

pub(super) fn daemon_set(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let (selector, template) = (spec.get("selector"), spec.get("template"));
    labels::selector(&selector, errors);
    if !selector.is_set() {
        errors.push(selector.required(""));
    } else if labels::is_empty(&selector) {
        errors.push(selector.invalid("empty selector is invalid for daemonset"));
    }
    let labels = template.down(&["metadata", "labels"]);
    if selector.is_set() && labels::chooses(&selector, labels.value) == Some(false) {
        errors.push(labels.invalid(replicas::NO_MATCH));
    }
    core::template(&template, errors);
    replicas::always(&template, "DaemonSet", errors);
    spec.get("minReadySeconds").not_negative(errors);
    daemon_strategy(&spec.get("updateStrategy"), errors);
    spec.get("revisionHistoryLimit").not_negative(errors);
}

fn daemon_strategy(strategy: &Field<'_>, errors: &mut Errors) {
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "OnDelete" => return,
        "RollingUpdate" => {}
        _ => {
            errors.push(strategy.not_supported(&["RollingUpdate", "OnDelete"]));
            return;
        }
    }
    if !rolling.is_set() {
        errors.push(rolling.required(""));
        return;
    }
    let (missing, more) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
    for share in [&missing, &more] {
        replicas::number_or_percent(share, errors);
        replicas::no_more_than_all(share, errors);
    }
    match (replicas::number_of(&missing), replicas::number_of(&more)) {
        (0, 0) => errors.push(missing.invalid("cannot be 0 when maxSurge is 0")),
        (0, _) | (_, 0) => {}
        _ => errors.push(more.invalid("may not be set when maxUnavailable is non-zero")),
    }
}

pub(super) fn daemon_set_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    selector_stays(new, old, errors);
    let (spec, was) = (new.get("spec"), old.get("spec"));
    let generation = spec.get("templateGeneration");
    let before = was.get("templateGeneration").number();
    if generation.number() < before {
        errors.push(generation.invalid("must not be decremented"));
    }
    let changed = !same(spec.get("template").value, was.get("template").value);
    if generation.is_set() && changed && generation.number() == before {
        let why = "must be incremented upon template update";
        errors.push(generation.invalid(why));
    }
}

pub(super) fn daemon_set_status(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    for name in [
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount",
    ] {
        status.get(name).not_negative(errors);
    }
    replicas::collisions(&status, &was, errors);
    let generation = status.get("observedGeneration");
    if generation.number() < was.get("observedGeneration").number() {
        errors.push(generation.invalid_as(generation.number(), "must not be decremented"));
    }
}

pub(super) fn revision(object: &Field<'_>, errors: &mut Errors) {
    let data = object.get("data");
    if !data.is_set() {
        errors.push(data.required("data is mandatory"));
    }
    object.get("revision").not_negative(errors);
}

pub(super) fn revision_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    new.get("data").unchanged(&old.get("data"), errors);
}
