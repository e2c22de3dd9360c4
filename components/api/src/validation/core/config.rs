//! Config maps and secrets: keys, sizes, what a secret's type asks for, and what never changes.

use crate::{
    names,
    validation::{
        error::Errors,
        field::Field,
        rules::{IMMUTABLE, same},
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

/// All values of an object together.
const BYTES_MAX: usize = 1024 * 1024;
const KEPT: &str = "field is immutable when `immutable` is set";

/// Keys that a secret of a type must have. Basic authentication needs one of two.
const NEEDED: [(&str, &[&str]); 4] = [
    ("kubernetes.io/dockercfg", &[".dockercfg"]),
    ("kubernetes.io/dockerconfigjson", &[".dockerconfigjson"]),
    ("kubernetes.io/ssh-auth", &["ssh-privatekey"]),
    ("kubernetes.io/tls", &["tls.crt", "tls.key"]),
];

pub(super) fn config_map(object: &Field<'_>, errors: &mut Errors) {
    let (data, binary) = (object.get("data"), object.get("binaryData"));
    for (key, value) in data.entries() {
        let faults = names::config_key(key).into_iter();
        errors.extend(faults.map(|why| value.invalid_as(key, why)));
        if binary.map().is_some_and(|map| map.contains_key(key)) {
            errors.push(value.invalid_as(key, "duplicate of key present in binaryData"));
        }
    }
    keys(&binary, errors);
    let bytes = data.entries().map(|(_, value)| value.len()).sum::<usize>();
    if bytes.saturating_add(decoded_bytes(&binary)) > BYTES_MAX {
        // Upstream says so of the whole object.
        errors.push(object.renamed("[]").too_long(BYTES_MAX));
    }
}

fn keys(data: &Field<'_>, errors: &mut Errors) {
    for (key, value) in data.entries() {
        let faults = names::config_key(key).into_iter();
        errors.extend(faults.map(|why| value.invalid_as(key, why)));
    }
}

/// How many bytes the values of a map are, which are base64.
fn decoded_bytes(data: &Field<'_>) -> usize {
    let bytes = |text: &str| {
        let padding = text.bytes().rev().take_while(|byte| *byte == b'=').count();
        (text.len() / 4 * 3).saturating_sub(padding)
    };
    data.entries().map(|(_, value)| bytes(value.text())).sum()
}

pub(super) fn config_map_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    kept(&["data", "binaryData"], new, old, errors);
}

/// What an immutable object keeps.
fn kept(names: &[&str], new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    if !old.get("immutable").is_true() {
        return;
    }
    if !new.get("immutable").is_true() {
        errors.push(new.get("immutable").forbidden(KEPT));
    }
    for name in names {
        if !same(new.get(name).value, old.get(name).value) {
            errors.push(new.get(name).forbidden(KEPT));
        }
    }
}

pub(super) fn secret(object: &Field<'_>, errors: &mut Errors) {
    let data = object.get("data");
    keys(&data, errors);
    if decoded_bytes(&data) > BYTES_MAX {
        errors.push(data.too_long(BYTES_MAX));
    }
    let has = |key: &str| data.map().is_some_and(|map| map.contains_key(key));
    match object.get("type").text() {
        "kubernetes.io/service-account-token" => {
            let account = object.down(&["metadata", "annotations"]);
            account.key("kubernetes.io/service-account.name").need(errors);
        }
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => {
            errors.extend(["username", "password"].map(|key| data.key(key).required("")));
        }
        kind => {
            let needed = NEEDED.iter().filter(|(name, _)| *name == kind);
            for key in needed.flat_map(|(_, keys)| *keys) {
                secret_value(kind, &data.key(key), errors);
            }
        }
    }
}

fn secret_value(kind: &str, value: &Field<'_>, errors: &mut Errors) {
    // A key of SSH is something; of the others it is enough that they are there.
    if !value.is_set() || (kind.ends_with("ssh-auth") && value.is_empty()) {
        errors.push(value.required(""));
    } else if kind.contains("dockerc") {
        let bytes = BASE64_STANDARD.decode(value.text()).unwrap_or_default();
        if let Err(error) = serde_json::from_slice::<Map<String, Value>>(&bytes) {
            errors.push(value.invalid_as("<secret contents redacted>", error.to_string()));
        }
    }
}

pub(super) fn secret_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let kind = new.get("type");
    if kind.text() != old.get("type").text() {
        errors.push(kind.invalid_as(kind.text(), IMMUTABLE));
    }
    kept(&["data"], new, old, errors);
}
