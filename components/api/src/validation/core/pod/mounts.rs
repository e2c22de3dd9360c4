//! Where containers mount volumes, and where they see block devices.

use super::Around;
use crate::validation::{core::paths, error::Errors, field::Field};
use std::collections::{BTreeMap, BTreeSet};

/// Names of volumes with the paths that a list gives them: mounts or devices.
fn by_name<'a>(list: &Field<'a>, path: &str) -> BTreeMap<&'a str, &'a str> {
    list.items().map(|one| (one.get("name").text(), one.get(path).text())).collect()
}

pub(super) fn mounts(container: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let list = container.get("volumeMounts");
    let devices = by_name(&container.get("volumeDevices"), "devicePath");
    let mut seen = BTreeSet::new();
    for mount in list.items() {
        let (name, path) = (mount.get("name"), mount.get("mountPath"));
        name.need(errors);
        if !around.volumes.contains_key(name.text()) {
            errors.push(name.not_found(""));
        }
        path.need(errors);
        if !seen.insert(path.text()) {
            errors.push(path.invalid_as(path.text(), "must be unique"));
        }
        if devices.contains_key(name.text()) {
            errors.push(name.invalid("must not already exist in volumeDevices"));
        }
        if devices.values().any(|device| *device == path.text()) {
            errors.push(path.invalid("must not already exist as a path in volumeDevices"));
        }
        sub_paths(&mount, &list, around, errors);
        propagation(&mount, container, &list, errors);
        recursive_read_only(&mount, &list, errors);
    }
}

/// Upstream names the list here, not its item.
fn sub_paths(mount: &Field<'_>, list: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let (plain, expanded) = (mount.get("subPath"), mount.get("subPathExpr"));
    let volume = around.volumes.get(mount.get("name").text());
    let image = volume.is_some_and(|volume| volume.get("image").is_set());
    for path in [&plain, &expanded].into_iter().filter(|path| image && !path.is_empty()) {
        errors.push(path.invalid("not allowed in image volume sources"));
    }
    if !plain.is_empty() {
        paths::local(&plain.renamed(list.get("subPath").path), errors);
    }
    if expanded.is_empty() {
        return;
    }
    if !plain.is_empty() {
        errors.push(expanded.invalid("subPathExpr and subPath are mutually exclusive"));
    }
    paths::local(&expanded.renamed(list.get("subPathExpr").path), errors);
}

fn propagation(mount: &Field<'_>, container: &Field<'_>, list: &Field<'_>, errors: &mut Errors) {
    let mode = mount.get("mountPropagation").renamed(list.get("mountPropagation").path);
    mode.some_of(&["Bidirectional", "HostToContainer", "None"], errors);
    let privileged = container.down(&["securityContext", "privileged"]).is_true();
    if mode.text() == "Bidirectional" && !privileged {
        let why = "Bidirectional mount propagation is available only to privileged containers";
        errors.push(mode.forbidden(why));
    }
}

fn recursive_read_only(mount: &Field<'_>, list: &Field<'_>, errors: &mut Errors) {
    let mode = mount.get("recursiveReadOnly").renamed(list.get("recursiveReadOnly").path);
    mode.some_of(&["Disabled", "Enabled", "IfPossible"], errors);
    if !["Enabled", "IfPossible"].contains(&mode.text()) {
        return;
    }
    if !mount.get("readOnly").is_true() {
        errors.push(mode.forbidden("may only be specified when readOnly is true"));
    }
    if !["", "None"].contains(&mount.get("mountPropagation").text()) {
        let why = "may only be specified when mountPropagation is None or not specified";
        errors.push(mode.forbidden(why));
    }
}

pub(super) fn devices(container: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let mounts = by_name(&container.get("volumeMounts"), "mountPath");
    let (mut seen_names, mut seen_paths) = (BTreeSet::new(), BTreeSet::new());
    for device in container.get("volumeDevices").items() {
        let (name, path) = (device.get("name"), device.get("devicePath"));
        if name.need(errors) && !seen_names.insert(name.text()) {
            errors.push(name.invalid("must be unique"));
        }
        device_volume(&name, around, errors);
        path.need(errors);
        if seen_paths.contains(path.text()) {
            errors.push(path.invalid("must be unique"));
        }
        match paths::has_steps_up(path.text()) {
            true => errors.push(path.invalid("can not contain backsteps ('..')")),
            false => _ = seen_paths.insert(path.text()),
        }
        if mounts.contains_key(name.text()) {
            errors.push(name.invalid("must not already exist in volumeMounts"));
        }
        if mounts.values().any(|mount| *mount == path.text()) {
            errors.push(path.invalid("must not already exist as a path in volumeMounts"));
        }
    }
}

/// Only what a claim is behind can be a block device.
fn device_volume(name: &Field<'_>, around: &Around<'_>, errors: &mut Errors) {
    let Some(volume) = around.volumes.get(name.text()) else {
        errors.push(name.not_found(""));
        return;
    };
    let claimed = ["persistentVolumeClaim", "ephemeral"].iter().any(|it| volume.get(it).is_set());
    if !claimed {
        let why = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block \
                   mode";
        errors.push(name.invalid(why));
    }
}
