//! `AuthorizationConfiguration`: who is asked, in which order, and what it means that somebody does
//! not answer.
//!
//! Upstream: apiserver/pkg/apis/apiserver/v1/{types,defaults}.go,
//! pkg/apis/apiserver/validation/validation.go, pkg/kubeapiserver/authorizer/config.go.

use super::{Mode, Policy, webhook};
use crate::{
    configuration::{self, aggregate},
    faults::{duplicate, invalid, not_supported, required},
    files,
};
use api::{names, validation::Errors};
use host::Host;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

const KIND: &str = "AuthorizationConfiguration";
const VERSIONS: [&str; 3] = [
    "apiserver.config.k8s.io/v1",
    "apiserver.config.k8s.io/v1beta1",
    "apiserver.config.k8s.io/v1alpha1",
];

/// Ways to decide; only webhooks may be asked several times.
const TYPES: [&str; 6] = ["ABAC", "AlwaysAllow", "AlwaysDeny", "Node", "RBAC", "Webhook"];

/// `--authorization-config`.
#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct AuthorizationConfiguration {
    authorizers: Vec<Entry>,
}

#[derive(Clone, PartialEq, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
struct Entry {
    #[serde(rename = "type")]
    kind: String,
    name: String,
    webhook: Option<webhook::Settings>,
}

impl AuthorizationConfiguration {
    /// Reads a file's text and makes sure that it makes sense. It looks at files, and so blocks.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn parse(host: &Host, text: &[u8]) -> Result<Self, String> {
        let read: Self = configuration::read(text, KIND, &VERSIONS)
            .map_err(|why| format!("failed to load AuthorizationConfiguration from file: {why}"))?;
        let exists = |path: &str| files::read(&*host.disk, path).map(drop);
        if let Some(why) = aggregate(&read.faults(&exists)) {
            return Err(why);
        }
        aggregate(&read.misnamed()).map_or(Ok(read), Err)
    }

    /// Those who decide; the rules of ABAC come from a file of their own. It reads files, and so
    /// blocks.
    ///
    /// # Errors
    /// A webhook's kubeconfig cannot be followed.
    pub fn modes(&self, host: &Host, policies: &[Policy]) -> Result<Vec<Mode>, String> {
        let mode = |entry: &Entry| {
            Ok(match (entry.kind.as_str(), &entry.webhook) {
                ("AlwaysAllow", _) => Mode::AlwaysAllow,
                ("AlwaysDeny", _) => Mode::AlwaysDeny,
                ("ABAC", _) => Mode::Abac(policies.to_vec()),
                ("Node", _) => Mode::Node,
                ("Webhook", Some(settings)) => Mode::Webhook(Box::new(settings.webhook(host)?)),
                _ => Mode::Rbac,
            })
        };
        self.authorizers.iter().map(mode).collect()
    }

    /// Whether its rules are those of ABAC, among others.
    pub fn needs_policies(&self) -> bool {
        self.authorizers.iter().any(|entry| entry.kind == "ABAC")
    }

    /// Types that a later text must have too.
    pub(super) fn missing(&self, later: &Self) -> Vec<String> {
        let kinds = |of: &Self| of.authorizers.iter().map(|it| it.kind.clone()).collect();
        let (own, others): (BTreeSet<String>, BTreeSet<String>) = (kinds(self), kinds(later));
        own.difference(&others).filter(|kind| *kind != "Webhook").cloned().collect()
    }

    fn faults(&self, exists: &dyn Fn(&str) -> Result<(), String>) -> Errors {
        let mut faults = Errors::new();
        if self.authorizers.is_empty() {
            faults.push(required("authorizers", "at least one authorization mode must be defined"));
        }
        let (mut kinds, mut seen) = (BTreeSet::new(), BTreeSet::new());
        for (at, entry) in self.authorizers.iter().enumerate() {
            let field = format!("authorizers[{at}]");
            let kind = entry.kind.as_str();
            let place = format!("{field}.type");
            if kind.is_empty() {
                faults.push(required(&place, ""));
                continue;
            }
            if !TYPES.contains(&kind) {
                faults.push(not_supported(&place, kind, &TYPES));
                continue;
            }
            if !kinds.insert(kind) && kind != "Webhook" {
                faults.push(duplicate(&place, kind));
                continue;
            }
            faults.extend(name_faults(&entry.name, &format!("{field}.name"), &mut seen));
            faults.extend(webhook_faults(entry, &field, exists));
        }
        faults
    }

    /// What is no webhook goes by the name of its type.
    fn misnamed(&self) -> Vec<String> {
        let others = self.authorizers.iter().filter(|entry| entry.kind != "Webhook");
        let wrong = others.filter(|entry| entry.name != entry.kind.to_lowercase());
        let told = wrong.map(|Entry { kind, name, .. }| {
            format!("expected name {} for authorizer {kind} instead of {name}", kind.to_lowercase())
        });
        told.collect()
    }
}

fn name_faults<'a>(name: &'a str, field: &str, seen: &mut BTreeSet<&'a str>) -> Errors {
    if name.is_empty() {
        return vec![required(field, "")];
    }
    if !seen.insert(name) {
        return vec![duplicate(field, name)];
    }
    match names::dns_subdomain(name).as_slice() {
        [] => Vec::new(),
        told => {
            let why = format!("authorizer name is invalid: {}", told.join(", "));
            vec![invalid(field, name, why)]
        }
    }
}

fn webhook_faults(
    entry: &Entry,
    field: &str,
    exists: &dyn Fn(&str) -> Result<(), String>,
) -> Errors {
    let place = format!("{field}.webhook");
    match (entry.kind.as_str(), &entry.webhook) {
        ("Webhook", None) => vec![required(&place, "required when type=Webhook")],
        ("Webhook", Some(settings)) => settings.faults(field, exists),
        (_, Some(_)) => {
            vec![invalid(&place, "non-null", "may only be specified when type=Webhook")]
        }
        (_, None) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBHOOK: &str = "timeout: 3s, subjectAccessReviewVersion: v1, failurePolicy: Deny, \
                           connectionInfo: {type: KubeConfigFile, kubeConfigFile: /w}";

    fn said(authorizers: &str) -> Vec<String> {
        let head = "kind: AuthorizationConfiguration, apiVersion: apiserver.config.k8s.io/v1";
        let text = format!("{{{head}, authorizers: [{authorizers}]}}");
        let read: AuthorizationConfiguration =
            configuration::read(text.as_bytes(), KIND, &VERSIONS).expect(&text);
        let exists = |path: &str| match path {
            "/w" => Ok(()),
            _ => Err(format!("open {path}: no such file or directory")),
        };
        let faults: Vec<_> = read.faults(&exists).iter().map(ToString::to_string).collect();
        if faults.is_empty() { read.misnamed() } else { faults }
    }

    #[test]
    fn chains_that_make_no_sense_are_refused() {
        let hook = |change: &str| format!("{{type: Webhook, name: w, webhook: {{{change}}}}}");
        assert_eq!(said(&format!("{{type: Node, name: node}}, {}", hook(WEBHOOK))), [""; 0]);
        let matched = "matchConditionSubjectAccessReviewVersion: v1, matchConditions:";
        let cases = [
            (String::new(), "authorizers: Required value: at least one authorization mode must be"),
            ("{name: a}".into(), "authorizers[0].type: Required value"),
            (
                "{type: Magic, name: a}".into(),
                "authorizers[0].type: Unsupported value: \"Magic\": supported values: \"ABAC\", \
                 \"AlwaysAllow\", \"AlwaysDeny\", \"Node\", \"RBAC\", \"Webhook\"",
            ),
            (
                "{type: RBAC, name: rbac}, {type: RBAC, name: r}".into(),
                "authorizers[1].type: Duplicate value: \"RBAC\"",
            ),
            ("{type: RBAC, name: r}".into(), "expected name rbac for authorizer RBAC instead of r"),
            ("{type: Webhook, name: w}".into(), "authorizers[0].webhook: Required value: required"),
            (
                hook(&WEBHOOK.replace("3s", "31s")),
                "authorizers[0].timeout: Invalid value: \"31s\": must be > 0s and <= 30s",
            ),
            (
                hook(&WEBHOOK.replace("Deny", "Allow")),
                "authorizers[0].failurePolicy: Unsupported value: \"Allow\": supported values: \
                 \"NoOpinion\", \"Deny\"",
            ),
            (
                hook(&WEBHOOK.replace("/w", "/x")),
                "authorizers[0].connectionInfo.kubeConfigFile: Invalid value: \"/x\": error \
                 loading file: open /x: no such file or directory",
            ),
            (
                hook(&WEBHOOK.replace("/w", "w")),
                "authorizers[0].connectionInfo.kubeConfigFile: Invalid value: \"w\": must be an \
                 absolute path",
            ),
            (
                hook(&format!("{WEBHOOK}, matchConditions: [{{expression: 'true'}}]")),
                "authorizers[0].matchConditionSubjectAccessReviewVersion: Required value: \
                 required if match conditions are specified",
            ),
            (
                hook(&format!("{WEBHOOK}, {matched} [{{expression: request.user}}]")),
                "authorizers[0].matchConditions[0].expression: Invalid value: \"request.user\": \
                 must evaluate to bool but got string",
            ),
            (
                hook(&format!("{WEBHOOK}, {matched} [{{expression: ' '}}]")),
                "authorizers[0].matchConditions[0].expression: Required value",
            ),
        ];
        for (authorizers, why) in cases {
            let said = said(&authorizers);
            assert!(said.len() == 1 && said[0].starts_with(why), "{said:?}\n{why}");
        }
    }
}
