//! One rule of a role, and what it allows. Pure.
//!
//! Upstream: pkg/apis/rbac/v1/evaluation_helpers.go, component-helpers/auth/rbac/validation.

use crate::authorization::Attributes;
use serde::{Deserialize, Serialize};
use std::fmt;

/// `rbac.authorization.k8s.io/v1, PolicyRule`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Rule {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) api_groups: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resource_names: Vec<String>,
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub(crate) non_resource_urls: Vec<String>,
    pub(crate) verbs: Vec<String>,
}

/// All of them.
const ALL: &str = "*";

impl Rule {
    /// The two rules that allow everything.
    pub(crate) fn everything() -> [Self; 2] {
        let all = || vec![ALL.to_owned()];
        [
            Self { api_groups: all(), resources: all(), verbs: all(), ..Self::default() },
            Self { non_resource_urls: all(), verbs: all(), ..Self::default() },
        ]
    }

    /// Whether it allows a request.
    pub(crate) fn allows(&self, attributes: &Attributes) -> bool {
        if !takes(&self.verbs, &attributes.verb) {
            return false;
        }
        match attributes.is_resource {
            true => {
                takes(&self.api_groups, &attributes.group)
                    && self.takes_resource(attributes)
                    && (self.resource_names.is_empty()
                        || self.resource_names.contains(&attributes.name))
            }
            false => self.non_resource_urls.iter().any(|url| reaches(url, &attributes.path)),
        }
    }

    fn takes_resource(&self, attributes: &Attributes) -> bool {
        let is = |rule: &str| match (attributes.subresource.as_str(), rule.split_once('/')) {
            (_, None) if rule == ALL => true,
            ("", _) => rule == attributes.resource,
            (_, None) => false,
            (wanted, Some((resource, subresource))) => {
                subresource == wanted && (resource == ALL || resource == attributes.resource)
            }
        };
        self.resources.iter().any(|rule| is(rule))
    }

    /// The rule in its smallest parts: one group, resource, verb and name, or one path and verb.
    fn parts(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        for verb in &self.verbs {
            let verbs = vec![verb.clone()];
            for (group, resource) in self
                .api_groups
                .iter()
                .flat_map(|group| self.resources.iter().map(move |resource| (group, resource)))
            {
                let part = Self {
                    api_groups: vec![group.clone()],
                    resources: vec![resource.clone()],
                    verbs: verbs.clone(),
                    ..Self::default()
                };
                match self.resource_names.is_empty() {
                    true => parts.push(part),
                    false => {
                        parts.extend(self.resource_names.iter().map(|name| Self {
                            resource_names: vec![name.clone()],
                            ..part.clone()
                        }))
                    }
                }
            }
            parts.extend(self.non_resource_urls.iter().map(|url| Self {
                non_resource_urls: vec![url.clone()],
                verbs: verbs.clone(),
                ..Self::default()
            }));
        }
        parts
    }

    /// Whether it allows all that a smallest part allows.
    fn covers(&self, part: &Self) -> bool {
        let all = |have: &[String], want: &[String]| {
            have.iter().any(|one| one == ALL) || want.iter().all(|one| have.contains(one))
        };
        let names = self.resource_names.is_empty()
            || !part.resource_names.is_empty()
                && part.resource_names.iter().all(|name| self.resource_names.contains(name));
        let urls = part
            .non_resource_urls
            .iter()
            .all(|wanted| self.non_resource_urls.iter().any(|url| reaches(url, wanted)));
        all(&self.verbs, &part.verbs)
            && all(&self.api_groups, &part.api_groups)
            && part.resources.iter().all(|resource| self.covers_resource(resource))
            && names
            && urls
    }

    fn covers_resource(&self, wanted: &str) -> bool {
        let every = wanted.split_once('/').map(|(_, subresource)| format!("*/{subresource}"));
        let takes = |one: &String| one == ALL || one == wanted || Some(one) == every.as_ref();
        self.resources.iter().any(takes)
    }

    /// Whether it has nothing but verbs for one group and resource.
    fn is_simple(&self) -> bool {
        self.api_groups.len() == 1
            && self.resources.len() == 1
            && self.resource_names.is_empty()
            && self.non_resource_urls.is_empty()
    }
}

fn takes(rules: &[String], wanted: &str) -> bool {
    rules.iter().any(|rule| rule == ALL || rule == wanted)
}

/// Whether a path, or all that begins as it does, takes another.
fn reaches(rule: &str, path: &str) -> bool {
    rule == path || rule.strip_suffix('*').is_some_and(|start| path.starts_with(start))
}

/// Whether any of the rules allows a request.
pub(crate) fn rules_allow<'a>(
    attributes: &Attributes,
    rules: impl IntoIterator<Item = &'a Rule>,
) -> bool {
    rules.into_iter().any(|rule| rule.allows(attributes))
}

/// The smallest parts of `wanted` that `have` does not cover.
pub(crate) fn missing(have: &[Rule], wanted: &[Rule]) -> Vec<Rule> {
    let parts = wanted.iter().flat_map(Rule::parts);
    parts.filter(|part| !have.iter().any(|rule| rule.covers(part))).collect()
}

/// Joins rules that differ in nothing but their verbs.
pub(crate) fn compact(rules: Vec<Rule>) -> Vec<Rule> {
    let mut joined: Vec<Rule> = Vec::new();
    for rule in rules {
        let same = |one: &&mut Rule| {
            rule.is_simple()
                && one.is_simple()
                && one.api_groups == rule.api_groups
                && one.resources == rule.resources
        };
        match joined.iter_mut().find(same) {
            Some(one) => one.verbs.extend(rule.verbs),
            None => joined.push(rule),
        }
    }
    joined
}

impl fmt::Display for Rule {
    /// `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.non_resource_urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let fields = fields.iter().filter(|(_, values)| !values.is_empty());
        let fields: Vec<_> =
            fields.map(|(name, values)| format!("{name}:{}", quoted(values))).collect();
        write!(f, "{{{}}}", fields.join(", "))
    }
}

/// A list as Go's `%q` writes it.
pub(crate) fn quoted(values: &[String]) -> String {
    let values: Vec<_> = values.iter().map(|value| format!("{value:?}")).collect();
    format!("[{}]", values.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        let words = text.split_whitespace();
        words.map(|word| if word == "core" { String::new() } else { word.to_owned() }).collect()
    }

    /// `verbs | groups | resources | names | paths`.
    fn rule(text: &str) -> Rule {
        let mut fields = text.split('|').map(list);
        let mut next = || fields.next().unwrap_or_default();
        Rule {
            verbs: next(),
            api_groups: next(),
            resources: next(),
            resource_names: next(),
            non_resource_urls: next(),
        }
    }

    fn attributes(text: &str) -> Attributes {
        let words: Vec<_> = text.split_whitespace().collect();
        match *words {
            [verb, path] => {
                Attributes { verb: verb.into(), path: path.into(), ..Attributes::default() }
            }
            [verb, group, resource, name] => {
                let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
                let empty =
                    |text: &str| if matches!(text, "core" | "-") { "" } else { text }.into();
                Attributes {
                    is_resource: true,
                    verb: verb.into(),
                    group: empty(group),
                    resource: resource.into(),
                    subresource: subresource.into(),
                    name: empty(name),
                    ..Attributes::default()
                }
            }
            _ => panic!("{text}"),
        }
    }

    #[test]
    fn rules_allow_what_upstream_s_allow() {
        let cases = [
            ("get|core|pods", "get core pods p", true),
            ("get|core|pods", "list core pods -", false),
            ("get|core|pods", "get apps pods p", false),
            ("get|core|pods", "get core pods/log p", false),
            ("get|core|pods/log", "get core pods/log p", true),
            ("get|core|*/log", "get core pods/log p", true),
            ("get|core|*/log", "get core pods p", false),
            ("get|core|*", "get core pods/log p", true),
            ("*|*|*", "impersonate core users u", true),
            ("get|core|pods|a b", "get core pods b", true),
            ("get|core|pods|a b", "get core pods c", false),
            ("list|core|pods|a", "list core pods -", false),
            ("get||||/healthz", "get /healthz", true),
            ("get||||/healthz", "get /healthz/x", false),
            ("get||||/healthz/*", "get /healthz/x", true),
            ("get||||/healthz/*", "get /healthz", false),
            ("get||||*", "get /any", true),
            ("*|*|*", "get /any", false),
        ];
        for (of, wanted, expected) in cases {
            assert_eq!(rules_allow(&attributes(wanted), &[rule(of)]), expected, "{of}: {wanted}");
        }
    }

    #[test]
    fn what_rules_do_not_cover_is_named() {
        let cases = [
            ("*|*|*", "get list|apps|deployments", ""),
            (
                "get|core|pods",
                "get list|core|pods",
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["list"]}"#,
            ),
            ("get|core|*/log", "get|core|pods/log", ""),
            ("get|core|pods|a", "get|core|pods|a", ""),
            (
                "get|core|pods|a",
                "get|core|pods",
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["get"]}"#,
            ),
            (
                "get|core|pods",
                "create delete|apps|deployments",
                r#"{APIGroups:["apps"], Resources:["deployments"], Verbs:["create" "delete"]}"#,
            ),
            ("get||||/a/*", "get||||/a/b", ""),
            ("get||||/a/*", "get||||/a/* /b", r#"{NonResourceURLs:["/b"], Verbs:["get"]}"#),
        ];
        for (have, wanted, expected) in cases {
            let missing = compact(missing(&[rule(have)], &[rule(wanted)]));
            let said: Vec<_> = missing.iter().map(ToString::to_string).collect();
            assert_eq!(said.join("\n"), expected, "{have}: {wanted}");
        }
    }
}
