//! Events: `v1` and `events.k8s.io/v1` have the same fields by other names.
//!
//! Upstream: pkg/apis/events/v1/conversion.go.

use serde_json::{Map, Value};

/// Names in the core group and in the events' own.
const NAMES: [(&str, &str); 7] = [
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("involvedObject", "regarding"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
];
/// What only the core group writes where it is empty.
const WRITTEN: [&str; 2] = ["reportingComponent", "reportingInstance"];

pub(super) fn to_events(event: Value) -> Value {
    let mut event = renamed(event, |(core, own)| (core, own));
    // Empty texts that the core group writes are none here.
    if let Some(members) = event.as_object_mut() {
        members.retain(|name, value| {
            value != "" || !matches!(name.as_str(), "reportingController" | "reportingInstance")
        });
    }
    event
}

pub(super) fn to_core(event: Value) -> Value {
    let mut event = renamed(event, |(core, own)| (own, core));
    if let Some(members) = event.as_object_mut() {
        for name in WRITTEN {
            members.entry(name).or_insert_with(|| "".into());
        }
    }
    event
}

fn renamed(
    event: Value,
    direction: fn((&'static str, &'static str)) -> (&'static str, &'static str),
) -> Value {
    let Value::Object(members) = event else { return event };
    let name = |name: String| {
        let pair = NAMES.iter().map(|pair| direction(*pair)).find(|(from, _)| *from == name);
        pair.map_or(name, |(_, to)| to.to_owned())
    };
    let members = members.into_iter().map(|(key, value)| (name(key), value));
    Value::Object(members.collect::<Map<_, _>>())
}

#[cfg(test)]
mod tests {
    use crate::versions::convert;
    use serde_json::json;

    #[test]
    fn an_event_is_the_same_by_other_names() {
        let core = json!({
            "kind": "Event", "apiVersion": "v1", "metadata": {"name": "e"},
            "involvedObject": {"kind": "Pod"}, "reason": "R", "message": "m", "count": 2,
            "source": {"component": "c"}, "firstTimestamp": null, "lastTimestamp": null,
            "eventTime": null, "type": "Normal",
            "reportingComponent": "", "reportingInstance": "",
        });
        let own = convert(core.clone(), "events.k8s.io/v1").unwrap();
        assert_eq!(
            own,
            json!({
                "kind": "Event", "apiVersion": "events.k8s.io/v1", "metadata": {"name": "e"},
                "regarding": {"kind": "Pod"}, "reason": "R", "note": "m", "deprecatedCount": 2,
                "deprecatedSource": {"component": "c"}, "deprecatedFirstTimestamp": null,
                "deprecatedLastTimestamp": null, "eventTime": null, "type": "Normal",
            })
        );
        assert_eq!(convert(own, "v1"), Some(core.clone()));
        assert_eq!(convert(core, "autoscaling/v1"), None);
    }
}
