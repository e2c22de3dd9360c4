//! Rows of the group `resource.k8s.io`.

use super::view::View;
use serde_json::{Value, json};

pub(super) fn named(it: View<'_>) -> Vec<Value> {
    vec![it.name(), it.age()]
}

pub(super) fn claim(it: View<'_>) -> Vec<Value> {
    let allocated = !it.at("/status/allocation").is_null();
    let states = [
        (it.is_deleted(), "deleted"),
        (!allocated && !it.is_deleted(), "pending"),
        (allocated, "allocated"),
        (allocated && !it.list("/status/reservedFor").is_empty(), "reserved"),
    ];
    let states = states.iter().filter(|(holds, _)| *holds).map(|(_, state)| *state);
    vec![it.name(), json!(states.collect::<Vec<_>>().join(",")), it.age()]
}

pub(super) fn slice(it: View<'_>) -> Vec<Value> {
    vec![
        it.name(),
        json!(it.text("/spec/nodeName")),
        json!(it.text("/spec/driver")),
        json!(it.text("/spec/pool/name")),
        it.age(),
    ]
}
