//! What authorization judges of a request.
//!
//! Upstream: apiserver/pkg/authorization/authorizer (Attributes) and the texts of
//! endpoints/handlers/responsewriters/errors.go.

use super::Selectors;
use crate::{
    authentication::User,
    failure::{Failure, Named},
    query::Query,
    request_info::RequestInfo,
};
use std::sync::Arc;

/// Who wants to do what to what.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Attributes {
    pub(crate) user: Arc<User>,
    /// `get`, `impersonate`, `bind`; for paths the method in lower case.
    pub(crate) verb: String,
    /// It is about objects; else only `path` says what it is about.
    pub(crate) is_resource: bool,
    pub(crate) namespace: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) resource: String,
    pub(crate) subresource: String,
    pub(crate) name: String,
    pub(crate) path: String,
    /// Which objects of a collection it is about.
    pub(crate) selectors: Selectors,
}

impl Attributes {
    /// A request's.
    pub(crate) fn of(user: Arc<User>, info: &RequestInfo, query: &Query) -> Self {
        let selectors = match info.is_collection() {
            true => Selectors::of(query),
            false => Selectors::default(),
        };
        Self {
            user,
            verb: info.verb.to_owned(),
            is_resource: info.is_resource,
            namespace: info.namespace.clone(),
            group: info.group.clone(),
            version: info.version.clone(),
            resource: info.resource.clone(),
            subresource: info.subresource.clone(),
            name: info.name.clone(),
            path: info.path.clone(),
            selectors,
        }
    }

    /// `pods/exec`, `pods`.
    pub(crate) fn combined_resource(&self) -> String {
        match self.subresource.is_empty() {
            true => self.resource.clone(),
            false => format!("{}/{}", self.resource, self.subresource),
        }
    }

    /// What a client is told that may not.
    pub(crate) fn forbidden(&self, reason: &str) -> Failure {
        let (user, verb) = (&self.user.name, &self.verb);
        let (resource, group) = (self.combined_resource(), &self.group);
        let mut text = match (self.is_resource, self.namespace.as_str()) {
            (false, _) => format!("User {user:?} cannot {verb} path {:?}", self.path),
            (true, "") => format!(
                "User {user:?} cannot {verb} resource {resource:?} in API group {group:?} at the \
                 cluster scope"
            ),
            (true, namespace) => format!(
                "User {user:?} cannot {verb} resource {resource:?} in API group {group:?} in the \
                 namespace {namespace:?}"
            ),
        };
        if !reason.is_empty() {
            text = format!("{text}: {reason}");
        }
        let of = Named { group, resource: &self.resource, name: &self.name };
        Failure::forbidden(of, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    fn asked(user: &str, method: Method, path: &str, query: &str) -> Attributes {
        let user = Arc::new(User { name: user.into(), ..User::default() });
        let query = Query::parse(query);
        Attributes::of(user, &RequestInfo::of(&method, path, &query), &query)
    }

    #[test]
    fn refusals_are_worded_as_upstream_words_them() {
        let cases = [
            (
                asked("x", Method::GET, "/api/v1/namespaces/default/pods", ""),
                "pods is forbidden: User \"x\" cannot list resource \"pods\" in API group \"\" in \
                 the namespace \"default\"",
            ),
            (
                asked("x", Method::GET, "/api/v1/nodes/n", ""),
                "nodes \"n\" is forbidden: User \"x\" cannot get resource \"nodes\" in API group \
                 \"\" at the cluster scope",
            ),
            (
                asked("x", Method::PATCH, "/apis/apps/v1/namespaces/a/deployments/d/scale", ""),
                "deployments.apps \"d\" is forbidden: User \"x\" cannot patch resource \
                 \"deployments/scale\" in API group \"apps\" in the namespace \"a\"",
            ),
            (asked("x", Method::GET, "/x", ""), "forbidden: User \"x\" cannot get path \"/x\""),
        ];
        for (attributes, expected) in cases {
            assert_eq!(attributes.forbidden("").message, expected);
        }
        let refused = asked("x", Method::GET, "/x", "").forbidden("because");
        assert_eq!(refused.message, "forbidden: User \"x\" cannot get path \"/x\": because");
    }

    #[test]
    fn only_collections_have_selectors() {
        let selector = "fieldSelector=spec.nodeName%3Dn";
        let of = |path: &str| asked("x", Method::GET, path, selector).selectors;
        assert!(of("/api/v1/pods").requires("spec.nodeName", "n"));
        assert_eq!(of("/api/v1/pods/p"), Selectors::default());
    }
}
