//! Deployments: how old pods become new ones, and by when.

use crate::validation::{error::Errors, field::Field, replicas};

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    spec.get("replicas").not_negative(errors);
    let empty = "empty selector is invalid for deployment";
    replicas::selector(&spec, empty, "invalid label selector", errors);
    replicas::template(&spec.get("template"), "ReplicaSet", errors);
    strategy(&spec.get("strategy"), errors);
    let ready = spec.get("minReadySeconds");
    ready.not_negative(errors);
    spec.get("revisionHistoryLimit").not_negative(errors);
    let deadline = spec.get("progressDeadlineSeconds");
    deadline.not_negative(errors);
    if deadline.integer().is_some_and(|seconds| seconds <= ready.number()) {
        errors.push(deadline.invalid("must be greater than minReadySeconds"));
    }
}

fn strategy(strategy: &Field<'_>, errors: &mut Errors) {
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "Recreate" if rolling.is_set() => {
            let why = "may not be specified when strategy `type` is 'Recreate'";
            errors.push(rolling.forbidden(why));
        }
        "Recreate" => {}
        "RollingUpdate" if !rolling.is_set() => {
            errors.push(rolling.required("this should be defaulted and never be nil"));
        }
        "RollingUpdate" => rolling_update(&rolling, errors),
        _ => errors.push(strategy.not_supported(&["Recreate", "RollingUpdate"])),
    }
}

fn rolling_update(rolling: &Field<'_>, errors: &mut Errors) {
    let (missing, more) = (rolling.get("maxUnavailable"), rolling.get("maxSurge"));
    replicas::number_or_percent(&missing, errors);
    replicas::number_or_percent(&more, errors);
    if replicas::number_of(&missing) == 0 && replicas::number_of(&more) == 0 {
        errors.push(missing.invalid("may not be 0 when `maxSurge` is 0"));
    }
    replicas::no_more_than_all(&missing, errors);
}

pub(super) fn status(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    let counts = [
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "terminatingReplicas",
    ];
    replicas::counts(&status, &counts[..4], errors);
    status.get(counts[4]).not_negative(errors);
    replicas::collisions(&status, &was, errors);
}
