//! Kinds that are served in several versions: one form of an object from another.
//!
//! Upstream: pkg/apis/*/v*/conversion.go.

mod autoscaling;
mod events;

use serde_json::Value;

/// A form from another.
type Rule = fn(Value) -> Value;

/// Kinds with two versions: the names of the two, and the ways there and back. The first is the one
/// that is stored.
const KINDS: [(&str, [&str; 2], Rule, Rule); 2] = [
    (
        "HorizontalPodAutoscaler",
        ["autoscaling/v2", "autoscaling/v1"],
        autoscaling::to_v1,
        autoscaling::to_v2,
    ),
    ("Event", ["v1", "events.k8s.io/v1"], events::to_events, events::to_core),
];

/// The versions of a kind that is served in several.
pub fn of(kind: &str) -> &'static [&'static str] {
    KINDS.iter().find(|(name, ..)| *name == kind).map_or(&[], |(_, versions, ..)| versions)
}

/// The object in another version, `autoscaling/v1`; none where there is no such version of it.
///
/// What one version does not have is kept in annotations where upstream keeps it there.
pub fn convert(mut object: Value, version: &str) -> Option<Value> {
    let text = |name: &str| object[name].as_str().unwrap_or_default();
    if text("apiVersion") == version {
        return Some(object);
    }
    let row = KINDS.iter().find(|(name, ..)| *name == text("kind"))?;
    let (_, [stored, other], there, back) = row;
    let rule = match (text("apiVersion"), version) {
        (from, to) if from == *stored && to == *other => there,
        (from, to) if from == *other && to == *stored => back,
        _ => return None,
    };
    object["apiVersion"] = version.into();
    Some(rule(object))
}
