//! Rows of API Priority and Fairness.

use super::view::{View, text};
use serde_json::{Value, json};

pub(super) fn flow_schema(it: View<'_>) -> Vec<Value> {
    let mut conditions = it.list("/status/conditions").iter();
    let dangling = conditions.find(|it| text(it, "/type") == "Dangling");
    vec![
        it.name(),
        json!(it.text("/spec/priorityLevelConfiguration/name")),
        json!(it.int("/spec/matchingPrecedence")),
        json!(it.text_or("/spec/distinguisherMethod/type", "<none>")),
        it.age(),
        json!(dangling.map_or("?", |it| text(it, "/status"))),
    ]
}

pub(super) fn priority_level(it: View<'_>) -> Vec<Value> {
    let none = || json!("<none>");
    let number = |pointer: &str| match it.at(pointer) {
        Value::Null => none(),
        number => number.clone(),
    };
    let queuing = |field: &str| number(&format!("/spec/limited/limitResponse/queuing/{field}"));
    vec![
        it.name(),
        json!(it.text("/spec/type")),
        number("/spec/limited/nominalConcurrencyShares"),
        queuing("queues"),
        queuing("handSize"),
        queuing("queueLengthLimit"),
        it.age(),
    ]
}
