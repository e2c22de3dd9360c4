//! Where the data of a volume is: the sources that pods and persistent volumes have.
//!
//! Upstream: the validate…VolumeSource functions of pkg/apis/core/validation/validation.go.

pub(super) mod devices;
pub(super) mod disks;
pub(super) mod network;

use crate::{
    names::{self, Faults},
    validation::{error::Errors, field::Field},
};

/// Checks a source that is there.
pub(super) type Check = fn(&Field<'_>, &mut Errors);
/// A source's member, the path that messages give it, and its check.
pub(super) type Source = (&'static str, &'static str, Check);

/// Checks the one source that a volume has; more than one are too many. Returns whether there is
/// one.
pub(super) fn one_source(volume: &Field<'_>, sources: &[Source], errors: &mut Errors) -> bool {
    let mut found = false;
    for (name, told, check) in sources {
        let source = volume.get(name);
        if !source.is_set() {
            continue;
        }
        match found {
            true => errors.push(source.forbidden("may not specify more than 1 volume type")),
            false => check(&source.renamed(volume.get(told).path), errors),
        }
        found = true;
    }
    if !found {
        errors.push(volume.required("must specify a volume type"));
    }
    found
}

/// Members that must have something in them.
fn needs(source: &Field<'_>, members: &[&str], errors: &mut Errors) {
    for name in members {
        source.get(name).need(errors);
    }
}

/// A reference to a secret, which has a name.
fn named_secret(reference: &Field<'_>, errors: &mut Errors) {
    if reference.is_set() {
        needs(reference, &["name"], errors);
    }
}

/// A reference to a secret of any namespace.
fn placed_secret(reference: &Field<'_>, errors: &mut Errors) {
    if reference.is_set() {
        needs(reference, &["name", "namespace"], errors);
    }
}

/// The name of a driver, in any case.
pub(crate) fn driver_name(name: &Field<'_>, errors: &mut Errors) {
    const BYTES_MAX: usize = 63;
    name.need(errors);
    if name.len() > BYTES_MAX {
        errors.push(name.too_long(BYTES_MAX));
    }
    name.check(in_any_case, errors);
}

fn in_any_case(text: &str) -> Faults {
    names::dns_subdomain(&text.to_lowercase())
}
