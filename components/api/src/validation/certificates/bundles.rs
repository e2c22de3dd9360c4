//! Bundles of certificates to trust, and pods' requests for their own.

use super::signer;
use crate::{
    names,
    validation::{conditions, error::Errors, field::Field, rules::same},
};
use std::collections::BTreeSet;

const BUNDLE_BYTES_MAX: usize = 1024 * 1024;
const ID_BYTES_MAX: usize = 128;
const KEY_BYTES_MAX: usize = 10 * 1024;
const LIFE_SECONDS_MIN: i64 = 3600;
const LIFE_SECONDS_MAX: i64 = 91 * 86_400;
/// Of signers of Kubernetes' own.
const KUBERNETES_LIFE_SECONDS_MAX: i64 = 86_400;
const KNOWN: [&str; 3] = ["Issued", "Denied", "Failed"];
const OMITTED: &str = "<value omitted>";

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let (name, spec) = (object.down(&["metadata", "name"]), object.get("spec"));
    let of = spec.get("signerName");
    if of.is_empty() {
        if name.text().contains(':') {
            let why = "ClusterTrustBundle without signer name must not have \":\" in its name";
            errors.push(name.invalid(why));
        } else {
            name.check(names::dns_subdomain, errors);
        }
    } else {
        let prefix = format!("{}:", of.text().replace('/', ":"));
        match name.text().strip_prefix(&prefix) {
            None => {
                let of = of.text();
                let why = format!(
                    "ClusterTrustBundle for signerName {of} must be named with prefix {prefix}"
                );
                errors.push(name.invalid(why));
            }
            Some(own) => {
                let faults = names::dns_subdomain(own).into_iter();
                errors.extend(faults.map(|why| name.invalid(why)));
            }
        }
        signer(&of, errors);
    }
    bundle(&spec.get("trustBundle"), errors);
}

/// Certificates in PEM, none twice.
fn bundle(bundle: &Field<'_>, errors: &mut Errors) {
    if bundle.len() > BUNDLE_BYTES_MAX {
        errors.push(bundle.too_long(BUNDLE_BYTES_MAX));
        return;
    }
    let (mut seen, mut wrong) = (BTreeSet::new(), false);
    let blocks = bundle.text().split("-----BEGIN ").skip(1);
    for (at, block) in blocks.enumerate() {
        let (kind, body) = block.split_once("-----").unwrap_or((block, ""));
        let body = body.split("-----END").next().unwrap_or_default();
        let letters: String = body.split_whitespace().collect();
        let why = if kind != "CERTIFICATE" {
            format!("entry {at} has bad block type: {kind}")
        } else if body.contains(':') {
            format!("entry {at} has PEM block headers")
        } else if letters.is_empty() {
            format!("entry {at} does not parse as X.509")
        } else if seen.insert(letters) {
            continue;
        } else {
            "duplicate trust anchor".to_owned()
        };
        wrong = true;
        errors.push(bundle.invalid_as(OMITTED, why));
    }
    if seen.is_empty() && !wrong {
        errors.push(bundle.invalid_as(OMITTED, "at least one trust anchor must be provided"));
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let place = ["spec", "signerName"];
    new.down(&place).unchanged(&old.down(&place), errors);
}

pub(super) fn of_pod(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    signer(&spec.get("signerName"), errors);
    for name in ["podName", "serviceAccountName", "nodeName"] {
        spec.get(name).check(names::dns_subdomain, errors);
    }
    for name in ["podUID", "serviceAccountUID", "nodeUID"] {
        let id = spec.get(name);
        if id.is_empty() {
            errors.push(id.invalid_as("", "must not be empty"));
        }
        if id.len() > ID_BYTES_MAX {
            errors.push(id.too_long(ID_BYTES_MAX));
        }
    }
    let seconds = spec.get("maxExpirationSeconds");
    let domain = spec.get("signerName").text().split('/').next().unwrap_or_default();
    let most = match domain == "kubernetes.io" || domain.ends_with(".kubernetes.io") {
        true => KUBERNETES_LIFE_SECONDS_MAX,
        false => LIFE_SECONDS_MAX,
    };
    match seconds.integer() {
        None => errors.push(seconds.required("must be set")),
        Some(number) if !(LIFE_SECONDS_MIN..=most).contains(&number) => {
            let why = format!("must be in the range [{LIFE_SECONDS_MIN}, {most}]");
            errors.push(seconds.invalid(why));
        }
        Some(_) => {}
    }
    for name in ["pkixPublicKey", "proofOfPossession"] {
        let key = spec.get(name);
        if key.len() / 4 * 3 > KEY_BYTES_MAX {
            errors.push(key.too_long(KEY_BYTES_MAX));
        }
    }
}

pub(super) fn of_pod_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    new.get("spec").unchanged(&old.get("spec"), errors);
}

pub(super) fn of_pod_status(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    let list = status.get("conditions");
    for (at, one) in list.items().enumerate() {
        let (kind, truth) = (one.get("type"), one.get("status"));
        kind.one_of(&KNOWN, errors);
        truth.one_of(&["True"], errors);
        if at > 0 && KNOWN.contains(&kind.text()) {
            let why = "There may be at most one condition with type \"Issued\", \"Denied\", or \
                       \"Failed\"";
            errors.push(kind.invalid(why));
        }
    }
    conditions::conditions(&list, errors);
    let ended = was.get("conditions").items().any(|one| KNOWN.contains(&one.get("type").text()));
    if ended && !same(status.value, was.value) {
        let why = "immutable after PodCertificateRequest is issued, denied, or failed";
        errors.push(status.invalid(why));
    }
}
