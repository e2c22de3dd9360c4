//! Where a pod would like to be and where it must be: affinity to nodes and to other pods.

use crate::{
    names,
    validation::{core::node_selector, error::Errors, field::Field, labels},
};
use std::collections::BTreeSet;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
const TWICE: &str = "exists in both matchLabelKeys and labelSelector";

pub(super) fn affinity(affinity: &Field<'_>, errors: &mut Errors) {
    let nodes = affinity.get("nodeAffinity");
    if nodes.get(REQUIRED).is_set() {
        node_selector::selector(&nodes.get(REQUIRED), errors);
    }
    for one in nodes.get(PREFERRED).items() {
        weight(&one.get("weight"), errors);
        node_selector::term(&one.get("preference"), false, errors);
    }
    for name in ["podAffinity", "podAntiAffinity"] {
        let pods = affinity.get(name);
        pods.get(REQUIRED).items().for_each(|one| term(&one, errors));
        for one in pods.get(PREFERRED).items() {
            weight(&one.get("weight"), errors);
            term(&one.get("podAffinityTerm"), errors);
        }
    }
}

fn weight(weight: &Field<'_>, errors: &mut Errors) {
    let number = weight.number();
    if !(1..=100).contains(&number) {
        errors.push(weight.invalid_as(number, "must be in the range 1-100"));
    }
}

fn term(term: &Field<'_>, errors: &mut Errors) {
    labels::selector(&term.get("labelSelector"), errors);
    labels::selector(&term.get("namespaceSelector"), errors);
    for namespace in term.get("namespaces").items() {
        namespace.renamed(term.get("namespace").path).check(names::dns_label, errors);
    }
    label_keys(term, errors);
    let topology = term.get("topologyKey");
    if topology.is_empty() {
        errors.push(topology.required("can not be empty"));
    }
    topology.check(names::qualified_name, errors);
}

/// Keys of labels whose values must match, or must not (matchLabelKeys, mismatchLabelKeys).
fn label_keys(term: &Field<'_>, errors: &mut Errors) {
    let (same, other) = (term.get("matchLabelKeys"), term.get("mismatchLabelKeys"));
    let selector = term.get("labelSelector");
    for keys in [&same, &other].into_iter().filter(|keys| !keys.is_empty()) {
        match selector.is_set() {
            true => keys.items().for_each(|key| key.check(names::qualified_name, errors)),
            false => {
                errors.push(keys.forbidden("must not be specified when labelSelector is not set"))
            }
        }
    }
    // A key of the list stands in the selector once: the server put it there.
    let mut known: BTreeSet<_> =
        selector.get("matchLabels").entries().map(|(key, _)| key).collect();
    for expression in selector.get("matchExpressions").items() {
        let key = expression.get("key").text();
        let at = same.texts().position(|one| one == key);
        if let Some(at) = at.filter(|_| known.contains(key)) {
            errors.push(term.renamed(&term.path).item(at).invalid_as(key, TWICE));
        }
        known.insert(key);
    }
    let others: BTreeSet<_> = other.texts().collect();
    for key in same.items().filter(|key| others.contains(key.text())) {
        errors.push(key.invalid("exists in both matchLabelKeys and mismatchLabelKeys"));
    }
}

/// How pods are spread over topologies.
pub(super) fn spread(list: &Field<'_>, errors: &mut Errors) {
    let constraints: Vec<_> = list.items().collect();
    for (at, one) in constraints.iter().enumerate() {
        constraint(one, errors);
        let kind = |one: &Field<'_>| {
            let (key, action) =
                (one.get("topologyKey").text(), one.get("whenUnsatisfiable").text());
            format!("{{{key}, {action}}}")
        };
        if constraints[at + 1..].iter().any(|other| kind(other) == kind(one)) {
            let place = one.get("{topologyKey, whenUnsatisfiable}");
            errors.push(place.duplicate_of(kind(one)));
        }
    }
}

fn constraint(one: &Field<'_>, errors: &mut Errors) {
    const NOT_POSITIVE: &str = "must be greater than zero";
    let skew = one.get("maxSkew");
    if skew.number() <= 0 {
        errors.push(skew.invalid_as(skew.number(), NOT_POSITIVE));
    }
    if one.get("topologyKey").is_empty() {
        errors.push(one.get("topologyKey").required("can not be empty"));
    }
    let action = one.get("whenUnsatisfiable");
    action.one_of(&["DoNotSchedule", "ScheduleAnyway"], errors);
    let domains = one.get("minDomains");
    if domains.integer().is_some_and(|number| number <= 0) {
        errors.push(domains.invalid(NOT_POSITIVE));
    }
    if domains.is_set() && action.text() != "DoNotSchedule" {
        let action = action.text();
        let why =
            format!("can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}");
        errors.push(domains.invalid(why));
    }
    one.get("nodeAffinityPolicy").some_of(&["Honor", "Ignore"], errors);
    one.get("nodeTaintsPolicy").some_of(&["Honor", "Ignore"], errors);
    spread_keys(&one.get("matchLabelKeys"), &one.get("labelSelector"), errors);
    labels::selector(&one.get("labelSelector"), errors);
}

fn spread_keys(keys: &Field<'_>, selector: &Field<'_>, errors: &mut Errors) {
    if !keys.is_empty() && !selector.is_set() {
        errors.push(keys.forbidden("must not be specified when labelSelector is not set"));
    }
    let expressions = selector.get("matchExpressions");
    let mut known: BTreeSet<_> = expressions.items().map(|one| one.get("key").text()).collect();
    known.extend(selector.get("matchLabels").entries().map(|(key, _)| key));
    for key in keys.items() {
        key.check(names::qualified_name, errors);
        if known.contains(key.text()) {
            errors.push(key.invalid(TWICE));
        }
    }
}
