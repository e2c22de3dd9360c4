//! Stateful sets: ordinals, claims that stay, and what may be changed.

use crate::validation::{
    core,
    error::Errors,
    field::Field,
    labels,
    replicas::{self, NO_MATCH},
    rules::same,
};
use serde_json::Value;

/// Members of the spec that may be changed.
const CHANGEABLE: [&str; 7] = [
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
];
const KEPT: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', \
                    'template', 'updateStrategy', 'revisionHistoryLimit', \
                    'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let order = spec.get("podManagementPolicy");
    match order.text() {
        "OrderedReady" | "Parallel" => {}
        "" => errors.push(order.required("")),
        _ => errors.push(order.invalid("must be 'OrderedReady' or 'Parallel'")),
    }
    strategy(&spec.get("updateStrategy"), errors);
    retention(&spec.get("persistentVolumeClaimRetentionPolicy"), errors);
    spec.get("replicas").not_negative(errors);
    spec.get("minReadySeconds").not_negative(errors);
    spec.down(&["ordinals", "start"]).not_negative(errors);
    let (selector, template) = (spec.get("selector"), spec.get("template"));
    labels::need(&selector, "empty selector is invalid for statefulset", errors);
    match labels::chooses(&selector, template.down(&["metadata", "labels"]).value) {
        None => errors.push(selector.invalid("")),
        Some(false) if selector.is_set() => {
            errors.push(template.down(&["metadata", "labels"]).invalid(NO_MATCH));
        }
        Some(_) => {}
    }
    with_claims(&spec, errors);
    spec.get("revisionHistoryLimit").not_negative(errors);
}

/// The template, whose pods also have a volume for each claim.
fn with_claims(spec: &Field<'_>, errors: &mut Errors) {
    let template = spec.get("template");
    let mut whole = template.value.clone();
    let claims = spec.get("volumeClaimTemplates");
    let named = claims.items().map(|claim| claim.down(&["metadata", "name"]).text());
    let named: Vec<_> = named.filter(|name| !name.is_empty()).collect();
    let inner = whole.get_mut("spec").and_then(Value::as_object_mut);
    if let Some(inner) = inner.filter(|_| !named.is_empty()) {
        let volumes = inner.entry("volumes").or_insert_with(|| Value::Array(Vec::new()));
        if let Some(volumes) = volumes.as_array_mut() {
            // A claim takes the place of a volume of the same name.
            volumes.retain(|volume| {
                !named.iter().any(|name| volume.get("name") == Some(&(*name).into()))
            });
            volumes.extend(named.iter().map(|name| claimed(name)));
        }
    }
    let place = Field { value: &whole, path: template.path.clone() };
    core::template(&place, errors);
    replicas::always(&template, "StatefulSet", errors);
}

fn claimed(name: &str) -> Value {
    serde_json::json!({"name": name, "persistentVolumeClaim": {"claimName": name}})
}

fn strategy(strategy: &Field<'_>, errors: &mut Errors) {
    let rolling = strategy.get("rollingUpdate");
    match strategy.get("type").text() {
        "" => errors.push(strategy.required("")),
        "OnDelete" if rolling.is_set() => {
            let why = "only allowed for updateStrategy 'RollingUpdate'";
            errors.push(rolling.invalid(why));
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            rolling.get("partition").not_negative(errors);
            let missing = rolling.get("maxUnavailable");
            if missing.is_set() {
                replicas::number_or_percent(&missing, errors);
                if replicas::number_of(&missing) == 0 {
                    errors.push(missing.invalid("cannot be 0"));
                }
                replicas::no_more_than_all(&missing, errors);
            }
        }
        _ => errors.push(strategy.invalid("must be 'RollingUpdate' or 'OnDelete'")),
    }
}

/// What becomes of claims whose pods go.
fn retention(policy: &Field<'_>, errors: &mut Errors) {
    if policy.is_set() {
        for name in ["whenDeleted", "whenScaled"] {
            policy.get(name).one_of(&["Retain", "Delete"], errors);
        }
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let rest = |object: &Field<'_>| {
        let mut spec = object.get("spec").map().cloned().unwrap_or_default();
        for name in CHANGEABLE {
            spec.remove(name);
        }
        Value::Object(spec)
    };
    if !same(&rest(new), &rest(old)) {
        errors.push(new.get("spec").forbidden(KEPT));
    }
}

pub(super) fn status(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    let counts =
        ["replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"];
    replicas::counts(&status, &counts, errors);
    replicas::collisions(&status, &was, errors);
}
