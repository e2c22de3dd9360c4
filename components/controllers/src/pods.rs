//! What controllers ask about pods.
//!
//! Upstream: pkg/api/v1/pod/util.go, pkg/controller/controller_utils.go.

use api::time::Moment;
use client::{Key, Object, name, namespace, uid};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

use crate::{
    kinds::{Kind, PODS},
    naming::names,
    object::{condition, controller_reference, int, is_deleting, is_true, list, text, texts},
    plan::Write,
    view::View,
};

/// `status.phase`.
pub(crate) fn phase(pod: &Value) -> &str {
    text(pod, "/status/phase")
}

/// It ended, and will not run again.
pub(crate) fn is_finished(pod: &Value) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// It runs or will, and nobody asked it to go.
pub(crate) fn is_active(pod: &Value) -> bool {
    !is_finished(pod) && !is_deleting(pod)
}

/// It was asked to go and runs still.
pub(crate) fn is_terminating(pod: &Value) -> bool {
    !is_finished(pod) && is_deleting(pod)
}

pub(crate) fn is_ready(pod: &Value) -> bool {
    is_true(pod, "Ready")
}

/// Seconds since 1970 at a pointer.
pub(crate) fn seconds(object: &Value, pointer: &str) -> Option<i64> {
    Moment::parse(text(object, pointer)).ok().map(|moment| moment.seconds)
}

/// When it became ready; none: it is not.
pub(crate) fn ready_since(pod: &Value) -> Option<i64> {
    let ready = condition(pod, "Ready").filter(|ready| ready["status"] == "True")?;
    seconds(ready, "/lastTransitionTime")
}

/// How long until it has been ready for `min` seconds: zero if it has, none if it is not ready.
pub(crate) fn available_in(pod: &Value, min: i64, now: i64) -> Option<i64> {
    if !is_ready(pod) {
        return None;
    }
    match ready_since(pod) {
        _ if min == 0 => Some(0),
        Some(since) => Some((since + min - now).max(0)),
        None => None,
    }
}

/// Restarts of its containers: the most of one, those that stay beside it included.
pub(crate) fn restarts_max(pod: &Value) -> i64 {
    let own = list(pod, "/status/containerStatuses").iter();
    let sidecars = list(pod, "/spec/initContainers").iter();
    let sidecars: BTreeSet<&str> = sidecars
        .filter(|container| container["restartPolicy"] == "Always")
        .filter_map(|container| container["name"].as_str())
        .collect();
    let initial = list(pod, "/status/initContainerStatuses").iter();
    let initial = initial
        .filter(|status| status["name"].as_str().is_some_and(|name| sidecars.contains(name)));
    own.chain(initial).filter_map(|status| int(status, "/restartCount")).max().unwrap_or(0)
}

/// A pod as an owner's template describes it (`GetPodFromTemplate`). It has no name yet.
pub(crate) fn from_template(kind: Kind, owner: &Value, template: &Value) -> Value {
    let mut metadata = Map::new();
    for member in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template.pointer(&format!("/metadata/{member}")) {
            metadata.insert(member.to_owned(), value.clone());
        }
    }
    metadata.insert("namespace".into(), namespace(owner).into());
    metadata.insert("generateName".into(), format!("{}-", name(owner)).into());
    metadata.insert("ownerReferences".into(), json!([controller_reference(kind, owner)]));
    json!({"metadata": metadata, "spec": template["spec"].clone()})
}

/// Names for an owner's next pods: those that no pod of its namespace has.
pub(crate) fn free_names<'a>(
    view: &View<'a>,
    owner: &Value,
    beginning: &str,
) -> impl Iterator<Item = String> + use<'a> {
    let (namespace, pods) = (namespace(owner).to_owned(), view.of(PODS));
    names(beginning, uid(owner)).filter(move |name| pods.get(&Key::new(&namespace, name)).is_none())
}

/// Makes a pod and tells of it on its owner, in upstream's words (`RealPodControl`).
pub(crate) fn create(owner: &Value, mut pod: Value, name: String) -> Write {
    let created = format!("Created pod: {name}");
    pod["metadata"]["name"] = name.into();
    Write::create(PODS, pod).and_tell(owner, "SuccessfulCreate", created).or_warn(
        owner,
        "FailedCreate",
        "Error creating: {}",
    )
}

/// Deletes a pod and tells of it on its owner.
pub(crate) fn delete(owner: &Value, pod: &Value) -> Write {
    let deleted = format!("Deleted pod: {}", name(pod));
    Write::delete(PODS, pod).and_tell(owner, "SuccessfulDelete", deleted).or_warn(
        owner,
        "FailedDelete",
        "Error deleting: {}",
    )
}

/// Its labels are at least the template's.
pub(crate) fn has_labels_of(pod: &Object, template: &Value) -> bool {
    let labels = texts(pod, "/metadata/labels");
    texts(template, "/metadata/labels").iter().all(|(name, value)| labels.get(name) == Some(value))
}
