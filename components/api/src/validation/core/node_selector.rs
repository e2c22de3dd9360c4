//! Selectors of nodes and of topologies.

use crate::{
    names,
    validation::{error::Errors, field::Field},
};
use std::collections::BTreeSet;

/// `core/v1.NodeSelector`: at least one term.
pub(crate) fn selector(selector: &Field<'_>, errors: &mut Errors) {
    let terms = selector.get("nodeSelectorTerms");
    if terms.is_empty() {
        errors.push(terms.required("must have at least one node selector term"));
    }
    terms.items().for_each(|one| term(&one, true, errors));
}

/// One term. Values of preferred terms may be no labels' values.
pub(super) fn term(term: &Field<'_>, strict: bool, errors: &mut Errors) {
    term.get("matchExpressions").items().for_each(|one| expression(&one, strict, errors));
    term.get("matchFields").items().for_each(|one| field(&one, errors));
}

fn expression(one: &Field<'_>, strict: bool, errors: &mut Errors) {
    let (operator, values) = (one.get("operator"), one.get("values"));
    let wrong = match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            Some(values.required("must be specified when `operator` is 'In' or 'NotIn'"))
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => Some(
            values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
        ),
        "Gt" | "Lt" if values.len() != 1 => {
            Some(values.required("must be specified single value when `operator` is 'Lt' or 'Gt'"))
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => None,
        other => Some(operator.invalid_as(other, "not a valid selector operator")),
    };
    errors.extend(wrong);
    one.get("key").check(names::qualified_name, errors);
    if strict {
        values.items().for_each(|value| value.check(names::label_value, errors));
    }
}

fn field(one: &Field<'_>, errors: &mut Errors) {
    let (operator, values, key) = (one.get("operator"), one.get("values"), one.get("key"));
    match operator.text() {
        "In" | "NotIn" if values.len() != 1 => {
            let why = "must be only one value when `operator` is 'In' or 'NotIn' for node field \
                       selector";
            errors.push(values.required(why));
        }
        "In" | "NotIn" => {}
        other => errors.push(operator.invalid_as(other, "not a valid selector operator")),
    }
    match key.text() {
        "metadata.name" => {
            values.items().for_each(|value| value.check(names::dns_subdomain, errors));
        }
        other => errors.push(key.invalid_as(other, "not a valid field selector key")),
    }
}

/// Terms of topologies, as storage classes have them: no key and no value twice.
pub(crate) fn topologies(terms: &Field<'_>, errors: &mut Errors) {
    let mut known = Vec::new();
    for term in terms.items() {
        let mut keys = BTreeSet::new();
        for one in term.get("matchLabelExpressions").items() {
            topology(&one, errors);
            if !keys.insert(one.get("key").text()) {
                errors.push(one.get("key").duplicate());
            }
        }
        if known.contains(&term.value) {
            errors.push(term.get("matchLabelExpressions").duplicate_of(""));
        }
        known.push(term.value);
    }
}

fn topology(one: &Field<'_>, errors: &mut Errors) {
    let (values, mut seen) = (one.get("values"), BTreeSet::new());
    values.need(errors);
    for value in values.items() {
        if !seen.insert(value.text()) {
            errors.push(value.duplicate());
        }
    }
    one.get("key").check(names::qualified_name, errors);
}
