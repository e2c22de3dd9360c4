//! Bindings of policies to parameters and to requests.

use super::rules;
use crate::{
    names,
    validation::{error::Errors, field::Field, labels},
};
use std::collections::BTreeSet;

const ACTIONS: [&str; 3] = ["Audit", "Deny", "Warn"];
const BOTH: &str = "must not contain both Deny and Warn (repeating the same validation failure \
                    information in the API response and headers serves no purpose)";

fn common(spec: &Field<'_>, errors: &mut Errors) {
    let policy = spec.get("policyName");
    policy.need_checked(names::dns_subdomain, errors);
    let parameters = spec.get("paramRef");
    if parameters.is_set() {
        self::parameters(&parameters, errors);
    }
    rules::matched(&spec.get("matchResources"), errors);
}

fn parameters(parameters: &Field<'_>, errors: &mut Errors) {
    let (name, selector) = (parameters.get("name"), parameters.get("selector"));
    match (name.is_empty(), selector.is_set()) {
        (false, true) => {
            let why = "name and selector are mutually exclusive";
            errors.push(name.forbidden(why));
        }
        (false, false) => name.check(names::path_segment, errors),
        (true, true) => labels::selector(&selector, errors),
        (true, false) => {
            errors.push(parameters.required("one of name or selector must be specified"));
        }
    }
    let missing = parameters.get("parameterNotFoundAction");
    match missing.is_set() {
        true => missing.one_of(&["Deny", "Allow"], errors),
        false => errors.push(missing.required("")),
    }
}

pub(super) fn validating(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    common(&spec, errors);
    let (actions, mut seen) = (spec.get("validationActions"), BTreeSet::new());
    for action in actions.items() {
        action.one_of(&ACTIONS, errors);
        if !seen.insert(action.text()) {
            errors.push(action.duplicate());
        }
    }
    if seen.contains("Deny") && seen.contains("Warn") {
        errors.push(actions.invalid(BOTH));
    }
    if seen.is_empty() {
        errors.push(actions.required("at least one validation action is required"));
    }
}

pub(super) fn mutating(object: &Field<'_>, errors: &mut Errors) {
    common(&object.get("spec"), errors);
}
