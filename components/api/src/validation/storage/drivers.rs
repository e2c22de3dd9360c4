//! Drivers of storage: what they can, on which nodes, and how much is left.

use crate::{
    names,
    validation::{
        core::driver_name,
        error::Errors,
        field::Field,
        labels,
        rules::{IMMUTABLE, same},
    },
};
use serde_json::Value;
use std::collections::BTreeSet;

const NODE_ID_BYTES_MAX: usize = 256;
const PERIOD_SECONDS_MIN: i64 = 10;
const TOKEN_SECONDS_MIN: i64 = 600;
const TOKEN_SECONDS_MAX: i64 = 1 << 32;
const POLICIES: [&str; 3] = ["File", "None", "ReadWriteOnceWithFSType"];

pub(super) fn driver(object: &Field<'_>, errors: &mut Errors) {
    let spec = object.get("spec");
    // Upstream's path for the first is another than the field's name.
    for (name, told) in [
        ("attachRequired", "attachedRequired"),
        ("podInfoOnMount", "podInfoOnMount"),
        ("storageCapacity", "storageCapacity"),
    ] {
        if !spec.get(name).is_set() {
            errors.push(spec.get(told).required(""));
        }
    }
    spec.get("fsGroupPolicy").some_of(&POLICIES, errors);
    tokens(&spec.get("tokenRequests"), errors);
    let modes = spec.get("volumeLifecycleModes");
    for mode in modes.items() {
        mode.renamed(&modes.path).one_of(&["Persistent", "Ephemeral"], errors);
    }
    let period = spec.get("nodeAllocatableUpdatePeriodSeconds");
    if period.integer().is_some_and(|seconds| seconds < PERIOD_SECONDS_MIN) {
        errors.push(period.invalid("must be greater than or equal to 10 seconds"));
    }
}

fn tokens(tokens: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for token in tokens.items() {
        let (audience, seconds) = (token.get("audience"), token.get("expirationSeconds"));
        if !seen.insert(audience.text()) {
            errors.push(audience.duplicate_of(audience.text()));
            continue;
        }
        if seconds.integer().is_some_and(|seconds| seconds < TOKEN_SECONDS_MIN) {
            errors.push(seconds.invalid("may not specify a duration less than 10 minutes"));
        }
        if seconds.number() > TOKEN_SECONDS_MAX {
            errors.push(seconds.invalid("may not specify a duration larger than 2^32 seconds"));
        }
    }
}

pub(super) fn driver_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    let attach = spec.get("attachRequired").renamed("spec.attachedRequired");
    attach.unchanged(&was.get("attachRequired"), errors);
    spec.get("volumeLifecycleModes").unchanged(&was.get("volumeLifecycleModes"), errors);
}

pub(super) fn node(object: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for driver in object.down(&["spec", "drivers"]).items() {
        let (name, id) = (driver.get("name"), driver.get("nodeID"));
        driver_name(&name, errors);
        id.need(errors);
        if id.len() > NODE_ID_BYTES_MAX {
            errors.push(id.invalid(format!("must be {NODE_ID_BYTES_MAX} characters or less")));
        }
        driver.down(&["allocatable", "count"]).not_negative(errors);
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
        topology_keys(&driver, errors);
    }
}

/// Keys of labels; messages name the driver.
fn topology_keys(driver: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for key in driver.get("topologyKeys").items() {
        let key = key.renamed(&driver.path);
        key.need(errors);
        if !seen.insert(key.text()) {
            errors.push(key.duplicate());
        }
        key.check(names::qualified_name, errors);
    }
}

pub(super) fn node_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let rest = |driver: &Field<'_>| {
        let mut rest = driver.map().cloned().unwrap_or_default();
        rest.remove("allocatable");
        Value::Object(rest)
    };
    let drivers = new.down(&["spec", "drivers"]);
    for was in old.down(&["spec", "drivers"]).items() {
        let name = was.get("name").text();
        let now = drivers.items().find(|driver| driver.get("name").text() == name);
        if let Some(now) = now.filter(|now| !same(&rest(now), &rest(&was))) {
            errors.push(drivers.invalid_as(rest(&now), IMMUTABLE));
        }
    }
}

pub(super) fn capacity(object: &Field<'_>, errors: &mut Errors) {
    labels::selector(&object.get("nodeTopology"), errors);
    object.get("storageClassName").check(names::dns_subdomain, errors);
    let amount = object.get("capacity");
    if amount.is_set() {
        amount.not_negative_amount(errors);
    }
}

pub(super) fn capacity_change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    for name in ["nodeTopology", "storageClassName"] {
        new.get(name).unchanged(&old.get(name), errors);
    }
}
