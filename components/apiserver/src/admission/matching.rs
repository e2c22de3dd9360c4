//! Which writes a policy or a webhook is about.
//!
//! Upstream: apiserver/pkg/admission/plugin/webhook/predicates and plugin/policy/matching.

use super::{
    Attributes, Cluster, Wanted,
    pod::{items, text},
};
use crate::{failure::Failure, registry::Registry};
use api::{resources::Resource, selector::LabelSelector};
use serde_json::Value;
use std::sync::Arc;

/// What no policy and no webhook is ever asked about: they could not be taken back.
pub(super) fn is_exempt(write: &Attributes) -> bool {
    const REVIEWS: [(&str, &str); 6] = [
        ("authentication.k8s.io", "selfsubjectreviews"),
        ("authentication.k8s.io", "tokenreviews"),
        ("authorization.k8s.io", "localsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectaccessreviews"),
        ("authorization.k8s.io", "selfsubjectrulesreviews"),
        ("authorization.k8s.io", "subjectaccessreviews"),
    ];
    write.resource.kind.group == "admissionregistration.k8s.io"
        || REVIEWS.iter().any(|(group, plural)| write.is(group, plural))
}

/// The resource by which one of the rules is about the write: its own, or another that tells of the
/// same objects, unless `policy` wants it exact.
pub(super) fn matched(
    registry: &Registry,
    write: &Attributes,
    rules: &Value,
    policy: &Value,
) -> Option<Arc<Resource>> {
    let about = |resource: &Resource| items(rules).any(|rule| is_about(rule, write, resource));
    if about(&write.resource) {
        return Some(write.resource.clone());
    }
    if policy == "Exact" || items(rules).next().is_none() {
        return None;
    }
    let part = &write.subresource;
    let has_part = |one: &Resource| part.is_empty() || one.subresource(part).is_some();
    let others = registry.equivalents(&write.resource).into_iter();
    others.filter(|other| has_part(other)).find(|other| about(other))
}

fn is_about(rule: &Value, write: &Attributes, seen: &Resource) -> bool {
    let among =
        |list: &str, wanted: &str| items(&rule[list]).any(|one| one == "*" || one == wanted);
    let kind = &seen.kind;
    let names = &rule["resourceNames"];
    let named = items(names).next().is_none() || items(names).any(|name| *name == write.name);
    let resource = items(&rule["resources"]).map(text).any(|pattern| {
        let (resource, part) = pattern.split_once('/').unwrap_or((pattern, ""));
        let fits = |pattern: &str, is: &str| pattern == "*" || pattern == is;
        fits(resource, &seen.plural) && fits(part, &write.subresource)
    });
    let in_namespace = !write.is("", "namespaces") && !write.namespace.is_empty();
    let scope = match text(&rule["scope"]) {
        "Namespaced" => in_namespace,
        "Cluster" => !in_namespace,
        _ => true,
    };
    among("operations", &write.operation.to_string())
        && among("apiGroups", &kind.group)
        && among("apiVersions", &kind.version)
        && resource
        && named
        && scope
}

/// Whether both selectors take the write: the namespace's labels, and those of the object as it was
/// or as it becomes.
pub(super) async fn is_selected(
    cluster: Cluster<'_>,
    write: &Attributes,
    constraints: &Value,
) -> Result<bool, Failure> {
    let selector = |name: &str| {
        let selector = &constraints[name];
        match selector.is_null() {
            true => Ok(LabelSelector::everything()),
            false => LabelSelector::of(Some(selector)),
        }
    };
    let invalid = |error: api::selector::SelectorError| Failure::internal(error);
    let objects = selector("objectSelector").map_err(invalid)?;
    let labels = |object: &Value| object["metadata"]["labels"].clone();
    let takes = |object: &Value| !object.is_null() && objects.matches_value(Some(&labels(object)));
    if !objects.is_everything() && !takes(&write.object) && !takes(&write.old) {
        return Ok(false);
    }
    let namespaces = selector("namespaceSelector").map_err(invalid)?;
    if namespaces.is_everything() {
        return Ok(true);
    }
    if write.is("", "namespaces") {
        let object = if write.deletes() { &write.old } else { &write.object };
        return Ok(namespaces.matches_value(Some(&labels(object))));
    }
    if write.namespace.is_empty() {
        return Ok(true);
    }
    let name = write.namespace.as_str();
    let namespace = cluster.found(Wanted::namespace(name)).await?;
    let namespace = namespace.ok_or_else(|| {
        let of = crate::failure::Named { group: "", resource: "namespaces", name };
        Failure::not_found(of)
    })?;
    Ok(namespaces.matches_value(Some(&labels(&namespace))))
}

/// The resource by which `matchConstraints` or `matchResources` of a policy or its binding take the
/// write; none: they do not. A binding without rules leaves it to its policy.
pub(super) async fn taken_as(
    cluster: Cluster<'_>,
    write: &Attributes,
    constraints: &Value,
    rules_needed: bool,
) -> Result<Option<Arc<Resource>>, Failure> {
    let by = |rules: &Value| matched(cluster.registry, write, rules, &constraints["matchPolicy"]);
    let rules = &constraints["resourceRules"];
    let seen = match items(rules).next().is_none() && !rules_needed {
        true => Some(write.resource.clone()),
        false => by(rules),
    };
    if seen.is_none() || by(&constraints["excludeResourceRules"]).is_some() {
        return Ok(None);
    }
    let selected = is_selected(cluster, write, constraints).await?;
    Ok(seen.filter(|_| selected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        admission::Operation,
        registry::{Target, Writing},
    };
    use serde_json::json;
    use std::sync::Arc;

    #[test]
    fn rules_are_read_as_upstream_reads_them() {
        let all = api::resources::built_in();
        let deployments = all.into_iter().find(|one| one.plural == "deployments").unwrap();
        let target = Target {
            resource: Arc::new(deployments),
            namespace: "n".into(),
            name: "d".into(),
            subresource: "status".into(),
        };
        let (object, old) = (json!({}), json!({}));
        let write = Attributes::new(Operation::Update, &target, object, old, &Writing::default());
        let rule = |changes: Value| {
            let mut rule = json!({
                "operations": ["UPDATE"], "apiGroups": ["apps"], "apiVersions": ["v1"],
                "resources": ["deployments/status"],
            });
            for (name, value) in changes.as_object().unwrap() {
                rule[name] = value.clone();
            }
            rule
        };
        for (changes, expected) in [
            (json!({}), true),
            (json!({"operations": ["CREATE", "DELETE"]}), false),
            (json!({"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"]}), true),
            (json!({"resources": ["deployments"]}), false),
            (json!({"resources": ["deployments/*"]}), true),
            (json!({"resources": ["*"]}), false),
            (json!({"resources": ["*/*"]}), true),
            (json!({"resources": ["*/status"]}), true),
            (json!({"scope": "Cluster"}), false),
            (json!({"scope": "Namespaced"}), true),
            (json!({"resourceNames": ["other"]}), false),
            (json!({"resourceNames": ["d"]}), true),
        ] {
            assert_eq!(
                is_about(&rule(changes.clone()), &write, &write.resource),
                expected,
                "{changes}"
            );
        }
    }
}
