//! Metadata that every object has: names, labels, annotations, owners, finalizers.
//!
//! Upstream: apimachinery/pkg/api/validation/objectmeta.go, apimachinery/pkg/apis/meta/v1/validation,
//! and ValidateObjectMeta of pkg/apis/core/validation.

use super::{
    error::{Errors, quoted},
    field::Field,
    labels,
    rules::NEGATIVE,
};
use crate::names::{self, Faults};
use std::collections::BTreeSet;

/// Keys and values of all annotations of an object together.
const ANNOTATIONS_BYTES_MAX: usize = 256 * 1024;
const MANAGER_BYTES_MAX: usize = 128;
const SUBRESOURCE_BYTES_MAX: usize = 256;
/// Finalizers without a domain that are known.
const FINALIZERS: [&str; 3] = ["kubernetes", "orphan", "foregroundDeletion"];

/// Where a kind's objects live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// In namespaces.
    Namespaced,
    /// Beside them.
    Cluster,
}

/// Checks a new object's metadata.
pub(super) fn born(
    metadata: &Field<'_>,
    scope: Scope,
    named: fn(&str) -> Faults,
    errors: &mut Errors,
) {
    let generated = metadata.get("generateName");
    if !generated.is_empty() {
        generated.check(|text| named(&names::masked_dash(text)), errors);
    }
    let name = metadata.get("name");
    match name.is_empty() {
        true => errors.push(name.required("name or generateName is required")),
        false => {
            let before = errors.len();
            name.check(named, errors);
            if errors.len() == before {
                name.check(names::path_segment, errors);
            }
        }
    }
    let namespace = metadata.get("namespace");
    match (scope, namespace.is_empty()) {
        (Scope::Namespaced, _) => namespace.need_checked(names::dns_label, errors),
        (Scope::Cluster, false) => errors.push(namespace.forbidden("not allowed on this type")),
        (Scope::Cluster, true) => {}
    }
    common(metadata, errors);
}

/// Checks a changed object's metadata.
pub(super) fn changed(metadata: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    if old.get("deletionTimestamp").is_set() {
        no_new_finalizers(metadata, old, errors);
    }
    let generation = metadata.get("generation");
    if generation.number() < old.get("generation").number() {
        errors.push(generation.invalid_as(generation.number(), "must not be decremented"));
    }
    for name in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        metadata.get(name).unchanged(&old.get(name), errors);
    }
    common(metadata, errors);
}

fn no_new_finalizers(metadata: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let known: BTreeSet<_> = old.get("finalizers").texts().collect();
    let finalizers = metadata.get("finalizers");
    let news: BTreeSet<_> = finalizers.texts().filter(|one| !known.contains(one)).collect();
    if !news.is_empty() {
        let listed = news.into_iter().map(quoted).collect::<Vec<_>>().join(", ");
        let why =
            "no new finalizers can be added if the object is being deleted, found new finalizers";
        errors.push(finalizers.forbidden(format!("{why} []string{{{listed}}}")));
    }
}

fn common(metadata: &Field<'_>, errors: &mut Errors) {
    let generation = metadata.get("generation");
    if generation.number() < 0 {
        errors.push(generation.invalid(NEGATIVE));
    }
    labels::labels(&metadata.get("labels"), errors);
    annotations(&metadata.get("annotations"), errors);
    owners(&metadata.get("ownerReferences"), errors);
    finalizers(&metadata.get("finalizers"), errors);
    metadata.get("managedFields").items().for_each(|entry| managed_fields(&entry, errors));
}

/// Keys like a label's, but in any case, and no more bytes than 256 KiB in all.
pub(super) fn annotations(annotations: &Field<'_>, errors: &mut Errors) {
    let mut bytes = 0_usize;
    for (key, value) in annotations.entries() {
        let faults = names::qualified_name(&key.to_lowercase()).into_iter();
        errors.extend(faults.map(|why| annotations.invalid_as(key, why)));
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        errors.push(annotations.too_long(ANNOTATIONS_BYTES_MAX));
    }
}

fn owners(owners: &Field<'_>, errors: &mut Errors) {
    let mut controller: Option<String> = None;
    for owner in owners.items() {
        let owner = owner.renamed(&owners.path);
        self::owner(&owner, errors);
        if !owner.get("controller").is_true() {
            continue;
        }
        let this = format!("{}/{}", owner.get("kind").text(), owner.get("name").text());
        match &controller {
            None => controller = Some(this),
            Some(first) => errors.push(owners.invalid(format!(
                "Only one reference can have Controller set to true. Found \"true\" in references \
                 for {first} and {this}"
            ))),
        }
    }
}

fn owner(owner: &Field<'_>, errors: &mut Errors) {
    let version = owner.get("apiVersion");
    let of_group = version.text().split_once('/').map_or(version.text(), |(_, version)| version);
    if of_group.is_empty() {
        errors.push(version.invalid_as(version.text(), "version must not be empty"));
    }
    for name in ["kind", "name", "uid"] {
        let field = owner.get(name);
        if field.is_empty() {
            errors.push(field.invalid_as("", "must not be empty"));
        }
    }
    if version.text() == "v1" && owner.get("kind").text() == "Event" {
        errors.push(owner.invalid("/v1, Kind=Event is disallowed from being an owner"));
    }
}

fn finalizers(finalizers: &Field<'_>, errors: &mut Errors) {
    for one in finalizers.texts() {
        let faults = names::qualified_name(one).into_iter();
        errors.extend(faults.map(|why| finalizers.invalid_as(one, why)));
    }
    let has = |name: &str| finalizers.texts().any(|one| one == name);
    if has("orphan") && has("foregroundDeletion") {
        let why = "finalizer orphan and foregroundDeletion cannot be both set";
        errors.push(finalizers.invalid(why));
    }
}

/// What the core's kinds demand of finalizers beyond what all do.
pub(super) fn kube_finalizers(metadata: &Field<'_>, errors: &mut Errors) {
    metadata.get("finalizers").items().for_each(|one| kube_finalizer(&one, errors));
}

/// A finalizer without a domain is one of those that upstream knows.
pub(super) fn kube_finalizer(finalizer: &Field<'_>, errors: &mut Errors) {
    let name = finalizer.text();
    if !name.contains('/') && !FINALIZERS.contains(&name) {
        let why = "name is neither a standard finalizer name nor is it fully qualified";
        errors.push(finalizer.invalid(why));
    }
}

fn managed_fields(entry: &Field<'_>, errors: &mut Errors) {
    let operation = entry.get("operation");
    if !["Apply", "Update"].contains(&operation.text()) {
        errors.push(operation.invalid_as(operation.text(), "must be `Apply` or `Update`"));
    }
    let kind = entry.get("fieldsType");
    if !kind.is_empty() && kind.text() != "FieldsV1" {
        errors.push(kind.invalid("must be `FieldsV1`"));
    }
    let manager = entry.get("manager");
    if manager.len() > MANAGER_BYTES_MAX {
        errors.push(manager.too_long(MANAGER_BYTES_MAX));
    }
    let subresource = entry.get("subresource");
    if subresource.len() > SUBRESOURCE_BYTES_MAX {
        errors.push(subresource.too_long(SUBRESOURCE_BYTES_MAX));
    }
}

/// Metadata of a template: labels and annotations, nothing else.
pub(super) fn of_template(metadata: &Field<'_>, errors: &mut Errors) {
    annotations(&metadata.get("annotations"), errors);
    labels::labels(&metadata.get("labels"), errors);
    for (name, value) in metadata.map().into_iter().flatten() {
        let field = metadata.get(name);
        if !["annotations", "labels"].contains(&name.as_str())
            && !value.is_null()
            && !field.is_empty()
        {
            errors.push(field.forbidden("cannot be set"));
        }
    }
}
