//! Flows of requests: of whom, for what.

use crate::{
    names,
    validation::{error::Errors, field::Field},
};

const PRECEDENCE_MAX: i64 = 10_000;
const VERBS: [&str; 9] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"];
const SUBJECTS: [(&str, &str); 3] =
    [("Group", "group"), ("ServiceAccount", "serviceAccount"), ("User", "user")];

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (object.down(&["metadata", "name"]), object.get("spec"));
    let precedence = spec.get("matchingPrecedence");
    let number = precedence.number();
    if number <= 0 {
        errors.push(precedence.invalid_as(number, "must be a positive value"));
    }
    if number > PRECEDENCE_MAX {
        errors.push(precedence.invalid(format!("must not be greater than {PRECEDENCE_MAX}")));
    }
    if number == 1 && name.text() != "exempt" {
        let why = "only the schema named 'exempt' may have matchingPrecedence 1";
        errors.push(precedence.invalid(why));
    }
    let method = spec.get("distinguisherMethod");
    if method.is_set() && !["ByNamespace", "ByUser"].contains(&method.get("type").text()) {
        let kind = method.get("type");
        errors.push(kind.not_supported_as(method.value.clone(), &["ByNamespace", "ByUser"]));
    }
    let level = spec.down(&["priorityLevelConfiguration", "name"]);
    match level.is_empty() {
        true => errors.push(level.required("must reference a priority level")),
        false => level.check(names::dns_subdomain, errors),
    }
    spec.get("rules").items().for_each(|one| rule(&one, errors));
}

fn rule(rule: &Field<'_>, errors: &mut Errors) {
    let subjects = rule.get("subjects");
    if subjects.is_empty() {
        errors.push(subjects.required("subjects must contain at least one value"));
    }
    subjects.items().for_each(|one| subject(&one, errors));
    let (resources, paths) = (rule.get("resourceRules"), rule.get("nonResourceRules"));
    if resources.is_empty() && paths.is_empty() {
        let why = "at least one of resourceRules and nonResourceRules has to be non-empty";
        errors.push(rule.required(why));
    }
    resources.items().for_each(|one| of_resources(&one, errors));
    paths.items().for_each(|one| of_paths(&one, errors));
}

fn subject(subject: &Field<'_>, errors: &mut Errors) {
    let kind = subject.get("kind");
    if !SUBJECTS.iter().any(|(name, _)| *name == kind.text()) {
        errors.push(kind.not_supported(&["Group", "ServiceAccount", "User"]));
        return;
    }
    for (owner, member) in SUBJECTS {
        let field = subject.get(member);
        match (owner == kind.text(), field.is_set()) {
            (true, true) => who(member, &field, errors),
            (true, false) => {
                let why = format!("{member} is required when subject kind is '{owner}'");
                errors.push(field.required(why));
            }
            (false, true) => {
                let why = format!("{member} is forbidden when subject kind is not '{owner}'");
                errors.push(field.forbidden(why));
            }
            (false, false) => {}
        }
    }
}

fn who(member: &str, who: &Field<'_>, errors: &mut Errors) {
    let (name, namespace) = (who.get("name"), who.get("namespace"));
    let named = name.need(errors);
    if member != "serviceAccount" {
        return;
    }
    if named && name.text() != "*" {
        name.check(names::dns_subdomain, errors);
    }
    match namespace.is_empty() {
        true => errors.push(namespace.required("must specify namespace for service account")),
        false => namespace.check(names::dns_label, errors),
    }
}

/// Whether a list has the sign for everything in it, which then stands alone.
fn has_all(list: &Field<'_>, others: &str, errors: &mut Errors) -> bool {
    let all = list.texts().any(|one| one == "*");
    if all && list.len() > 1 {
        let why = format!("if '*' is present, must not specify other {others}");
        errors.push(list.invalid(why));
    }
    all
}

fn verbs(rule: &Field<'_>, errors: &mut Errors) {
    let verbs = rule.get("verbs");
    if verbs.is_empty() {
        errors.push(verbs.required("verbs must contain at least one value"));
    } else if !has_all(&verbs, "verbs", errors) && verbs.texts().any(|verb| !VERBS.contains(&verb))
    {
        errors.push(verbs.not_supported(&VERBS));
    }
}

fn of_resources(rule: &Field<'_>, errors: &mut Errors) {
    verbs(rule, errors);
    for (name, one, others) in
        [("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")]
    {
        let list = rule.get(name);
        if list.is_empty() {
            let why = format!("resource rules must supply at least one {one}");
            errors.push(list.required(why));
        }
        has_all(&list, others, errors);
    }
    let namespaces = rule.get("namespaces");
    if namespaces.is_empty() && !rule.get("clusterScope").is_true() {
        let why = "resource rules that are not cluster scoped must supply at least one namespace";
        errors.push(namespaces.required(why));
    } else if !has_all(&namespaces, "namespaces", errors) {
        let head = "each member of this list must be '*' or a DNS-1123 label;";
        for one in namespaces.items() {
            let faults = names::dns_label(one.text()).into_iter();
            errors.extend(faults.map(|why| one.invalid(format!("{head} {why}"))));
        }
    }
}

fn of_paths(rule: &Field<'_>, errors: &mut Errors) {
    verbs(rule, errors);
    let paths = rule.get("nonResourceURLs");
    if paths.is_empty() {
        errors.push(paths.required("nonResourceURLs must contain at least one value"));
    } else if !has_all(&paths, "non-resource URLs", errors) {
        errors.extend(paths.items().filter_map(|path| {
            let why = path_fault(path.text())?;
            Some(path.invalid(why))
        }));
    }
}

/// What is wrong with a path, which may end with a star for all below it.
fn path_fault(path: &str) -> Option<&'static str> {
    let stars = path.matches('*').count();
    match path {
        "" => Some("must not be empty"),
        "/" => None,
        _ if !path.starts_with('/') => Some("must start with slash"),
        _ if path.contains(' ') => Some("must not contain white-space"),
        _ if path.contains("//") => Some("must not contain double slash"),
        _ if stars > 1 || (stars == 1 && !path.ends_with("/*")) => {
            Some("wildcard can only do suffix matching")
        }
        _ => None,
    }
}
