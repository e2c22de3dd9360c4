//! Of ingresses.
//!
//! Upstream: pkg/registry/networking/ingress/strategy.go.

use super::annotated;
use serde_json::Value;

const CLASS: &str = "kubernetes.io/ingress.class";

pub(crate) fn ingress(ingress: &Value, born: bool) -> Vec<String> {
    let old = born && annotated(ingress, CLASS) && ingress["spec"]["ingressClassName"].is_null();
    let text = || {
        format!("annotation {CLASS:?} is deprecated, please use 'spec.ingressClassName' instead")
    };
    old.then(text).into_iter().collect()
}
