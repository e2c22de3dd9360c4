//! Annotations that pods once were configured with, and that must agree with the fields of today.

use super::windows::containers;
use crate::validation::{core::paths, error::Errors, field::Field};
use std::collections::BTreeSet;

pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";
const COST: &str = "controller.kubernetes.io/pod-deletion-cost";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";

pub(super) fn annotations(notes: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let mirror = notes.key(MIRROR);
    if mirror.is_set() && spec.get("nodeName").is_empty() {
        errors.push(mirror.invalid("must set spec.nodeName if mirror pod annotation is set"));
    }
    let cost = notes.key(COST);
    if cost.is_set() && !is_cost(cost.text()) {
        errors.push(cost.invalid("must be a 32bit integer"));
    }
    for (key, value) in notes.entries() {
        if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            seccomp(&value.renamed(notes.get(key).path), errors);
        }
        if let Some(name) = key.strip_prefix(APP_ARMOR) {
            app_armor(&value, name, spec, errors);
        }
    }
}

/// A number without a plus and without zeros in front.
fn is_cost(text: &str) -> bool {
    let plain =
        !text.starts_with('+') && (text == "0" || !text.trim_start_matches('-').starts_with('0'));
    plain && text.parse::<i32>().is_ok()
}

fn seccomp(value: &Field<'_>, errors: &mut Errors) {
    let text = value.text();
    if let Some(file) = text.strip_prefix("localhost/") {
        if file.starts_with('/') {
            errors.push(value.invalid_as(file, "must be a relative path"));
        }
        if paths::has_steps_up(file) {
            errors.push(value.invalid_as(file, "must not contain '..'"));
        }
    } else if !["runtime/default", "docker/default", "unconfined"].contains(&text) {
        errors.push(value.invalid("must be a valid seccomp profile"));
    }
}

fn app_armor(value: &Field<'_>, container: &str, spec: &Field<'_>, errors: &mut Errors) {
    if !containers(spec).any(|one| one.get("name").text() == container) {
        errors.push(value.invalid_as(container, "container not found"));
    }
    let text = value.text();
    let known = ["", "runtime/default", "unconfined"].contains(&text);
    if !known && !text.starts_with("localhost/") {
        errors.push(value.invalid(format!("invalid AppArmor profile name: {text:?}")));
    }
}

/// Annotation and field say the same, where both say something.
pub(super) fn match_fields(notes: &Field<'_>, spec: &Field<'_>, errors: &mut Errors) {
    let profile = spec.down(&["securityContext", "seccompProfile"]);
    agree(notes.key(SECCOMP_POD).value.as_str(), &profile, "seccomp", errors);
    let windows = spec.down(&["os", "name"]).text() == "windows";
    let of_pod = spec.down(&["securityContext", "appArmorProfile"]);
    for container in containers(spec) {
        let context = container.get("securityContext");
        let name = container.get("name").text();
        let note = |head: &str| notes.key(&format!("{head}{name}")).value.as_str();
        agree(note(SECCOMP_CONTAINER), &context.get("seccompProfile"), "seccomp", errors);
        let own = context.get("appArmorProfile");
        let meant = if own.is_set() { own.clone() } else { of_pod.renamed(&own.path) };
        if !windows {
            agree(note(APP_ARMOR), &meant, "apparmor", errors);
        }
    }
}

fn agree(note: Option<&str>, profile: &Field<'_>, what: &str, errors: &mut Errors) {
    let Some(note) = note.filter(|_| profile.is_set()) else { return };
    let file = profile.get("localhostProfile");
    let local = note.strip_prefix("localhost/");
    let same = match profile.get("type").text() {
        "Unconfined" => note == "unconfined",
        "RuntimeDefault" => {
            note == "runtime/default" || (note == "docker/default" && what == "seccomp")
        }
        "Localhost" => local.is_some(),
        _ => true,
    };
    if !same {
        let why = format!("{what} type in annotation and field must match");
        errors.push(profile.get("type").forbidden(why));
    } else if local.is_some_and(|local| local != file.text()) {
        let why = format!("{what} profile in annotation and field must match");
        errors.push(file.forbidden(why));
    }
}

/// What may not change once a pod is there.
pub(super) fn change(notes: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let keys: BTreeSet<_> = notes.entries().chain(old.entries()).map(|(key, _)| key).collect();
    for key in keys {
        let (now, before) = (notes.key(key), old.key(key));
        let what = match key {
            MIRROR => "mirror pod annotation",
            _ if key.starts_with(APP_ARMOR) => "AppArmor annotations",
            _ => continue,
        };
        if !before.is_set() {
            errors.push(now.forbidden(format!("may not add {what}")));
        } else if now.value != before.value {
            errors.push(now.forbidden(format!("may not remove or update {what}")));
        }
    }
}
