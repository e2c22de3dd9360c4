//! What may be changed of a pod: images, deadlines, tolerations, gates; of a gated one a bit more.

use super::{annotations, scheduling};
use crate::{
    names::out_of_range,
    validation::{
        error::Errors,
        field::Field,
        rules::{differences, same},
    },
};
use serde_json::{Value, json};

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const CHANGEABLE: &str = "pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

pub(crate) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let notes = ["metadata", "annotations"];
    annotations::change(&new.down(&notes), &old.down(&notes), errors);
    let (spec, was) = (new.get("spec"), old.get("spec"));
    for name in ["containers", "initContainers"] {
        let list = spec.get(name);
        if list.len() != was.get(name).len() {
            errors.push(list.forbidden("pod updates may not add or remove containers"));
            return;
        }
    }
    if !deadline(&spec.get("activeDeadlineSeconds"), &was.get("activeDeadlineSeconds"), errors) {
        return;
    }
    tolerations(&spec.get("tolerations"), &was.get("tolerations"), errors);
    gates(&spec.get("schedulingGates"), &was.get("schedulingGates"), errors);
    if same(spec.value, was.value) {
        return;
    }
    let mut masked = masked(spec.value, was.value);
    if !was.get("schedulingGates").is_empty() {
        gated(&spec, &was, errors);
        set(&mut masked, "nodeSelector", was.get("nodeSelector").value.clone());
        keep_node_affinity(&mut masked, was.value);
    }
    if !same(&masked, was.value) {
        let changed = differences(&masked, was.value);
        errors.push(spec.forbidden(format!("{CHANGEABLE}\n{changed}")));
    }
}

/// Shorter only. Whether it makes sense to look further.
fn deadline(now: &Field<'_>, before: &Field<'_>, errors: &mut Errors) -> bool {
    let most = i64::from(i32::MAX);
    let why = match (now.integer(), before.integer()) {
        (Some(now), _) if !(0..=most).contains(&now) => out_of_range(0, most),
        (Some(now), Some(before)) if before < now => {
            "must be less than or equal to previous value".to_owned()
        }
        (None, Some(_)) => {
            let why = "must not update from a positive integer to nil value";
            errors.push(now.invalid(why));
            return true;
        }
        _ => return true,
    };
    errors.push(now.invalid(why));
    false
}

/// Only more of them; of old ones the seconds may change.
fn tolerations(now: &Field<'_>, before: &Field<'_>, errors: &mut Errors) {
    let plain = |one: &Field<'_>| {
        let mut one = one.value.clone();
        if let Some(members) = one.as_object_mut() {
            members.remove("tolerationSeconds");
        }
        one
    };
    let all: Vec<_> = now.items().map(|one| plain(&one)).collect();
    if before.items().any(|one| !all.contains(&plain(&one))) {
        let why = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(now.forbidden(why));
        return;
    }
    scheduling::tolerations(now, errors);
}

/// Only fewer of them.
fn gates(now: &Field<'_>, before: &Field<'_>, errors: &mut Errors) {
    let known: Vec<_> = before.items().map(|gate| gate.get("name").text()).collect();
    for gate in now.items() {
        let name = gate.get("name");
        if !known.contains(&name.text()) {
            let why = format!(
                "only deletion is allowed, but found new scheduling gate '{}'",
                name.text()
            );
            errors.push(name.forbidden(why));
        }
    }
}

/// The new spec with the old one's values where a change is allowed.
fn masked(spec: &Value, was: &Value) -> Value {
    let mut masked = spec.clone();
    for name in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] {
        set(&mut masked, name, was.get(name).cloned().unwrap_or_default());
    }
    for list in ["containers", "initContainers"] {
        let containers = masked.get_mut(list).and_then(Value::as_array_mut);
        for (at, container) in containers.into_iter().flatten().enumerate() {
            let image = was.pointer(&format!("/{list}/{at}/image"));
            set(container, "image", image.cloned().unwrap_or_default());
        }
    }
    let grace = "terminationGracePeriodSeconds";
    let before = was.get(grace).and_then(Value::as_i64).filter(|seconds| *seconds < 0);
    if let Some(before) = before.filter(|_| masked.get(grace) == Some(&json!(1))) {
        set(&mut masked, grace, before.into());
    }
    masked
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// A gated pod may be told more about the nodes that it can go to.
fn gated(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    let (now, before) = (spec.get("nodeSelector"), was.get("nodeSelector"));
    if before.entries().any(|(key, value)| now.key(key).value != value.value) {
        let why = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        errors.push(now.invalid(why));
    }
    let terms = |spec: &Field<'_>| spec.down(&["affinity", "nodeAffinity", REQUIRED]).value.clone();
    let (now, before) = (terms(spec), terms(was));
    let (now, before) = (Field::root(&now), Field::root(&before));
    let path = spec.down(&["affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms"]).path;
    let (now, before) =
        (now.get("nodeSelectorTerms").renamed(path), before.get("nodeSelectorTerms"));
    if before.is_empty() {
        return;
    }
    if now.len() != before.len() {
        let why = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        errors.push(now.invalid(why));
        return;
    }
    for (now, before) in now.items().zip(before.items()) {
        if !has_only_additions(&now, &before) {
            errors.push(now.invalid("only additions are allowed (no mutations or deletions)"));
        }
    }
}

fn has_only_additions(now: &Field<'_>, before: &Field<'_>) -> bool {
    let lists = ["matchExpressions", "matchFields"];
    let empty = |term: &Field<'_>| lists.iter().all(|name| term.get(name).is_empty());
    if empty(before) {
        return empty(now);
    }
    lists.iter().all(|name| {
        let (now, before) = (now.get(name), before.get(name));
        let pairs = now.items().zip(before.items());
        now.len() >= before.len() && pairs.into_iter().all(|(a, b)| same(a.value, b.value))
    })
}

fn keep_node_affinity(masked: &mut Value, was: &Value) {
    let before = was.pointer("/affinity/nodeAffinity").cloned().unwrap_or_default();
    if let Some(affinity) = masked.get_mut("affinity").and_then(Value::as_object_mut) {
        affinity.insert("nodeAffinity".into(), before);
        if affinity.values().all(Value::is_null) {
            set(masked, "affinity", Value::Null);
        }
    } else if !before.is_null() {
        set(masked, "affinity", json!({"nodeAffinity": before}));
    }
}
