//! Names of resources and amounts of them: what containers ask for, quotas count and ranges limit.
//!
//! Upstream: pkg/apis/core/validation, pkg/apis/core/helper/helpers.go.

use crate::{
    names,
    quantity::Quantity,
    validation::{error::Errors, field::Field},
};
use std::collections::BTreeSet;

const DEFAULT_DOMAIN: &str = "kubernetes.io/";
const PAGES: &str = "hugepages-";
const OF_CONTAINERS: [&str; 3] = ["cpu", "ephemeral-storage", "memory"];
/// Resources without a domain, beside those of containers.
const STANDARD: [&str; 17] = [
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];
/// Resources that are counted in whole numbers.
const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

fn is_of_containers(name: &str) -> bool {
    OF_CONTAINERS.contains(&name) || name.starts_with(PAGES)
}

/// Whether a quota can count it.
pub(crate) fn is_of_quotas(name: &str) -> bool {
    let requested = name.strip_prefix("requests.").is_some_and(|rest| rest.starts_with(PAGES));
    let known = is_of_containers(name) || STANDARD.contains(&name);
    (known && name != "storage") || requested
}

fn is_standard(name: &str) -> bool {
    is_of_containers(name) || is_of_quotas(name) || name == "storage"
}

fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains(DEFAULT_DOMAIN)
}

/// A resource that Kubernetes does not know: `example.com/gpu`.
pub(crate) fn is_extended(name: &str) -> bool {
    let quota = format!("requests.{name}");
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&quota).is_empty()
}

fn is_whole(name: &str) -> bool {
    COUNTED.contains(&name) || is_extended(name)
}

/// Whether more of it can be promised than there is.
pub(crate) fn is_overcommitted(name: &str) -> bool {
    is_native(name) && !name.starts_with(PAGES)
}

/// Any resource's name. The field's own value is not the name: a map's key is.
pub(crate) fn name(field: &Field<'_>, name: &str, errors: &mut Errors) {
    let faults = names::qualified_name(name);
    if faults.is_empty() && !name.contains('/') && !is_standard(name) {
        let why = "must be a standard resource type or fully qualified";
        errors.push(field.invalid_as(name, why));
    }
    errors.extend(faults.into_iter().map(|why| field.invalid_as(name, why)));
}

/// The name of a resource that a container has.
pub(crate) fn container_name(field: &Field<'_>, name: &str, errors: &mut Errors) {
    self::name(field, name, errors);
    if !name.contains('/') && !is_of_containers(name) {
        errors.push(field.invalid_as(name, "must be a standard resource for containers"));
    } else if name.contains('/') && !is_native(name) && !is_extended(name) {
        errors.push(field.invalid_as(name, "doesn't follow extended resource name standard"));
    }
}

/// The name of a resource that a pod as a whole has.
fn pod_name(field: &Field<'_>, name: &str, errors: &mut Errors) {
    let before = errors.len();
    self::name(field, name, errors);
    if errors.len() == before && !["cpu", "memory"].contains(&name) && !name.starts_with(PAGES) {
        errors.push(field.not_supported_as(name, &["cpu", "hugepages-", "memory"]));
    }
}

/// The name of a resource that a quota counts.
pub(crate) fn quota_name(field: &Field<'_>, name: &str, errors: &mut Errors) {
    self::name(field, name, errors);
    if !name.contains('/') && !is_of_quotas(name) {
        errors.push(field.invalid_as(name, "must be a standard resource for quota"));
    }
}

/// An amount of a resource: not negative, and whole where it is counted.
pub(crate) fn amount(field: &Field<'_>, name: &str, errors: &mut Errors) {
    field.not_negative_amount(errors);
    if is_whole(name) && field.quantity().milli_value() % 1000 != 0 {
        errors.push(field.invalid("must be an integer"));
    }
}

/// An amount that is not negative (validateBasicResource).
pub(crate) fn basic_amount(field: &Field<'_>, errors: &mut Errors) {
    let value = field.quantity().value();
    if value < 0 {
        errors.push(field.invalid_as(value, "must be a valid resource quantity"));
    }
}

/// Requests and limits of a container; claims name some of the pod's.
pub(crate) fn requirements(resources: &Field<'_>, claims: &BTreeSet<&str>, errors: &mut Errors) {
    limits_and_requests(resources, container_name, errors);
    self::claims(&resources.get("claims"), claims, errors);
}

/// Requests and limits of a pod as a whole.
pub(crate) fn pod_requirements(resources: &Field<'_>, errors: &mut Errors) {
    let claims = resources.get("claims");
    if claims.is_set() {
        errors.push(claims.forbidden("claims cannot be set for Resources at pod-level"));
    }
    limits_and_requests(resources, pod_name, errors);
}

type Named = fn(&Field<'_>, &str, &mut Errors);

fn limits_and_requests(resources: &Field<'_>, named: Named, errors: &mut Errors) {
    let (limits, requests) = (resources.get("limits"), resources.get("requests"));
    for (key, value) in limits.entries().chain(requests.entries()) {
        named(&value, key, errors);
        amount(&value, key, errors);
        pages(&value, key, errors);
    }
    for (key, value) in requests.entries() {
        compared(&requests, &limits, key, value.quantity(), errors);
    }
    let keys = || limits.entries().chain(requests.entries()).map(|(key, _)| key);
    if keys().any(|key| key.starts_with(PAGES))
        && !keys().any(|key| ["cpu", "memory"].contains(&key))
    {
        errors.push(resources.forbidden("HugePages require cpu or memory"));
    }
}

/// No more than the limit; as much where there is no overcommitment.
fn compared(
    requests: &Field<'_>,
    limits: &Field<'_>,
    key: &str,
    request: Quantity,
    errors: &mut Errors,
) {
    let limit = limits.key(key);
    if !limit.is_set() {
        if !is_overcommitted(key) {
            errors.push(limits.required("Limit must be set for non overcommitable resources"));
        }
        return;
    }
    let limit = limit.quantity();
    let relation = match is_overcommitted(key) {
        false if request != limit => "equal to",
        true if request > limit => "less than or equal to",
        _ => return,
    };
    let why = format!("must be {relation} {key} limit of {limit}");
    errors.push(requests.invalid_as(request.to_string(), why));
}

/// Huge pages come whole.
fn pages(field: &Field<'_>, name: &str, errors: &mut Errors) {
    let Some(size) = name.strip_prefix(PAGES) else { return };
    let (amount, size) = (field.quantity(), Quantity::parse(size).map_or(0, |it| it.value()));
    if size <= 0 || amount.sign() < 0 || amount.value() % size != 0 {
        let why = format!("{amount} is not positive integer multiple of {name}");
        errors.push(field.invalid_as(amount.to_string(), why));
    }
}

fn claims(claims: &Field<'_>, of_pod: &BTreeSet<&str>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for claim in claims.items() {
        let name = claim.get("name").text();
        if name.is_empty() {
            errors.push(claim.required(""));
            continue;
        }
        claim_twice(&claim, name, &mut seen, errors);
        if !of_pod.contains(name) {
            let all = of_pod.iter().copied().collect::<Vec<_>>().join(", ");
            let all =
                if all.is_empty() { " which is empty".to_owned() } else { format!(": {all}") };
            let why = format!("must be one of the names in pod.spec.resourceClaims{all}");
            errors.push(claim.get("name").renamed(&claim.path).not_found(why));
        }
    }
}

/// The same claim, or the same request of it, is named once; all of it and a part of it not both.
fn claim_twice(claim: &Field<'_>, name: &str, seen: &mut BTreeSet<String>, errors: &mut Errors) {
    let request = claim.get("request");
    if seen.contains(name) {
        errors.push(claim.duplicate_of(name));
        return;
    }
    let mut key = name.to_owned();
    if request.is_empty() {
        let part = format!("{name}/");
        let parts = seen.iter().filter(|one| one.starts_with(&part));
        errors.extend(parts.map(|_| claim.duplicate_of(name)));
    } else {
        request.check(names::dns_label, errors);
        key = format!("{name}/{}", request.text());
    }
    if !seen.insert(key.clone()) {
        errors.push(claim.duplicate_of(key));
    }
}
