//! Binding: says in the API where a pod runs, and does not rest before it knows how that went.
//!
//! Upstream: plugins/defaultbinder/default_binder.go, which gives up when an answer is lost: then
//! the room counts as free although the pod may have it (and be bound twice as much as fits).

use super::{errands::Word, extenders::Extenders};
use crate::{
    framework::{Assumption, Refusal},
    objects::pod::Pod,
};
use client::{
    Client, Error, Resource, WriteOptions,
    events::{Recorder, Reference, Severity},
    uid,
};
use host::{Backoff, event};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

const BACKOFF: Backoff = Backoff { first: Duration::from_millis(100), max: Duration::from_secs(5) };

/// Writes what has to be true before a pod is bound (`BindPodVolumes`).
pub(super) async fn write(
    client: Client,
    pod: Arc<Pod>,
    node: String,
    assumptions: Vec<Assumption>,
) -> Word {
    for assumption in assumptions {
        let (plural, object) = match &assumption {
            Assumption::Volume(volume) => ("persistentvolumes", volume),
            Assumption::Claim(claim) => ("persistentvolumeclaims", claim),
        };
        let api = client.resource(Resource::core(plural));
        let api = match client::namespace(object) {
            "" => api,
            namespace => api.within(namespace),
        };
        // Its resource version guards it: an attempt that was lost cannot do harm later.
        if let Err(error) = api.update(object, "", &WriteOptions::default()).await {
            return Word::Unbound(pod, Refusal::error(format!("binding volumes: {error}")));
        }
    }
    Word::Written(pod, node)
}

/// Binds a pod.
pub(super) async fn bind(
    client: Client,
    extenders: Arc<Extenders>,
    recorder: Recorder,
    pod: Arc<Pod>,
    node: String,
) -> Word {
    let asked = match extenders.bind(&pod, &node).await {
        Some(done) => done,
        None => through_api(&client, &pod, &node).await,
    };
    match asked {
        Ok(()) => {
            let message = format!("Successfully assigned {} to {node}", pod.key);
            recorder.tell(Reference::to(&pod.object), Severity::Normal, "Scheduled", message);
            Word::Bound(pod)
        }
        Err(why) => Word::Unbound(pod, Refusal::error(format!("binding rejected: {why}"))),
    }
}

fn binding(pod: &Pod, node: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Binding",
        "metadata": {"name": pod.key.name, "namespace": pod.key.namespace, "uid": pod.uid},
        "target": {"kind": "Node", "name": node}})
}

/// The error says why the pod is not on the node and will not be by this attempt.
async fn through_api(client: &Client, pod: &Pod, node: &str) -> Result<(), String> {
    let host = client.host();
    let api = client.resource(Resource::core("pods")).within(&pod.key.namespace);
    let body = binding(pod, node);
    for attempt in 0.. {
        let name = pod.key.name.as_str();
        match api.act((name, "binding"), &body, &WriteOptions::default()).await {
            Ok(_) => return Ok(()),
            // It may be ours: an answer was lost before.
            Err(error) if error.is_conflict() || error.is_unknown() => {
                event!(host, Info, "a binding's end is not known", pod = &pod.key.to_string());
                if let Some(known) = where_is(&api.get(name).await, pod, node, &error) {
                    return known;
                }
            }
            Err(error) if error.is_unreachable() || error.is_too_many_requests() => {}
            Err(error) => return Err(error.to_string()),
        }
        host.sleep(BACKOFF.delay(attempt, host.random.next_u64())).await;
    }
    Err("the attempts are used up".to_owned())
}

/// What a look at the pod tells of an attempt to bind it; none: it may yet be bound.
fn where_is(
    seen: &Result<Value, Error>,
    pod: &Pod,
    node: &str,
    error: &Error,
) -> Option<Result<(), String>> {
    match seen {
        Ok(now) if uid(now) != pod.uid => Some(Err("another pod has its name".to_owned())),
        Ok(now) => match now["spec"]["nodeName"].as_str().unwrap_or_default() {
            // Asked again, until somebody says no: what is on its way may arrive.
            "" if error.is_unknown() => None,
            "" => Some(Err(error.to_string())),
            there if there == node => Some(Ok(())),
            elsewhere => Some(Err(format!("it is on node {elsewhere:?}"))),
        },
        Err(gone) if gone.is_not_found() => Some(Err(gone.to_string())),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client::Status;

    #[test]
    fn only_what_is_known_ends_a_binding() {
        let metadata = json!({"name": "p", "namespace": "n", "uid": "u"});
        let pod = Pod::read(Arc::new(json!({ "metadata": metadata })));
        let on = |node: &str, uid: &str| {
            Ok(json!({"metadata": {"uid": uid}, "spec": {"nodeName": node}}))
        };
        let status = |code| Status { code, reason: "NotFound".into(), ..Status::default() };
        let (lost, refused) = (Error::Elapsed, Error::from(status(409)));
        for (seen, error, expected) in [
            (on("a", "u"), &lost, Some(true)),
            (on("a", "u"), &refused, Some(true)),
            (on("b", "u"), &refused, Some(false)),
            (on("a", "v"), &lost, Some(false)),
            (on("", "u"), &lost, None),
            (on("", "u"), &refused, Some(false)),
            (Err(Error::from(status(404))), &lost, Some(false)),
            (Err(Error::Elapsed), &refused, None),
        ] {
            let known = where_is(&seen, &pod, "a", error).map(|known| known.is_ok());
            assert_eq!(known, expected, "{seen:?} {error:?}");
        }
    }
}
