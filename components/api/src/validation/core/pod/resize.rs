//! Changes of the resources of a pod that runs, through the subresource for them.

use super::{annotations, whole};
use crate::{
    quantity::Quantity,
    validation::{error::Errors, field::Field, rules::same},
};
use serde_json::Value;

const ONLY: &str = "only cpu and memory resources are mutable";
const ONLY_OF_SIDECARS: &str = "only cpu and memory resources for sidecar containers are mutable";
const FIXED: &str = "resources for non-sidecar init containers are immutable";

pub(crate) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let whole_pod = |why: &str| new.renamed("[]").forbidden(why);
    let refused = if old.down(&["metadata", "annotations"]).key(annotations::MIRROR).is_set() {
        Some("static pods cannot be resized")
    } else if old.down(&["spec", "os", "name"]).text() == "windows" {
        Some("windows pods cannot be resized")
    } else {
        None
    };
    if let Some(why) = refused {
        errors.clear();
        errors.push(whole_pod(why));
        return;
    }
    whole(new, errors);
    let (spec, was) = (new.get("spec"), old.get("spec"));
    if quality(&spec) != quality(&was) {
        let class = new.down(&["status", "qosClass"]).text();
        let why = "Pod QOS Class may not change as a result of resizing";
        errors.push(spec.invalid_as(class, why));
    }
    for name in ["initContainers", "containers"] {
        if spec.get(name).len() != was.get(name).len() {
            errors.push(spec.forbidden(ONLY));
            return;
        }
        for (now, before) in spec.get(name).items().zip(was.get(name).items()) {
            let sidecar = now.get("restartPolicy").text() == "Always";
            let (fixed, why) = match (name, sidecar) {
                ("containers", _) => (false, ONLY),
                (_, true) => (false, ONLY_OF_SIDECARS),
                (_, false) => (true, FIXED),
            };
            if !fixed {
                removed(&now.get("resources"), &before.get("resources"), errors);
            }
            if !same(&without(now.value, fixed), &without(before.value, fixed)) {
                errors.push(spec.forbidden(why));
            }
        }
    }
    let rest = |spec: &Value| {
        let mut rest = spec.as_object().cloned().unwrap_or_default();
        for name in ["containers", "initContainers"] {
            rest.remove(name);
        }
        Value::Object(rest)
    };
    if !same(&rest(spec.value), &rest(was.value)) {
        errors.push(spec.forbidden(ONLY));
    }
}

/// A container without what may be changed of it.
fn without(container: &Value, fixed: bool) -> Value {
    let mut rest = container.clone();
    if fixed {
        return rest;
    }
    if let Some(members) = rest.as_object_mut() {
        members.remove("resizePolicy");
    }
    for list in ["requests", "limits"] {
        let list = rest.get_mut("resources").and_then(|it| it.get_mut(list));
        if let Some(list) = list.and_then(Value::as_object_mut) {
            for name in ["cpu", "memory"] {
                list.remove(name);
            }
        }
    }
    rest
}

/// What was asked for, or limited, stays so in some amount.
fn removed(now: &Field<'_>, before: &Field<'_>, errors: &mut Errors) {
    for (list, what) in [("requests", "resource requests"), ("limits", "resource limits")] {
        let (now, before) = (now.get(list), before.get(list));
        if before.entries().any(|(key, _)| !now.key(key).is_set()) {
            errors.push(now.forbidden(format!("{what} cannot be removed")));
        }
    }
}

/// A pod's class of service, by what its containers ask for (ComputePodQOS).
fn quality(spec: &Field<'_>) -> &'static str {
    let lists = ["containers", "initContainers"].map(|name| spec.get(name));
    let (mut any, mut all) = (false, true);
    for container in lists.iter().flat_map(Field::items) {
        let amount = |list: &str, name: &str| -> Quantity {
            container.down(&["resources", list]).key(name).quantity()
        };
        for name in ["cpu", "memory"] {
            let (request, limit) = (amount("requests", name), amount("limits", name));
            any |= !request.is_zero() || !limit.is_zero();
            all &= !limit.is_zero() && request == limit;
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}
