//! Strategic merge patch: each directive, the order of merged lists, refusals, and differences.

use crate::{
    deployments::deployment,
    random::{object, solid_value},
    schemas::{DEPLOYMENT, deployment_kind, kind, schemas},
    strategic_difference::difference,
};
use api::{
    patch::{PatchError, strategic},
    schema::{Owned, Schemas, Shape},
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn apply(object: &Value, patch: &Value) -> Result<Value, PatchError> {
    strategic::apply(&schemas(), DEPLOYMENT, object.clone(), patch.clone())
}

/// A pod's spec within a Deployment.
fn pod(spec: Value) -> Value {
    json!({"spec": {"template": {"spec": spec}}})
}

fn containers(containers: Value) -> Value {
    pod(json!({"containers": containers}))
}

fn finalizers(finalizers: Value) -> Value {
    json!({"metadata": {"finalizers": finalizers}})
}

#[test]
fn objects_and_maps_are_merged() {
    let cases = [
        (
            json!({"spec": {"replicas": 1, "paused": true}}),
            json!({"spec": {"replicas": 3, "paused": null}}),
            json!({"spec": {"replicas": 3}}),
        ),
        (
            json!({"metadata": {"labels": {"a": "1", "b": "2"}}}),
            json!({"metadata": {"labels": {"b": null, "c": "3", "d": null}}}),
            json!({"metadata": {"labels": {"a": "1", "c": "3"}}}),
        ),
        // What is new comes without nulls and directives.
        (
            json!({}),
            json!({"metadata": {"labels": {"a": null, "b": "1"}}, "spec": {"$patch": "delete"}}),
            json!({"metadata": {"labels": {"b": "1"}}}),
        ),
        (
            json!({"metadata": {"labels": {"a": "1"}}}),
            json!({"metadata": {"labels": {"$patch": "replace", "b": "2"}}}),
            json!({"metadata": {"labels": {"b": "2"}}}),
        ),
        (
            json!({"metadata": {"labels": {"a": "1"}}}),
            json!({"metadata": {"labels": {"$patch": "delete", "b": "2"}}}),
            json!({"metadata": {"labels": {}}}),
        ),
        (json!({"spec": {"replicas": 1}}), json!(null), json!({"spec": {"replicas": 1}})),
    ];
    for (object, patch, wanted) in cases {
        assert_eq!(apply(&object, &patch), Ok(wanted), "{patch}");
    }
}

#[test]
fn keyed_lists_are_merged_in_the_order_of_the_patch() {
    let object = containers(json!([{"name": "a", "image": "1"}, {"name": "b"}, {"name": "c"}]));
    let cases = [
        // An item that is there.
        (
            json!([{"name": "a", "image": "2"}]),
            json!([{"name": "a", "image": "2"}, {"name": "b"}, {"name": "c"}]),
        ),
        // A new one goes before those that only the server has.
        (
            json!([{"name": "z"}]),
            json!([{"name": "z"}, {"name": "a", "image": "1"}, {"name": "b"}, {"name": "c"}]),
        ),
        // The patch's order wins, and the server's own items keep theirs.
        (
            json!([{"name": "c"}, {"name": "a"}]),
            json!([{"name": "b"}, {"name": "c"}, {"name": "a", "image": "1"}]),
        ),
        (
            json!([{"$patch": "delete", "name": "b"}]),
            json!([{"name": "a", "image": "1"}, {"name": "c"}]),
        ),
        (json!([{"$patch": "replace"}, {"name": "n"}]), json!([{"name": "n"}])),
        (json!([{"$patch": "replace"}]), json!([])),
    ];
    for (patch, wanted) in cases {
        let patched = apply(&object, &containers(patch.clone()));
        assert_eq!(patched, Ok(containers(wanted)), "{patch}");
    }
}

#[test]
fn lists_without_a_strategy_are_replaced() {
    let args = |args: Value| containers(json!([{"name": "a", "args": args}]));
    assert_eq!(apply(&args(json!(["1", "2"])), &args(json!(["3"]))), Ok(args(json!(["3"]))));
}

#[test]
fn lists_of_scalars_are_sets() {
    let object = finalizers(json!(["a", "b", "c"]));
    let cases = [
        (json!({"finalizers": ["b", "d"]}), json!(["a", "b", "d", "c"])),
        (json!({"finalizers": null}), json!(null)),
        (json!({"$deleteFromPrimitiveList/finalizers": ["b", "z"]}), json!(["a", "c"])),
        (
            json!({"finalizers": ["d"], "$setElementOrder/finalizers": ["d", "c", "b", "a"]}),
            json!(["d", "c", "b", "a"]),
        ),
        (
            json!({
                "$deleteFromPrimitiveList/finalizers": ["a"],
                "$setElementOrder/finalizers": ["c", "b"],
            }),
            json!(["c", "b"]),
        ),
    ];
    for (patch, wanted) in cases {
        let patched = apply(&object, &json!({"metadata": patch})).expect("a patch");
        let got = patched.pointer("/metadata/finalizers").unwrap_or(&Value::Null);
        assert_eq!(*got, wanted, "{patch}");
    }
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}});
    assert_eq!(apply(&json!({"metadata": {}}), &patch), Ok(json!({"metadata": {}})));
}

#[test]
fn set_element_order_orders_what_it_names_and_keeps_the_rest_near() {
    let named = |names: &[&str]| {
        Value::Array(names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>())
    };
    let cases: [[&[&str]; 4]; 4] = [
        // Server has, patch has, order set, wanted.
        [&["a", "b", "c"], &[], &["c", "a"], &["b", "c", "a"]],
        [&["a", "b"], &["n"], &["n", "a"], &["n", "a", "b"]],
        [&["a", "x", "b", "y"], &["n"], &["b", "n", "a"], &["x", "b", "n", "a", "y"]],
        [&[], &["b", "a"], &["b", "a"], &["b", "a"]],
    ];
    for [server, patch, order, wanted] in cases {
        let mut spec = json!({"$setElementOrder/containers": named(order)});
        if !patch.is_empty() {
            spec["containers"] = named(patch);
        }
        let object = match server.is_empty() {
            true => pod(json!({})),
            false => containers(named(server)),
        };
        assert_eq!(apply(&object, &pod(spec)), Ok(containers(named(wanted))), "{order:?}");
    }
}

#[test]
fn retain_keys_clears_what_it_does_not_name() {
    let object = json!({"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {}}}});
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}});
    let wanted = json!({"spec": {"strategy": {"type": "Recreate"}}});
    assert_eq!(apply(&object, &patch), Ok(wanted));

    let object = pod(json!({"volumes": [{"name": "v", "emptyDir": {}}, {"name": "w"}]}));
    let patch = pod(json!({"volumes": [
        {"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}},
    ]}));
    let wanted = json!([{"name": "v", "configMap": {"name": "c"}}, {"name": "w"}]);
    assert_eq!(apply(&object, &patch), Ok(pod(json!({"volumes": wanted}))));

    let patch = json!({"spec": {"strategy": {"$retainKeys": ["rollingUpdate"], "type": "x"}}});
    let why = apply(&json!({"spec": {"strategy": {}}}), &patch).expect_err("type is not retained");
    assert_eq!((why.code(), why.to_string().as_str()), (400, "invalid patch format of retainKeys"));
}

#[test]
fn what_cannot_be_is_refused_in_upstreams_words() {
    let object = json!({
        "metadata": {"finalizers": ["a"], "labels": {"x": "1"}},
        "extra": {"a": {}},
        "spec": {"template": {"spec": {"containers": [{"name": "a"}]}}},
    });
    let no_key = "does not contain declared merge key: name";
    let different = "list element types are not identical:";
    let into = "into Go value of type map[string]interface {}";
    let label = |value: Value| json!({"metadata": {"labels": value}});
    let cases = [
        (json!([]), format!("json: cannot unmarshal array {into}")),
        (containers(json!([{"image": "i"}])), format!("map: map[image:i] {no_key}")),
        (containers(json!([{"$patch": "delete"}])), format!("map: map[$patch:delete] {no_key}")),
        (
            containers(json!([{"$patch": "merge"}])),
            "merging lists cannot yet be specified in the patch".to_owned(),
        ),
        (
            containers(json!([{"$patch": "x", "name": "a"}])),
            "unknown patch type: x in map: map[$patch:x name:a]".to_owned(),
        ),
        (containers(json!(["x"])), format!("{different} [[map[name:a]] [x]]")),
        (finalizers(json!([["x"]])), format!("{different} [[a] [[x]]]")),
        (
            label(json!({"$patch": "merge"})),
            "unknown patch type: merge in map: map[$patch:merge]".to_owned(),
        ),
        (
            json!({"metadata": {"$setElementOrder": []}}),
            "invalid patch format of setElementOrder list".to_owned(),
        ),
        (
            json!({"metadata": {"$setElementOrder/finalizers": "x"}}),
            "expected a []interface {}, but received a string".to_owned(),
        ),
        (
            json!({"metadata": {"$deleteFromPrimitiveList": []}}),
            "invalid patch format of primitive list".to_owned(),
        ),
        (
            json!({"extra": {"a": {"b": 1}}}),
            "unable to find api field in struct JSON for the json field \"a\"".to_owned(),
        ),
    ];
    for (patch, text) in cases {
        let why = apply(&object, &patch).expect_err(&text);
        assert_eq!((why.code(), why.to_string()), (400, text), "{patch}");
    }
    let mut patch = finalizers(json!(["b", "a"]));
    patch["metadata"]["$setElementOrder/finalizers"] = json!(["a", "b"]);
    let why = apply(&object, &patch).expect_err("another order").to_string();
    let orders = "[b a]\n doesn't match $setElementOrder list:\n[a b]\n";
    assert_eq!(why, format!("The order in patch list:\n{orders}"));
    let lists = finalizers(json!([["x"]]));
    assert_eq!(apply(&lists, &lists).map_err(|why| why.code()), Err(422));
}

#[test]
fn the_built_in_types_say_how_they_are_patched() {
    let schemas = Schemas::built_in();
    let deployment = schemas.of(&deployment_kind()).expect("a built-in kind");
    let object = containers(json!([{"name": "a", "image": "1", "ports": [{"containerPort": 1}]}]));
    let patch = containers(json!([
        {"name": "b"},
        {"name": "a", "ports": [{"containerPort": 1, "name": "p"}, {"containerPort": 2}]},
    ]));
    let ports = json!([{"containerPort": 1, "name": "p"}, {"containerPort": 2}]);
    let wanted = containers(json!([{"name": "b"}, {"name": "a", "image": "1", "ports": ports}]));
    assert_eq!(strategic::apply(&schemas, deployment, object, patch), Ok(wanted));

    // A budget's selector is replaced where others would be merged.
    let budget = schemas.of(&kind("policy", "v1", "PodDisruptionBudget")).expect("built in");
    let of = |labels: Value| json!({"spec": {"selector": {"matchLabels": labels}}});
    let (old, patch) = (of(json!({"a": "1"})), of(json!({"b": "2"})));
    assert_eq!(strategic::apply(&schemas, budget, old, patch.clone()), Ok(patch));
}

proptest! {
    #[test]
    fn a_difference_leads_from_one_object_to_the_other(old in deployment(), new in deployment()) {
        let shape = Shape::Object(DEPLOYMENT, Owned::Granular);
        let patch = difference(&schemas(), &shape, &old, &new);
        prop_assert_eq!(apply(&old, &patch), Ok(new), "{}", patch);
    }

    #[test]
    fn a_second_time_changes_nothing(old in deployment(), patch in deployment()) {
        let once = apply(&old, &patch).expect("it has no directives");
        prop_assert_eq!(apply(&once, &patch), Ok(once));
    }

    #[test]
    fn no_patch_upsets(
        old in deployment(),
        patch in object(solid_value()),
        name in "(\\$[a-zA-Z]+/)?[a-z]+",
    ) {
        let deep = json!({"spec": {name: patch}});
        for patch in [patch.clone(), json!({"metadata": patch}), deep] {
            if let Err(why) = apply(&old, &patch) {
                prop_assert!([400, 422].contains(&why.code()));
            }
        }
    }
}
