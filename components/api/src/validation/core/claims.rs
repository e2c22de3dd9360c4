//! Claims of storage.

use super::{resources, volume_modes};
use crate::{
    names::{self, Faults},
    validation::{
        error::Errors,
        field::Field,
        labels,
        rules::{differences, same},
    },
};
use serde_json::Value;

const CLASS_NOTE: &str = "volume.beta.kubernetes.io/storage-class";
const KEPT: &str = "spec is immutable after creation except resources.requests and \
                    volumeAttributesClassName for bound claims";
const RESIZES: [&str; 5] = [
    "ControllerResizeInProgress",
    "ControllerResizeInfeasible",
    "NodeResizeInProgress",
    "NodeResizeInfeasible",
    "NodeResizePending",
];

pub(super) fn claim(claim: &Field<'_>, errors: &mut Errors) {
    spec(&claim.get("spec"), errors);
}

/// `core/v1.PersistentVolumeClaimSpec`.
pub(crate) fn spec(spec: &Field<'_>, errors: &mut Errors) {
    let modes = spec.get("accessModes");
    if modes.is_empty() {
        errors.push(modes.required("at least 1 access mode is required"));
    }
    labels::selector(&spec.get("selector"), errors);
    volume_modes::access(&modes, errors);
    let resources = spec.get("resources");
    let size = resources.get("requests").key("storage").renamed(resources.key("storage").path);
    match size.is_set() {
        true => size.positive_amount(errors),
        false => errors.push(size.required("")),
    }
    spec.get("storageClassName").check_some(names::dns_subdomain, errors);
    volume_modes::of_volume(&spec.get("volumeMode"), errors);
    let (source, reference) = (spec.get("dataSource"), spec.get("dataSourceRef"));
    for one in [&source, &reference].into_iter().filter(|one| one.is_set()) {
        data_source(one, errors);
    }
    sources_agree(spec, &source, &reference, errors);
    spec.get("volumeAttributesClassName").check_some(names::dns_subdomain, errors);
}

fn data_source(source: &Field<'_>, errors: &mut Errors) {
    source.get("name").need(errors);
    source.get("kind").need(errors);
    let group = source.get("apiGroup");
    let kind = source.get("kind").text();
    if group.is_empty() && kind != "PersistentVolumeClaim" {
        let why = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        errors.push(source.invalid_as(kind, why));
    }
    group.check_some(names::dns_subdomain, errors);
    source.get("namespace").check_some(names::dns_label, errors);
}

/// Both ways to name a source name the same; only one of them knows namespaces.
fn sources_agree(spec: &Field<'_>, source: &Field<'_>, reference: &Field<'_>, errors: &mut Errors) {
    let told = spec.get("dataSource").path;
    if !source.is_set() || !reference.is_set() {
        return;
    }
    if !reference.get("namespace").is_empty() {
        let why = "may not be specified when dataSourceRef.namespace is specified";
        errors.push(spec.invalid_as(told, why));
        return;
    }
    let differs = |name: &&str| source.get(name).value != reference.get(name).value;
    if ["apiGroup", "kind", "name"].iter().any(differs) {
        errors.push(spec.invalid_as(told, "must match dataSourceRef"));
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    let place = ["metadata", "annotations", CLASS_NOTE];
    let (note, old_note) = (new.down(&place), old.down(&place));
    if note.text() != old_note.text() && !is_upgrade(new, old) {
        let why = "field is immutable";
        errors.push(note.invalid_as(note.text(), why));
    }
    let masked = masked(new, old);
    if !same(&masked, was.value) {
        let changed = differences(&masked, was.value);
        errors.push(spec.forbidden(format!("{KEPT}\n{changed}")));
    }
    let size = |spec: &Field<'_>| spec.down(&["resources", "requests", "storage"]).quantity();
    let capacity = old.down(&["status", "capacity", "storage"]).quantity();
    if size(&spec) < size(&was) && size(&spec) <= capacity {
        let place = spec.down(&["resources", "requests", "storage"]);
        errors.push(place.forbidden("field can not be less than status.capacity"));
    }
    spec.get("volumeMode").renamed("volumeMode").unchanged(&was.get("volumeMode"), errors);
    class_stays(&spec, &was, errors);
}

/// A class that was told by an annotation is told by its field now.
fn is_upgrade(new: &Field<'_>, old: &Field<'_>) -> bool {
    let note = old.down(&["metadata", "annotations", CLASS_NOTE]);
    let now = new.down(&["metadata", "annotations", CLASS_NOTE]);
    let (class, was) =
        (new.down(&["spec", "storageClassName"]), old.down(&["spec", "storageClassName"]));
    let same_note = !now.is_set() || now.text() == note.text();
    note.is_set() && !was.is_set() && class.is_set() && class.text() == note.text() && same_note
}

/// The new spec with the old one's values where a change is allowed.
fn masked(new: &Field<'_>, old: &Field<'_>) -> Value {
    let (mut masked, was) = (new.get("spec").value.clone(), old.get("spec"));
    let Some(members) = masked.as_object_mut() else { return masked };
    let mut keep = |name: &str| {
        members.insert(name.to_owned(), was.get(name).value.clone());
    };
    if was.get("volumeName").is_empty() {
        keep("volumeName");
    }
    let note = old.down(&["metadata", "annotations", CLASS_NOTE]);
    let class = new.down(&["spec", "storageClassName"]);
    let first = class.is_set() && !was.get("storageClassName").is_set();
    if first && (!note.is_set() || note.text() == class.text()) {
        keep("storageClassName");
    }
    let bound = new.down(&["status", "phase"]).text() == "Bound";
    if bound && new.down(&["spec", "volumeAttributesClassName"]).is_set() {
        keep("volumeAttributesClassName");
    }
    let requests = masked.pointer_mut("/resources/requests").and_then(Value::as_object_mut);
    if let Some(requests) = requests.filter(|_| bound) {
        let size = was.down(&["resources", "requests", "storage"]).value.clone();
        requests.insert("storage".to_owned(), size);
    }
    masked
}

fn class_stays(spec: &Field<'_>, was: &Field<'_>, errors: &mut Errors) {
    let class = spec.get("volumeAttributesClassName");
    if !was.get("volumeAttributesClassName").is_set() {
        return;
    }
    if !class.is_set() {
        errors.push(class.forbidden("update from non-nil value to nil is forbidden"));
    } else if class.is_empty() && !was.get("volumeAttributesClassName").is_empty() {
        errors.push(class.forbidden("update from non-nil value to an empty string is forbidden"));
    }
}

pub(super) fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    if new.down(&["spec", "accessModes"]).is_empty() {
        errors.push(new.down(&["Spec", "accessModes"]).required(""));
    }
    let status = new.get("status");
    for (_, amount) in status.get("capacity").entries() {
        resources::basic_amount(&amount, errors);
    }
    let states = status.get("allocatedResourceStatuses");
    let place = status.get("allocatedResourceStatus");
    for (key, state) in states.entries() {
        let named = place.renamed(&place.path);
        errors.extend(key_faults(key).into_iter().map(|why| named.invalid_as(key, why)));
        if !RESIZES.contains(&state.text()) {
            errors.push(named.not_supported_as(key, &RESIZES));
        }
    }
    let allocated = status.get("allocatedResources");
    for (key, amount) in allocated.entries() {
        errors.extend(key_faults(key).into_iter().map(|why| allocated.invalid_as(key, why)));
        resources::basic_amount(&amount, errors);
    }
}

/// Of resources that Kubernetes knows only storage can be claimed.
fn key_faults(key: &str) -> Faults {
    let mut faults = names::qualified_name(key);
    if faults.is_empty()
        && key != "storage"
        && (!key.contains('/') || key.contains("kubernetes.io/"))
    {
        faults.push("supported values: \"storage\"".to_owned());
    }
    faults
}
