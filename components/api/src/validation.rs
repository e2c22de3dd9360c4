//! What objects must be like, by kind: pure functions from an object to what is wrong with it.
//!
//! Upstream: pkg/apis/*/validation. Objects come decoded and defaulted; a change comes with the
//! present object. Texts of errors are upstream's, since clients show and parse them.

mod admission;
mod apiregistration;
mod apps;
mod autoscaling;
mod batch;
mod certificates;
mod conditions;
mod coordination;
mod core;
mod discovery;
mod error;
mod events;
mod field;
mod flowcontrol;
mod kind;
mod labels;
mod metadata;
mod migration;
mod net;
mod networking;
mod node;
mod policy;
mod rbac;
mod replicas;
mod resource;
mod rules;
mod scheduling;
mod storage;

pub use error::{Error, ErrorKind, Errors};
pub use metadata::Scope;

use crate::{names, schema::GroupVersionKind};
use field::Field;
use kind::Kind;
use serde_json::Value;
use std::collections::BTreeSet;

/// Kinds by group.
const GROUPS: [(&str, &[Kind]); 20] = [
    ("", core::KINDS),
    ("", events::OLD),
    ("admissionregistration.k8s.io", admission::KINDS),
    ("apiregistration.k8s.io", apiregistration::KINDS),
    ("apps", apps::KINDS),
    ("autoscaling", autoscaling::KINDS),
    ("batch", batch::KINDS),
    ("certificates.k8s.io", certificates::KINDS),
    ("coordination.k8s.io", coordination::KINDS),
    ("discovery.k8s.io", discovery::KINDS),
    ("events.k8s.io", events::KINDS),
    ("flowcontrol.apiserver.k8s.io", flowcontrol::KINDS),
    ("networking.k8s.io", networking::KINDS),
    ("node.k8s.io", node::KINDS),
    ("policy", policy::KINDS),
    ("rbac.authorization.k8s.io", rbac::KINDS),
    ("resource.k8s.io", resource::KINDS),
    ("scheduling.k8s.io", scheduling::KINDS),
    ("storage.k8s.io", storage::KINDS),
    ("storagemigration.k8s.io", migration::KINDS),
];

/// Groups of other servers than upstream's own: their finalizers may have any name.
const EXTENDING: [&str; 2] = ["apiextensions.k8s.io", "apiregistration.k8s.io"];

/// What is wrong with labels that stand at a path.
pub fn label_errors(labels: &Value, path: &str) -> Errors {
    let mut errors = Errors::new();
    labels::labels(&Field::root(labels).renamed(path), &mut errors);
    errors
}

/// What is wrong with annotations that stand at a path.
pub fn annotation_errors(annotations: &Value, path: &str) -> Errors {
    let mut errors = Errors::new();
    metadata::annotations(&Field::root(annotations).renamed(path), &mut errors);
    errors
}

/// What is wrong with a `clientConfig` of a webhook that stands at a path.
pub fn webhook_client_errors(client: &Value, path: &str) -> Errors {
    let mut errors = Errors::new();
    admission::webhook_client(&Field::root(client).renamed(path), &mut errors);
    errors
}

/// Checks an object: a new one, or a change of an old one, itself or through a subresource.
///
/// Nothing where all is right. A kind that is not known is checked for its metadata only.
pub fn validate(
    kind: &GroupVersionKind,
    subresource: &str,
    new: &Value,
    old: Option<&Value>,
) -> Errors {
    let (place, mut errors) = (Field::root(new), Errors::new());
    match (rules_of(kind), old) {
        (Some(rules), None) => rules.create(&place, &mut errors),
        (Some(rules), Some(old)) => {
            rules.update(subresource, &place, &Field::root(old), &mut errors);
        }
        (None, None) => {
            let namespaced = !place.down(&["metadata", "namespace"]).is_empty();
            let scope = if namespaced { Scope::Namespaced } else { Scope::Cluster };
            metadata::born(&place.get("metadata"), scope, names::path_segment, &mut errors);
        }
        (None, Some(old)) => {
            let old = Field::root(old);
            metadata::changed(&place.get("metadata"), &old.get("metadata"), &mut errors);
        }
    }
    if !EXTENDING.contains(&kind.group.as_str()) {
        metadata::kube_finalizers(&place.get("metadata"), &mut errors);
    }
    once(errors)
}

/// Checks a custom resource's metadata, which is all that is known of it without its schema.
pub fn validate_custom(scope: Scope, new: &Value, old: Option<&Value>) -> Errors {
    let (place, mut errors) = (Field::root(new).get("metadata"), Errors::new());
    match old {
        None => metadata::born(&place, scope, names::dns_subdomain, &mut errors),
        Some(old) => metadata::changed(&place, &Field::root(old).get("metadata"), &mut errors),
    }
    once(errors)
}

fn rules_of(kind: &GroupVersionKind) -> Option<&'static Kind> {
    let mut groups = GROUPS.iter().filter(|(group, _)| *group == kind.group);
    groups.find_map(|(_, kinds)| kinds.iter().find(|one| one.name == kind.kind))
}

/// Each thing is said once.
fn once(errors: Errors) -> Errors {
    let mut said = BTreeSet::new();
    errors.into_iter().filter(|error| said.insert(error.to_string())).collect()
}
