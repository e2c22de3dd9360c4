//! What a pod without a place says about it in its status.
//!
//! Upstream: pkg/scheduler/schedule_one.go (updatePod, handleSchedulingFailure).

use super::{errands::Word, seconds};
use crate::{
    core::Refused,
    objects::{items, pod::Pod, text},
};
use client::{Client, Key, Patch, Resource, WriteOptions};
use host::{Host, event};
use serde_json::{Value, json};

/// The change to a pod's status; none: it says so already.
pub(super) fn patch(
    host: &Host,
    pod: &Pod,
    refused: &Refused,
    nominated: Option<&str>,
) -> Option<Value> {
    let present = items(&pod.object["status"], "conditions");
    let present = present.into_iter().find(|one| text(one, "type") == "PodScheduled");
    let same = present.is_some_and(|one| {
        text(one, "status") == "False"
            && text(one, "reason") == refused.reason
            && text(one, "message") == refused.message
    });
    if same && nominated.is_none_or(|node| node == pod.nominated) {
        return None;
    }
    let mut condition = json!({"type": "PodScheduled", "status": "False",
        "reason": refused.reason, "message": refused.message});
    if present.is_none_or(|one| text(one, "status") != "False") {
        condition["lastTransitionTime"] = seconds(host).into();
    }
    let mut status = json!({ "conditions": [condition] });
    if let Some(node) = nominated {
        status["nominatedNodeName"] = node.into();
    }
    Some(json!({ "status": status }))
}

/// The change for a pod whose room was given to another.
pub(super) fn nowhere() -> Value {
    json!({"status": {"nominatedNodeName": null}})
}

/// Writes a change to a pod's status. The next attempt to place it says the same again.
pub(super) async fn write(client: Client, key: Key, patch: Value) -> Word {
    let api = client.resource(Resource::core("pods")).within(&key.namespace);
    let patch = Patch::Strategic(patch);
    let written = api.patch((key.name.as_str(), "status"), &patch, &WriteOptions::default()).await;
    if let Err(error) = written.map(drop)
        && !error.is_not_found()
    {
        let (key, why) = (key.to_string(), error.to_string());
        event!(client.host(), Info, "a pod's status was not written", pod = &key, error = &why);
    }
    Word::Done
}
