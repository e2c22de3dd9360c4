//! No JSON whatever makes validation panic, or go on without end.

use crate::arbitrary::Draw;
use api::{
    defaults::Defaults,
    resources::built_in,
    schema::Schemas,
    validation::{Scope, validate, validate_custom},
};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Members that rules look for, so that what is drawn gets to them.
const NAMES: [&str; 24] = [
    "metadata",
    "spec",
    "status",
    "template",
    "containers",
    "initContainers",
    "volumes",
    "name",
    "namespace",
    "selector",
    "matchLabels",
    "rules",
    "webhooks",
    "ports",
    "devices",
    "requests",
    "labels",
    "annotations",
    "finalizers",
    "conditions",
    "resources",
    "limits",
    "data",
    "type",
];

/// Any JSON, some dozens of values of it.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[-a-zA-Z0-9./:*%ü= ]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let name =
            prop_oneof![proptest::sample::select(&NAMES[..]).prop_map(str::to_owned), ".{0,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

const PARTS: [&str; 7] =
    ["", "status", "approval", "ephemeralcontainers", "resize", "finalize", "scale"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn json_of_any_form(new in any_json(), old in any_json()) {
        for resource in built_in() {
            validate(&resource.kind, "", &new, None);
            for part in PARTS {
                validate(&resource.kind, part, &new, Some(&old));
            }
        }
        validate_custom(Scope::Cluster, &new, Some(&old));
    }

    #[test]
    fn objects_of_their_types(seed in any::<u64>()) {
        let schemas = Schemas::built_in();
        let defaults = Defaults::built_in(&schemas);
        for resource in built_in() {
            let id = schemas.of(&resource.kind).expect("a known kind");
            let draw = |seed: u64| -> Value {
                let mut object = Draw::new(&schemas, seed).object(id, 0);
                defaults.apply(&schemas, id, &mut object);
                object.into()
            };
            let (new, old) = (draw(seed), draw(seed.wrapping_add(1)));
            for part in PARTS {
                validate(&resource.kind, part, &new, Some(&old));
            }
            // What is said of a new object is said once.
            let errors = validate(&resource.kind, "", &new, None);
            let mut texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
            texts.sort();
            texts.dedup();
            prop_assert_eq!(texts.len(), errors.len());
        }
    }
}

#[test]
fn deep_json_is_looked_into_no_deeper_than_types_go() {
    let mut deep = json!({});
    for _ in 0..400 {
        deep = json!({"spec": deep, "metadata": {"name": "a"}, "template": [1], "matchExpressions": [{}]});
    }
    for resource in built_in() {
        validate(&resource.kind, "", &deep, None);
        validate(&resource.kind, "", &deep, Some(&json!({"spec": 1})));
    }
}
