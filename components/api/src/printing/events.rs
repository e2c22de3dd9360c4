//! Rows of events, which two groups serve with fields of different names.

use super::view::{View, known, text};
use serde_json::{Value, json};

/// What the groups call the same fields.
struct Names {
    object: &'static str,
    message: &'static str,
    first: &'static str,
    last: &'static str,
    count: &'static str,
    source: &'static str,
    controller: &'static str,
}

pub(super) fn core_v1(it: View<'_>) -> Vec<Value> {
    event(
        it,
        &Names {
            object: "/involvedObject",
            message: "/message",
            first: "/firstTimestamp",
            last: "/lastTimestamp",
            count: "/count",
            source: "/source",
            controller: "/reportingComponent",
        },
    )
}

pub(super) fn events(it: View<'_>) -> Vec<Value> {
    event(
        it,
        &Names {
            object: "/regarding",
            message: "/note",
            first: "/deprecatedFirstTimestamp",
            last: "/deprecatedLastTimestamp",
            count: "/deprecatedCount",
            source: "/deprecatedSource",
            controller: "/reportingController",
        },
    )
}

fn event(it: View<'_>, names: &Names) -> Vec<Value> {
    let object = it.at(names.object);
    let first = either_time(it, it.text(names.first), it.text("/eventTime"));
    let (last, count) = match it.at("/series") {
        Value::Null => {
            let told = known(it.text(names.last)).map(|_| it.since(it.text(names.last)));
            (told.unwrap_or_else(|| first.clone()), it.int(names.count).max(1))
        }
        series => {
            let count = series["count"].as_i64().unwrap_or_default();
            (it.since(text(series, "/lastObservedTime")), count)
        }
    };
    vec![
        json!(last),
        json!(it.text("/type")),
        json!(it.text("/reason")),
        json!(target(object)),
        json!(text(object, "/fieldPath")),
        json!(source(it, names)),
        json!(it.text(names.message).trim()),
        json!(first),
        json!(count),
        it.name(),
    ]
}

fn either_time(it: View<'_>, one: &str, other: &str) -> String {
    it.since(if known(one).is_some() { one } else { other })
}

fn target(object: &Value) -> String {
    let (kind, name) = (text(object, "/kind").to_lowercase(), text(object, "/name"));
    if name.is_empty() { kind } else { format!("{kind}/{name}") }
}

fn source(it: View<'_>, names: &Names) -> String {
    let source = it.at(names.source);
    let either = |one: &'_ str, other: &'_ str| match one {
        "" => other.to_owned(),
        _ => one.to_owned(),
    };
    let component = either(text(source, "/component"), it.text(names.controller));
    let host = either(text(source, "/host"), it.text("/reportingInstance"));
    if host.is_empty() { component } else { format!("{component}, {host}") }
}
