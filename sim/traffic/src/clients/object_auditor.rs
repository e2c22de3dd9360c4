//! Watches keys of the storage itself: what truly happened, for the oracles.

use super::User;
use crate::objects::{self, KEYS};
use etcd_api::{
    client::{WatchError, op},
    etcdserverpb::{WatchCreateRequest, WatchResponse},
    mvccpb::{Event, event::EventType},
};
use oracles::history::{Object, ObjectChange};
use std::time::Duration;

/// Without a response for so long, progress is asked for.
const SILENCE_MAX: Duration = Duration::from_millis(500);
/// Between a watch that ended and the next.
const AGAIN: Duration = Duration::from_millis(500);

/// Into which log it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Book {
    Objects,
    Estate,
}

/// Objects of the one collection, from the first revision on, until the machine stops.
pub(super) async fn run(user: &User) {
    let recorder = &user.station.recorder;
    let note = |event: &Event| {
        let kv = event.kv.as_ref()?;
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
        Some(revision)
    };
    audit(user, KEYS, Book::Objects, &note).await;
}

/// Notes each change of the keys that begin so; `note` gives the revision of what it noted.
pub(super) async fn audit(
    user: &User,
    prefix: &str,
    book: Book,
    note: &(dyn Fn(&Event) -> Option<u64> + Sync),
) {
    let mut next = 1;
    loop {
        next = follow(user, prefix, book, note, next).await;
        user.host().sleep(AGAIN).await;
    }
}

/// Follows one watch; returns where to go on.
async fn follow(
    user: &User,
    prefix: &str,
    book: Book,
    note: &(dyn Fn(&Event) -> Option<u64> + Sync),
    from: u64,
) -> u64 {
    let recorder = &user.station.recorder;
    let start_revision = i64::try_from(from).unwrap_or(i64::MAX);
    let whole = op::watch_prefix(prefix.to_owned());
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
            Ok(response) => {
                let told = response.events.iter().filter_map(note).max().unwrap_or(0);
                next = next.max(1 + told.max(progress(&response)));
                recorder.known_to(book, next - 1);
            }
            Err(WatchError::Compacted { compact_revision }) => {
                let first = compact_revision.unsigned_abs();
                recorder.gap(book, next, first.saturating_sub(1));
                return first.max(next);
            }
            Err(WatchError::Canceled { .. } | WatchError::Failed(_)) => return next,
        }
    }
}

/// What a response without events says to have been told; zero: nothing.
fn progress(response: &WatchResponse) -> u64 {
    if response.created || !response.events.is_empty() {
        return 0;
    }
    response.header.as_ref().map_or(0, |header| header.revision.unsigned_abs())
}
