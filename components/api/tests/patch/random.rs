//! JSON values by chance: few names and small numbers, so that two of them often meet.

use proptest::prelude::*;
use serde_json::{Map, Value};

/// Any value, null included, a few levels deep.
pub(crate) fn any_value() -> BoxedStrategy<Value> {
    value(Just(Value::Null).boxed())
}

/// Any value without nulls.
pub(crate) fn solid_value() -> BoxedStrategy<Value> {
    value(any::<bool>().prop_map(Value::Bool).boxed())
}

/// Any object; `inner` makes its members.
pub(crate) fn object(inner: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    prop::collection::btree_map("[a-d/~]", inner, 0..4)
        .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()))
        .boxed()
}

fn value(rare: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    let leaf =
        prop_oneof![rare, (0_i64..4).prop_map(Value::from), "[a-c]{0,2}".prop_map(Value::String),];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            object(inner.boxed()),
        ]
    })
    .boxed()
}
