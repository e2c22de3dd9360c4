//! One type as OpenAPI describes it.
//!
//! Upstream: `k8s.io/kube-openapi/pkg/generators/openapi.go`; what Go's structs and markers become.

use super::{oddities, reference, well_known};
use crate::schema::{Field, ListKind, Owned, PatchStrategy, Schemas, Shape, Type, Zero};
use serde_json::{Map, Value, json};

type Members = Map<String, Value>;

const MAP_TYPE: &str = "x-kubernetes-map-type";

/// The schema with OpenAPI's name, as the document of `group` and `version` has it.
pub(super) fn named(schemas: &Schemas, name: &str, group: &str, version: &str) -> Option<Value> {
    if let Some(found) = well_known::named(name) {
        return Some(found);
    }
    let one = schemas.at(schemas.named(name)?);
    let mut members = Members::new();
    members.insert("type".into(), "object".into());
    if !one.fields.is_empty() {
        let properties = one.fields.iter().map(|it| (it.name.clone(), property(schemas, one, it)));
        members.insert("properties".into(), properties.collect());
    }
    let required = required(one);
    if !required.is_empty() {
        members.insert("required".into(), required.into());
    }
    if one.owned == Owned::Atomic {
        members.insert(MAP_TYPE.into(), "atomic".into());
    }
    let kinds = kinds(one, group, version);
    if !kinds.is_empty() {
        members.insert("x-kubernetes-group-version-kind".into(), kinds.into());
    }
    if let Some(union) = oddities::union(name) {
        members.insert("x-kubernetes-unions".into(), json!([union]));
    }
    Some(members.into())
}

/// Required fields in the order of their numbers, which is that of upstream's structs.
fn required(one: &Type) -> Vec<&str> {
    let mut fields: Vec<&Field> = one.fields.iter().filter(|field| field.required).collect();
    fields.sort_by_key(|field| oddities::order(one, field));
    fields.into_iter().map(|field| field.name.as_str()).collect()
}

/// The kinds of a type. Options and events belong to every group: a document names the core's and
/// its own.
fn kinds(one: &Type, group: &str, version: &str) -> Vec<Value> {
    let shared = one.kinds.len() > 1;
    let own = |kind: &crate::schema::GroupVersionKind| {
        !shared || kind.group.is_empty() || (kind.group == group && kind.version == version)
    };
    let kinds = one.kinds.iter().filter(|kind| own(kind));
    kinds.map(|it| json!({"group": it.group, "version": it.version, "kind": it.kind})).collect()
}

fn property(schemas: &Schemas, owner: &Type, field: &Field) -> Value {
    let mut members = match shape(schemas, &field.shape, &owner.name, &field.name) {
        // What stands beside a `$ref` is ignored by its readers: it is wrapped.
        Value::Object(plain)
            if plain.contains_key("$ref") && !oddities::is_undescribed(owner, field) =>
        {
            Members::from_iter([("allOf".to_owned(), json!([plain]))])
        }
        Value::Object(plain) => plain,
        other => return other,
    };
    if let Some(default) = default(field) {
        members.insert("default".into(), default);
    }
    if !field.values.is_empty() {
        let values = json!(field.values);
        let inner = if members.contains_key("items") { "items" } else { "additionalProperties" };
        match members.get_mut(inner) {
            Some(inner) => inner["enum"] = values,
            None => drop(members.insert("enum".into(), values)),
        }
    }
    ownership(schemas, owner, field, &mut members);
    patch_strategy(&field.patch, &mut members);
    members.into()
}

/// A value's schema without what its field says of it.
fn shape(schemas: &Schemas, shape: &Shape, owner: &str, field: &str) -> Value {
    if let Some(name) = well_known::name(shape, owner, field) {
        return reference(&name);
    }
    let inner = |inner| self::shape(schemas, inner, owner, field);
    match shape {
        Shape::Object(id, _) => reference(&schemas.at(*id).name),
        Shape::Map(value, _) => json!({"type": "object", "additionalProperties": inner(value)}),
        Shape::List(item, _) => json!({"type": "array", "items": inner(item)}),
        Shape::Text => json!({"type": "string"}),
        Shape::Bytes => json!({"type": "string", "format": "byte"}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int32 => json!({"type": "integer", "format": "int32"}),
        Shape::Int64 => json!({"type": "integer", "format": "int64"}),
        Shape::Double => json!({"type": "number", "format": "double"}),
        Shape::IntOrString
        | Shape::Quantity
        | Shape::Time
        | Shape::MicroTime
        | Shape::Duration
        | Shape::Raw
        | Shape::Json
        | Shape::Fields => json!({}),
    }
}

/// What a field has that a client leaves out: what is said, or else its struct's empty value.
fn default(field: &Field) -> Option<Value> {
    if field.default.is_some() || field.zero != Zero::Written {
        return field.default.clone();
    }
    match field.shape {
        Shape::Object(..) => Some(json!({})),
        Shape::Text => Some("".into()),
        Shape::Bool => Some(false.into()),
        Shape::Int32 | Shape::Int64 => Some(0.into()),
        Shape::Map(..)
        | Shape::List(..)
        | Shape::Bytes
        | Shape::Double
        | Shape::IntOrString
        | Shape::Quantity
        | Shape::Time
        | Shape::MicroTime
        | Shape::Duration
        | Shape::Raw
        | Shape::Json
        | Shape::Fields => None,
    }
}

/// How managers divide a list, a map or an object.
fn ownership(schemas: &Schemas, owner: &Type, field: &Field, members: &mut Members) {
    match &field.shape {
        Shape::List(_, ListKind::Atomic) if oddities::is_unmarked(owner, field) => {}
        Shape::List(_, kind) => list_kind(kind, members),
        Shape::Map(_, Owned::Atomic) => {
            members.insert(MAP_TYPE.into(), "atomic".into());
        }
        Shape::Object(id, owned) if schemas.at(*id).owned != *owned => {
            let name = if *owned == Owned::Atomic { "atomic" } else { "granular" };
            members.insert(MAP_TYPE.into(), name.into());
        }
        _ => {}
    }
    if let Some((name, value)) = oddities::marker(owner, field) {
        members.insert(name.into(), value.into());
    }
}

fn list_kind(kind: &ListKind, members: &mut Members) {
    let name = match kind {
        ListKind::Atomic => "atomic",
        ListKind::Set => "set",
        ListKind::Map(keys) => {
            members.insert("x-kubernetes-list-map-keys".into(), json!(keys));
            "map"
        }
    };
    members.insert("x-kubernetes-list-type".into(), name.into());
}

fn patch_strategy(patch: &PatchStrategy, members: &mut Members) {
    let words =
        [("merge", patch.merge), ("replace", patch.replace), ("retainKeys", patch.retain_keys)];
    let words: Vec<&str> = words.iter().filter(|(_, set)| *set).map(|(word, _)| *word).collect();
    if !words.is_empty() {
        members.insert("x-kubernetes-patch-strategy".into(), words.join(",").into());
    }
    if let Some(key) = &patch.merge_key {
        members.insert("x-kubernetes-patch-merge-key".into(), key.as_str().into());
    }
}
