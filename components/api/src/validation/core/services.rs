//! Services: types, ports, addresses of both families, and what of them stays.

mod addresses;
mod ports;
mod traffic;

use crate::{
    names,
    validation::{error::Errors, field::Field, labels, net},
};

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
const AFFINITY_SECONDS_MAX: i64 = 86_400;
const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const MODE: &str = "service.kubernetes.io/topology-mode";
const RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";
const BALANCED: &str = "may only be used when `type` is 'LoadBalancer'";

/// A service without an address of its own.
fn is_headless(spec: &Field<'_>) -> bool {
    let (one, all) = (spec.get("clusterIP"), spec.get("clusterIPs"));
    match all.is_empty() {
        true => one.text() == "None",
        false => all.len() == 1 && all.item(0).text() == "None",
    }
}

fn is_balanced(spec: &Field<'_>) -> bool {
    spec.get("type").text() == "LoadBalancer"
}

/// A service that is a name elsewhere.
fn is_external(spec: &Field<'_>) -> bool {
    spec.get("type").text() == "ExternalName"
}

pub(super) fn whole(service: &Field<'_>, errors: &mut Errors) {
    let (notes, spec) = (service.down(&["metadata", "annotations"]), service.get("spec"));
    let (hints, mode) = (notes.key(HINTS), notes.key(MODE));
    if hints.is_set() && mode.is_set() && hints.text() != mode.text() {
        let why = format!("must match annotations[{HINTS}] when both are specified");
        errors.push(mode.invalid(why));
    }
    if spec.get("ports").is_empty() && !is_headless(&spec) && !is_external(&spec) {
        errors.push(spec.get("ports").required(""));
    }
    by_type(&spec, errors);
    ports::ports(&spec, errors);
    labels::labels(&spec.get("selector"), errors);
    affinity(&spec, errors);
    addresses::addresses(&spec, errors);
    for address in spec.get("externalIPs").items() {
        match net::address(address.text()) {
            Some(_) => net::not_special(&address, errors),
            None => net::need_address(&address, errors),
        }
    }
    spec.get("type").need_one_of(&TYPES, errors);
    balanced(&notes, &spec, errors);
    traffic::traffic(&spec, errors);
}

fn by_type(spec: &Field<'_>, errors: &mut Errors) {
    let kind = spec.get("type").text();
    match kind {
        "LoadBalancer" | "NodePort" if is_headless(spec) => {
            let why = format!("may not be set to 'None' for {kind} services");
            errors.push(spec.get("clusterIPs").item(0).invalid(why));
        }
        "ExternalName" => external(spec, errors),
        _ => {}
    }
}

fn external(spec: &Field<'_>, errors: &mut Errors) {
    for name in ["clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
        let field = spec.get(name);
        if !field.is_empty() {
            errors.push(field.forbidden("may not be set for ExternalName services"));
        }
    }
    let name = spec.get("externalName");
    match name.text().strip_suffix('.').unwrap_or(name.text()) {
        "" => errors.push(name.required("")),
        host => {
            let faults = names::dns_subdomain(host).into_iter();
            errors.extend(faults.map(|why| name.invalid_as(host, why)));
        }
    }
}

/// Whether who came once comes to the same pod again.
fn affinity(spec: &Field<'_>, errors: &mut Errors) {
    let (kind, config) = (spec.get("sessionAffinity"), spec.get("sessionAffinityConfig"));
    kind.need_one_of(&["ClientIP", "None"], errors);
    if kind.text() == "None" && config.is_set() {
        errors.push(config.forbidden("must not be set when session affinity is None"));
    }
    if kind.text() != "ClientIP" {
        return;
    }
    let address = config.get("clientIP");
    let seconds = address.get("timeoutSeconds");
    if let Some(missing) = [&config, &address, &seconds].into_iter().find(|it| !it.is_set()) {
        errors.push(missing.required("when session affinity type is ClientIP"));
    } else if !(1..=AFFINITY_SECONDS_MAX).contains(&seconds.number()) {
        let why = format!("must be greater than 0 and less than {AFFINITY_SECONDS_MAX}");
        errors.push(seconds.invalid(why));
    }
}

/// What only a service with a load balancer has.
fn balanced(notes: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let balanced = is_balanced(spec);
    let ranges = spec.get("loadBalancerSourceRanges").renamed("spec.LoadBalancerSourceRanges");
    let noted = notes.key(RANGES);
    if !ranges.is_empty() {
        if !balanced {
            errors.push(ranges.forbidden(BALANCED));
        }
        for range in ranges.items() {
            source_range(&range, range.text(), errors);
        }
    } else if noted.is_set() {
        if !balanced {
            errors.push(noted.forbidden(BALANCED));
        }
        let texts = noted.text().split(',').filter(|_| !noted.text().trim().is_empty());
        texts.for_each(|text| source_range(&noted, text, errors));
    }
    let allocate = spec.get("allocateLoadBalancerNodePorts");
    match (balanced, allocate.is_set()) {
        (false, true) => errors.push(allocate.forbidden(BALANCED)),
        (true, false) => {
            errors.push(allocate.renamed("allocateLoadBalancerNodePorts").required(""));
        }
        _ => {}
    }
    let class = spec.get("loadBalancerClass");
    match balanced {
        true => class.check_some(names::qualified_name, errors),
        false if class.is_set() => errors.push(class.forbidden(BALANCED)),
        false => {}
    }
}

/// Spaces around a range were allowed once.
fn source_range(place: &Field<'_>, text: &str, errors: &mut Errors) {
    let value = text.trim().into();
    net::need_range(&Field { value: &value, path: place.path.clone() }, errors);
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    addresses::change(&spec, &was, errors);
    let class = spec.get("loadBalancerClass");
    if is_balanced(&spec) && is_balanced(&was) && class.value != was.get("loadBalancerClass").value
    {
        errors.push(class.invalid("may not change once set"));
    }
    traffic::change(&spec, &was, errors);
}

pub(super) fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    let balanced = is_balanced(&new.get("spec"));
    load_balancer(&new.down(&["status", "loadBalancer"]), balanced, errors);
}

/// `core/v1.LoadBalancerStatus`.
fn load_balancer(status: &Field<'_>, balanced: bool, errors: &mut Errors) {
    let list = status.get("ingress");
    if !balanced && !list.is_empty() {
        errors.push(list.forbidden("may only be used when `spec.type` is 'LoadBalancer'"));
        return;
    }
    for one in list.items() {
        let (address, mode, host) = (one.get("ip"), one.get("ipMode"), one.get("hostname"));
        if !address.is_empty() {
            net::need_address(&address, errors);
        }
        match (mode.is_set(), address.is_empty()) {
            (false, false) => errors.push(mode.required("must be specified when `ip` is set")),
            (true, true) => {
                errors.push(mode.forbidden("may not be specified when `ip` is not set"));
            }
            (true, false) => mode.one_of(&["Proxy", "VIP"], errors),
            (false, true) => {}
        }
        host.check_some(names::dns_subdomain, errors);
        if net::address(host.text()).is_some() {
            errors.push(host.invalid("must be a DNS name, not an IP address"));
        }
    }
}
