//! What a pod is wanted to be, in a pod or in a template.

use super::{Around, affinity, containers, dns, ports, scheduling, security, volumes, windows};
use crate::{
    names,
    quantity::Quantity,
    validation::{core::resources, error::Errors, field::Field, labels},
};
use std::collections::BTreeSet;

const RESTARTS: [&str; 3] = ["Always", "OnFailure", "Never"];
const HOST_NAME_BYTES_MAX: usize = 64;

/// `core/v1.PodSpec`; a pod has a name.
pub(super) fn spec(spec: &Field<'_>, pod: Option<&str>, errors: &mut Errors) {
    let grace = spec.get("terminationGracePeriodSeconds");
    if !grace.is_set() {
        errors.push(grace.required(""));
    }
    let claims = spec.get("resourceClaims");
    let names = claims.items().map(|claim| claim.get("name").text());
    let around = Around {
        volumes: volumes::volumes(&spec.get("volumes"), pod, errors),
        claims: names.filter(|name| !name.is_empty()).collect(),
        grace: grace.integer(),
        restart: spec.get("restartPolicy").text(),
        system: spec.down(&["os", "name"]).text(),
        host_users: spec.get("hostUsers").value != false,
    };
    scheduling::resource_claims(&claims, errors);
    containers::containers(spec, &around, errors);
    containers::init_containers(spec, &around, errors);
    containers::ephemeral_containers(spec, &around, errors);
    of_pod(spec, errors);
    if spec.get("hostNetwork").is_true() {
        ports::on_host_network(&spec.get("containers"), pod.is_some(), errors);
    }
    spec.get("restartPolicy").need_one_of(&RESTARTS, errors);
    looks(spec, errors);
    placed(spec, errors);
    named(spec, errors);
    security::of_pod(spec, errors);
    windows::host_processes(spec, errors);
    security::host_users(spec, errors);
    windows::system(spec, errors);
}

/// How the pod looks up names, and how it is called itself.
fn looks(spec: &Field<'_>, errors: &mut Errors) {
    let policy = spec.get("dnsPolicy");
    dns::policy(&policy, errors);
    dns::config(&spec.get("dnsConfig"), policy.text(), errors);
    spec.get("hostname").check_some(names::dns_label, errors);
    spec.get("subdomain").check_some(names::dns_label, errors);
    scheduling::host_aliases(&spec.get("hostAliases"), errors);
    let own = spec.get("hostnameOverride");
    if !own.is_set() {
        return;
    }
    own.check(names::dns_subdomain, errors);
    if own.len() > HOST_NAME_BYTES_MAX {
        errors.push(own.too_long(HOST_NAME_BYTES_MAX));
    }
    if spec.get("setHostnameAsFQDN").is_true() {
        let why = "`setHostnameAsFQDN` and `hostnameOverride` must not be set at the same time";
        errors.push(own.forbidden(why));
    }
    if spec.get("hostNetwork").is_true() {
        let why = "`hostNetwork` and `hostnameOverride` must not be set at the same time";
        errors.push(own.forbidden(why));
    }
}

/// Where the pod goes, and what it waits for.
fn placed(spec: &Field<'_>, errors: &mut Errors) {
    labels::labels(&spec.get("nodeSelector"), errors);
    affinity::affinity(&spec.get("affinity"), errors);
    scheduling::readiness_gates(&spec.get("readinessGates"), errors);
    scheduling::gates(&spec.get("schedulingGates"), errors);
    affinity::spread(&spec.get("topologySpreadConstraints"), errors);
    scheduling::tolerations(&spec.get("tolerations"), errors);
    spec.get("activeDeadlineSeconds").within(1, i64::from(i32::MAX), errors);
    let preemption = spec.get("preemptionPolicy");
    if preemption.is_set() {
        preemption.need_one_of(&["PreemptLowerPriority", "Never"], errors);
    }
}

/// Names of other objects.
fn named(spec: &Field<'_>, errors: &mut Errors) {
    for name in ["serviceAccountName", "nodeName", "priorityClassName"] {
        spec.get(name).check_some(names::dns_subdomain, errors);
    }
    let class = spec.get("runtimeClassName");
    if class.is_set() {
        class.check(names::dns_subdomain, errors);
    }
}

/// Resources of the pod as a whole: its containers' requests fit in, and so does each limit.
fn of_pod(spec: &Field<'_>, errors: &mut Errors) {
    let overhead = spec.get("overhead");
    for (key, value) in overhead.entries() {
        let place = overhead.get("limits").key(key).path;
        let value = value.renamed(place);
        resources::container_name(&value, key, errors);
        resources::amount(&value, key, errors);
    }
    let whole = spec.get("resources");
    if !whole.is_set() {
        return;
    }
    resources::pod_requirements(&whole, errors);
    let requests = whole.get("requests");
    for key in requested(spec) {
        let (sum, own) = (sum_of_requests(spec, key), requests.key(key));
        if sum > own.quantity() && ["cpu", "memory"].contains(&key) {
            let why =
                format!("must be greater than or equal to aggregate container requests of {sum}");
            errors.push(own.invalid_as(own.quantity().to_string(), why));
        }
    }
    let limits = whole.get("limits");
    for (at, container) in spec.get("containers").items().enumerate() {
        for (key, limit) in container.down(&["resources", "limits"]).entries() {
            let most = limits.key(key);
            if most.is_set() && limit.quantity() > most.quantity() {
                let place = whole.get("containers").item(at).key(key).get("limits");
                let why =
                    format!("must be less than or equal to pod limits of {}", most.quantity());
                errors.push(place.invalid_as(limit.quantity().to_string(), why));
            }
        }
    }
}

/// What containers ask for.
fn requested<'a>(spec: &Field<'a>) -> BTreeSet<&'a str> {
    let requests = windows::containers(spec).map(|one| one.down(&["resources", "requests"]));
    requests.flat_map(|requests| requests.entries().map(|(key, _)| key)).collect()
}

/// What all containers that run at once ask for. An init container runs beside the sidecars that
/// were started before it.
fn sum_of_requests(spec: &Field<'_>, key: &str) -> Quantity {
    let request = |one: &Field<'_>| one.down(&["resources", "requests"]).key(key).quantity();
    let main =
        spec.get("containers").items().fold(Quantity::ZERO, |sum, one| sum.plus(request(&one)));
    let (mut sidecars, mut most) = (Quantity::ZERO, Quantity::ZERO);
    for one in spec.get("initContainers").items() {
        let own = sidecars.plus(request(&one));
        if one.get("restartPolicy").text() == "Always" {
            sidecars = own;
        }
        most = most.max(own);
    }
    main.plus(sidecars).max(most)
}
