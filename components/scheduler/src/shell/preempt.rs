//! Removes the pods that have to go for another.
//!
//! Upstream: pkg/scheduler/framework/preemption/executor.go.

use super::{errands::Word, seconds};
use crate::{cycle::Preemption, objects::pod::Pod};
use client::{
    Api, Client, DeleteOptions, Error, Key, Patch, Resource, WriteOptions,
    events::{Recorder, Reference, Severity},
};
use serde_json::json;
use std::sync::Arc;

/// Removes all victims; where that fails, the room is not kept.
pub(super) async fn remove(
    client: Client,
    recorder: Recorder,
    pod: Arc<Pod>,
    found: Preemption,
) -> Word {
    for (key, uid) in &found.victims {
        let api = client.resource(Resource::core("pods")).within(&key.namespace);
        match one(&api, &pod, key, uid).await {
            Err(error) if !error.is_not_found() && !error.is_conflict() => {
                return Word::NoRoom(pod.key.clone());
            }
            Err(_) => {}
            Ok(()) => tell(&recorder, &pod, key, uid, &found.node),
        }
    }
    Word::Done
}

async fn one(api: &Api, pod: &Pod, key: &Key, uid: &str) -> Result<(), Error> {
    let scheduler = &pod.scheduler;
    let condition = json!({"type": "DisruptionTarget", "status": "True",
        "reason": "PreemptionByScheduler", "lastTransitionTime": seconds(api.client().host()),
        "message": format!("{scheduler}: preempting to accommodate a higher priority pod")});
    let patch = Patch::Strategic(json!({"metadata": {"uid": uid},
        "status": {"conditions": [condition]}}));
    api.patch((key.name.as_str(), "status"), &patch, &WriteOptions::default()).await?;
    let this = DeleteOptions { uid: uid.to_owned(), ..DeleteOptions::default() };
    api.delete(&key.name, &this).await.map(drop)
}

fn tell(recorder: &Recorder, pod: &Pod, key: &Key, uid: &str, node: &str) {
    let about = Reference {
        api_version: "v1".to_owned(),
        kind: "Pod".to_owned(),
        namespace: key.namespace.clone(),
        name: key.name.clone(),
        uid: uid.to_owned(),
        ..Reference::default()
    };
    let message = format!("Preempted by pod {} on node {node}", pod.uid);
    recorder.tell(about, Severity::Normal, "Preempted", message);
}
