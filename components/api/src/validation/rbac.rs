//! Roles and their bindings.
//!
//! Upstream: pkg/apis/rbac/validation/validation.go.

use super::{error::Errors, field::Field, kind::Kind, labels, rules::same};
use crate::names;

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) const KINDS: &[Kind] = &[
    Kind::namespaced("Role").named(names::path_segment).whole(role),
    Kind::cluster("ClusterRole").named(names::path_segment).whole(cluster_role),
    Kind::namespaced("RoleBinding")
        .named(names::path_segment)
        .whole(binding)
        .changed(binding_change),
    Kind::cluster("ClusterRoleBinding")
        .named(names::path_segment)
        .whole(cluster_binding)
        .changed(binding_change),
];

fn role(object: &Field<'_>, errors: &mut Errors) {
    object.get("rules").items().for_each(|one| rule(&one, true, errors));
}

fn cluster_role(object: &Field<'_>, errors: &mut Errors) {
    object.get("rules").items().for_each(|one| rule(&one, false, errors));
    let aggregation = object.get("aggregationRule");
    let selectors = aggregation.get("clusterRoleSelectors");
    if aggregation.is_set() && selectors.is_empty() {
        let why = "at least one clusterRoleSelector required if aggregationRule is non-nil";
        errors.push(selectors.required(why));
    }
    selectors.items().for_each(|selector| labels::selector(&selector, errors));
}

fn rule(rule: &Field<'_>, namespaced: bool, errors: &mut Errors) {
    let need = |name: &str, why: &str| {
        let field = rule.get(name);
        field.is_empty().then(|| field.required(why))
    };
    errors.extend(need("verbs", "verbs must contain at least one value"));
    let paths = rule.get("nonResourceURLs");
    if !paths.is_empty() {
        if namespaced {
            errors.push(paths.invalid("namespaced rules cannot apply to non-resource URLs"));
        }
        let both = ["apiGroups", "resources", "resourceNames"];
        if both.iter().any(|name| !rule.get(name).is_empty()) {
            let why = "rules cannot apply to both regular resources and non-resource URLs";
            errors.push(paths.invalid(why));
        }
        return;
    }
    errors.extend(need("apiGroups", "resource rules must supply at least one api group"));
    errors.extend(need("resources", "resource rules must supply at least one resource"));
}

fn binding(object: &Field<'_>, errors: &mut Errors) {
    role_ref(&object.get("roleRef"), &["Role", "ClusterRole"], errors);
    object.get("subjects").items().for_each(|one| subject(&one, true, errors));
}

fn cluster_binding(object: &Field<'_>, errors: &mut Errors) {
    role_ref(&object.get("roleRef"), &["ClusterRole"], errors);
    object.get("subjects").items().for_each(|one| subject(&one, false, errors));
}

fn role_ref(reference: &Field<'_>, kinds: &[&str], errors: &mut Errors) {
    let text = |name: &str| {
        let field = reference.get(name);
        (field.text(), field)
    };
    for (name, allowed) in [("apiGroup", &[GROUP][..]), ("kind", kinds)] {
        let (value, field) = text(name);
        if !allowed.contains(&value) {
            errors.push(field.not_supported_as(value, allowed));
        }
    }
    reference.get("name").need_checked(names::path_segment, errors);
}

fn subject(subject: &Field<'_>, namespaced: bool, errors: &mut Errors) {
    let (kind, name, group) = (subject.get("kind"), subject.get("name"), subject.get("apiGroup"));
    name.need(errors);
    match kind.text() {
        "ServiceAccount" => {
            name.check_some(names::dns_subdomain, errors);
            if !group.is_empty() {
                errors.push(group.not_supported(&[""]));
            }
            if !namespaced {
                subject.get("namespace").need(errors);
            }
        }
        "User" | "Group" => {
            let person = kind.text().to_lowercase();
            if name.is_empty() {
                errors.push(name.invalid_as("", format!("{person} name cannot be empty")));
            }
            if group.text() != GROUP {
                errors.push(group.not_supported_as(group.text(), &[GROUP]));
            }
        }
        other => errors.push(kind.not_supported_as(other, &["ServiceAccount", "User", "Group"])),
    }
}

fn binding_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let role = new.get("roleRef");
    if !same(role.value, old.get("roleRef").value) {
        errors.push(role.invalid("cannot change roleRef"));
    }
}
