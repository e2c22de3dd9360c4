//! Watches all keys of the storage itself: what truly happened, for the oracles.

use super::{User, object_auditor};
use etcd_api::mvccpb::{Event, event::EventType};
use oracles::history::EstateChange;

/// What every key begins with.
const KEYS: &str = "/registry/";

/// From the first revision on, until the machine stops.
pub(super) async fn run(user: &User) {
    let recorder = &user.station.recorder;
    let note = |event: &Event| {
        let kv = event.kv.as_ref()?;
        let key = String::from_utf8_lossy(&kv.key);
        let key = key.strip_prefix(KEYS).unwrap_or(&key).to_owned();
        let revision = kv.mod_revision.unsigned_abs();
        let object = match event.r#type() {
            EventType::Put => serde_json::from_slice(&kv.value).ok(),
            EventType::Delete => None,
        };
        recorder.estate_changed(EstateChange { at: 0, revision, key, object });
        Some(revision)
    };
    object_auditor::audit(user, KEYS, object_auditor::Book::Estate, &note).await;
}
