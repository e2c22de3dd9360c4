//! Paths of files: relative ones that do not leave their root, and modes of files.

use crate::validation::{error::Errors, field::Field};

const MODE: &str = "must be a number between 0 and 0777 (octal), both inclusive";

/// No step up.
pub(super) fn no_steps_up(path: &Field<'_>, errors: &mut Errors) {
    if has_steps_up(path.text()) {
        errors.push(path.invalid("must not contain '..'"));
    }
}

pub(super) fn has_steps_up(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

/// Relative, and no step up.
pub(super) fn local(path: &Field<'_>, errors: &mut Errors) {
    if path.text().starts_with('/') {
        errors.push(path.invalid("must be a relative path"));
    }
    no_steps_up(path, errors);
}

/// Relative, no step up, and no name that begins with two dots: kubelet has its own there.
pub(super) fn local_not_reserved(path: &Field<'_>, errors: &mut Errors) {
    local(path, errors);
    let text = path.text();
    if text.starts_with("..") && !text.starts_with("../") && text != ".." {
        errors.push(path.invalid("must not start with '..'"));
    }
}

/// The mode of a file, where one is told.
pub(super) fn mode(mode: &Field<'_>, errors: &mut Errors) {
    if mode.integer().is_some_and(|mode| !(0..=0o777).contains(&mode)) {
        errors.push(mode.invalid(MODE));
    }
}

/// A key of a config map or a secret, and the file that it becomes.
pub(super) fn key_to_path(item: &Field<'_>, errors: &mut Errors) {
    item.get("key").need(errors);
    let path = item.get("path");
    path.need(errors);
    local_not_reserved(&path, errors);
    mode(&item.get("mode"), errors);
}

/// Whether an absolute path is the root's, told as strangely as may be.
pub(super) fn is_root(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth = depth.saturating_sub(1),
            _ => depth += 1,
        }
    }
    path.starts_with('/') && depth == 0
}
