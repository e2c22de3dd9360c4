//! Pods: a status of the server's making, and doors that change a part of the spec each.
//!
//! Upstream: pkg/registry/core/pod/strategy.go.

use super::{Occasion, label_keys, qos};
use serde_json::{Map, Value, json};

/// What of a container a resize changes.
const RESIZED: [&str; 2] = ["resources", "resizePolicy"];

pub(super) fn create(pod: &mut Value, at: &Occasion<'_>) {
    let mut status = json!({"phase": "Pending", "qosClass": qos::class(&pod["spec"])});
    if pod["spec"]["schedulingGates"].as_array().is_some_and(|gates| !gates.is_empty()) {
        status["conditions"] = json!([{
            "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
            "message": "Scheduling is blocked due to non-empty scheduling gates",
            "lastProbeTime": null, "lastTransitionTime": at.now,
        }]);
    }
    pod["status"] = status;
    label_keys::merge(pod);
}

/// Who writes a status neither moves the pod to another owner nor forgets its class.
pub(super) fn status(new: &mut Value, present: &Value, _: &Occasion<'_>) {
    let owners = present["metadata"].get("ownerReferences").cloned();
    if let Some(metadata) = new["metadata"].as_object_mut() {
        match owners {
            Some(owners) => metadata.insert("ownerReferences".into(), owners),
            None => metadata.remove("ownerReferences"),
        };
    }
    if let (Some(status), Some(class)) =
        (new["status"].as_object_mut(), present["status"].get("qosClass"))
    {
        status.entry("qosClass").or_insert_with(|| class.clone());
    }
}

/// All of the pod is the present one's but for some members of its spec.
pub(super) fn keep_but(new: &mut Value, present: &Value, changed: &[&str]) {
    let mut spec = present["spec"].clone();
    for name in changed {
        match new["spec"].get(*name) {
            Some(value) => spec[*name] = value.clone(),
            None => drop(spec.as_object_mut().and_then(|spec| spec.remove(*name))),
        }
    }
    new["spec"] = spec;
    new["status"] = present["status"].clone();
}

/// Only resources and how they may change are taken over, container by container.
pub(super) fn resize(new: &mut Value, present: &Value) {
    let mut spec = present["spec"].clone();
    for list in ["containers", "initContainers"] {
        let wanted = new["spec"][list].as_array().cloned().unwrap_or_default();
        let present = spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten();
        for container in present {
            let same = wanted.iter().find(|one| one["name"] == container["name"]);
            if let (Some(wanted), Some(container)) = (same, container.as_object_mut()) {
                take_over(container, wanted);
            }
        }
    }
    if let (Some(spec), Some(resources)) = (spec.as_object_mut(), new["spec"].get("resources")) {
        spec.insert("resources".into(), resources.clone());
    }
    let metadata = &mut new["metadata"];
    for name in ["labels", "annotations"] {
        metadata[name] = present["metadata"][name].clone();
    }
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.retain(|_, value| !value.is_null());
    }
    new["spec"] = spec;
    new["status"] = present["status"].clone();
}

fn take_over(container: &mut Map<String, Value>, wanted: &Value) {
    for name in RESIZED {
        match wanted.get(name) {
            Some(value) => container.insert(name.into(), value.clone()),
            None => container.remove(name),
        };
    }
}
