//! The parameters of operations: which there are, and what values they take.
//!
//! Upstream makes them from the structs of options: `metav1.ListOptions`, `CreateOptions`, ….

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A parameter: its name, where it stands and what it holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Parameter {
    name: &'static str,
    place: &'static str,
    holds: &'static str,
}

const fn text(name: &'static str) -> Parameter {
    Parameter { name, place: "query", holds: "string" }
}

const fn flag(name: &'static str) -> Parameter {
    Parameter { name, place: "query", holds: "boolean" }
}

const fn number(name: &'static str) -> Parameter {
    Parameter { name, place: "query", holds: "integer" }
}

const fn part(name: &'static str) -> Parameter {
    Parameter { name, place: "path", holds: "string" }
}

pub(super) const NAME: Parameter = part("name");
pub(super) const NAMESPACE: Parameter = part("namespace");
/// What follows `proxy/`.
pub(super) const PATH: Parameter = part("path");
pub(super) const PRETTY: Parameter = text("pretty");

pub(super) const LIST: &[Parameter] = &[
    flag("allowWatchBookmarks"),
    text("continue"),
    text("fieldSelector"),
    text("labelSelector"),
    number("limit"),
    text("resourceVersion"),
    text("resourceVersionMatch"),
    flag("sendInitialEvents"),
    text("shardSelector"),
    number("timeoutSeconds"),
    flag("watch"),
];

pub(super) const CREATE: &[Parameter] =
    &[text("dryRun"), text("fieldManager"), text("fieldValidation")];

pub(super) const PATCH: &[Parameter] =
    &[text("dryRun"), text("fieldManager"), text("fieldValidation"), flag("force")];

pub(super) const DELETE: &[Parameter] = &[
    text("dryRun"),
    number("gracePeriodSeconds"),
    flag("ignoreStoreReadErrorWithClusterBreakingPotential"),
    flag("orphanDependents"),
    text("propagationPolicy"),
];

pub(super) const DELETE_COLLECTION: &[Parameter] = &[
    text("continue"),
    text("dryRun"),
    text("fieldSelector"),
    number("gracePeriodSeconds"),
    flag("ignoreStoreReadErrorWithClusterBreakingPotential"),
    text("labelSelector"),
    number("limit"),
    flag("orphanDependents"),
    text("propagationPolicy"),
    text("resourceVersion"),
    text("resourceVersionMatch"),
    flag("sendInitialEvents"),
    text("shardSelector"),
    number("timeoutSeconds"),
];

const LOG: &[Parameter] = &[
    text("container"),
    flag("follow"),
    flag("insecureSkipTLSVerifyBackend"),
    number("limitBytes"),
    flag("previous"),
    number("sinceSeconds"),
    text("stream"),
    number("tailLines"),
    flag("timestamps"),
];

const ATTACH: &[Parameter] =
    &[text("container"), flag("stderr"), flag("stdin"), flag("stdout"), flag("tty")];

const EXEC: &[Parameter] = &[
    text("command"),
    text("container"),
    flag("stderr"),
    flag("stdin"),
    flag("stdout"),
    flag("tty"),
];

/// What a subresource that is no object takes.
pub(super) fn of_subresource(name: &str) -> &'static [Parameter] {
    match name {
        "log" => LOG,
        "attach" => ATTACH,
        "exec" => EXEC,
        "portforward" => const { &[number("ports")] },
        "proxy" => const { &[text("path")] },
        _ => &[],
    }
}

/// A path's operations, with what all of them take said once, beside them.
pub(super) fn shared(operations: BTreeMap<&'static str, (Vec<Parameter>, Value)>) -> Value {
    let mut common: Option<Vec<Parameter>> = None;
    for (taken, _) in operations.values() {
        let still = |before: Vec<Parameter>| -> Vec<Parameter> {
            before.into_iter().filter(|one| taken.contains(one)).collect()
        };
        common = Some(common.map_or_else(|| taken.clone(), still));
    }
    let mut common = common.unwrap_or_default();
    common.sort();
    let mut path = Map::new();
    for (verb, (taken, mut operation)) in operations {
        let mut own: Vec<_> = taken.into_iter().filter(|one| !common.contains(one)).collect();
        own.sort();
        if !own.is_empty() {
            operation["parameters"] = own.into_iter().map(described).collect();
        }
        path.insert(verb.into(), operation);
    }
    if !common.is_empty() {
        path.insert("parameters".into(), common.into_iter().map(described).collect());
    }
    path.into()
}

fn described(one: Parameter) -> Value {
    let mut value = json!({
        "name": one.name,
        "in": one.place,
        "schema": {"type": one.holds, "uniqueItems": true},
    });
    if one.place == "path" {
        value["required"] = true.into();
    }
    value
}
