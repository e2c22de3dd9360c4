//! Deployments by chance: few names, so that two of them share items of their lists.

use proptest::{collection, option, prelude::*, sample::subsequence};
use serde_json::{Map, Value, json};

/// A Deployment, or a part of one: each field may be missing, lists stand in any order.
pub(crate) fn deployment() -> BoxedStrategy<Value> {
    let spec = some(vec![
        ("replicas", (0_i64..3).prop_map(Value::from).boxed()),
        ("paused", any::<bool>().prop_map(Value::Bool).boxed()),
        ("selector", some(vec![("matchLabels", texts("[a-b]"))])),
        ("strategy", strategy()),
        ("template", some(vec![("metadata", labels()), ("spec", pod())])),
    ]);
    (option::of(labels()), option::of(spec))
        .prop_map(|(metadata, spec)| {
            let mut out = json!({"apiVersion": "apps/v1", "kind": "Deployment"});
            metadata.into_iter().for_each(|it| out["metadata"] = it);
            spec.into_iter().for_each(|it| out["spec"] = it);
            out
        })
        .boxed()
}

fn labels() -> BoxedStrategy<Value> {
    let finalizers = subsequence(vec!["f", "g", "h"], 0..3).prop_shuffle();
    some(vec![
        ("labels", texts("[a-c]")),
        ("finalizers", finalizers.prop_map(|it| json!(it)).boxed()),
    ])
}

fn strategy() -> BoxedStrategy<Value> {
    some(vec![
        ("type", "[xy]".prop_map(Value::String).boxed()),
        ("rollingUpdate", some(vec![("maxSurge", (0_i64..2).prop_map(Value::from).boxed())])),
    ])
}

fn pod() -> BoxedStrategy<Value> {
    let container = some(vec![
        ("image", "[ij]".prop_map(Value::String).boxed()),
        ("args", collection::vec("[ab]", 0..3).prop_map(|it| json!(it)).boxed()),
        ("env", named("name", some(vec![("value", "[v]{1,2}".prop_map(Value::String).boxed())]))),
        ("ports", ports()),
    ]);
    some(vec![
        ("containers", named("name", container)),
        ("nodeSelector", texts("[a-b]")),
        ("volumes", named("name", some(vec![("emptyDir", texts("[m]"))]))),
    ])
}

fn ports() -> BoxedStrategy<Value> {
    let protocol = option::of(prop_oneof!["TCP", "UDP"]);
    collection::btree_map(80_i64..83, (protocol, option::of("[p]")), 0..3)
        .prop_map(|ports| {
            let port = |(number, (protocol, name)): (i64, (Option<String>, Option<String>))| {
                let mut port = json!({"containerPort": number});
                protocol.into_iter().for_each(|it| port["protocol"] = json!(it));
                name.into_iter().for_each(|it| port["name"] = json!(it));
                port
            };
            Value::Array(ports.into_iter().map(port).collect())
        })
        .boxed()
}

/// A list of up to three items with different names, in any order.
fn named(key: &'static str, item: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let names = subsequence(vec!["a", "b", "c"], 0..=3).prop_shuffle();
    (names, collection::vec(item, 3))
        .prop_map(move |(names, items)| {
            let name = |(name, mut item): (&str, Value)| {
                item[key] = json!(name);
                item
            };
            Value::Array(names.into_iter().zip(items).map(name).collect())
        })
        .boxed()
}

fn texts(names: &'static str) -> BoxedStrategy<Value> {
    collection::btree_map(names, "[12]", 0..3).prop_map(|it| json!(it)).boxed()
}

/// An object with some of those fields.
fn some(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let values: Vec<_> = values.into_iter().map(option::of).collect();
    values
        .prop_map(move |values| {
            let present = names.iter().zip(values).filter_map(|(name, it)| Some((name, it?)));
            let fields = present.map(|(name, value)| ((*name).to_owned(), value));
            Value::Object(fields.collect::<Map<_, _>>())
        })
        .boxed()
}
