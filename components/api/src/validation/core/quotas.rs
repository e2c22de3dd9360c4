//! Quotas: what is counted, of which objects.

use super::resources;
use crate::validation::{error::Errors, field::Field, rules::IMMUTABLE};
use std::collections::BTreeSet;

const SCOPES: [&str; 7] = [
    "Terminating",
    "NotTerminating",
    "BestEffort",
    "NotBestEffort",
    "PriorityClass",
    "CrossNamespacePodAffinity",
    "VolumeAttributesClass",
];
const PAIRS: [[&str; 2]; 2] = [["BestEffort", "NotBestEffort"], ["Terminating", "NotTerminating"]];
const OF_PODS: [&str; 10] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "pods",
];

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    amounts(&spec.get("hard"), errors);
    let scopes = spec.get("scopes");
    for scope in scopes.texts() {
        if let Some(why) = unfit(scope, &spec.get("hard")) {
            errors.push(scopes.invalid(why));
        }
    }
    conflicts(&scopes, &scopes.texts().collect(), errors);
    let selector = spec
        .down(&["scopeSelector", "matchExpressions"])
        .renamed("spec.scopeSelector.matchExpressions");
    let mut named = BTreeSet::new();
    for one in selector.items() {
        requirement(&one.renamed(&selector.path), &spec, errors);
        named.insert(one.get("scopeName").text());
    }
    conflicts(&scopes, &named, errors);
}

fn amounts(list: &Field<'_>, errors: &mut Errors) {
    for (key, amount) in list.entries() {
        resources::quota_name(&amount, key, errors);
        resources::amount(&amount, key, errors);
    }
}

/// Why a scope cannot be, or not with such resources.
fn unfit(scope: &str, hard: &Field<'_>) -> Option<&'static str> {
    if !SCOPES.contains(&scope) {
        return Some("unsupported scope");
    }
    let counted = |name: &str| match scope {
        "BestEffort" => name == "pods",
        "VolumeAttributesClass" => ["persistentvolumeclaims", "requests.storage"].contains(&name),
        _ => OF_PODS.contains(&name) || name.contains("hugepages-"),
    };
    let wrong = hard.entries().any(|(name, _)| resources::is_of_quotas(name) && !counted(name));
    wrong.then_some("unsupported scope applied to resource")
}

fn conflicts(scopes: &Field<'_>, named: &BTreeSet<&str>, errors: &mut Errors) {
    let both = PAIRS.iter().filter(|pair| pair.iter().all(|scope| named.contains(scope)));
    errors.extend(both.map(|_| scopes.invalid("conflicting scopes")));
}

fn requirement(one: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let (scope, operator, values) = (one.get("scopeName"), one.get("operator"), one.get("values"));
    match unfit(scope.text(), &spec.get("hard")) {
        Some(why) if why.ends_with("resource") => {
            errors.push(one.invalid_as(spec.get("scopeSelector").value.clone(), why));
        }
        Some(why) => errors.push(scope.invalid(why)),
        None => {}
    }
    let valued = ["PriorityClass", "VolumeAttributesClass"].contains(&scope.text());
    if !valued && SCOPES.contains(&scope.text()) && operator.text() != "Exists" {
        let why = "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, \
                   ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, \
                   ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
        errors.push(operator.invalid_as(operator.text(), why));
    }
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            let why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope \
                       selector";
            errors.push(values.required(why));
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope \
                       selector";
            errors.push(values.invalid(why));
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
        other => errors.push(operator.invalid_as(other, "not a valid selector operator")),
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (scopes, before) = (new.down(&["spec", "scopes"]), old.down(&["spec", "scopes"]));
    if scopes.texts().collect::<BTreeSet<_>>() != before.texts().collect() {
        errors.push(scopes.invalid(IMMUTABLE));
    }
}

pub(super) fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    amounts(&new.down(&["status", "hard"]), errors);
    amounts(&new.down(&["status", "used"]), errors);
}
