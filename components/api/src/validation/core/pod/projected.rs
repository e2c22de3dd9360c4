//! Projected volumes: files from several sources in one directory, no path twice.

use super::volumes::downward_file;
use crate::{
    names,
    validation::{certificates, core::paths, error::Errors, field::Field, labels},
};
use std::collections::BTreeSet;

/// Tokens live at least ten minutes.
const TOKEN_SECONDS_MIN: i64 = 600;
const TOKEN_SECONDS_MAX: i64 = 1 << 32;
const TWICE: &str = "conflicting duplicate paths";
const KEYS: [&str; 6] = ["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"];

/// Paths that are taken.
type Taken<'a> = BTreeSet<&'a str>;

pub(super) fn projected(volume: &Field<'_>, errors: &mut Errors) {
    paths::mode(&volume.get("defaultMode"), errors);
    let mut taken = Taken::new();
    for source in volume.get("sources").items() {
        let names = [
            "secret",
            "configMap",
            "downwardAPI",
            "serviceAccountToken",
            "clusterTrustBundle",
            "podCertificate",
        ];
        let found: Vec<_> = names.into_iter().filter(|name| source.get(name).is_set()).collect();
        for name in &found {
            one(volume, name, &source.get(name), &mut taken, errors);
        }
        if found.len() > 1 {
            let why = "may not specify more than 1 volume type per source";
            errors.push(source.forbidden(why));
        }
    }
}

fn one<'a>(
    volume: &Field<'_>,
    name: &str,
    source: &Field<'a>,
    taken: &mut Taken<'a>,
    errors: &mut Errors,
) {
    match name {
        "secret" | "configMap" => keys(volume, source, taken, errors),
        "downwardAPI" => {
            for file in source.get("items").items() {
                downward_file(&file.renamed(&source.path), errors);
                take(volume, file.get("path").text(), file.get("path").text(), taken, errors);
            }
        }
        "serviceAccountToken" => token(volume, source, errors),
        "clusterTrustBundle" => bundle(volume, source, taken, errors),
        _ => certificate(volume, source, taken, errors),
    }
}

/// Takes a path; complains of the volume where it is taken.
fn take<'a>(
    volume: &Field<'_>,
    path: &'a str,
    told: &str,
    taken: &mut Taken<'a>,
    errors: &mut Errors,
) {
    if !path.is_empty() && !taken.insert(path) {
        errors.push(volume.invalid_as(told, TWICE));
    }
}

fn keys<'a>(volume: &Field<'_>, source: &Field<'a>, taken: &mut Taken<'a>, errors: &mut Errors) {
    let name = source.get("name");
    name.need(errors);
    for item in source.get("items").items() {
        paths::key_to_path(&item, errors);
        take(volume, item.get("path").text(), name.text(), taken, errors);
    }
}

fn token(volume: &Field<'_>, source: &Field<'_>, errors: &mut Errors) {
    let seconds = source.get("expirationSeconds");
    if seconds.number() < TOKEN_SECONDS_MIN {
        let why = "may not specify a duration less than 10 minutes";
        errors.push(seconds.invalid_as(seconds.number(), why));
    }
    if seconds.number() > TOKEN_SECONDS_MAX {
        errors.push(seconds.invalid("may not specify a duration larger than 2^32 seconds"));
    }
    let path = source.get("path").renamed(volume.get("path").path);
    if path.need(errors) {
        paths::local_not_reserved(&path, errors);
    }
}

fn bundle<'a>(volume: &Field<'_>, source: &Field<'a>, taken: &mut Taken<'a>, errors: &mut Errors) {
    let (name, signer) = (source.get("name"), source.get("signerName"));
    match (name.is_set(), signer.is_set()) {
        (true, true) => {
            errors.push(source.invalid("only one of name and signerName may be used"));
        }
        (true, false) => bundle_by_name(source, &name, errors),
        (false, true) => {
            if signer.is_empty() {
                errors.push(signer.required("must be a valid signer name"));
            }
            certificates::signer(&signer, errors);
            labels::selector(&source.get("labelSelector"), errors);
        }
        (false, false) => {
            errors.push(source.required("either name or signerName must be specified"));
        }
    }
    let path = source.get("path");
    path.need(errors);
    paths::local_not_reserved(&path, errors);
    take(volume, path.text(), path.text(), taken, errors);
}

fn bundle_by_name(source: &Field<'_>, name: &Field<'_>, errors: &mut Errors) {
    if name.is_empty() {
        errors.push(name.required("must be a valid object name"));
    }
    let faults = certificates::bundle_name(name.text()).into_iter();
    let told = |why| name.invalid(format!("not a valid clustertrustbundlename: {why}"));
    errors.extend(faults.map(told));
    let selector = source.get("labelSelector");
    if selector.is_set() {
        errors.push(selector.invalid("labelSelector must be unset if name is specified"));
    }
}

fn certificate<'a>(
    volume: &Field<'_>,
    source: &Field<'a>,
    taken: &mut Taken<'a>,
    errors: &mut Errors,
) {
    certificates::signer(&source.get("signerName"), errors);
    source.get("keyType").one_of(&KEYS, errors);
    let seconds = source.get("maxExpirationSeconds");
    if seconds.integer().is_some_and(|seconds| seconds < 3600) {
        errors.push(seconds.invalid("if provided, maxExpirationSeconds must be >= 3600"));
    }
    if seconds.integer().is_some_and(|seconds| seconds > 91 * 86_400) {
        errors.push(seconds.invalid("if provided, maxExpirationSeconds must be <= 7862400"));
    }
    let files =
        ["credentialBundlePath", "keyPath", "certificateChainPath"].map(|it| source.get(it));
    if files.iter().all(Field::is_empty) {
        let why = "specify at least one of credentialBundlePath, keyPath, and certificateChainPath";
        errors.push(source.required(why));
    }
    for file in files.iter().filter(|file| !file.is_empty()) {
        paths::local_not_reserved(file, errors);
        take(volume, file.text(), file.text(), taken, errors);
    }
    source.get("userAnnotations").entries().for_each(|(key, value)| {
        let faults = names::qualified_name(&key.to_lowercase()).into_iter();
        errors.extend(faults.map(|why| value.invalid_as(key, why)));
    });
}
