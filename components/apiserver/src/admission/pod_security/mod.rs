//! Pods do no more than their namespace's labels let them.
//!
//! Upstream: plugin/pkg/admission/security/podsecurity and pod-security-admission/admission.

mod baseline;
mod checks;
mod policy;
mod restricted;

use super::{
    Attributes, Cluster, Plugin, Wanted,
    pod::{items, text},
};
use crate::{
    failure::{Failure, Named},
    object,
};
use checks::{findings, told};
use policy::{Level, Policy};
use serde_json::Value;
use std::collections::BTreeMap;

pub(super) const PLUGIN: Plugin = Plugin {
    name: NAME,
    by_default: true,
    mutate: None,
    validate: Some(|cluster, write| Box::pin(validate(cluster, write))),
};

const NAME: &str = "PodSecurity";
const NOTE: &str = "pod-security.kubernetes.io/";
/// So many pods are looked at when a namespace becomes stricter (defaultNamespaceMaxPodsToCheck).
const PODS_MAX: usize = 3000;

/// Doors of a pod that leave alone what it does.
const HARMLESS: [&str; 8] =
    ["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"];

/// Resources whose objects make pods, and where the template stands.
const CONTROLLERS: [(&str, &str, &str); 8] = [
    ("", "podtemplates", "/template"),
    ("", "replicationcontrollers", "/spec/template"),
    ("apps", "replicasets", "/spec/template"),
    ("apps", "deployments", "/spec/template"),
    ("apps", "statefulsets", "/spec/template"),
    ("apps", "daemonsets", "/spec/template"),
    ("batch", "jobs", "/spec/template"),
    ("batch", "cronjobs", "/spec/jobTemplate/spec/template"),
];

async fn validate(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    if write.deletes() {
        return Ok(());
    }
    if write.is_whole("", "namespaces") {
        return namespace(cluster, write).await;
    }
    if write.is("", "pods") {
        let harmless = HARMLESS.contains(&write.subresource.as_str());
        let same = write.updates() && !matters(&write.object, &write.old);
        if harmless || same {
            return Ok(());
        }
        return pod(cluster, write, &write.object, true).await;
    }
    let controller = CONTROLLERS.iter().find(|(group, plural, _)| write.is_whole(group, plural));
    let template = controller.and_then(|(_, _, place)| write.object.pointer(place));
    match template.filter(|template| template.is_object()) {
        Some(template) => pod(cluster, write, template, false).await,
        None => Ok(()),
    }
}

/// Whether a change of a pod may change what it does.
fn matters(new: &Value, old: &Value) -> bool {
    const BESIDE: [&str; 5] = [
        "tolerations",
        "activeDeadlineSeconds",
        "terminationGracePeriodSeconds",
        "schedulingGates",
        "nodeSelector",
    ];
    let spec = |pod: &Value| -> BTreeMap<String, Value> {
        let members = pod["spec"].as_object().into_iter().flatten();
        let members = members.filter(|(name, _)| !BESIDE.contains(&name.as_str()));
        members.map(|(name, value)| (name.clone(), value.clone())).collect()
    };
    new["metadata"]["annotations"] != old["metadata"]["annotations"] || spec(new) != spec(old)
}

/// Who is not looked at, if the write is theirs.
fn exemption(configuration: &Value, write: &Attributes, spec: &Value) -> Option<&'static str> {
    let exempt = |list: &str, value: &str| {
        !value.is_empty() && items(&configuration["exemptions"][list]).any(|one| one == value)
    };
    if exempt("namespaces", &write.namespace) {
        return Some("namespace");
    }
    if exempt("usernames", &write.user.name) {
        return Some("user");
    }
    exempt("runtimeClasses", text(&spec["runtimeClassName"])).then_some("runtimeClass")
}

/// A pod, or one that a controller would make, which is not refused yet.
async fn pod(
    cluster: Cluster<'_>,
    write: &Attributes,
    pod: &Value,
    enforce: bool,
) -> Result<(), Failure> {
    let configuration = cluster.settings.of(NAME);
    let (metadata, spec) = (&pod["metadata"], &pod["spec"]);
    if let Some(why) = exemption(configuration, write, spec) {
        write.notes.annotate(format!("{NOTE}exempt"), why);
        return Ok(());
    }
    let name = write.namespace.as_str();
    let Some(namespace) = cluster.found(Wanted::namespace(name)).await? else {
        return Err(Failure::internal(format!("failed to lookup namespace {name}")));
    };
    let labels = &namespace["metadata"]["labels"];
    let (policy, faults) = Policy::of_configuration(&configuration["defaults"]).with_labels(labels);
    if let Some(fault) = faults.first() {
        let why = format!("Failed to parse policy: {}: {}", fault.field, fault.message);
        write.notes.annotate(format!("{NOTE}error"), why);
    }
    if enforce {
        write.notes.annotate(format!("{NOTE}enforce-policy"), policy.enforce.to_string());
        let found = findings(policy.enforce, metadata, spec);
        if !found.is_empty() {
            let standard = policy.enforce.to_string();
            return Err(
                write.forbidden(format!("violates PodSecurity {standard:?}: {}", told(&found)))
            );
        }
    }
    let would = |standard: policy::Standard| {
        let found = findings(standard, metadata, spec);
        let standard = standard.to_string();
        let text = format!("would violate PodSecurity {standard:?}: {}", told(&found));
        (!found.is_empty()).then_some(text)
    };
    if let Some(text) = would(policy.audit) {
        write.notes.annotate(format!("{NOTE}audit-violations"), text);
    }
    if let Some(text) = would(policy.warn) {
        write.notes.warn(text);
    }
    Ok(())
}

/// A namespace's labels must be readable; who makes them stricter hears which pods break them.
async fn namespace(cluster: Cluster<'_>, write: &Attributes) -> Result<(), Failure> {
    let configuration = cluster.settings.of(NAME);
    let defaults = Policy::of_configuration(&configuration["defaults"]);
    let labels = |namespace: &Value| namespace["metadata"]["labels"].clone();
    let (new, faults) = defaults.with_labels(&labels(&write.object));
    let (old, old_faults) = defaults.with_labels(&labels(&write.old));
    if !faults.is_empty() && (write.creates() || faults != old_faults) {
        let of = Named { group: "", resource: "Namespace", name: &write.name };
        return Err(Failure::invalid(of, &faults));
    }
    let relaxed = new.enforce.level == Level::Privileged
        || (new.enforce.minor == old.enforce.minor && new.enforce.level <= old.enforce.level);
    if write.creates() || new.enforce == old.enforce || relaxed {
        return Ok(());
    }
    let pods = cluster.list("", "pods", &write.name).await?;
    let pods: Vec<&Value> = pods.iter().map(|entry| entry.value()).collect();
    for warning in breaking(new.enforce, &write.name, &pods) {
        write.notes.warn(warning);
    }
    Ok(())
}

/// What is said of pods that break a standard: those that break it alike in one line.
fn breaking(standard: policy::Standard, namespace: &str, pods: &[&Value]) -> Vec<String> {
    let mut by_reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for pod in pods.iter().take(PODS_MAX) {
        let found = findings(standard, &pod["metadata"], &pod["spec"]);
        if !found.is_empty() {
            let reasons: Vec<&str> = found.iter().map(|one| one.reason.as_str()).collect();
            by_reasons.entry(reasons.join(", ")).or_default().push(object::meta(pod, "name"));
        }
    }
    let mut lines: Vec<String> = by_reasons
        .into_iter()
        .map(|(reasons, names)| match names.as_slice() {
            [one] => format!("{one}: {reasons}"),
            [one, _] => format!("{one} (and 1 other pod): {reasons}"),
            [one, more @ ..] => format!("{one} (and {} other pods): {reasons}", more.len()),
            [] => reasons,
        })
        .collect();
    lines.sort();
    let mut said = Vec::new();
    if pods.len() > PODS_MAX {
        said.push(format!(
            "new PodSecurity enforce level only checked against the first {PODS_MAX} of {} \
             existing pods",
            pods.len()
        ));
    }
    if !lines.is_empty() {
        let standard = standard.to_string();
        said.push(format!(
            "existing pods in namespace {namespace:?} violate the new PodSecurity enforce level \
             {standard:?}"
        ));
    }
    said.extend(lines);
    said
}

#[cfg(test)]
mod tests;
