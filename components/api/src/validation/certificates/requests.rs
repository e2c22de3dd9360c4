//! Requests for certificates, their approval, and the certificate.

use super::signer;
use crate::validation::{
    error::Errors,
    field::Field,
    rules::{differences, same},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::collections::BTreeSet;

const LIFE_SECONDS_MIN: i64 = 600;
const LEGACY: &str = "kubernetes.io/legacy-unknown";
/// Conditions that are only ever true.
const TRUE_ONLY: [&str; 3] = ["Approved", "Denied", "Failed"];
const USAGES: [&str; 23] = [
    "any",
    "cert sign",
    "client auth",
    "code signing",
    "content commitment",
    "crl sign",
    "data encipherment",
    "decipher only",
    "digital signature",
    "email protection",
    "encipher only",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "key agreement",
    "key encipherment",
    "microsoft sgc",
    "netscape sgc",
    "ocsp signing",
    "s/mime",
    "server auth",
    "signing",
    "timestamping",
];

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    let request = spec.get("request");
    if !has_block(request.text(), &["CERTIFICATE REQUEST"]) {
        let why = "PEM block type must be CERTIFICATE REQUEST";
        errors.push(request.invalid(why));
    }
    let usages = spec.get("usages");
    usages.need(errors);
    let mut seen = BTreeSet::new();
    for usage in usages.items() {
        usage.one_of(&USAGES, errors);
        if !seen.insert(usage.text()) {
            errors.push(usage.duplicate());
        }
    }
    let name = spec.get("signerName");
    match name.text() {
        LEGACY => {
            let why = "the legacy signerName is not allowed via this API version";
            errors.push(name.invalid(why));
        }
        _ => signer(&name, errors),
    }
    let seconds = spec.get("expirationSeconds");
    if seconds.integer().is_some_and(|seconds| seconds < LIFE_SECONDS_MIN) {
        let why = "may not specify a duration less than 600 seconds (10 minutes)";
        errors.push(seconds.invalid(why));
    }
    conditions(&object.down(&["status", "conditions"]), errors);
    let certificate = object.down(&["status", "certificate"]);
    if !certificate.is_empty() && !has_block(certificate.text(), &["CERTIFICATE"]) {
        let why = "must contain at least one CERTIFICATE PEM block";
        errors.push(certificate.invalid_as("<certificate data>", why));
    }
}

/// Whether base64 has text of PEM in it, of one of these types.
///
/// What is inside the block is read by those who sign and who use it.
fn has_block(encoded: &str, types: &[&str]) -> bool {
    let bytes = BASE64_STANDARD.decode(encoded).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    types.iter().any(|kind| {
        let (begin, end) = (format!("-----BEGIN {kind}-----"), format!("-----END {kind}-----"));
        text.find(&begin).is_some_and(|at| text[at..].contains(&end))
    })
}

fn conditions(list: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for one in list.items() {
        let (kind, status) = (one.get("type"), one.get("status"));
        kind.need(errors);
        match TRUE_ONLY.contains(&kind.text()) {
            true => status.need_one_of(&["True"], errors),
            false => status.need_one_of(&["False", "True", "Unknown"], errors),
        }
        let other = match kind.text() {
            "Approved" => "Denied",
            "Denied" => "Approved",
            _ => "",
        };
        if !other.is_empty() && seen.contains(other) {
            let why = "Approved and Denied conditions are mutually exclusive";
            errors.push(list.invalid_as(kind.text(), why));
        }
        if !seen.insert(kind.text()) {
            errors.push(kind.duplicate());
        }
    }
}

/// What a change may do beside changing metadata.
struct May {
    approve: bool,
    issue: bool,
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    any_change(new, old, &May { approve: false, issue: false }, errors);
}

pub(super) fn status(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    whole(new, errors);
    any_change(new, old, &May { approve: false, issue: true }, errors);
}

pub(super) fn approval(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    whole(new, errors);
    any_change(new, old, &May { approve: true, issue: false }, errors);
}

fn any_change(new: &Field<'_>, old: &Field<'_>, may: &May, errors: &mut Errors) {
    let (status, was) = (new.get("status"), old.get("status"));
    let list = status.get("conditions");
    for kind in TRUE_ONLY {
        let of = |status: &Field<'_>| -> Vec<_> {
            let all = status.get("conditions").items();
            all.filter(|one| one.get("type").text() == kind).map(|one| one.value.clone()).collect()
        };
        let (now, before) = (of(&status), of(&was));
        let fixed = !may.approve && kind != "Failed";
        let (now_value, old_value) = (now.clone().into(), before.clone().into());
        let why = if now.len() < before.len() {
            format!("updates may not remove a condition of type {kind:?}")
        } else if fixed && now.len() > before.len() {
            format!("updates may not add a condition of type {kind:?}")
        } else if fixed && !same(&now_value, &old_value) {
            let changed = differences(&now_value, &old_value);
            format!("updates may not modify a condition of type {kind:?}\n{changed}")
        } else {
            continue;
        };
        errors.push(list.forbidden(why));
    }
    let (certificate, before) = (status.get("certificate"), was.get("certificate"));
    if certificate.text() != before.text() {
        match may.issue {
            false => errors.push(certificate.forbidden("updates may not set certificate content")),
            true if !before.is_empty() => {
                let why = "updates may not modify existing certificate content";
                errors.push(certificate.forbidden(why));
            }
            true => {}
        }
    }
}
