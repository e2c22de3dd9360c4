//! Policies of expressions, which allow or change.

use super::{expressions::Compiler, rules};
use crate::{
    names,
    validation::{error::Errors, field::Field},
};
use cel::types::Type;
use std::collections::BTreeSet;

const AUDITS_MAX: usize = 20;
const AUDIT_BYTES_MAX: usize = 5 * 1024;
const REASONS: [&str; 4] = ["Forbidden", "Invalid", "RequestEntityTooLarge", "Unauthorized"];
const NOTHING: &str = "validations or auditAnnotations must contain at least one item";

/// What policies of both kinds have; the compiler knows their variables in the end.
fn common(spec: &Field<'_>, compiler: &mut Compiler, errors: &mut Errors) {
    let failure = spec.get("failurePolicy");
    match failure.is_set() {
        true => failure.one_of(&["Fail", "Ignore"], errors),
        false => errors.push(failure.required("")),
    }
    let parameters = spec.get("paramKind");
    if parameters.is_set() {
        parameter_kind(&parameters, errors);
    }
    let matched = spec.get("matchConstraints");
    match matched.is_set() {
        true => {
            rules::matched(&matched, errors);
            matched.get("resourceRules").need(errors);
        }
        false => errors.push(matched.required("")),
    }
    rules::conditions(&spec.get("matchConditions"), compiler, errors);
    spec.get("variables").items().for_each(|one| variable(&one, compiler, errors));
}

fn parameter_kind(parameters: &Field<'_>, errors: &mut Errors) {
    let (version, kind) = (parameters.get("apiVersion"), parameters.get("kind"));
    if version.need(errors) {
        let (group, own) = version.text().split_once('/').unwrap_or(("", version.text()));
        let joined = |faults: names::Faults| Some(faults.join(",")).filter(|text| !text.is_empty());
        if own.contains('/') {
            let why = format!("unexpected GroupVersion string: {}", version.text());
            errors.push(version.invalid(why));
        } else if own.is_empty() {
            errors.push(version.invalid("version must be specified"));
        } else if let Some(why) = joined(names::dns_1035_label(own)) {
            errors.push(version.invalid_as(own, why));
        }
        if !group.is_empty()
            && let Some(why) = joined(names::dns_subdomain(group))
        {
            errors.push(version.invalid_as(group, why));
        }
    }
    if kind.need(errors) {
        let faults = names::dns_1035_label(&kind.text().to_lowercase()).join(",");
        if !faults.is_empty() {
            let why = format!("may have mixed case, but should otherwise match: {faults}");
            errors.push(kind.invalid(why));
        }
    }
}

fn variable(variable: &Field<'_>, compiler: &mut Compiler, errors: &mut Errors) {
    let (name, expression) = (variable.get("name"), variable.get("expression"));
    if name.text().trim().is_empty() {
        errors.push(name.required("name is not specified"));
    } else if !names::c_identifier(name.text()).is_empty() {
        errors.push(name.invalid("name is not a valid CEL identifier"));
    }
    if need_expression(&expression, errors) {
        compiler.declare(name.text(), &expression, errors);
    }
}

fn need_expression(expression: &Field<'_>, errors: &mut Errors) -> bool {
    let is_there = !expression.text().trim().is_empty();
    if !is_there {
        errors.push(expression.required("expression is not specified"));
    }
    is_there
}

pub(super) fn validating(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let mut compiler = Compiler::of_policy(&spec, false);
    common(&spec, &mut compiler, errors);
    let (validations, audits) = (spec.get("validations"), spec.get("auditAnnotations"));
    if validations.is_empty() && audits.is_empty() {
        errors.extend([validations.required(NOTHING), audits.required(NOTHING)]);
        return;
    }
    validations.items().for_each(|one| validation(&one, &compiler, errors));
    if audits.len() > AUDITS_MAX {
        let why = format!("must not have more than {AUDITS_MAX} auditAnnotations");
        errors.push(audits.invalid(why));
    }
    let (policy, mut seen) = (object.down(&["metadata", "name"]).text(), BTreeSet::new());
    for one in audits.items() {
        audit(policy, &one, &compiler, errors);
        let key = one.get("key");
        if !seen.insert(key.text()) {
            errors.push(key.duplicate());
        }
    }
}

fn validation(one: &Field<'_>, compiler: &Compiler, errors: &mut Errors) {
    let (expression, told) = (one.get("expression"), one.get("messageExpression"));
    if need_expression(&expression, errors) {
        compiler.check(&expression, &[Type::Bool], errors);
    }
    if !told.text().trim().is_empty() {
        compiler.check(&told, &[Type::String], errors);
    } else if !told.is_empty() {
        errors.push(told.invalid("must be non-empty if specified"));
    }
    let message = one.get("message");
    let plain = message.text().trim();
    if !message.is_empty() && plain.is_empty() {
        errors.push(message.invalid("message must be non-empty if specified"));
    } else if plain.contains(['\n', '\r']) {
        errors.push(message.invalid("message must not contain line breaks"));
    }
    one.get("reason").some_of(&REASONS, errors);
}

fn audit(policy: &str, one: &Field<'_>, compiler: &Compiler, errors: &mut Errors) {
    let (key, value) = (one.get("key"), one.get("valueExpression"));
    let whole = format!("{policy}/{}", key.text());
    let faults = names::qualified_name(&whole).into_iter();
    errors.extend(faults.map(|why| key.invalid_as(whole.as_str(), why)));
    if value.text().trim().is_empty() {
        errors.push(value.required("valueExpression is not specified"));
    } else if value.text().trim().len() > AUDIT_BYTES_MAX {
        errors.push(value.required(format!("must not exceed {AUDIT_BYTES_MAX} bytes in length")));
    } else {
        compiler.check(&value, &[Type::String, Type::Null], errors);
    }
}

pub(super) fn mutating(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let mut compiler = Compiler::of_policy(&spec, true);
    common(&spec, &mut compiler, errors);
    let again = spec.get("reinvocationPolicy");
    match again.is_set() {
        true => again.one_of(&["IfNeeded", "Never"], errors),
        false => errors.push(again.required("")),
    }
    let mutations = spec.get("mutations");
    if mutations.is_empty() {
        errors.push(mutations.required("mutations must contain at least one item"));
    }
    mutations.items().for_each(|one| mutation(&one, &compiler, errors));
}

fn mutation(one: &Field<'_>, compiler: &Compiler, errors: &mut Errors) {
    let kind = one.get("patchType");
    kind.need_one_of(&["ApplyConfiguration", "JSONPatch"], errors);
    for (owner, member) in
        [("ApplyConfiguration", "applyConfiguration"), ("JSONPatch", "jsonPatch")]
    {
        let field = one.get(member);
        match (owner == kind.text(), field.is_set()) {
            (true, true) => {
                let expression = field.get("expression");
                if need_expression(&expression, errors) {
                    compiler.check(&expression, &[], errors);
                }
            }
            (true, false) => {
                let why = format!("must be specified when patchType is {owner}");
                errors.push(field.required(why));
            }
            (false, true) => {
                let why = format!("must not be specified when patchType is {}", kind.text());
                errors.push(field.forbidden(why));
            }
            (false, false) => {}
        }
    }
}
