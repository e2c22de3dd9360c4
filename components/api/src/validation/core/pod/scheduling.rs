//! What a pod tolerates, what it waits for, and other names that it has for hosts.

use crate::{
    names,
    validation::{error::Errors, field::Field, net},
};
use std::collections::BTreeSet;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/// What a taint does, or a toleration is for.
pub(crate) fn effect(effect: &Field<'_>, errors: &mut Errors) {
    effect.one_of(&EFFECTS, errors);
}

pub(crate) fn tolerations(list: &Field<'_>, errors: &mut Errors) {
    for one in list.items() {
        let (key, operator, value) = (one.get("key"), one.get("operator"), one.get("value"));
        key.check_some(names::qualified_name, errors);
        if key.is_empty() && operator.text() != "Exists" {
            let why = "operator must be Exists when `key` is empty, which means \"match all values \
                       and all keys\"";
            errors.push(operator.invalid_as(operator.text(), why));
        }
        let effect = one.get("effect");
        if one.get("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
            let why = "effect must be 'NoExecute' when `tolerationSeconds` is set";
            errors.push(effect.invalid_as(effect.text(), why));
        }
        match operator.text() {
            "" | "Equal" => {
                let faults = names::label_value(value.text());
                if !faults.is_empty() {
                    errors.push(operator.invalid_as(value.text(), faults.join(";")));
                }
            }
            "Exists" if !value.is_empty() => {
                let why = "value must be empty when `operator` is 'Exists'";
                errors.push(operator.invalid_as(value.text(), why));
            }
            _ => operator.one_of(&["Equal", "Exists"], errors),
        }
        if !effect.is_empty() {
            self::effect(&effect, errors);
        }
    }
}

/// Gates that a pod waits at until somebody opens them.
pub(super) fn gates(gates: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for gate in gates.items() {
        let name = gate.get("name").renamed(&gate.path);
        name.check(names::qualified_name, errors);
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
    }
}

pub(super) fn readiness_gates(gates: &Field<'_>, errors: &mut Errors) {
    let conditions = gates.items().map(|gate| gate.get("conditionType"));
    conditions.for_each(|condition| condition.check(names::qualified_name, errors));
}

pub(super) fn host_aliases(aliases: &Field<'_>, errors: &mut Errors) {
    for alias in aliases.items() {
        net::need_address(&alias.get("ip"), errors);
        let hosts = alias.get("hostnames");
        hosts.items().for_each(|host| host.check(names::dns_subdomain, errors));
    }
}

/// Claims of devices that a pod has; returns nothing, since containers only ask for their names.
pub(super) fn resource_claims(claims: &Field<'_>, errors: &mut Errors) {
    let mut seen = BTreeSet::new();
    for claim in claims.items() {
        let name = claim.get("name");
        if name.need(errors) {
            match seen.insert(name.text()) {
                true => name.check(names::dns_label, errors),
                false => errors.push(name.duplicate()),
            }
        }
        let ways = ["resourceClaimName", "resourceClaimTemplateName"].map(|name| claim.get(name));
        match ways.iter().filter(|way| way.is_set()).count() {
            0 => {
                let why = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
                errors.push(claim.invalid(why));
            }
            1 => {}
            _ => {
                let why = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may \
                           be specified";
                errors.push(claim.invalid(why));
            }
        }
        for way in ways.iter().filter(|way| way.is_set()) {
            way.check(names::dns_subdomain, errors);
        }
    }
}
