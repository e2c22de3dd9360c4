//! Groups with one rule or two that look at more than one field.
//!
//! Upstream: `defaults.go` of `apiextensions`, `networking`, `rbac` and `resource`.

use super::{Object, Specials, fill, inner, is_zero, text};
use serde_json::json;

pub(super) const SPECIALS: Specials = &[
    ("apiextensions.v1.CustomResourceDefinitionSpec", custom_resource),
    ("networking.v1.NetworkPolicySpec", network_policy),
    ("rbac.v1.Subject", subject),
    ("resource.v1.DeviceSubRequest", device_request),
    ("resource.v1.ExactDeviceRequest", device_request),
];

fn custom_resource(spec: &mut Object) {
    let Some(names) = inner(spec, "names") else { return };
    let kind = text(names, "kind").to_owned();
    if kind.is_empty() {
        return;
    }
    if text(names, "singular").is_empty() {
        names.insert("singular".into(), kind.to_lowercase().into());
    }
    if text(names, "listKind").is_empty() {
        names.insert("listKind".into(), format!("{kind}List").into());
    }
}

/// A policy with rules for egress is one for egress, and always one for ingress.
fn network_policy(spec: &mut Object) {
    if spec.get("policyTypes").is_none_or(is_zero) {
        let egress = spec.get("egress").is_some_and(|rules| !is_zero(rules));
        let types = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        spec.insert("policyTypes".into(), types);
    }
}

fn subject(subject: &mut Object) {
    if text(subject, "apiGroup").is_empty() && matches!(text(subject, "kind"), "User" | "Group") {
        subject.insert("apiGroup".into(), "rbac.authorization.k8s.io".into());
    }
}

fn device_request(request: &mut Object) {
    if text(request, "allocationMode") == "ExactCount" {
        fill(request, "count", 1);
    }
}
