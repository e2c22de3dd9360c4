//! Slices of the devices that a driver has, on a node or for several.

use super::devices::{pool_name, qualified, taint};
use crate::{
    names,
    validation::{
        core::{driver_name, node_selector},
        error::Errors,
        field::Field,
    },
};
use std::collections::BTreeSet;

const DEVICES_MAX: usize = 128;
/// Where devices have taints, counters or lists.
const ADVANCED_DEVICES_MAX: usize = 64;
const ATTRIBUTES_MAX: usize = 32;
const TAINTS_MAX: usize = 16;
const COUNTER_SETS_MAX: usize = 8;
const VALUE_BYTES_MAX: usize = 64;
const VALUES: [&str; 8] =
    ["bool", "int", "string", "version", "bools", "ints", "strings", "versions"];
const WHERE: &str = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, \
                     `perDeviceNodeSelection` is required";
const PER_DEVICE: &str = "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when \
                          `perDeviceNodeSelection` is set to true in the ResourceSlice spec";

pub(super) fn whole(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    driver_name(&spec.get("driver"), errors);
    let pool = spec.get("pool");
    pool_name(&pool.get("name"), errors);
    let count = pool.get("resourceSliceCount");
    if count.number() <= 0 {
        errors.push(count.invalid_as(count.number(), "must be greater than zero"));
    }
    let generation = pool.get("generation");
    if generation.number() < 0 {
        errors.push(generation.invalid("must be greater than or equal to zero"));
    }
    nodes(&spec, errors);
    let (devices, counters) = (spec.get("devices"), spec.get("sharedCounters"));
    if devices.is_set() && counters.is_set() {
        let why = "only one of `sharedCounters` or `devices` is allowed";
        errors.push(spec.invalid_as("", why));
    }
    let advanced = devices.items().any(|device| is_advanced(&device));
    devices.at_most(if advanced { ADVANCED_DEVICES_MAX } else { DEVICES_MAX }, errors);
    let mut seen = BTreeSet::new();
    for device in devices.items() {
        self::device(&device, spec.get("perDeviceNodeSelection").is_true(), errors);
        if !seen.insert(device.get("name").text()) {
            errors.push(device.duplicate_of(device.get("name").text()));
        }
    }
    counters.at_most(COUNTER_SETS_MAX, errors);
    for set in counters.items() {
        set.get("name").need_checked(names::dns_label, errors);
        set.get("counters").need(errors);
        counter_names(&set.get("counters"), errors);
    }
}

fn is_advanced(device: &Field<'_>) -> bool {
    let lists = ["bools", "ints", "strings", "versions"];
    let listed = |value: &Field<'_>| lists.iter().any(|name| value.get(name).is_set());
    !device.get("taints").is_empty()
        || !device.get("consumesCounters").is_empty()
        || device.get("attributes").entries().any(|(_, value)| listed(&value))
}

/// Checks where something is; returns the members that say so.
fn places(place: &Field<'_>, empty: &str, errors: &mut Errors) -> Vec<&'static str> {
    let mut told = Vec::new();
    let (name, selector) = (place.get("nodeName"), place.get("nodeSelector"));
    if name.is_set() && name.is_empty() {
        errors.push(name.invalid(empty));
    } else if name.is_set() {
        told.push("`nodeName`");
        name.check(names::dns_subdomain, errors);
    }
    if selector.is_set() {
        told.push("`nodeSelector`");
        node_selector::selector(&selector, errors);
    }
    for (member, told_as) in
        [("allNodes", "`allNodes`"), ("perDeviceNodeSelection", "`perDeviceNodeSelection`")]
    {
        let flag = place.get(member);
        if flag.is_true() {
            told.push(told_as);
        } else if flag.is_set() {
            errors.push(flag.invalid("must be either unset or set to true"));
        }
    }
    told
}

fn nodes(spec: &Field<'_>, errors: &mut Errors) {
    let told = places(spec, "must be either unset or set to a non-empty string", errors);
    let terms = spec.down(&["nodeSelector", "nodeSelectorTerms"]);
    if spec.get("nodeSelector").is_set() && terms.len() != 1 {
        errors.push(terms.invalid("must have exactly one node selector term"));
    }
    match told.len() {
        0 => errors.push(spec.required(WHERE)),
        1 => {}
        _ => {
            let all = format!("{{{}}}", told.join(", "));
            let why = format!("{WHERE}, but multiple fields are set");
            errors.push(spec.invalid_as(all, why));
        }
    }
}

fn device(device: &Field<'_>, placed: bool, errors: &mut Errors) {
    device.get("name").check(names::dns_label, errors);
    let (attributes, capacity) = (device.get("attributes"), device.get("capacity"));
    let all = attributes.len() + capacity.len();
    if all > ATTRIBUTES_MAX {
        let why = format!(
            "the total number of attributes and capacities must not exceed {ATTRIBUTES_MAX}"
        );
        errors.push(device.invalid_as(all, why));
    }
    for (key, value) in attributes.entries() {
        qualified(&value, key, errors);
        attribute(&value, errors);
    }
    capacity.entries().for_each(|(key, value)| qualified(&value, key, errors));
    let taints = device.get("taints");
    taints.at_most(TAINTS_MAX, errors);
    taints.items().for_each(|one| taint(&one, errors));
    for used in device.get("consumesCounters").items() {
        used.get("counterSet").need_checked(names::dns_label, errors);
        used.get("counters").need(errors);
        counter_names(&used.get("counters"), errors);
    }
    device_place(device, placed, errors);
}

fn device_place(device: &Field<'_>, placed: bool, errors: &mut Errors) {
    let names = ["nodeName", "nodeSelector", "allNodes"];
    if !placed {
        if names.iter().any(|name| device.get(name).is_set()) {
            let why = "`nodeName`, `nodeSelector` and `allNodes` can only be set if \
                       `perDeviceNodeSelection` is set to true in the ResourceSlice spec";
            errors.push(device.invalid_as(serde_json::Value::Null, why));
        }
        return;
    }
    let told = places(device, "must not be empty", errors);
    match told.len() {
        0 => errors.push(device.required(PER_DEVICE)),
        1 => {}
        _ => {
            let all = format!("{{{}}}", told.join(", "));
            errors.push(device.invalid_as(all, PER_DEVICE));
        }
    }
}

fn counter_names(counters: &Field<'_>, errors: &mut Errors) {
    for (key, value) in counters.entries() {
        let faults = names::dns_label(key).into_iter();
        errors.extend(faults.map(|why| value.invalid_as(key, why)));
    }
}

/// Exactly one value, of one type.
fn attribute(attribute: &Field<'_>, errors: &mut Errors) {
    let told: Vec<_> =
        VALUES.iter().map(|name| attribute.get(name)).filter(Field::is_set).collect();
    match told.len() {
        0 => errors.push(attribute.invalid_as("", "exactly one value must be specified")),
        1 => {}
        _ => errors.push(attribute.invalid("exactly one value must be specified")),
    }
    for value in &told {
        if value.value.as_array().is_some_and(Vec::is_empty) {
            errors.push(value.invalid("must not be empty if specified"));
        }
        for text in value.items().chain(std::iter::once(value.clone())) {
            if text.value.is_string() && text.len() > VALUE_BYTES_MAX {
                errors.push(text.too_long(VALUE_BYTES_MAX));
            }
        }
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    for place in [&["spec", "pool", "name"][..], &["spec", "driver"], &["spec", "nodeName"]] {
        new.down(place).unchanged(&old.down(place), errors);
    }
}
