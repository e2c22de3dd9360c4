//! Whether a definition in a group of Kubernetes' own was approved.
//!
//! Upstream: apiextensions-apiserver's pkg/apihelpers/helpers.go (GetAPIApprovalState) and
//! pkg/controller/apiapproval.

use super::{Condition, text};
use serde_json::Value;

/// The annotation that says who approved it.
const ANNOTATION: &str = "api-approved.kubernetes.io";

/// What is to be said of the approval; none for groups that nobody protects.
pub fn approval(definition: &Value) -> Option<Condition> {
    if !is_protected(text(&definition["spec"], "group")) {
        return None;
    }
    let name = "KubernetesAPIApprovalPolicyConformant";
    let said = text(&definition["metadata"]["annotations"], ANNOTATION);
    let (holds, reason, message) = match said {
        "" => (
            false,
            "MissingAnnotation",
            "protected groups must have approval annotation \"api-approved.kubernetes.io\", see \
             https://github.com/kubernetes/enhancements/pull/1111"
                .to_owned(),
        ),
        said if said.starts_with("unapproved") => {
            (false, "Bypassed", format!("not approved: {said:?}"))
        }
        said if is_address(said) => (true, "ApprovedAnnotation", format!("approved in {said}")),
        said => (
            false,
            "InvalidAnnotation",
            format!(
                "protected groups must have approval annotation {ANNOTATION:?} with either a URL \
                 or a reason starting with \"unapproved\", see \
                 https://github.com/kubernetes/enhancements/pull/1111: got {said:?}"
            ),
        ),
    };
    Some(Condition { name, holds, reason, message })
}

/// Groups below `k8s.io` and `kubernetes.io`.
pub(super) fn is_protected(group: &str) -> bool {
    ["k8s.io", "kubernetes.io"].iter().any(|domain| {
        group == *domain || group.strip_suffix(domain).is_some_and(|before| before.ends_with('.'))
    })
}

fn is_address(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        let host = rest.split('/').next().unwrap_or_default();
        !scheme.is_empty() && !host.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn groups_of_kubernetes_need_an_approval() {
        let cases = [
            ("a.example", "", None),
            ("notk8s.io", "", None),
            ("a.k8s.io", "", Some((false, "MissingAnnotation"))),
            ("a.kubernetes.io", "unapproved, a test", Some((false, "Bypassed"))),
            ("a.k8s.io", "https://github.com/a/b/pull/1", Some((true, "ApprovedAnnotation"))),
            ("a.k8s.io", "yes", Some((false, "InvalidAnnotation"))),
        ];
        for (group, said, expected) in cases {
            let definition = json!({
                "metadata": {"annotations": {ANNOTATION: said}}, "spec": {"group": group},
            });
            let found = approval(&definition).map(|told| (told.holds, told.reason));
            assert_eq!(found, expected, "{group} {said}");
        }
    }
}
