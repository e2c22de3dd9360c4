//! Volumes attached to nodes.

use crate::{
    names,
    validation::{
        core::{driver_name, inline_volume},
        error::Errors,
        field::Field,
    },
};

const METADATA_BYTES_MAX: usize = 256 * 1024;
const MESSAGE_BYTES_MAX: usize = 1024;
const ONE: &str = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    driver_name(&spec.get("attacher"), errors);
    let source = spec.get("source");
    let (inline, name) = (source.get("inlineVolumeSpec"), source.get("persistentVolumeName"));
    match (inline.is_set(), name.is_set()) {
        (false, false) => errors.push(source.required(ONE)),
        (true, true) => errors.push(source.forbidden(ONE)),
        (true, false) => inline_volume(&inline, errors),
        (false, true) if name.is_empty() => {
            errors.push(name.required("must specify non empty persistentVolumeName"));
        }
        (false, true) => {}
    }
    if name.is_set() {
        name.check(names::dns_subdomain, errors);
    }
    spec.get("nodeName").check(names::dns_subdomain, errors);
    told(&object.get("status"), errors);
}

fn told(status: &Field<'_>, errors: &mut Errors) {
    let metadata = status.get("attachmentMetadata");
    let bytes: usize = metadata.entries().map(|(key, value)| key.len() + value.len()).sum();
    if bytes > METADATA_BYTES_MAX {
        errors.push(metadata.too_long(METADATA_BYTES_MAX));
    }
    for name in ["attachError", "detachError"] {
        let error = status.get(name);
        let message = error.get("message");
        if message.len() > MESSAGE_BYTES_MAX {
            // Upstream tells the limit of the metadata.
            errors.push(message.too_long(METADATA_BYTES_MAX));
        }
        error.get("errorCode").within(0, i64::from(i32::MAX), errors);
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    new.get("spec").unchanged(&old.get("spec"), errors);
}

pub(super) fn status(new: &Field<'_>, _: &Field<'_>, errors: &mut Errors) {
    whole(new, errors);
}
