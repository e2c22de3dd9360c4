//! JSON Patch: what each operation does, what is refused and how, and laws of differences.

use crate::random::{object, solid_value};
use api::patch::{
    PatchError,
    json_patch::{JsonPatch, MAX_COPIED, MAX_OPERATIONS},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn apply(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    JsonPatch::decode(patch, true)?.apply(object.clone())
}

#[test]
fn operations_do_what_they_say() {
    let object = json!({"a": {"b": [1, 2, 3]}, "c": null, "d/e": "x"});
    let cases = [
        (json!([{"op": "add", "path": "/a/b/-", "value": 4}]), "/a/b", json!([1, 2, 3, 4])),
        (json!([{"op": "add", "path": "/a/b/0", "value": 0}]), "/a/b", json!([0, 1, 2, 3])),
        (json!([{"op": "add", "path": "/a/b/3", "value": 4}]), "/a/b", json!([1, 2, 3, 4])),
        (json!([{"op": "add", "path": "/a/b/-1", "value": 4}]), "/a/b", json!([1, 2, 3, 4])),
        (json!([{"op": "add", "path": "/a/n"}]), "/a", json!({"b": [1, 2, 3], "n": null})),
        (json!([{"op": "remove", "path": "/a/b/-1"}]), "/a/b", json!([1, 2])),
        (json!([{"op": "remove", "path": "/a/b"}]), "/a", json!({})),
        (json!([{"op": "replace", "path": "/a/b/+1", "value": 9}]), "/a/b", json!([1, 9, 3])),
        (json!([{"op": "replace", "path": "/a/new", "value": 9}]), "/a/new", json!(9)),
        (json!([{"op": "replace", "path": "/d~1e", "value": 9}]), "/d~1e", json!(9)),
        (json!([{"op": "replace", "path": "", "value": {"z": 1}}]), "", json!({"z": 1})),
        (json!([{"op": "move", "from": "/a/b/0", "path": "/a/b/2"}]), "/a/b", json!([2, 3, 1])),
        (json!([{"op": "copy", "from": "/a/b", "path": "/f"}]), "/f", json!([1, 2, 3])),
        (json!([{"op": "copy", "from": "/none", "path": "/f"}]), "/f", json!(null)),
        (json!([{"op": "test", "path": "/a/b/1", "value": 2}]), "/a/b/1", json!(2)),
        (json!([{"op": "test", "path": "/none", "value": null}]), "/a/b/1", json!(2)),
        (json!([{"op": "test", "path": "/c"}]), "/a/b/1", json!(2)),
        (json!([]), "", object.clone()),
        (json!(null), "", object.clone()),
    ];
    for (patch, at, wanted) in cases {
        let patched = apply(&object, &patch).unwrap_or_else(|why| panic!("{patch}: {why:?}"));
        assert_eq!(patched.pointer(at), Some(&wanted), "{patch}");
    }
}

#[test]
fn what_does_not_fit_the_object_is_rejected() {
    let object = json!({"a": {"b": [1]}, "c": null});
    let cases = [
        json!([{"op": "test", "path": "/a/b/0", "value": 2}]),
        json!([{"op": "test", "path": "/a/b/0", "value": 1.0}]),
        json!([{"op": "test", "path": "/a/b/1", "value": null}]),
        json!([{"op": "remove", "path": "/none"}]),
        json!([{"op": "remove", "path": "/a/b/1"}]),
        json!([{"op": "remove", "path": "/a/b/-2"}]),
        json!([{"op": "replace", "path": "/a/b/1", "value": 2}]),
        json!([{"op": "replace", "path": "", "value": 2}]),
        json!([{"op": "add", "path": "/a/b/2", "value": 2}]),
        json!([{"op": "add", "path": "/a/b/x", "value": 2}]),
        json!([{"op": "add", "path": "/none/x", "value": 2}]),
        json!([{"op": "add", "path": "/c/x", "value": 2}]),
        json!([{"op": "add", "path": "", "value": {}}]),
        json!([{"op": "add", "value": {}}]),
        json!([{"op": "move", "from": "/none", "path": "/x"}]),
        json!([{"op": "move", "path": "/x"}]),
        json!([{"op": "merge", "path": "/x"}]),
        json!([{"path": "/x"}]),
        json!([null]),
    ];
    for patch in cases {
        let why = apply(&object, &patch).expect_err(&patch.to_string());
        assert_eq!((why.code(), why.reason()), (422, "Invalid"), "{patch}: {why:?}");
        assert_eq!(
            why.to_string(),
            "the server rejected our request due to an error in our request"
        );
    }
}

#[test]
fn what_is_no_patch_is_a_bad_request() {
    let checked = [
        (json!({}), "object into Go value of type []handlers.jsonPatchOp"),
        (json!(["x"]), "string into Go value of type handlers.jsonPatchOp"),
        (json!([{"op": 1}]), "number into Go struct field jsonPatchOp.op of type string"),
    ];
    for (patch, wanted) in checked {
        let wanted = format!("error decoding patch: json: cannot unmarshal {wanted}");
        assert_eq!(refusal(&patch, true), (400, "BadRequest", wanted));
    }
    let unchecked = [
        (json!({}), "object into Go value of type jsonpatch.Patch"),
        (json!([1]), "number into Go value of type jsonpatch.Operation"),
    ];
    for (patch, wanted) in unchecked {
        let wanted = format!("json: cannot unmarshal {wanted}");
        assert_eq!(refusal(&patch, false), (400, "BadRequest", wanted));
    }
}

fn refusal(patch: &Value, checked: bool) -> (u16, &'static str, String) {
    let why = JsonPatch::decode(patch, checked).expect_err(&patch.to_string());
    (why.code(), why.reason(), why.to_string())
}

#[test]
fn a_patch_has_limits() {
    let operation = json!({"op": "test", "path": "/a", "value": 1});
    let at_most = Value::Array(vec![operation.clone(); MAX_OPERATIONS]);
    assert!(apply(&json!({"a": 1}), &at_most).is_ok());
    let too_many = Value::Array(vec![operation; MAX_OPERATIONS + 1]);
    let why = apply(&json!({"a": 1}), &too_many).expect_err("too many operations");
    assert_eq!(why.code(), 413);
    let wanted = "The allowed maximum operations in a JSON patch is 10000, got 10001";
    assert_eq!(why.to_string(), format!("Request entity is too large: {wanted}"));

    let big = json!({"a": "x".repeat(MAX_COPIED / 2)});
    let copy = json!({"op": "copy", "from": "/a", "path": "/b"});
    assert!(apply(&big, &json!([copy])).is_ok());
    assert_eq!(apply(&big, &json!([copy, copy])).map_err(|why| why.code()), Err(422));
}

#[test]
fn strange_members_are_named() {
    let patch = json!([{"op": "remove", "path": "/a"}, {"op": "test", "path": "/b", "valeu": 1}]);
    let patch = JsonPatch::decode(&patch, true).expect("a list of objects");
    assert_eq!(patch.unknown_fields(), ["json patch unknown field \"[1].valeu\""]);
}

/// A patch that leads from one object to another, and says what it expects on the way.
fn difference(old: &Value, new: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (old, new) else {
        return json!([{"op": "replace", "path": "", "value": new}]);
    };
    let escape = |name: &str| format!("/{}", name.replace('~', "~0").replace('/', "~1"));
    let gone = old.iter().filter(|(name, _)| !new.contains_key(*name)).flat_map(|(name, value)| {
        let path = escape(name);
        [json!({"op": "test", "path": path, "value": value}), json!({"op": "remove", "path": path})]
    });
    let come = new.iter().filter(|(name, value)| old.get(*name) != Some(value));
    let come = come.map(|(name, value)| json!({"op": "add", "path": escape(name), "value": value}));
    Value::Array(gone.chain(come).collect())
}

proptest! {
    #[test]
    fn a_difference_leads_from_one_object_to_the_other(
        old in object(solid_value()),
        new in object(solid_value()),
    ) {
        prop_assert_eq!(apply(&old, &difference(&old, &new)), Ok(new));
    }

    #[test]
    fn what_is_added_to_a_list_can_be_taken_away(
        items in prop::collection::vec(solid_value(), 0..5),
        at in 0_usize..6,
        new in solid_value(),
    ) {
        let old = json!({"l": items});
        let path = format!("/l/{at}");
        let patch = json!([
            {"op": "add", "path": path, "value": new},
            {"op": "test", "path": path, "value": new},
            {"op": "remove", "path": path},
        ]);
        match at <= items.len() {
            true => prop_assert_eq!(apply(&old, &patch), Ok(old)),
            false => prop_assert_eq!(apply(&old, &patch).map_err(|why| why.code()), Err(422)),
        }
    }

    #[test]
    fn no_patch_upsets(object in object(solid_value()), patch in solid_value(), checked: bool) {
        let tried = JsonPatch::decode(&patch, checked).and_then(|patch| patch.apply(object));
        if let Err(why) = tried {
            prop_assert!([400, 422].contains(&why.code()));
        }
    }
}
