//! What is known before anything runs: literals of lists and maps, and conversions of literals.
//!
//! Upstream: cel-go `interpreter/decorators.go` (`decOptimize`), which apiserver switches on; what is
//! made here costs nothing when it runs.

use super::{Call, Node};
use crate::{
    ast::operator,
    value::{Key, Value},
};
use std::collections::BTreeMap;

/// A list, made now if all of its elements are known.
pub(super) fn list(elements: Vec<(Node, bool)>) -> Node {
    let known = elements.iter().map(|it| match it {
        (Node::Constant(value), false) => Some(value.clone()),
        _ => None,
    });
    match known.collect::<Option<Vec<_>>>() {
        Some(items) => Node::Constant(Value::list(items)),
        None => Node::List(elements),
    }
}

/// A map, made now if all of its entries are known and fit.
pub(super) fn map(entries: Vec<(Node, Node, bool)>) -> Node {
    let known = entries.iter().map(|it| match it {
        (Node::Constant(key), Node::Constant(value), false) if !matches!(key, Value::Double(_)) => {
            Some((Key::new(key)?, value.clone()))
        }
        _ => None,
    });
    match known.collect::<Option<BTreeMap<_, _>>>() {
        // Repeated keys are an error of the run.
        Some(made) if made.len() == entries.len() => Node::Constant(Value::map(made)),
        _ => Node::Map(entries),
    }
}

/// A call, made now if it converts a literal.
pub(super) fn call(call: Call) -> Node {
    match (&*call.function, call.args.as_slice()) {
        (
            "bool" | "bytes" | "double" | "duration" | "dyn" | "int" | "string" | "timestamp"
            | "uint",
            [Node::Constant(value)],
        ) => {
            let mut args = [value.clone()];
            let overload = call.overloads.iter().find(|it| it.takes(&args));
            match overload.map(|it| (it.run)(&mut args)) {
                Some(Ok(value)) => Node::Constant(value),
                // It fails when it runs.
                Some(Err(_)) | None => Node::Call(Box::new(call)),
            }
        }
        (operator::IN, [_, Node::Constant(Value::List(list))]) if list.iter().all(is_plain) => {
            let known = Value::List(list.clone());
            match call.args.into_iter().next() {
                Some(value) => Node::Among(Box::new((value, known))),
                None => Node::Constant(Value::Bool(false)),
            }
        }
        _ => Node::Call(Box::new(call)),
    }
}

fn is_plain(value: crate::value::Outcome<'_>) -> bool {
    matches!(
        value,
        Ok(Value::Bool(_)
            | Value::Bytes(_)
            | Value::Double(_)
            | Value::Int(_)
            | Value::String(_)
            | Value::Uint(_))
    )
}
