//! Sets of fields: their JSON as upstream has it, and the laws of sets.

use api::patch::fields::{Element, FieldsError, Path, Scalar, Set};
use proptest::{collection, prelude::*};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[test]
fn json_is_read_and_written_in_upstreams_order() {
    // Numbers of keys are in the order of numbers, not of their texts; a field's own mark is first.
    let text = concat!(
        r#"{"f:metadata":{"f:finalizers":{".":{},"v:\"x\"":{}},"f:labels":{".":{},"f:app":{}}},"#,
        r#""f:spec":{"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{"#,
        r#"".":{},"f:port":{}},"k:{\"port\":443,\"protocol\":\"TCP\"}":{}},"i:0":{}}}"#
    );
    let set = Set::from_value(&serde_json::from_str(text).expect("JSON")).expect("a set");
    assert_eq!(set.to_json(), text);
    let paths: Vec<_> = set.paths().iter().map(Path::to_string).collect();
    assert_eq!(
        paths,
        [
            ".metadata.finalizers",
            ".metadata.labels",
            ".metadata.finalizers[=\"x\"]",
            ".metadata.labels.app",
            ".spec.ports",
            ".spec[0]",
            ".spec.ports[port=80,protocol=\"TCP\"]",
            ".spec.ports[port=443,protocol=\"TCP\"]",
            ".spec.ports[port=80,protocol=\"TCP\"].port",
        ]
    );
}

#[test]
fn what_is_no_set_is_refused_and_what_is_not_known_is_left_out() {
    let wrong = |why, text: &str| Err(FieldsError::NotAnElement(why, text.to_owned()));
    let cases = [
        (json!([]), Err(FieldsError::NotAnObject)),
        (json!({"f:a": 1}), Err(FieldsError::NotAnObject)),
        (json!({"f": {}}), wrong("key must be 2 characters long", "f")),
        (json!({"ab": {}}), wrong("missing colon", "ab")),
        (json!({"v:{": {}}), wrong("not JSON", "v:{")),
        (json!({"k:1": {}}), wrong("not an object", "k:1")),
        (json!({"i:x": {}}), wrong("not a number", "i:x")),
        (json!({"x:what": {"f:a": {}}}), Ok(json!({}))),
        (json!({"f:a": {".": {}}}), Ok(json!({"f:a": {}}))),
        (json!(null), Ok(json!({}))),
    ];
    for (value, wanted) in cases {
        assert_eq!(Set::from_value(&value).map(|set| set.to_value()), wanted, "{value}");
    }
}

#[test]
fn a_number_is_the_same_however_it_is_written() {
    let key = |text: &str| json!({text: {}});
    let one = Set::from_value(&key("k:{\"port\":80}")).expect("a set");
    let other = Set::from_value(&key("k:{\"port\":80.0}")).expect("a set");
    assert_eq!(one, other);
    let html = Element::Value(Scalar(json!("<&>")));
    let text = Set::of([[html].as_slice()]).to_json();
    assert_eq!(text, r#"{"v:\"\\u003c\\u0026\\u003e\"":{}}"#);
}

#[test]
fn differences_know_parents() {
    let set = |value: Value| Set::from_value(&value).expect("a set");
    let tree = set(json!({"f:a": {".": {}, "f:b": {".": {}, "f:c": {}}}, "f:d": {}}));
    let gone = set(json!({"f:a": {"f:b": {}}}));
    let plain = json!({"f:a": {".": {}, "f:b": {"f:c": {}}}, "f:d": {}});
    assert_eq!(tree.difference(&gone).to_value(), plain);
    let recursive = json!({"f:a": {}, "f:d": {}});
    assert_eq!(tree.recursive_difference(&gone).to_value(), recursive);
}

fn element() -> impl Strategy<Value = Element> {
    let scalar = prop_oneof![
        (0_i64..3).prop_map(Value::from),
        "[a\"<é]{0,2}".prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
    ];
    let scalar = scalar.prop_map(Scalar);
    prop_oneof![
        "[a-c.:]{0,2}".prop_map(Element::Field),
        collection::btree_map("[kl]", scalar.clone(), 1..3)
            .prop_map(|fields| Element::Key(fields.into_iter().collect())),
        scalar.prop_map(Element::Value),
        (-1_i64..2).prop_map(Element::Index),
    ]
}

fn paths() -> impl Strategy<Value = BTreeSet<Path>> {
    collection::btree_set(collection::vec(element(), 1..4).prop_map(Path), 0..12)
}

fn set(paths: &BTreeSet<Path>) -> Set {
    Set::of(paths.iter().map(|path| path.0.as_slice()))
}

fn model(set: &Set) -> BTreeSet<Path> {
    set.paths().into_iter().collect()
}

proptest! {
    #[test]
    fn sets_behave_as_sets_of_paths(one in paths(), other in paths()) {
        let (a, b) = (set(&one), set(&other));
        prop_assert_eq!(&model(&a), &one);
        prop_assert_eq!(model(&a.union(&b)), one.union(&other).cloned().collect());
        prop_assert_eq!(model(&a.intersection(&b)), one.intersection(&other).cloned().collect());
        prop_assert_eq!(model(&a.difference(&b)), one.difference(&other).cloned().collect());
        prop_assert!(one.iter().all(|path| a.has(&path.0)));
        let outside = |path: &Path| !(1..=path.0.len()).any(|end| b.has(&path.0[..end]));
        let left: BTreeSet<_> = one.iter().filter(|path| outside(path)).cloned().collect();
        prop_assert_eq!(model(&a.recursive_difference(&b)), left);
    }

    #[test]
    fn json_and_back_is_the_same_set(paths in paths()) {
        let set = set(&paths);
        prop_assert_eq!(Set::from_value(&set.to_value()), Ok(set.clone()));
        let text: Value = serde_json::from_str(&set.to_json()).expect("JSON");
        prop_assert_eq!(text, set.to_value());
    }
}
