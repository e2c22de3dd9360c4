//! Who may do what, from a file with a rule on each line.
//!
//! Upstream: pkg/auth/authorizer/abac and pkg/apis/abac (v1beta1, and v0's bare objects).

use super::{Attributes, Decision, rbac::Rule};
use crate::authentication::{AUTHENTICATED, User};
use serde::Deserialize;
use serde_json::Value;

/// One line: what some user or group may do. An empty field asks for nothing but emptiness, `*`
/// takes all.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Policy {
    user: String,
    group: String,
    readonly: bool,
    #[serde(rename = "apiGroup")]
    api_group: String,
    resource: String,
    namespace: String,
    #[serde(rename = "nonResourcePath")]
    path: String,
}

/// A line that is no rule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("error reading policy file, line {line}: {why}")]
pub struct PolicyError {
    line: usize,
    why: String,
}

const VERSION: &str = "abac.authorization.kubernetes.io/v1beta1";

impl Policy {
    /// Reads a file.
    ///
    /// # Errors
    /// The first line that is no rule.
    pub fn parse(text: &str) -> Result<Vec<Self>, PolicyError> {
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(line, text)| Self::line(text).map_err(|why| PolicyError { line, why }))
            .collect()
    }

    fn line(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if value.get("kind").is_none() {
            return Self::unversioned(value);
        }
        if value["kind"] != "Policy" || value["apiVersion"] != VERSION {
            return Err(format!("unknown kind {} of {}", value["kind"], value["apiVersion"]));
        }
        let mut policy: Self =
            serde_json::from_value(value["spec"].clone()).map_err(|error| error.to_string())?;
        policy.known_only();
        Ok(policy)
    }

    /// The form before there were versions: what it leaves out it takes all of.
    fn unversioned(value: Value) -> Result<Self, String> {
        let old: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        let all = |text: String| if text.is_empty() { "*".to_owned() } else { text };
        let nobody = old.user.is_empty() && old.group.is_empty();
        let anything = old.namespace.is_empty() && old.resource.is_empty();
        let mut policy = Self {
            group: if nobody { AUTHENTICATED.into() } else { old.group },
            path: if anything { "*".into() } else { String::new() },
            api_group: "*".into(),
            namespace: all(old.namespace),
            resource: all(old.resource),
            ..old
        };
        policy.known_only();
        Ok(policy)
    }

    /// All users, or all groups, are those that are known.
    fn known_only(&mut self) {
        if self.user == "*" || self.group == "*" {
            self.user.clear();
            self.group = AUTHENTICATED.into();
        }
    }

    fn is_about(&self, user: &User) -> bool {
        let named = matches!(&*self.user, "" | "*") || self.user == user.name;
        let grouped = matches!(&*self.group, "" | "*") || user.is_in(&self.group);
        let somebody = !self.user.is_empty() || !self.group.is_empty();
        somebody && named && grouped
    }

    fn allows(&self, attributes: &Attributes) -> bool {
        let reads = matches!(&*attributes.verb, "get" | "list" | "watch");
        if !self.is_about(&attributes.user) || (self.readonly && !reads) {
            return false;
        }
        let takes = |pattern: &str, text: &str| pattern == "*" || pattern == text;
        if attributes.is_resource {
            return takes(&self.namespace, &attributes.namespace)
                && takes(&self.resource, &attributes.resource)
                && takes(&self.api_group, &attributes.group);
        }
        let beginning = self.path.strip_suffix('*');
        beginning.map_or(self.path == attributes.path, |start| attributes.path.starts_with(start))
    }
}

/// Decides by the lines.
pub(super) fn decide(policies: &[Policy], attributes: &Attributes) -> Decision {
    match policies.iter().any(|policy| policy.allows(attributes)) {
        true => Decision::allow(""),
        false => Decision::no_opinion("No policy matched."),
    }
}

/// What the lines let a user do in a namespace.
pub(super) fn rules(policies: &[Policy], user: &User, namespace: &str) -> Vec<Rule> {
    let mut rules = Vec::new();
    for policy in policies.iter().filter(|policy| policy.is_about(user)) {
        let verbs: &[&str] = if policy.readonly { &["get", "list", "watch"] } else { &["*"] };
        let verbs: Vec<String> = verbs.iter().map(|verb| (*verb).to_owned()).collect();
        if policy.namespace == "*" || policy.namespace == namespace {
            rules.push(Rule {
                verbs: verbs.clone(),
                api_groups: vec![policy.api_group.clone()],
                resources: vec![policy.resource.clone()],
                ..Rule::default()
            });
        }
        if !policy.path.is_empty() {
            let urls = vec![policy.path.clone()];
            rules.push(Rule { verbs, non_resource_urls: urls, ..Rule::default() });
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{query::Query, request_info::RequestInfo};
    use http::Method;
    use std::sync::Arc;

    const FILE: &str = r#"
# Who may do what.
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"alice","namespace":"*","resource":"*","apiGroup":"*"}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"user":"bob","namespace":"p","resource":"pods","readonly":true}}
{"apiVersion":"abac.authorization.kubernetes.io/v1beta1","kind":"Policy","spec":{"group":"system:authenticated","readonly":true,"nonResourcePath":"/version*"}}
{"user":"carol","resource":"events"}
"#;

    #[test]
    fn lines_say_who_may_do_what() {
        let policies = Policy::parse(FILE).unwrap();
        let cases = [
            ("alice", Method::DELETE, "/apis/apps/v1/namespaces/x/deployments/d", true),
            ("bob", Method::GET, "/api/v1/namespaces/p/pods", true),
            ("bob", Method::POST, "/api/v1/namespaces/p/pods", false),
            ("bob", Method::GET, "/api/v1/namespaces/q/pods", false),
            ("bob", Method::GET, "/version/x", true),
            ("bob", Method::GET, "/metrics", false),
            ("carol", Method::POST, "/api/v1/namespaces/q/events", true),
            ("carol", Method::GET, "/api/v1/namespaces/q/pods", false),
        ];
        for (name, method, path, allowed) in cases {
            let user = User { name: name.into(), ..User::default() }.authenticated();
            let query = Query::default();
            let info = RequestInfo::of(&method, path, &query);
            let attributes = Attributes::of(Arc::new(user), &info, &query);
            let is = decide(&policies, &attributes).is_allowed();
            assert_eq!(is, allowed, "{name} {method} {path}");
        }
        assert!(Policy::parse("{").unwrap_err().to_string().contains("line 1"));
        assert!(Policy::parse(r#"{"kind":"Other"}"#).is_err());
    }
}
