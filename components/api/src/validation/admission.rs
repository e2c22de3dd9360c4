//! Who has a say in requests: webhooks and policies.
//!
//! Upstream: pkg/apis/admissionregistration/validation/validation.go.

mod bindings;
mod expressions;
mod policies;
mod rules;
mod webhooks;

pub(super) use webhooks::client as webhook_client;

use super::kind::Kind;

pub(super) const KINDS: &[Kind] = &[
    Kind::cluster("ValidatingWebhookConfiguration").whole(webhooks::validating),
    Kind::cluster("MutatingWebhookConfiguration").whole(webhooks::mutating),
    Kind::cluster("ValidatingAdmissionPolicy").whole(policies::validating),
    Kind::cluster("MutatingAdmissionPolicy").whole(policies::mutating),
    Kind::cluster("ValidatingAdmissionPolicyBinding").whole(bindings::validating),
    Kind::cluster("MutatingAdmissionPolicyBinding").whole(bindings::mutating),
];
