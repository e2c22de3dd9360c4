//! JSON merge patch: the cases of RFC 7386's appendix, and its own words as a model.

use crate::random::{any_value, object, solid_value};
use api::patch::merge_patch::apply;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[test]
fn the_cases_of_the_rfc() {
    let cases = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ];
    for (object, patch, wanted) in cases {
        assert_eq!(apply(object, patch.clone(), true), Ok(wanted), "{patch}");
    }
}

#[test]
fn what_is_no_object_is_a_bad_request() {
    let refusal = |patch: Value, checked| {
        let why = apply(json!({"a": 1}), patch, checked).expect_err("not an object");
        (why.code(), why.to_string())
    };
    let decoding = |kind: &str| {
        let into = "into Go value of type map[string]interface {}";
        (400, format!("error decoding patch: json: cannot unmarshal {kind} {into}"))
    };
    assert_eq!(refusal(json!([1]), true), decoding("array"));
    assert_eq!(refusal(json!("x"), true), decoding("string"));
    assert_eq!(refusal(json!(null), true), (400, "Invalid JSON Patch".to_owned()));
    assert_eq!(refusal(json!("x"), false), (400, "Invalid JSON Patch".to_owned()));
    assert_eq!(apply(json!({"a": 1}), json!([1]), false), Ok(json!([1])));
}

/// `MergePatch` as RFC 7386, section 2, has it.
fn model(target: Option<&Value>, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    let mut out = target.and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in patch {
        match value {
            Value::Null => out.remove(name),
            _ => out.insert(name.clone(), model(out.get(name), value)),
        };
    }
    Value::Object(out)
}

fn difference(old: &Map<String, Value>, new: &Map<String, Value>) -> Value {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let mut patch: Map<_, _> = gone.map(|name| (name.clone(), Value::Null)).collect();
    for (name, value) in new.iter().filter(|(name, value)| old.get(*name) != Some(value)) {
        let change = match (old.get(name), value) {
            (Some(Value::Object(old)), Value::Object(new)) => difference(old, new),
            _ => value.clone(),
        };
        patch.insert(name.clone(), change);
    }
    Value::Object(patch)
}

/// Whether a list holds an object with a null member, where upstream departs from the RFC.
fn departs(value: &Value, in_list: bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| departs(item, true)),
        Value::Object(fields) => {
            fields.values().any(|value| (in_list && value.is_null()) || departs(value, in_list))
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn patches_follow_the_rfc(old in object(any_value()), patch in object(any_value())) {
        prop_assume!(!departs(&patch, false));
        prop_assert_eq!(apply(old.clone(), patch.clone(), true), Ok(model(Some(&old), &patch)));
    }

    #[test]
    fn a_difference_leads_from_one_object_to_the_other(
        old in object(solid_value()),
        new in object(solid_value()),
    ) {
        let (Value::Object(from), Value::Object(to)) = (&old, &new) else { unreachable!() };
        prop_assert_eq!(apply(old.clone(), difference(from, to), true), Ok(new));
    }

    #[test]
    fn a_second_time_changes_nothing(old in object(any_value()), patch in object(any_value())) {
        prop_assume!(!departs(&patch, false));
        let once = apply(old, patch.clone(), true).expect("an object");
        prop_assert_eq!(apply(once.clone(), patch, true), Ok(once));
    }
}
