//! Reading and writing members of objects, which are JSON.

use client::{name, uid};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::kinds::Kind;

/// The text at a JSON pointer; empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at a pointer.
pub(crate) fn int(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// The number of things at a pointer; zero where there is none, or a negative one.
pub(crate) fn count(object: &Value, pointer: &str) -> usize {
    int(object, pointer).and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
}

/// The truth at a pointer; false where there is none.
pub(crate) fn is(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The list at a pointer; empty where there is none.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// It was asked to go and has not gone yet.
pub(crate) fn is_deleting(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(|at| !at.is_null())
}

/// Its version as a number. All versions of one cluster are comparable (KEP-5504).
pub(crate) fn version(object: &Value) -> u64 {
    client::resource_version(object).parse().unwrap_or(0)
}

/// Texts by name: labels, annotations.
pub(crate) fn texts(object: &Value, pointer: &str) -> BTreeMap<String, String> {
    let members = object.pointer(pointer).and_then(Value::as_object);
    let pair = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    members.into_iter().flatten().filter_map(pair).collect()
}

/// One annotation.
pub(crate) fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.pointer("/metadata/annotations")?.get(name)?.as_str()
}

/// One label.
pub(crate) fn label<'a>(object: &'a Value, name: &str) -> Option<&'a str> {
    object.pointer("/metadata/labels")?.get(name)?.as_str()
}

pub(crate) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    list(object, "/metadata/finalizers").iter().any(|each| each == finalizer)
}

/// The condition of this type in `status.conditions`.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|condition| condition["type"] == kind)
}

/// The condition is there and `True`.
pub(crate) fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition["status"] == "True")
}

/// The reference by which this object's controller is named.
pub(crate) fn controller(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences").iter().find(|owner| owner["controller"] == true)
}

/// The uid of this object's controller; empty: nobody controls it.
pub(crate) fn controller_uid(object: &Value) -> &str {
    controller(object).and_then(|owner| owner["uid"].as_str()).unwrap_or_default()
}

/// What an object says of its controller (`metav1.NewControllerRef`).
pub(crate) fn controller_reference(kind: Kind, owner: &Value) -> Value {
    json!({"apiVersion": kind.api_version(), "kind": kind.name, "name": name(owner),
        "uid": uid(owner), "controller": true, "blockOwnerDeletion": true})
}

/// Two counts of an object's status, or others: nothing, null and zero are the same.
pub(crate) fn same(a: Option<&Value>, b: Option<&Value>) -> bool {
    let meant = |value: Option<&Value>| match value {
        None | Some(Value::Null) => None,
        Some(Value::Number(number)) if number.as_i64() == Some(0) => None,
        Some(Value::Array(list)) if list.is_empty() => None,
        Some(Value::Object(members)) if members.is_empty() => None,
        Some(Value::String(text)) if text.is_empty() => None,
        Some(other) => Some(other.clone()),
    };
    match (meant(a), meant(b)) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            a.keys().chain(b.keys()).all(|name| same(a.get(name), b.get(name)))
        }
        (a, b) => a == b,
    }
}
