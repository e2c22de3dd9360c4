//! Progress: telling a client how far it has seen, never further.

use super::{ALL_WATCHES, Hub, State, StreamId, WatchId, WatchMessage, groups::Slot};
use tokio::sync::mpsc::error::TrySendError;

impl Hub {
    /// The client of a stream asks how far it has seen. It is answered once all its watches are
    /// synced and have begun; without a watch, never, as upstream.
    pub(crate) fn request_progress(&mut self, id: StreamId, now: i64) {
        if self.streams.contains_key(&id) {
            self.progress_asked.insert(id);
        }
        self.answer_progress(now);
    }

    /// Answers the streams that asked and are synced.
    pub(super) fn answer_progress(&mut self, now: i64) {
        if self.progress_asked.is_empty() {
            return;
        }
        let asked: Vec<StreamId> = self.progress_asked.iter().copied().collect();
        for id in asked {
            let Some(stream) = self.streams.get(&id) else { continue };
            // E12, #15220: the answer does not wait for events that are still on their way.
            let synced = self.defects.has("E12")
                || stream.watches.values().all(|slot| self.has_seen(*slot, now));
            if stream.watches.is_empty() || (synced && self.progress(id, ALL_WATCHES, now)) {
                self.progress_asked.remove(&id);
            }
        }
    }

    /// Tells one watch how far it has seen, if it is synced and there is room.
    pub(crate) fn watch_progress(&mut self, stream: StreamId, id: WatchId, now: i64) -> bool {
        let slot = self.streams.get(&stream).and_then(|stream| stream.watches.get(&id));
        slot.is_some_and(|slot| self.has_seen(*slot, now)) && self.progress(stream, id, now)
    }

    /// True when a watch has seen all up to `now`. One that starts later has seen nothing: progress
    /// before its start would say that it missed what was in between (progressIfSync).
    fn has_seen(&self, slot: Slot, now: i64) -> bool {
        let watcher = &self.watchers[slot];
        matches!(watcher.state, State::Synced) && watcher.spec.start_revision <= now
    }

    /// False when the stream has no room.
    fn progress(&self, stream: StreamId, id: WatchId, now: i64) -> bool {
        let message = WatchMessage { id, revision: now, compact_revision: 0, events: Vec::new() };
        !matches!(self.try_send(stream, message), Err(TrySendError::Full(_)))
    }
}
