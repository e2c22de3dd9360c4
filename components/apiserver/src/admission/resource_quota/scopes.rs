//! Which objects a quota is about.
//!
//! Upstream: pkg/quota/v1/evaluator/core/{pods,persistent_volume_claims}.go (their scope functions).

use super::usage;
use crate::admission::{
    Attributes,
    pod::{amounts, items, text},
};
use serde_json::Value;

/// Whether the quota limits anything that objects of the write's resource count for, and this object
/// is in its scopes. Of what has no scopes a quota with scopes knows nothing.
pub(super) fn matches(quota: &Value, write: &Attributes) -> bool {
    let hard = amounts(&quota["status"]["hard"]);
    let limits = hard.keys().any(|entry| usage::counts(write, entry));
    let plain = items(&quota["spec"]["scopes"]).map(|scope| (text(scope), "Exists", &Value::Null));
    let selected = items(&quota["spec"]["scopeSelector"]["matchExpressions"])
        .map(|one| (text(&one["scopeName"]), text(&one["operator"]), &one["values"]));
    let in_scope = |(scope, operator, values): (&str, &str, &Value)| {
        if write.is("", "pods") {
            pod(scope, operator, values, &write.object)
        } else if write.is("", "persistentvolumeclaims") && scope == "VolumeAttributesClass" {
            let class = text(&write.object["spec"]["volumeAttributesClassName"]);
            chosen(operator, values, class)
        } else {
            false
        }
    };
    limits && plain.chain(selected).all(in_scope)
}

fn pod(scope: &str, operator: &str, values: &Value, pod: &Value) -> bool {
    let spec = &pod["spec"];
    let ends = spec["activeDeadlineSeconds"].as_i64().is_some_and(|seconds| seconds >= 0);
    match scope {
        "Terminating" => ends,
        "NotTerminating" => !ends,
        "BestEffort" => asks_for_nothing(spec),
        "NotBestEffort" => !asks_for_nothing(spec),
        "PriorityClass" => chosen(operator, values, text(&spec["priorityClassName"])),
        "CrossNamespacePodAffinity" => crosses_namespaces(spec),
        _ => false,
    }
}

/// The quality of service is the lowest: no container asks for processors or memory.
fn asks_for_nothing(spec: &Value) -> bool {
    let lists = ["containers", "initContainers"].iter().flat_map(|list| items(&spec[*list]));
    let all = lists.map(|container| &container["resources"]).chain([&spec["resources"]]);
    let mut amounts = all.flat_map(|one| [amounts(&one["requests"]), amounts(&one["limits"])]);
    !amounts.any(|list| {
        ["cpu", "memory"].iter().any(|name| list.get(*name).is_some_and(|it| !it.is_zero()))
    })
}

fn chosen(operator: &str, values: &Value, class: &str) -> bool {
    let named = items(values).any(|value| value == class);
    match operator {
        "In" => named,
        "NotIn" => !named,
        "Exists" => !class.is_empty(),
        "DoesNotExist" => class.is_empty(),
        _ => false,
    }
}

fn crosses_namespaces(spec: &Value) -> bool {
    let affinity = &spec["affinity"];
    let kinds = ["podAffinity", "podAntiAffinity"].map(|kind| &affinity[kind]);
    let crosses = |term: &Value| {
        items(&term["namespaces"]).next().is_some() || term["namespaceSelector"].is_object()
    };
    kinds.into_iter().any(|kind| {
        let required = items(&kind["requiredDuringSchedulingIgnoredDuringExecution"]);
        let preferred = items(&kind["preferredDuringSchedulingIgnoredDuringExecution"]);
        required.chain(preferred.map(|one| &one["podAffinityTerm"])).any(crosses)
    })
}
