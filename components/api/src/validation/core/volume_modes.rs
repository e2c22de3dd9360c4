//! How volumes are used: by whom at once, and as what.

use crate::validation::{error::Errors, field::Field};

const ACCESS: [&str; 4] = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];

/// Access modes. One of them excludes the others.
pub(super) fn access(modes: &Field<'_>, errors: &mut Errors) {
    for mode in modes.items() {
        mode.renamed(&modes.path).one_of(&ACCESS, errors);
    }
    let alone = |mode: &str| mode == "ReadWriteOncePod";
    let others = modes.texts().any(|mode| !alone(mode) && ACCESS.contains(&mode));
    if others && modes.texts().any(alone) {
        errors.push(modes.forbidden("may not use ReadWriteOncePod with other access modes"));
    }
}

/// A file system or a device.
pub(super) fn of_volume(mode: &Field<'_>, errors: &mut Errors) {
    mode.some_of(&["Block", "Filesystem"], errors);
}
