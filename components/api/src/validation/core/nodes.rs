//! Nodes: taints, ranges of pods' addresses, amounts, and what is set once.

use super::{pod::scheduling, resources};
use crate::{
    names,
    validation::{error::Errors, field::Field, net},
};
use std::collections::BTreeSet;

pub(super) fn whole(node: &Field<'_>, errors: &mut Errors) {
    let taints = node.down(&["spec", "taints"]);
    // Upstream's path is the metadata's.
    self::taints(&taints.renamed("metadata.taints"), errors);
    for list in ["capacity", "allocatable"] {
        let list = node.get("status").get(list);
        for (key, value) in list.entries() {
            resources::amount(&value.renamed(list.get(key).path), key, errors);
        }
    }
}

fn taints(taints: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for taint in taints.items() {
        let (key, value, effect) = (taint.get("key"), taint.get("value"), taint.get("effect"));
        key.check(names::qualified_name, errors);
        let faults = names::label_value(value.text());
        if !faults.is_empty() {
            errors.push(value.invalid(faults.join(";")));
        }
        match effect.is_empty() {
            true => errors.push(effect.required("")),
            false => scheduling::effect(&effect, errors),
        }
        if !seen.insert((key.text(), effect.text())) {
            let mut twice = taint.duplicate();
            twice.detail = "taints must be unique by key and effect pair".to_owned();
            errors.push(twice);
        }
    }
}

pub(super) fn born(node: &Field<'_>, errors: &mut Errors) {
    let ranges = node.down(&["spec", "podCIDRs"]);
    let (mut seen, mut families) = (BTreeSet::new(), BTreeSet::new());
    for range in ranges.items() {
        net::need_range(&range, errors);
        families.extend(net::range(range.text()).map(|(address, _)| address.is_ipv4()));
        if !seen.insert(range.text()) {
            errors.push(range.duplicate());
        }
    }
    if ranges.len() > 2 || (ranges.len() == 2 && families.len() != 2) {
        errors.push(ranges.invalid("may specify no more than one CIDR for each IP family"));
    }
}

pub(super) fn change(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    let (spec, was) = (new.get("spec"), old.get("spec"));
    let once = |name: &str| format!("node updates may not change {name} except from \"\" to valid");
    let (ranges, before) = (spec.get("podCIDRs"), was.get("podCIDRs"));
    if !before.is_empty() && ranges.value != before.value {
        errors.push(ranges.forbidden(once("podCIDR")));
    }
    let (id, before) = (spec.get("providerID"), was.get("providerID"));
    if !before.is_empty() && id.text() != before.text() {
        errors.push(id.forbidden(once("providerID")));
    }
    if spec.get("externalID").text() != was.get("externalID").text() {
        errors.push(spec.get("externalID").forbidden("may not be updated"));
    }
    addresses(new, errors);
}

pub(super) fn status(new: &Field<'_>, old: &Field<'_>, errors: &mut Errors) {
    whole(new, errors);
    change(new, old, errors);
}

fn addresses(node: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for one in node.down(&["status", "addresses"]).items() {
        if !seen.insert((one.get("type").text(), one.get("address").text())) {
            errors.push(one.duplicate());
        }
    }
}
