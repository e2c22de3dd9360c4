//! Containers: those that run, those that run before, and those that come later to look around.

use super::{Around, env, mounts, ports, probes, security};
use crate::{
    names,
    validation::{core::resources, error::Errors, field::Field},
};
use std::collections::BTreeSet;

pub(super) const PULL_POLICIES: [&str; 3] = ["Always", "IfNotPresent", "Never"];
const MESSAGES: [&str; 2] = ["File", "FallbackToLogsOnError"];
const RESTARTS: [&str; 3] = ["Always", "Never", "OnFailure"];
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;
/// What only a container that stays can have.
const OF_RUNNING: [&str; 4] = ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"];
/// What containers that come later have nothing of.
const NOT_LATER: [&str; 9] = [
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
];
const LATER: &str = "cannot be set for an Ephemeral Container";

/// What holds of every container.
fn common(container: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    container.get("name").need_checked(names::dns_label, errors);
    container.get("image").need(errors);
    container.get("terminationMessagePolicy").need_one_of(&MESSAGES, errors);
    ports::ports(&container.get("ports"), errors);
    env::variables(&container.get("env"), errors);
    env::from(&container.get("envFrom"), errors);
    mounts::mounts(container, around, errors);
    mounts::devices(container, around, errors);
    container.get("imagePullPolicy").need_one_of(&PULL_POLICIES, errors);
    resources::requirements(&container.get("resources"), &around.claims, errors);
    resizes(&container.get("resizePolicy"), around, errors);
    restarts(container, errors);
    security::of_container(&container.get("securityContext"), around, errors);
}

/// What holds of a pod's container, and not of a template's.
pub(super) fn of_pod(container: &Field<'_>, errors: &mut Errors) {
    let image = container.get("image");
    if image.text().trim() != image.text() {
        errors.push(image.invalid("must not have leading or trailing whitespace"));
    }
}

fn resizes(policies: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for policy in policies.items() {
        let resource = policy.get("resourceName").renamed(&policies.path);
        if !seen.insert(resource.text()) {
            errors.push(policy.duplicate_of(resource.text()));
        }
        resource.need_one_of(&["cpu", "memory"], errors);
        let restart = policy.get("restartPolicy").renamed(&policies.path);
        restart.need_one_of(&["NotRequired", "RestartContainer"], errors);
        if around.restart == "Never" && restart.text() != "NotRequired" {
            let why = "must be 'NotRequired' when `restartPolicy` is 'Never'";
            errors.push(restart.invalid(why));
        }
    }
}

/// When the container is started again, by itself and by its exit codes.
fn restarts(container: &Field<'_>, errors: &mut Errors) {
    let (policy, rules) = (container.get("restartPolicy"), container.get("restartPolicyRules"));
    policy.some_of(&RESTARTS, errors);
    if !rules.is_empty() && !policy.is_set() {
        errors.push(policy.required("must specify restartPolicy when restart rules are used"));
    }
    rules.at_most(RULES_MAX, errors);
    for rule in rules.items() {
        rule.get("action").need_one_of(&["Restart", "RestartAllContainers"], errors);
        let codes = rule.get("exitCodes");
        if !codes.is_set() {
            errors.push(codes.required("must be specified"));
            continue;
        }
        codes.get("operator").need_one_of(&["In", "NotIn"], errors);
        let values = codes.get("values");
        values.need(errors);
        values.at_most(EXIT_CODES_MAX, errors);
    }
}

/// The containers that a pod runs: at least one.
pub(super) fn containers(spec: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let list = spec.get("containers");
    if !list.need(errors) {
        return;
    }
    let mut seen = BTreeSet::new();
    for container in list.items() {
        common(&container, around, errors);
        let name = container.get("name");
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
        running(&container, around, errors);
    }
    ports::host_ports(list.items(), errors);
}

fn running(container: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    probes::lifecycle(&container.get("lifecycle"), around.grace, around.system, errors);
    probes::probes(container, around.grace, errors);
}

/// The containers that run before, one by one; those that are always restarted stay.
pub(super) fn init_containers(spec: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let mut seen = named(spec, &["containers"]);
    for container in spec.get("initContainers").items() {
        common(&container, around, errors);
        let name = container.get("name");
        if seen.contains(name.text()) {
            errors.push(name.duplicate());
        } else if !name.is_empty() {
            seen.insert(name.text());
        }
        ports::host_ports(std::iter::once(container.clone()), errors);
        if container.get("restartPolicy").text() == "Always" {
            running(&container, around, errors);
            continue;
        }
        let wrong = OF_RUNNING.iter().map(|name| container.get(name)).filter(Field::is_set);
        let why = "may not be set for init containers without restartPolicy=Always";
        errors.extend(wrong.map(|field| field.forbidden(why)));
    }
}

pub(super) fn named<'a>(spec: &Field<'a>, lists: &[&str]) -> BTreeSet<&'a str> {
    let lists = lists.iter().map(|list| spec.get(list));
    lists.flat_map(|list| list.items().map(|one| one.get("name").text())).collect()
}

/// Containers that are added to a pod that runs.
pub(super) fn ephemeral_containers(spec: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let others = named(spec, &["containers", "initContainers"]);
    let mut seen = others.clone();
    for container in spec.get("ephemeralContainers").items() {
        common(&container, around, errors);
        of_pod(&container, errors);
        let name = container.get("name");
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
        let target = container.get("targetContainerName");
        if !target.is_empty() && !others.contains(target.text()) {
            errors.push(target.not_found(""));
        }
        let wrong = NOT_LATER.iter().map(|name| container.get(name));
        errors.extend(wrong.filter(|field| !field.is_empty()).map(|field| field.forbidden(LATER)));
        for mount in container.get("volumeMounts").items() {
            let wrong = ["subPath", "subPathExpr"].map(|name| mount.get(name));
            let wrong = wrong.iter().filter(|field| !field.is_empty());
            errors.extend(wrong.map(|field| field.forbidden(LATER)));
        }
    }
}
