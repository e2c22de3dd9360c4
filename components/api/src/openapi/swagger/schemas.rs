//! Types: v2 has plain references, no defaults, no alternatives and no null.
//!
//! Upstream: `kube-openapi/pkg/handler/default_pruning.go`, and for custom resources
//! apiextensions-apiserver's `pkg/controller/openapi/v2/conversion.go`.

use super::{
    super::{COMPONENTS, well_known},
    DEFINITIONS,
};
use serde_json::{Map, Value, json};

const PRESERVE: &str = "x-kubernetes-preserve-unknown-fields";

/// Types that v2 describes otherwise: it has no choice between text and number.
pub(super) fn named(name: &str) -> Option<Value> {
    match name {
        well_known::QUANTITY => Some(json!({"type": "string"})),
        well_known::INT_OR_STRING => Some(json!({"type": "string", "format": "int-or-string"})),
        _ => None,
    }
}

/// A schema of v3 as v2 says the same.
pub(super) fn second(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else { return schema };
    members.remove("default");
    unwrap(members);
    if let Some(Value::String(target)) = members.get_mut("$ref")
        && let Some(name) = target.strip_prefix(COMPONENTS)
    {
        *target = format!("{DEFINITIONS}{name}");
    }
    each(members, second);
    schema
}

/// `allOf` around a single reference lets something stand beside it, which v2 does anyway.
fn unwrap(members: &mut Map<String, Value>) {
    let Some(Value::Array(all)) = members.get("allOf") else { return };
    if let [one] = &all[..]
        && let Some(target) = one.get("$ref")
    {
        let target = target.clone();
        members.remove("allOf");
        members.insert("$ref".into(), target);
    }
}

/// Replaces the schemas right inside of one.
fn each(members: &mut Map<String, Value>, change: fn(Value) -> Value) {
    if let Some(Value::Object(properties)) = members.get_mut("properties") {
        for property in properties.values_mut() {
            *property = change(property.take());
        }
    }
    for word in ["items", "additionalProperties"] {
        if let Some(inner) = members.get_mut(word).filter(|inner| inner.is_object()) {
            *inner = change(inner.take());
        }
    }
}

/// A custom resource without what v2 has no words for, and kubectl would stumble over.
pub(super) fn reduced(schema: Value) -> Value {
    match schema[PRESERVE] == true {
        // Fields that are named would make kubectl refuse all others.
        true => json!({"type": "object", super::KINDS: schema[super::KINDS]}),
        false => inner(schema),
    }
}

fn inner(mut schema: Value) -> Value {
    let Some(members) = schema.as_object_mut() else { return schema };
    unwrap(members);
    for word in ["allOf", "anyOf", "oneOf", "not"] {
        members.remove(word);
    }
    let nullable = members.remove("nullable") == Some(true.into());
    let preserve = members.get(PRESERVE) == Some(&true.into());
    if nullable || preserve {
        members.remove("items");
        members.remove("properties");
    }
    let bare = match members.get("type").and_then(Value::as_str) {
        Some("array") => !members.contains_key("items"),
        Some("object") => preserve,
        _ => false,
    };
    if nullable || bare {
        members.remove("type");
    }
    relax(members);
    each(members, inner);
    schema
}

/// What may be null is not required: v2 cannot tell null from absent.
fn relax(members: &mut Map<String, Value>) {
    let nullable = |schema: Option<&Value>| schema.is_some_and(|it| it["nullable"] == true);
    let properties = members.get("properties").cloned().unwrap_or_default();
    let free = nullable(members.get("additionalProperties"));
    let Some(Value::Array(required)) = members.get_mut("required") else { return };
    required.retain(|name| !free && !nullable(name.as_str().and_then(|it| properties.get(it))));
    if required.is_empty() {
        members.remove("required");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stand_bare_and_defaults_go() {
        let target = format!("{COMPONENTS}a.B");
        let third = json!({
            "type": "object",
            "properties": {
                "default": {"type": "string", "default": "x"},
                "b": {"allOf": [{"$ref": target}], "default": {}, "description": "said"},
                "list": {"type": "array", "items": {"$ref": target}},
            },
        });
        let expected = json!({
            "type": "object",
            "properties": {
                "default": {"type": "string"},
                "b": {"$ref": "#/definitions/a.B", "description": "said"},
                "list": {"type": "array", "items": {"$ref": "#/definitions/a.B"}},
            },
        });
        assert_eq!(second(third), expected);
    }

    #[test]
    fn what_v2_cannot_say_is_left_out() {
        let cases = [
            (json!({"type": "string", "nullable": true}), json!({})),
            (json!({"type": "array", "items": {}, "nullable": true}), json!({})),
            (
                json!({"type": "object", PRESERVE: true, "properties": {"a": {}}}),
                json!({PRESERVE: true}),
            ),
            (json!({"anyOf": [{"type": "string"}], "maximum": 3}), json!({"maximum": 3})),
            (
                json!({
                    "type": "object", "required": ["a", "b"],
                    "properties": {"a": {"nullable": true}, "b": {"type": "string"}},
                }),
                json!({
                    "type": "object", "required": ["b"],
                    "properties": {"a": {}, "b": {"type": "string"}},
                }),
            ),
            (json!({"type": "array"}), json!({})),
        ];
        for (third, expected) in cases {
            assert_eq!(inner(third.clone()), expected, "{third}");
        }
        let free =
            json!({"type": "object", PRESERVE: true, "properties": {}, super::super::KINDS: 1});
        assert_eq!(reduced(free), json!({"type": "object", super::super::KINDS: 1}));
    }
}
