//! The pod security standards: what pods of a level must not do.
//!
//! Upstream: pod-security-admission/policy/registry.go; the checks themselves stand in [`baseline`]
//! and [`restricted`].

use super::{
    baseline,
    policy::{Level, Standard},
    restricted,
};
use crate::admission::pod::{LISTS, items, text};
use serde_json::Value;
use std::collections::BTreeSet;

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pod<'a> {
    pub(super) metadata: &'a Value,
    pub(super) spec: &'a Value,
    /// The minor version of the standard.
    pub(super) minor: u32,
}

/// What a pod does too much.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Finding {
    pub(super) reason: String,
    pub(super) detail: String,
}

pub(super) struct Check {
    /// The first minor version that has it.
    pub(super) since: u32,
    /// From this version on the restricted level has a stricter one in its place.
    pub(super) replaced: Option<u32>,
    pub(super) look: fn(&Pod<'_>) -> Option<Finding>,
}

/// What is found in a pod, in upstream's order.
pub(super) fn findings(standard: Standard, metadata: &Value, spec: &Value) -> Vec<Finding> {
    if standard.level == Level::Privileged {
        return Vec::new();
    }
    let minor = standard.minor.unwrap_or(u32::MAX);
    let pod = Pod { metadata, spec, minor };
    let strict = standard.level == Level::Restricted;
    let replaced = |check: &Check| strict && check.replaced.is_some_and(|from| minor >= from);
    let baseline = baseline::CHECKS.iter().filter(|check| !replaced(check));
    let more = if strict { restricted::CHECKS } else { &[] };
    let checks = baseline.chain(more).filter(|check| check.since <= minor);
    checks.filter_map(|check| (check.look)(&pod)).collect()
}

/// All findings in a line: `privileged (container "a" must not …), host namespaces (…)`.
pub(super) fn told(findings: &[Finding]) -> String {
    let one = |finding: &Finding| match finding.detail.is_empty() {
        true => finding.reason.clone(),
        false => format!("{} ({})", finding.reason, finding.detail),
    };
    findings.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl<'a> Pod<'a> {
    /// All containers, those that run first first.
    pub(super) fn containers(&self) -> impl Iterator<Item = &'a Value> {
        let spec = self.spec;
        LISTS.iter().flat_map(move |list| items(&spec[*list]))
    }

    /// Names of the containers that are so.
    pub(super) fn named(&self, is: impl Fn(&Value) -> bool) -> Vec<&'a str> {
        self.containers().filter(|one| is(one)).map(|one| text(&one["name"])).collect()
    }

    /// A pod for Windows has none of Linux's settings.
    pub(super) fn is_windows(&self) -> bool {
        self.minor >= 25 && self.spec["os"]["name"] == "windows"
    }

    /// Users of a pod with a user namespace of its own are not the node's.
    pub(super) fn has_own_users(&self) -> bool {
        self.minor >= 35 && self.spec["hostUsers"] == false
    }

    /// Who sets something wrong in a security context: the pod, containers, or both.
    pub(super) fn setters(&self, wrong: impl Fn(&Value) -> bool) -> Vec<String> {
        let pod = wrong(&self.spec["securityContext"]).then(|| "pod".to_owned());
        let containers = self.named(|one| wrong(&one["securityContext"]));
        let containers = (!containers.is_empty()).then(|| counted("container", &containers));
        pod.into_iter().chain(containers).collect()
    }
}

/// `container "a"`, `containers "a", "b"`.
pub(super) fn counted(what: &str, names: &[&str]) -> String {
    format!("{} {}", plural(names.len(), what, &format!("{what}s")), quoted(names))
}

pub(super) fn plural<'a>(count: usize, one: &'a str, many: &'a str) -> &'a str {
    if count == 1 { one } else { many }
}

/// `"a", "b"`.
pub(super) fn quoted<'a>(names: impl IntoIterator<Item = &'a &'a str>) -> String {
    names.into_iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// The different texts, in order.
pub(super) fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    texts.collect::<BTreeSet<_>>().into_iter().collect()
}

pub(super) fn finding(reason: &str, detail: String) -> Option<Finding> {
    Some(Finding { reason: reason.to_owned(), detail })
}
