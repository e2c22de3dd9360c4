//! Of services.
//!
//! Upstream: pkg/api/service/warnings.go.

use super::annotated;
use serde_json::Value;

const HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const MODE: &str = "service.kubernetes.io/topology-mode";

pub(crate) fn service(service: &Value, _: bool) -> Vec<String> {
    let mut all = Vec::new();
    if annotated(service, HINTS) {
        all.push(format!("annotation {HINTS} is deprecated, please use {MODE} instead"));
    }
    let spec = &service["spec"];
    if spec["clusterIP"] == "None" {
        if spec["externalIPs"].as_array().is_some_and(|list| !list.is_empty()) {
            all.push("spec.externalIPs is ignored when spec.clusterIP is \"None\"".into());
        }
        if spec["sessionAffinity"].as_str().is_some_and(|affinity| affinity != "None") {
            all.push("spec.SessionAffinity is ignored for headless services".into());
        }
    }
    all
}
