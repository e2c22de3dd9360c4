//! Replication controllers, and templates of pods by themselves.

use super::pod;
use crate::validation::{error::Errors, field::Field, replicas};
use std::collections::BTreeMap;

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    spec.get("minReadySeconds").not_negative(errors);
    let selector = spec.get("selector");
    if selector.is_empty() {
        errors.push(selector.required(""));
    }
    spec.get("replicas").not_negative(errors);
    let template = spec.get("template");
    if !template.is_set() {
        errors.push(template.required(""));
        return;
    }
    let labels = template.down(&["metadata", "labels"]);
    let wanted: BTreeMap<_, _> =
        selector.entries().map(|(key, value)| (key, value.text())).collect();
    if wanted.iter().any(|(key, value)| labels.key(key).value != *value) {
        errors.push(labels.invalid(replicas::NO_MATCH));
    }
    pod::template(&template, errors);
    replicas::always(&template, "ReplicationController", errors);
}

pub(super) fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let counts = ["replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas"];
    replicas::counts(&new.get("status"), &counts, errors);
}

pub(super) fn pod_template(object: &Field<'_>, errors: &mut Errors) {
    pod::template(&object.get("template"), errors);
}
