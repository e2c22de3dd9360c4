//! What of a request the audit log is told: the first rule that fits decides. Pure.
//!
//! Upstream: apiserver/pkg/audit/policy, pkg/apis/audit/validation.

use crate::authorization::Attributes;
use serde::Deserialize;

/// How much is told; each level tells all that those before it tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Deserialize)]
pub(super) enum Level {
    /// Nothing.
    #[default]
    None,
    /// Who asked for what, and what came of it.
    Metadata,
    /// What they sent.
    Request,
    /// What they were sent.
    RequestResponse,
}

/// When it is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
pub(super) enum Stage {
    /// Before anything is done.
    RequestReceived,
    /// When the answer begins that goes on for long.
    ResponseStarted,
    /// When the answer is complete.
    ResponseComplete,
    /// When the server broke on it.
    Panic,
}

impl Level {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Metadata => "Metadata",
            Self::Request => "Request",
            Self::RequestResponse => "RequestResponse",
        }
    }
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RequestReceived => "RequestReceived",
            Self::ResponseStarted => "ResponseStarted",
            Self::ResponseComplete => "ResponseComplete",
            Self::Panic => "Panic",
        }
    }
}

/// `audit.k8s.io/v1, Policy`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AuditPolicy {
    api_version: String,
    kind: String,
    rules: Vec<Rule>,
    omit_stages: Vec<Stage>,
    omit_managed_fields: bool,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Rule {
    level: Level,
    users: Vec<String>,
    user_groups: Vec<String>,
    verbs: Vec<String>,
    resources: Vec<Resources>,
    namespaces: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Vec<String>,
    omit_stages: Vec<Stage>,
    omit_managed_fields: Option<bool>,
}

#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Resources {
    group: String,
    resources: Vec<String>,
    resource_names: Vec<String>,
}

/// What is told of one request.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Told {
    pub(super) level: Level,
    pub(super) omitted: Vec<Stage>,
    pub(super) omit_managed_fields: bool,
}

impl AuditPolicy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(yaml: &str) -> Result<Self, String> {
        let policy: Self = serde_yaml_ng::from_str(yaml).map_err(|error| error.to_string())?;
        if policy.kind != "Policy" || !policy.api_version.starts_with("audit.k8s.io/") {
            let (version, kind) = (&policy.api_version, &policy.kind);
            return Err(format!("no kind {kind:?} is registered for version {version:?}"));
        }
        if policy.rules.is_empty() {
            return Err("loaded illegal policy with 0 rules".into());
        }
        for (at, rule) in policy.rules.iter().enumerate() {
            let objects = !rule.resources.is_empty() || !rule.namespaces.is_empty();
            if objects && !rule.non_resource_urls.is_empty() {
                return Err(format!(
                    "rules[{at}].nonResourceURLs: Invalid value: rules cannot apply to both \
                     regular resources and non-resource URLs"
                ));
            }
        }
        Ok(policy)
    }

    /// What is told of a request.
    pub(super) fn told(&self, attributes: &Attributes) -> Told {
        let Some(rule) = self.rules.iter().find(|rule| rule.fits(attributes)) else {
            return Told::default();
        };
        Told {
            level: rule.level,
            omitted: [&self.omit_stages[..], &rule.omit_stages].concat(),
            omit_managed_fields: rule.omit_managed_fields.unwrap_or(self.omit_managed_fields),
        }
    }
}

/// Whether a list that asks for nothing when it is empty has the text.
fn takes(list: &[String], text: &str) -> bool {
    list.is_empty() || list.iter().any(|one| one == text)
}

impl Rule {
    fn fits(&self, attributes: &Attributes) -> bool {
        let user = &attributes.user;
        let groups =
            self.user_groups.is_empty() || self.user_groups.iter().any(|group| user.is_in(group));
        if !takes(&self.users, &user.name) || !groups || !takes(&self.verbs, &attributes.verb) {
            return false;
        }
        if !self.namespaces.is_empty() || !self.resources.is_empty() {
            let objects = self.resources.is_empty()
                || self.resources.iter().any(|resources| resources.fit(attributes));
            return attributes.is_resource
                && takes(&self.namespaces, &attributes.namespace)
                && objects;
        }
        let path = |url: &String| {
            let start = url.strip_suffix('*');
            start.map_or(*url == attributes.path, |start| attributes.path.starts_with(start))
        };
        self.non_resource_urls.is_empty()
            || !attributes.is_resource && self.non_resource_urls.iter().any(path)
    }
}

impl Resources {
    fn fit(&self, attributes: &Attributes) -> bool {
        let Attributes { resource, subresource, name, .. } = attributes;
        let fits = |rule: &String| {
            *rule == attributes.combined_resource()
                || rule == "*"
                || !subresource.is_empty() && rule.strip_prefix("*/") == Some(subresource)
                || rule.strip_suffix("/*") == Some(resource)
        };
        self.group == attributes.group
            && (self.resources.is_empty()
                || takes(&self.resource_names, name) && self.resources.iter().any(fits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authentication::User, query::Query, request_info::RequestInfo};
    use http::Method;
    use std::sync::Arc;

    const POLICY: &str = "
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, users: [proxy], verbs: [watch], resources: [{group: '', resources: [endpoints]}]}
- {level: None, nonResourceURLs: ['/healthz*', /version]}
- level: Metadata
  resources: [{group: '', resources: [secrets, 'pods/*'], resourceNames: []}]
  omitStages: [ResponseStarted]
- {level: Request, namespaces: [kube-system]}
- {level: Metadata, userGroups: [dev], omitManagedFields: true}
- {level: RequestResponse, resources: [{group: apps}]}
";

    #[test]
    fn the_first_rule_that_fits_decides() {
        let policy = AuditPolicy::parse(POLICY).expect("a policy");
        let told = |name: &str, path: &str, query: &str| {
            let groups = if name == "alice" { vec!["dev".into()] } else { Vec::new() };
            let user = User { name: name.into(), groups, ..User::default() };
            let query = Query::parse(query);
            let info = RequestInfo::of(&Method::GET, path, &query);
            policy.told(&Attributes::of(Arc::new(user), &info, &query))
        };
        let cases = [
            ("proxy", "/api/v1/endpoints", "watch=1", "None"),
            ("proxy", "/api/v1/endpoints", "", "None"),
            ("alice", "/api/v1/endpoints", "", "Metadata"),
            ("alice", "/healthz/ping", "", "None"),
            ("bob", "/version", "", "None"),
            ("bob", "/api/v1/secrets", "", "Metadata"),
            ("bob", "/api/v1/namespaces/a/pods/p/log", "", "Metadata"),
            // A rule for what is below pods fits pods themselves, too, upstream.
            ("bob", "/api/v1/namespaces/a/pods/p", "", "Metadata"),
            ("bob", "/api/v1/namespaces/kube-system/configmaps", "", "Request"),
            ("bob", "/apis/apps/v1/deployments", "", "RequestResponse"),
        ];
        for (name, path, query, level) in cases {
            assert_eq!(told(name, path, query).level.name(), level, "{name} {path}");
        }
        let secrets = told("bob", "/api/v1/secrets", "");
        assert_eq!(secrets.omitted, [Stage::RequestReceived, Stage::ResponseStarted]);
        assert!(told("alice", "/x", "").omit_managed_fields && !secrets.omit_managed_fields);
    }

    #[test]
    fn policies_that_make_no_sense_are_refused() {
        for (text, why) in [
            ("{kind: Other}", "no kind"),
            ("{kind: Policy, apiVersion: audit.k8s.io/v1}", "0 rules"),
            ("{kind: Policy, apiVersion: audit.k8s.io/v1, rules: [{level: Some}]}", "Some"),
            (
                "{kind: Policy, apiVersion: audit.k8s.io/v1, rules: [{level: None, namespaces: \
                 [a], nonResourceURLs: [/x]}]}",
                "both regular resources and non-resource URLs",
            ),
        ] {
            let said = AuditPolicy::parse(text).expect_err(text);
            assert!(said.contains(why), "{said}");
        }
    }
}
