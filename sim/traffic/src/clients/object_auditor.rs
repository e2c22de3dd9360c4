//! Watches the keys of objects in the storage itself: what truly happened, for the oracles.

use super::User;
use crate::objects::{self, KEYS};
use etcd_api::{
    client::{WatchError, op},
    etcdserverpb::{WatchCreateRequest, WatchResponse},
    mvccpb::event::EventType,
};
use oracles::history::{Object, ObjectChange};
use std::time::Duration;

/// Without a response for so long, progress is asked for.
const SILENCE_MAX: Duration = Duration::from_millis(500);
/// Between a watch that ended and the next.
const AGAIN: Duration = Duration::from_millis(500);

/// From the first revision on, until the machine stops.
pub(super) async fn run(user: &User) {
    let mut next = 1;
    loop {
        next = follow(user, next).await;
        user.host().sleep(AGAIN).await;
    }
}

/// Follows one watch; returns where to go on.
async fn follow(user: &User, from: u64) -> u64 {
    let recorder = &user.station.recorder;
    let start_revision = i64::try_from(from).unwrap_or(i64::MAX);
    let whole = op::watch_prefix(KEYS.to_owned());
    let mut watcher =
        user.client.watch(WatchCreateRequest { start_revision, progress_notify: true, ..whole });
    let mut next = from;
    loop {
        let Ok(response) = user.host().timeout(SILENCE_MAX, watcher.next()).await else {
            // What has not happened is worth knowing too.
            watcher.request_progress();
            continue;
        };
        let Some(response) = response else { return next };
        match response {
            Ok(response) => next = next.max(note(user, &response)),
            Err(WatchError::Compacted { compact_revision }) => {
                let first = compact_revision.unsigned_abs();
                recorder.objects_gap(next, first.saturating_sub(1));
                return first.max(next);
            }
            Err(WatchError::Canceled { .. } | WatchError::Failed(_)) => return next,
        }
    }
}

/// Writes down what a response tells; returns the first revision that it tells nothing of.
fn note(user: &User, response: &WatchResponse) -> u64 {
    let recorder = &user.station.recorder;
    if response.created {
        return 0;
    }
    let mut last = 0;
    for event in &response.events {
        let Some(kv) = &event.kv else { continue };
        let key = String::from_utf8_lossy(&kv.key);
        let name = key.strip_prefix(KEYS).unwrap_or(&key).to_owned();
        let revision = kv.mod_revision.unsigned_abs();
        let object = match event.r#type() {
            EventType::Put => serde_json::from_slice(&kv.value)
                .ok()
                .and_then(|value| objects::object(&value))
                .map(|object| Object { revision, ..object }),
            EventType::Delete => None,
        };
        recorder.object_changed(ObjectChange { at: 0, revision, name, object });
        last = last.max(revision);
    }
    if response.events.is_empty() {
        let header = response.header.as_ref().map_or(0, |header| header.revision);
        last = header.unsigned_abs();
        recorder.objects_known_to(last);
    }
    last + 1
}
