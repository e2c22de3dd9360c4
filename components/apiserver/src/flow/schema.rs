//! Flow schemas: which requests are of a flow, and which level serves them.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/{rule,formatting}.go, pkg/apis/flowcontrol.

use crate::{
    authentication::{User, service_account_of},
    request_info::RequestInfo,
};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// A flow schema, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FlowSchema {
    pub(super) name: Arc<str>,
    pub(super) uid: Arc<str>,
    /// The level that serves it.
    pub(super) level: Arc<str>,
    /// Lower ones are asked first.
    precedence: i64,
    distinguisher: Option<Distinguisher>,
    rules: Vec<Rule>,
}

/// What tells the flows of a schema apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Distinguisher {
    ByUser,
    ByNamespace,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    subjects: Vec<Subject>,
    resource_rules: Vec<ResourceRule>,
    non_resource_rules: Vec<NonResourceRule>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Subject {
    user: Option<Named>,
    group: Option<Named>,
    service_account: Option<Named>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default)]
struct Named {
    namespace: String,
    name: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ResourceRule {
    verbs: Vec<String>,
    api_groups: Vec<String>,
    resources: Vec<String>,
    cluster_scope: bool,
    namespaces: Vec<String>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NonResourceRule {
    verbs: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    urls: Vec<String>,
}

impl FlowSchema {
    /// Reads an object of the kind; none: it is none.
    pub(super) fn read(object: &Value) -> Option<Self> {
        let (metadata, spec) = (&object["metadata"], &object["spec"]);
        let text = |value: &Value| value.as_str().unwrap_or_default().into();
        Some(Self {
            name: text(&metadata["name"]),
            uid: text(&metadata["uid"]),
            level: text(&spec["priorityLevelConfiguration"]["name"]),
            precedence: spec["matchingPrecedence"].as_i64().unwrap_or(1000),
            distinguisher: match spec["distinguisherMethod"]["type"].as_str() {
                Some("ByUser") => Some(Distinguisher::ByUser),
                Some("ByNamespace") => Some(Distinguisher::ByNamespace),
                _ => None,
            },
            rules: match &spec["rules"] {
                Value::Null => Vec::new(),
                rules => Vec::deserialize(rules).ok()?,
            },
        })
    }

    /// The order in which they are asked; equal ones by name.
    pub(super) fn order(&self) -> (i64, &str) {
        (self.precedence, &self.name)
    }

    /// Whether a request is of this schema.
    pub(super) fn matches(&self, user: &User, info: &RequestInfo) -> bool {
        self.rules.iter().any(|rule| {
            rule.subjects.iter().any(|subject| subject.matches(user))
                && match info.is_resource {
                    true => rule.resource_rules.iter().any(|rule| rule.matches(info)),
                    false => rule.non_resource_rules.iter().any(|rule| rule.matches(info)),
                }
        })
    }

    /// The name of the request's flow within the schema.
    pub(super) fn flow<'a>(&self, user: &'a User, info: &'a RequestInfo) -> &'a str {
        match self.distinguisher {
            Some(Distinguisher::ByUser) => &user.name,
            Some(Distinguisher::ByNamespace) => &info.namespace,
            None => "",
        }
    }
}

impl Subject {
    fn matches(&self, user: &User) -> bool {
        let is = |named: &Named, name: &str| named.name == "*" || named.name == name;
        if let Some(named) = &self.user {
            return is(named, &user.name);
        }
        if let Some(named) = &self.group {
            return named.name == "*" || user.is_in(&named.name);
        }
        let account = self.service_account.as_ref().zip(service_account_of(&user.name));
        account.is_some_and(|(named, (namespace, name))| {
            named.namespace == namespace && is(named, name)
        })
    }
}

impl ResourceRule {
    fn matches(&self, info: &RequestInfo) -> bool {
        let resource = |one: &String| match one.split_once('/') {
            Some((resource, sub)) => resource == info.resource && sub == info.subresource,
            None => *one == info.resource && info.subresource.is_empty(),
        };
        takes(&self.verbs, info.verb)
            && (is_all(&self.resources) || self.resources.iter().any(resource))
            && takes(&self.api_groups, &info.group)
            && match info.namespace.is_empty() {
                true => self.cluster_scope,
                false => takes(&self.namespaces, &info.namespace),
            }
    }
}

impl NonResourceRule {
    fn matches(&self, info: &RequestInfo) -> bool {
        let url = |one: &String| {
            let prefix = one.strip_suffix('*').unwrap_or(one).trim_end_matches('/');
            let below = info.path.strip_prefix(prefix);
            one == "*" || *one == info.path || below.is_some_and(|rest| rest.starts_with('/'))
        };
        takes(&self.verbs, info.verb) && self.urls.iter().any(url)
    }
}

fn is_all(list: &[String]) -> bool {
    matches!(list, [all] if all == "*")
}

/// Whether it stands in the list, or the list takes everything.
fn takes(list: &[String], one: &str) -> bool {
    is_all(list) || list.iter().any(|listed| listed == one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::Query;
    use serde_json::json;

    fn info(method: &str, path: &str) -> RequestInfo {
        RequestInfo::of(&method.parse().unwrap(), path, &Query::default())
    }

    fn schema(subject: Value, rules: Value) -> FlowSchema {
        let mut rule = rules;
        rule["subjects"] = json!([subject]);
        let spec = json!({"rules": [rule], "distinguisherMethod": {"type": "ByNamespace"}});
        FlowSchema::read(&json!({"metadata": {"name": "a"}, "spec": spec})).unwrap()
    }

    #[test]
    fn subjects_are_users_groups_and_service_accounts() {
        let account = User::service_account("kube-system", "node-controller", "");
        let alice = User { name: "alice".into(), groups: vec!["dev".into()], ..User::default() };
        let cases = [
            (json!({"kind": "User", "user": {"name": "alice"}}), &alice, true),
            (json!({"kind": "User", "user": {"name": "*"}}), &account, true),
            (json!({"kind": "User", "user": {"name": "bob"}}), &alice, false),
            (json!({"kind": "Group", "group": {"name": "dev"}}), &alice, true),
            (json!({"kind": "Group", "group": {"name": "ops"}}), &alice, false),
            (
                json!({"kind": "ServiceAccount",
                "serviceAccount": {"namespace": "kube-system", "name": "*"}}),
                &account,
                true,
            ),
            (
                json!({"kind": "ServiceAccount",
                "serviceAccount": {"namespace": "kube", "name": "*"}}),
                &account,
                false,
            ),
            (
                json!({"kind": "ServiceAccount",
                "serviceAccount": {"namespace": "kube-system", "name": "other"}}),
                &account,
                false,
            ),
        ];
        let all = json!({"nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]});
        for (subject, user, expected) in cases {
            let schema = schema(subject.clone(), all.clone());
            assert_eq!(schema.matches(user, &info("GET", "/version")), expected, "{subject}");
        }
    }

    #[test]
    fn rules_take_resources_where_they_are_and_paths_below_theirs() {
        let resources = |verbs: &[&str], resources: &[&str], cluster: bool, namespaces: &[&str]| {
            json!({"resourceRules": [{"verbs": verbs, "apiGroups": [""], "resources": resources,
                "clusterScope": cluster, "namespaces": namespaces}]})
        };
        let urls =
            |url: &str| json!({"nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": [url]}]});
        let pods = "/api/v1/namespaces/a/pods";
        let cases = [
            (resources(&["list"], &["pods"], false, &["a"]), pods, true),
            (resources(&["get"], &["pods"], false, &["a"]), pods, false),
            (resources(&["*"], &["*"], false, &["*"]), pods, true),
            (resources(&["*"], &["pods"], true, &["b"]), pods, false),
            (resources(&["*"], &["pods"], true, &[]), "/api/v1/pods", true),
            (resources(&["*"], &["pods"], false, &["*"]), "/api/v1/pods", false),
            (
                resources(&["*"], &["pods/log"], false, &["a"]),
                "/api/v1/namespaces/a/pods/p/log",
                true,
            ),
            (resources(&["*"], &["pods"], false, &["a"]), "/api/v1/namespaces/a/pods/p/log", false),
            (resources(&["*"], &["*"], true, &["*"]), "/healthz", false),
            (urls("/healthz"), "/healthz", true),
            (urls("/healthz"), "/healthz/etcd", true),
            (urls("/healthz/*"), "/healthz/etcd", true),
            (urls("/health"), "/healthz", false),
            (urls("*"), "/metrics", true),
            (urls("*"), pods, false),
        ];
        let everybody = json!({"kind": "User", "user": {"name": "*"}});
        for (rules, path, expected) in cases {
            let schema = schema(everybody.clone(), rules.clone());
            let matches = schema.matches(&User::default(), &info("GET", path));
            assert_eq!(matches, expected, "{path}: {rules}");
        }
        let schema = schema(everybody, urls("*"));
        assert_eq!(schema.flow(&User::default(), &info("GET", pods)), "a");
    }
}
