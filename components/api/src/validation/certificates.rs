//! Certificates: requests for them, those who sign them, and bundles of those to trust.
//!
//! Upstream: pkg/apis/certificates/validation/validation.go, pkg/apis/core/validation/names.go.

mod bundles;
mod requests;

use super::{error::Errors, field::Field, kind::Kind};
use crate::names::{self, Faults, LABEL_BYTES_MAX, SUBDOMAIN_BYTES_MAX};

pub(super) const KINDS: &[Kind] = &[
    Kind::cluster("CertificateSigningRequest")
        .named(names::path_segment)
        .whole(requests::whole)
        .changed(requests::change)
        .parts(&[("status", requests::status), ("approval", requests::approval)]),
    Kind::cluster("ClusterTrustBundle")
        .named(names::path_segment)
        .whole(bundles::whole)
        .changed(bundles::change),
    Kind::namespaced("PodCertificateRequest")
        .born(bundles::of_pod)
        .changed(bundles::of_pod_change)
        .parts(&[("status", bundles::of_pod_status)]),
];

const SIGNER_BYTES_MAX: usize = 2 * SUBDOMAIN_BYTES_MAX + LABEL_BYTES_MAX + 2;

/// The name of a signer: `example.com/signer`.
pub(super) fn signer(name: &Field<'_>, errors: &mut Errors) {
    if !name.need(errors) {
        return;
    }
    let Some((domain, path)) = name.text().split_once('/').filter(|(_, path)| !path.contains('/'))
    else {
        let why = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        errors.push(name.invalid(why));
        return;
    };
    if domain.len() > SUBDOMAIN_BYTES_MAX {
        errors.push(name.too_long(SUBDOMAIN_BYTES_MAX));
    }
    labels(name, domain, names::dns_label, errors);
    if !domain.contains('.') {
        let why = "should be a domain with at least two segments separated by dots";
        errors.push(name.invalid_as(domain, why));
    }
    labels(name, path, names::dns_subdomain, errors);
    if name.len() > SIGNER_BYTES_MAX {
        errors.push(name.too_long(SIGNER_BYTES_MAX));
    }
}

/// Complains of the first part between dots that is wrong.
fn labels(name: &Field<'_>, part: &str, rule: fn(&str) -> Faults, errors: &mut Errors) {
    if let Some(label) = part.split('.').find(|label| !rule(label).is_empty()) {
        let faults = rule(label).into_iter();
        let told = |why| name.invalid_as(part, format!("validating label {label:?}: {why}"));
        errors.extend(faults.map(told));
    }
}

/// The name of a bundle, which begins with its signer's where it has one.
pub(super) fn bundle_name(name: &str) -> Faults {
    names::dns_subdomain(name.rsplit_once(':').map_or(name, |(_, own)| own))
}
