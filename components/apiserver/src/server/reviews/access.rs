//! Reviews of access: what is asked for, read; what was decided, written. Pure.
//!
//! Upstream: pkg/registry/authorization/util/helpers.go, pkg/apis/authorization/validation.

use crate::{
    authentication::User,
    authorization::{Attributes, Decision, Rights, Selectors, Verdict},
    failure::{Cause, Failure},
};
use api::resources::Resource;
use serde_json::{Map, Value, json};
use std::sync::Arc;

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().into_iter().flatten();
    all.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whom a review is about.
pub(super) fn user(spec: &Value) -> User {
    let extra = spec["extra"].as_object().into_iter().flatten();
    User {
        name: text(spec, "user"),
        uid: text(spec, "uid"),
        groups: texts(&spec["groups"]),
        extra: extra.map(|(key, values)| (key.to_lowercase(), texts(values))).collect(),
    }
}

/// What a review asks for.
pub(super) fn attributes(spec: &Value, user: Arc<User>) -> Attributes {
    let resource = &spec["resourceAttributes"];
    if !resource.is_object() {
        let path = &spec["nonResourceAttributes"];
        let (verb, path) = (text(path, "verb"), text(path, "path"));
        return Attributes { user, verb, path, ..Attributes::default() };
    }
    Attributes {
        user,
        verb: text(resource, "verb"),
        is_resource: true,
        namespace: text(resource, "namespace"),
        group: text(resource, "group"),
        version: text(resource, "version"),
        resource: text(resource, "resource"),
        subresource: text(resource, "subresource"),
        name: text(resource, "name"),
        path: String::new(),
        selectors: Selectors::of_review(resource),
    }
}

fn cause(field: &str, value: &Value, why: &str) -> Cause {
    Cause {
        reason: "FieldValueInvalid",
        message: format!("Invalid value: {value}: {why}"),
        field: field.into(),
    }
}

/// Refuses a review that does not ask for exactly one thing, or for the reasons that are known
/// already.
///
/// # Errors
/// All that is wrong.
pub(super) fn check(resource: &Resource, review: &Value, known: &[Cause]) -> Result<(), Failure> {
    let spec = &review["spec"];
    let mut causes = Vec::new();
    let (objects, paths) = (&spec["resourceAttributes"], &spec["nonResourceAttributes"]);
    if objects.is_object() && paths.is_object() {
        let why = "cannot be specified in combination with resourceAttributes";
        causes.push(cause("spec.nonResourceAttributes", paths, why));
    }
    if !objects.is_object() && !paths.is_object() {
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        causes.push(cause("spec.resourceAttributes", &Value::Null, why));
    }
    causes.extend_from_slice(known);
    super::invalid(resource, &causes)
}

/// What is wrong with whom a review is about.
pub(super) fn subject(review: &Value) -> Vec<Cause> {
    let spec = &review["spec"];
    if !text(spec, "user").is_empty() || !texts(&spec["groups"]).is_empty() {
        return Vec::new();
    }
    vec![cause("spec.user", &"".into(), "at least one of user or group must be specified")]
}

/// What is wrong with where a review of one namespace is about.
///
/// # Errors
/// The object is in another namespace than the request.
pub(super) fn local(review: &Value, namespace: &str) -> Result<Vec<Cause>, Failure> {
    let own = text(&review["metadata"], "namespace");
    if !own.is_empty() && own != namespace {
        return Err(Failure::bad_request(format!(
            "namespace on url: {namespace} does not match namespace on object: {own}"
        )));
    }
    let of = text(&review["spec"]["resourceAttributes"], "namespace");
    let mut causes = Vec::new();
    if review["spec"]["resourceAttributes"].is_object() && of != namespace {
        let field = "spec.resourceAttributes.namespace";
        causes.push(cause(field, &of.into(), "must match metadata.namespace"));
    }
    if review["spec"]["nonResourceAttributes"].is_object() {
        let why = "disallowed on this kind of request";
        let given = &review["spec"]["nonResourceAttributes"];
        causes.push(cause("spec.nonResourceAttributes", given, why));
    }
    Ok(causes)
}

/// `SubjectAccessReviewStatus`.
pub(super) fn status(decision: Decision) -> Value {
    let mut status = Map::from_iter([("allowed".to_owned(), decision.is_allowed().into())]);
    if decision.verdict == Verdict::Deny {
        status.insert("denied".into(), true.into());
    }
    let fault = decision.fault.unwrap_or_default();
    for (name, text) in [("reason", decision.reason), ("evaluationError", fault)] {
        if !text.is_empty() {
            status.insert(name.into(), text.into());
        }
    }
    status.into()
}

/// `SubjectRulesReviewStatus`.
pub(super) fn rights(rights: &Rights) -> Value {
    let (mut objects, mut paths) = (Vec::new(), Vec::new());
    for rule in &rights.rules {
        if !rule.resources.is_empty() {
            let mut one = json!({
                "verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources,
            });
            if !rule.resource_names.is_empty() {
                one["resourceNames"] = json!(rule.resource_names);
            }
            objects.push(one);
        }
        if !rule.non_resource_urls.is_empty() {
            paths.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.non_resource_urls}));
        }
    }
    let mut status = json!({
        "resourceRules": objects, "nonResourceRules": paths, "incomplete": rights.incomplete,
    });
    if !rights.errors.is_empty() {
        status["evaluationError"] = rights.errors.join(", ").into();
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_review_says_what_it_asks_for() {
        let spec = json!({"resourceAttributes": {
            "verb": "list", "group": "apps", "resource": "deployments", "namespace": "n",
            "fieldSelector": {"requirements": [
                {"key": "metadata.name", "operator": "In", "values": ["d"]},
                {"key": "x", "operator": "NotIn", "values": ["y"]},
            ]},
        }});
        let asked = attributes(&spec, Arc::default());
        assert_eq!(
            (asked.verb.as_str(), asked.combined_resource().as_str()),
            ("list", "deployments")
        );
        assert!(asked.selectors.requires("metadata.name", "d"));
        let spec = json!({"nonResourceAttributes": {"verb": "get", "path": "/metrics"}});
        let asked = attributes(&spec, Arc::default());
        assert!(!asked.is_resource && asked.path == "/metrics");
    }

    #[test]
    fn a_review_of_a_namespace_stays_in_it() {
        let review =
            |namespace: &str| json!({"spec": {"resourceAttributes": {"namespace": namespace}}});
        assert_eq!(local(&review("a"), "a"), Ok(vec![]));
        assert_eq!(
            local(&review("b"), "a").unwrap()[0].message,
            "Invalid value: \"b\": must match metadata.namespace"
        );
        assert!(local(&json!({"metadata": {"namespace": "b"}}), "a").is_err());
        assert_eq!(subject(&json!({"spec": {}})).len(), 1);
        assert_eq!(subject(&json!({"spec": {"groups": ["g"]}})), []);
    }

    #[test]
    fn verdicts_are_written_with_their_reasons() {
        let allowed = status(Decision::allow("RBAC: allowed"));
        assert_eq!(allowed, json!({"allowed": true, "reason": "RBAC: allowed"}));
        assert_eq!(status(Decision::no_opinion("")), json!({"allowed": false}));
        let denied = Decision { fault: Some("lost".into()), ..Decision::new(Verdict::Deny, "") };
        let expected = json!({"allowed": false, "denied": true, "evaluationError": "lost"});
        assert_eq!(status(denied), expected);
    }
}
