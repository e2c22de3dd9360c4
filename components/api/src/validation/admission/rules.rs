//! Which requests are meant: operations, groups, versions, resources, scopes, conditions.

use super::expressions::Compiler;
use crate::{
    names,
    validation::{error::Errors, field::Field, labels},
};
use cel::types::Type;
use std::collections::BTreeSet;

const OPERATIONS: [&str; 5] = ["*", "CONNECT", "CREATE", "DELETE", "UPDATE"];
const CONDITIONS_MAX: usize = 64;

fn has_all(list: &Field<'_>) -> bool {
    list.texts().any(|one| one == "*")
}

/// The sign for everything stands alone.
fn alone(list: &Field<'_>, others: &str, errors: &mut Errors) {
    if list.len() > 1 && has_all(list) {
        let why = format!("if '*' is present, must not specify other {others}");
        errors.push(list.invalid(why));
    }
}

pub(super) fn rule(rule: &Field<'_>, errors: &mut Errors) {
    let operations = rule.get("operations");
    operations.need(errors);
    alone(&operations, "operations", errors);
    operations.items().for_each(|one| one.one_of(&OPERATIONS, errors));
    let (groups, versions) = (rule.get("apiGroups"), rule.get("apiVersions"));
    groups.need(errors);
    alone(&groups, "API groups", errors);
    versions.need(errors);
    alone(&versions, "API versions", errors);
    versions.items().for_each(|version| _ = version.need(errors));
    resources(&rule.get("resources"), errors);
    rule.get("scope").some_of(&["*", "Cluster", "Namespaced"], errors);
}

fn resources(list: &Field<'_>, errors: &mut Errors) {
    list.need(errors);
    let (mut whole, mut parts, mut plain) = (BTreeSet::new(), BTreeSet::new(), false);
    for one in list.items() {
        let text = one.text();
        let Some((resource, part)) = text.split_once('/') else {
            one.need(errors);
            plain = !text.is_empty() && text != "*";
            continue;
        };
        if whole.contains(resource) {
            let why = format!("if '{resource}/*' is present, must not specify {text}");
            errors.push(one.invalid(why));
        }
        if parts.contains(part) {
            let why = format!("if '*/{part}' is present, must not specify {text}");
            errors.push(one.invalid(why));
        }
        if part == "*" {
            whole.insert(resource);
        }
        if resource == "*" {
            parts.insert(part);
        }
    }
    if list.len() > 1 && list.texts().any(|one| one == "*/*") {
        errors.push(list.invalid("if '*/*' is present, must not specify other resources"));
    }
    if has_all(list) && plain {
        let why = "if '*' is present, must not specify other resources without subresources";
        errors.push(list.invalid(why));
    }
}

/// Which objects a policy or a binding is for.
pub(super) fn matched(matched: &Field<'_>, errors: &mut Errors) {
    if !matched.is_set() {
        return;
    }
    let policy = matched.get("matchPolicy");
    match policy.is_set() {
        true => policy.one_of(&["Equivalent", "Exact"], errors),
        false => errors.push(policy.required("")),
    }
    for name in ["namespaceSelector", "objectSelector"] {
        let selector = matched.get(name);
        match selector.is_set() {
            true => labels::selector(&selector, errors),
            false => errors.push(selector.required("")),
        }
    }
    for name in ["resourceRules", "excludeResourceRules"] {
        for one in matched.get(name).items() {
            let mut seen = BTreeSet::new();
            for object in one.get("resourceNames").items() {
                object.check(names::path_segment, errors);
                if !seen.insert(object.text()) {
                    errors.push(object.duplicate());
                }
            }
            rule(&one, errors);
        }
    }
}

/// Conditions that a request must meet beside.
pub(super) fn conditions(list: &Field<'_>, compiler: &Compiler, errors: &mut Errors) {
    list.at_most(CONDITIONS_MAX, errors);
    let mut seen = BTreeSet::new();
    for one in list.items() {
        let (name, expression) = (one.get("name"), one.get("expression"));
        if expression.text().trim().is_empty() {
            errors.push(expression.required(""));
        } else {
            compiler.check(&expression, &[Type::Bool], errors);
        }
        if name.need(errors) {
            name.check(names::qualified_name, errors);
            if !seen.insert(name.text()) {
                errors.push(name.duplicate());
            }
        }
    }
}
