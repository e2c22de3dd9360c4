//! Classes of storage and of volumes' attributes.

use crate::{
    names::{self, Faults},
    validation::{core::node_selector, error::Errors, field::Field, rules::same},
};

const PARAMETERS_MAX: usize = 512;
const PARAMETERS_BYTES_MAX: usize = 256 * 1024;

fn provisioner(name: &Field<'_>, errors: &mut Errors) {
    name.need_checked(in_any_case, errors);
}

fn in_any_case(text: &str) -> Faults {
    names::qualified_name(&text.to_lowercase())
}

fn parameters(parameters: &Field<'_>, errors: &mut Errors) {
    if parameters.len() > PARAMETERS_MAX {
        errors.push(parameters.too_long(PARAMETERS_MAX));
        return;
    }
    let mut bytes = 0_usize;
    for (key, value) in parameters.entries() {
        if key.is_empty() {
            errors.push(parameters.invalid_as("", "field can not be empty."));
        }
        bytes = bytes.saturating_add(key.len()).saturating_add(value.len());
    }
    if bytes > PARAMETERS_BYTES_MAX {
        errors.push(parameters.too_long(PARAMETERS_BYTES_MAX));
    }
}

pub(super) fn storage(class: &Field<'_>, errors: &mut Errors) {
    provisioner(&class.get("provisioner"), errors);
    parameters(&class.get("parameters"), errors);
    let reclaim = class.get("reclaimPolicy");
    if !reclaim.is_empty() {
        reclaim.one_of(&["Delete", "Retain"], errors);
    }
    let mode = class.get("volumeBindingMode");
    match mode.is_set() {
        true => mode.one_of(&["Immediate", "WaitForFirstConsumer"], errors),
        false => errors.push(mode.required("")),
    }
    node_selector::topologies(&class.get("allowedTopologies"), errors);
}

fn kept(names: &[&str], new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    for name in names {
        let field = new.get(name);
        if !same(field.value, old.get(name).value) {
            errors.push(field.forbidden(format!("updates to {name} are forbidden.")));
        }
    }
}

pub(super) fn storage_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    kept(&["parameters", "provisioner", "reclaimPolicy"], new, old, errors);
    new.get("volumeBindingMode").unchanged(&old.get("volumeBindingMode"), errors);
}

pub(super) fn attributes(class: &Field<'_>, errors: &mut Errors) {
    provisioner(&class.get("driverName"), errors);
    let all = class.get("parameters");
    parameters(&all, errors);
    if all.is_empty() {
        errors.push(all.required("must contain at least one key/value pair"));
    }
}

pub(super) fn attributes_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    kept(&["driverName", "parameters"], new, old, errors);
}
