//! `SubjectAccessReview`: what a webhook is asked, and what it answers. Pure.
//!
//! Upstream: apiserver/plugin/pkg/authorizer/webhook/webhook.go.

use crate::authorization::{Attributes, Decision, Verdict};
use serde_json::{Map, Value, json};

/// Members that have a value; Go leaves the others out.
fn given(members: &[(&str, &str)]) -> Value {
    let given = members.iter().filter(|(_, text)| !text.is_empty());
    given.map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect::<Map<_, _>>().into()
}

/// What a request is about.
pub(super) fn spec(what: &Attributes) -> Value {
    let user = &what.user;
    let mut spec = given(&[("user", &user.name), ("uid", &user.uid)]);
    if !user.groups.is_empty() {
        spec["groups"] = json!(user.groups);
    }
    if !user.extra.is_empty() {
        spec["extra"] = json!(user.extra);
    }
    if !what.is_resource {
        spec["nonResourceAttributes"] = given(&[("path", &what.path), ("verb", &what.verb)]);
        return spec;
    }
    let mut resource = given(&[
        ("namespace", &what.namespace),
        ("verb", &what.verb),
        ("group", &what.group),
        ("version", &what.version),
        ("resource", &what.resource),
        ("subresource", &what.subresource),
        ("name", &what.name),
    ]);
    what.selectors.write(&mut resource);
    spec["resourceAttributes"] = resource;
    spec
}

/// The same with all that expressions may name, be it empty.
pub(super) fn whole(what: &Attributes) -> Value {
    let user = &what.user;
    let mut whole = json!({
        "user": user.name, "uid": user.uid, "groups": user.groups, "extra": user.extra,
    });
    if !what.is_resource {
        whole["nonResourceAttributes"] = json!({"path": what.path, "verb": what.verb});
        return whole;
    }
    let mut resource = json!({
        "namespace": what.namespace, "verb": what.verb, "group": what.group,
        "version": what.version, "resource": what.resource, "subresource": what.subresource,
        "name": what.name,
    });
    what.selectors.write(&mut resource);
    whole["resourceAttributes"] = resource;
    whole
}

/// A review that asks.
pub(super) fn review(version: &str, spec: &Value) -> Value {
    json!({
        "kind": "SubjectAccessReview", "apiVersion": format!("authorization.k8s.io/{version}"),
        "metadata": {}, "spec": spec, "status": {"allowed": false},
    })
}

/// What an answer's status says.
pub(super) fn decision(status: &Value) -> Decision {
    let reason = status["reason"].as_str().unwrap_or_default();
    match (status["denied"] == true, status["allowed"] == true) {
        (true, true) => Decision {
            fault: Some(
                "webhook subject access review returned both allow and deny response".into(),
            ),
            ..Decision::new(Verdict::Deny, reason)
        },
        (true, false) => Decision::new(Verdict::Deny, reason),
        (false, true) => Decision::allow(reason),
        (false, false) => Decision::no_opinion(reason),
    }
}

/// How much of a review clients choose: what is very long is not remembered (shouldCache).
pub(super) fn is_modest(what: &Attributes) -> bool {
    const CHOSEN_MAX: usize = 10_000;
    let Attributes { namespace, verb, group, version, resource, .. } = what;
    let chosen = [namespace, verb, group, version, resource, &what.subresource, &what.name];
    chosen.iter().map(|text| text.len()).sum::<usize>() + what.path.len() < CHOSEN_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authentication::User, query::Query, request_info::RequestInfo};
    use http::Method;
    use std::sync::Arc;

    fn asked(uri: &str) -> Attributes {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let (user, query) = (User { name: "alice".into(), ..User::default() }, Query::parse(query));
        let info = RequestInfo::of(&Method::GET, path, &query);
        Attributes::of(Arc::new(user), &info, &query)
    }

    #[test]
    fn a_review_says_who_wants_what() {
        let list = asked("/api/v1/namespaces/n/pods?labelSelector=a%3Db");
        assert_eq!(
            spec(&list),
            json!({"user": "alice", "resourceAttributes": {
                "namespace": "n", "verb": "list", "version": "v1", "resource": "pods",
                "labelSelector": {"requirements": [
                    {"key": "a", "operator": "In", "values": ["b"]},
                ]},
            }})
        );
        assert_eq!(whole(&list)["resourceAttributes"]["subresource"], "");
        let path = asked("/metrics");
        assert_eq!(
            spec(&path)["nonResourceAttributes"],
            json!({"path": "/metrics", "verb": "get"})
        );
        assert!(is_modest(&path) && !is_modest(&asked(&"/x".repeat(6000))));
    }

    #[test]
    fn an_answer_allows_denies_or_leaves_it_open() {
        let of = |status: Value| {
            let Decision { verdict, fault, .. } = decision(&status);
            (verdict, fault.is_some())
        };
        assert_eq!(of(json!({"allowed": true})), (Verdict::Allow, false));
        assert_eq!(of(json!({"denied": true})), (Verdict::Deny, false));
        assert_eq!(of(json!({"allowed": true, "denied": true})), (Verdict::Deny, true));
        assert_eq!(of(json!({})), (Verdict::NoOpinion, false));
        assert_eq!(decision(&json!({"reason": "because"})).reason, "because");
    }
}
