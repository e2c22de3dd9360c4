//! What devices and claims have in common: names, taints and tolerations.

use crate::{
    names,
    validation::{error::Errors, field::Field},
};

const POOL_BYTES_MAX: usize = 253;
const DOMAIN_BYTES_MAX: usize = 63;
const IDENTIFIER_BYTES_MAX: usize = 32;
const EFFECTS: [&str; 2] = ["NoExecute", "NoSchedule"];

/// The name of a pool: subdomains with slashes between them.
pub(super) fn pool_name(name: &Field<'_>, errors: &mut Errors) {
    if !name.need(errors) {
        return;
    }
    if name.len() > POOL_BYTES_MAX {
        errors.push(name.too_long(POOL_BYTES_MAX));
    }
    for part in name.text().split('/') {
        let faults = names::dns_subdomain(part).into_iter();
        errors.extend(faults.map(|why| name.invalid_as(part, why)));
    }
}

/// An identifier, with a domain before it or not.
pub(super) fn qualified(place: &Field<'_>, name: &str, errors: &mut Errors) {
    if name.is_empty() {
        errors.push(place.required("name required"));
        return;
    }
    let (domain, own) = match name.split_once('/') {
        Some((domain, own)) => (Some(domain), own),
        None => (None, name),
    };
    if let Some(domain) = domain {
        if domain.is_empty() {
            errors.push(place.required("the domain must not be empty"));
        } else {
            let faults = names::dns_subdomain(domain).into_iter();
            errors.extend(faults.map(|why| place.invalid_as(domain, why)));
        }
        if domain.len() > DOMAIN_BYTES_MAX {
            errors.push(place.too_long(DOMAIN_BYTES_MAX));
        }
    }
    if own.is_empty() {
        errors.push(place.required("the name must not be empty"));
        return;
    }
    if own.len() > IDENTIFIER_BYTES_MAX {
        errors.push(place.too_long(IDENTIFIER_BYTES_MAX));
    }
    let faults = names::c_identifier(own).into_iter();
    errors.extend(faults.map(|why| place.invalid_as(own, why)));
}

pub(super) fn tolerations(list: &Field<'_>, errors: &mut Errors) {
    for one in list.items() {
        let (key, operator, value) = (one.get("key"), one.get("operator"), one.get("value"));
        key.check_some(names::qualified_name, errors);
        match operator.text() {
            "Exists" if !value.is_empty() => {
                errors.push(value.invalid("must be empty for operator `Exists`"));
            }
            "Equal" => value.check(names::label_value, errors),
            "" => errors.push(operator.required("")),
            _ => operator.one_of(&["Equal", "Exists"], errors),
        }
        if operator.text() == "Equal" && key.is_empty() {
            errors.push(key.required(""));
        }
        let effect = one.get("effect");
        if !effect.is_empty() {
            effect.one_of(&EFFECTS, errors);
        }
    }
}

pub(super) fn taint(taint: &Field<'_>, errors: &mut Errors) {
    taint.get("key").check(names::qualified_name, errors);
    taint.get("value").check_some(names::label_value, errors);
    taint.get("effect").need_one_of(&["NoExecute", "NoSchedule", "None"], errors);
}
