//! Claims of devices and classes of devices.

use crate::{
    names,
    validation::{
        core::{driver_name, node_selector, resources},
        error::Errors,
        field::Field,
        metadata,
        rules::same,
    },
};
use std::collections::BTreeSet;

const REQUESTS_MAX: usize = 32;
const SUB_REQUESTS_MAX: usize = 8;
const CONSTRAINTS_MAX: usize = 32;
const CONFIGS_MAX: usize = 32;
const SELECTORS_MAX: usize = 32;
const EXPRESSION_BYTES_MAX: usize = 10 * 1024;
const PARAMETERS_BYTES_MAX: usize = 10 * 1024;
const CONSUMERS_MAX: usize = 256;
const RESULTS_MAX: usize = 32;
const REFERENCE: &str = "must be the name of a request in the claim or the name of a request and a \
                         subrequest separated by '/'";

pub(super) fn claim(object: &Field<'_>, errors: &mut Errors) {
    devices(&object.down(&["spec", "devices"]), errors);
}

pub(super) fn template(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    metadata::of_template(&spec.get("metadata"), errors);
    devices(&spec.down(&["spec", "devices"]), errors);
}

pub(super) fn stays(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    new.get("spec").unchanged(&old.get("spec"), errors);
}

fn devices(devices: &Field<'_>, errors: &mut Errors) {
    let known = requests_of(devices);
    let (requests, mut seen) = (devices.get("requests"), BTreeSet::new());
    requests.at_most(REQUESTS_MAX, errors);
    for one in requests.items() {
        request(&one, errors);
        if !seen.insert(one.get("name").text()) {
            errors.push(one.duplicate_of(one.get("name").text()));
        }
    }
    let constraints = devices.get("constraints");
    constraints.at_most(CONSTRAINTS_MAX, errors);
    for one in constraints.items() {
        references(&one.get("requests"), &known, errors);
        let names = ["matchAttribute", "distinctAttribute"].map(|name| one.get(name));
        match names.iter().find(|name| name.is_set()) {
            Some(name) => attribute(name, errors),
            None => errors.push(one.get("matchAttribute").required("")),
        }
    }
    let configs = devices.get("config");
    configs.at_most(CONFIGS_MAX, errors);
    for one in configs.items() {
        references(&one.get("requests"), &known, errors);
        opaque(&one, errors);
    }
}

/// Names that constraints and results can refer to.
fn requests_of(devices: &Field<'_>) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    for one in devices.get("requests").items() {
        let name = one.get("name").text();
        known.insert(name.to_owned());
        let inner = one.get("firstAvailable");
        known.extend(inner.items().map(|sub| format!("{name}/{}", sub.get("name").text())));
    }
    known
}

fn references(list: &Field<'_>, known: &BTreeSet<String>, errors: &mut Errors) {
    list.at_most(REQUESTS_MAX, errors);
    let mut seen = BTreeSet::new();
    for one in list.items() {
        reference(&one, known, errors);
        if !seen.insert(one.text()) {
            errors.push(one.duplicate());
        }
    }
}

fn reference(one: &Field<'_>, known: &BTreeSet<String>, errors: &mut Errors) {
    let parts: Vec<_> = one.text().split('/').collect();
    if parts.len() <= 2 {
        for part in &parts {
            let faults = names::dns_label(part).into_iter();
            errors.extend(faults.map(|why| one.invalid_as(*part, why)));
        }
    }
    if !known.contains(one.text()) {
        errors.push(one.invalid_as(one.text(), REFERENCE));
    }
}

fn request(request: &Field<'_>, errors: &mut Errors) {
    const ONE: &str = "exactly one of `exactly` or `firstAvailable` is required";
    request.get("name").check(names::dns_label, errors);
    let (exactly, first) = (request.get("exactly"), request.get("firstAvailable"));
    match (exactly.is_set(), !first.is_empty()) {
        (false, false) => errors.push(request.required(ONE)),
        (true, true) => {
            let why = format!("{ONE}, but multiple fields are set");
            errors.push(request.invalid_as(serde_json::Value::Null, why));
        }
        (true, false) => asked(&exactly, errors),
        (false, true) => {
            first.at_most(SUB_REQUESTS_MAX, errors);
            let mut seen = BTreeSet::new();
            for one in first.items() {
                one.get("name").check(names::dns_label, errors);
                asked(&one, errors);
                if !seen.insert(one.get("name").text()) {
                    errors.push(one.duplicate_of(one.get("name").text()));
                }
            }
        }
    }
}

/// Devices of a class that meet conditions: some, or all that there are.
fn asked(asked: &Field<'_>, errors: &mut Errors) {
    asked.get("deviceClassName").need_checked(names::dns_subdomain, errors);
    selectors(&asked.get("selectors"), errors);
    let (mode, count) = (asked.get("allocationMode"), asked.get("count"));
    match mode.text() {
        "All" if count.number() != 0 => {
            let why = "must not be specified when allocationMode is 'All'";
            errors.push(count.invalid(why));
        }
        "ExactCount" if count.number() <= 0 => {
            errors.push(count.invalid_as(count.number(), "must be greater than zero"));
        }
        _ => mode.one_of(&["All", "ExactCount"], errors),
    }
    super::devices::tolerations(&asked.get("tolerations"), errors);
}

fn selectors(list: &Field<'_>, errors: &mut Errors) {
    list.at_most(SELECTORS_MAX, errors);
    for one in list.items() {
        let (cel, expression) = (one.get("cel"), one.down(&["cel", "expression"]));
        if !cel.is_set() {
            errors.push(cel.required(""));
        } else if expression.len() > EXPRESSION_BYTES_MAX {
            errors.push(expression.too_long(EXPRESSION_BYTES_MAX));
        }
    }
}

/// `example.com/model`: a domain and an identifier.
fn attribute(name: &Field<'_>, errors: &mut Errors) {
    if !name.text().contains('/') {
        errors.push(name.invalid("must include a domain"));
    }
    super::devices::qualified(name, name.text(), errors);
}

/// Configuration that only a driver understands.
fn opaque(config: &Field<'_>, errors: &mut Errors) {
    let opaque = config.get("opaque");
    if !opaque.is_set() {
        errors.push(opaque.required(""));
        return;
    }
    driver_name(&opaque.get("driver"), errors);
    let parameters = opaque.get("parameters");
    if !parameters.is_set() {
        errors.push(parameters.required(""));
    } else if parameters.map().is_none() {
        let why = "error parsing data as JSON: must be an object";
        errors.push(parameters.invalid_as("<value omitted>", why));
    } else if parameters.value.to_string().len() > PARAMETERS_BYTES_MAX {
        errors.push(parameters.too_long(PARAMETERS_BYTES_MAX));
    }
}

pub(super) fn class(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    selectors(&spec.get("selectors"), errors);
    let configs = spec.get("config");
    configs.at_most(CONFIGS_MAX, errors);
    configs.items().for_each(|one| opaque(&one, errors));
    let name = spec.get("extendedResourceName");
    if name.is_set() && !resources::is_extended(name.text()) {
        errors.push(name.invalid("must be a valid extended resource name"));
    }
}

pub(super) fn status(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    let (consumers, allocation) = (status.get("reservedFor"), status.get("allocation"));
    consumers.at_most(CONSUMERS_MAX, errors);
    let mut seen = BTreeSet::new();
    for one in consumers.items() {
        for name in ["resource", "name", "uid"] {
            one.get(name).need(errors);
        }
        if !seen.insert(one.get("uid").text()) {
            errors.push(one.duplicate_of(one.get("uid").text()));
        }
    }
    reserved(new, old, errors);
    let before = was.get("allocation");
    if before.is_set() && allocation.is_set() {
        allocation.unchanged(&before, errors);
    } else if allocation.is_set() {
        self::allocation(new, &allocation, errors);
    }
}

/// Only what is allocated can be reserved; a claim that goes is reserved no more.
fn reserved(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let consumers = new.down(&["status", "reservedFor"]);
    if consumers.is_empty() {
        return;
    }
    if !new.down(&["status", "allocation"]).is_set() {
        let why = "may not be specified when `allocated` is not set";
        errors.push(consumers.forbidden(why));
        return;
    }
    let before = old.down(&["status", "reservedFor"]);
    let is_new = |one: &Field<'_>| !before.items().any(|old| same(old.value, one.value));
    if new.down(&["metadata", "deletionTimestamp"]).is_set()
        && consumers.items().any(|one| is_new(&one))
    {
        let why = "new entries may not be added while `deallocationRequested` or \
                   `deletionTimestamp` are set";
        errors.push(consumers.forbidden(why));
    }
}

fn allocation(claim: &Field<'_>, allocation: &Field<'_>, errors: &mut Errors) {
    let known = requests_of(&claim.down(&["spec", "devices"]));
    let devices = allocation.get("devices");
    let results = devices.get("results");
    results.at_most(RESULTS_MAX, errors);
    for one in results.items() {
        reference(&one.get("request"), &known, errors);
        driver_name(&one.get("driver"), errors);
        super::devices::pool_name(&one.get("pool"), errors);
        one.get("device").check(names::dns_label, errors);
    }
    for one in devices.get("config").items() {
        one.get("source").need_one_of(&["FromClaim", "FromClass"], errors);
        references(&one.get("requests"), &known, errors);
        opaque(&one, errors);
    }
    let nodes = allocation.get("nodeSelector");
    if nodes.is_set() {
        node_selector::selector(&nodes, errors);
    }
}
