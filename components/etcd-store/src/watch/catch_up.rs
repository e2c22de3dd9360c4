//! Unsynced watches read history, victims get what waits for them: both in bounded steps.

use super::{Hub, State, WatchMessage, groups::Slot, notify::Shared};
use crate::{
    backend::Backend,
    error::StoreError,
    keys::{Keys, Revision, decode, malformed},
};
use etcd_api::mvccpb::{Event, KeyValue, event::EventType};

/// Watches moved on in one step (upstream: maxWatchersPerSync).
const WATCHES: usize = 512;
/// Rows read in one step, unless one revision has more.
const ROWS: usize = 1_000;

/// Consecutive revisions read from the backend.
struct History {
    events: Vec<Shared>,
    /// The last revision that was read completely.
    until: i64,
}

impl Hub {
    /// True while some watch is not synced or an asked progress is not answered.
    pub(crate) fn needs_sync(&self) -> bool {
        !self.unsynced.is_empty() || !self.victims.is_empty() || !self.progress_asked.is_empty()
    }

    /// One bounded step. True when another one at once would get further.
    pub(crate) fn sync_step(&mut self, keys: &Keys, backend: &Backend) -> Result<bool, StoreError> {
        let now = keys.revision();
        self.retry_victims(now);
        self.end_compacted(keys.compacted());
        let more = self.read_history(keys, backend)?;
        self.answer_progress(now);
        Ok(more)
    }

    fn retry_victims(&mut self, now: i64) {
        for slot in std::mem::take(&mut self.victims) {
            let Some(watcher) = self.watchers.get_mut(slot) else { continue };
            let State::Victim(message) = std::mem::replace(&mut watcher.state, State::Synced)
            else {
                continue;
            };
            let next = watcher.next;
            self.deliver(slot, Some(message), next, now);
        }
    }

    /// Tells watches whose revisions are gone that they are over; who has no room is told later.
    fn end_compacted(&mut self, compacted: i64) {
        let over: Vec<(i64, Slot)> = self.unsynced.range(..(compacted, 0)).copied().collect();
        for (_, slot) in over {
            let Some(watcher) = self.watchers.get(slot) else { continue };
            let (stream, id) = (watcher.stream, watcher.spec.id);
            let events = Vec::new();
            let message =
                WatchMessage { id, revision: compacted, compact_revision: compacted, events };
            if !matches!(
                self.try_send(stream, message),
                Err(tokio::sync::mpsc::error::TrySendError::Full(_))
            ) {
                self.cancel(stream, id);
            }
        }
    }

    fn read_history(&mut self, keys: &Keys, backend: &Backend) -> Result<bool, StoreError> {
        // E09, #17529: a watch that could not be told of the compaction goes on as if nothing was.
        let first = if self.defects.has("E09") { 0 } else { keys.compacted() };
        let chosen: Vec<(i64, Slot)> =
            self.unsynced.range((first, 0)..).take(WATCHES).copied().collect();
        let Some((from, _)) = chosen.first() else { return Ok(false) };
        let mut history = read(keys, backend, *from)?;
        let now = keys.revision();
        for (next, slot) in chosen {
            if next > history.until || !self.watchers.contains(slot) {
                continue;
            }
            let message = self.replay(slot, &mut history, keys, backend)?;
            self.deliver(slot, message, history.until + 1, now);
        }
        Ok(self.unsynced.range((first, 0)..).next().is_some())
    }

    /// The message that carries the part of history that a watch wants; `None` for none of it.
    fn replay(
        &self,
        slot: Slot,
        history: &mut History,
        keys: &Keys,
        backend: &Backend,
    ) -> Result<Option<WatchMessage>, StoreError> {
        let watcher = &self.watchers[slot];
        let mut events = Vec::new();
        for event in &mut history.events {
            if watcher.spec.range.contains(&event.kv().key) && watcher.wants(event) {
                let previous = |kv: &KeyValue| before(keys, backend, kv);
                events.push(event.form(watcher.spec.prev_kv, previous)?);
            }
        }
        Ok((!events.is_empty()).then(|| watcher.message(history.until, events)))
    }
}

/// A key as it was before an event; `None` also where that is compacted, as upstream.
pub(crate) fn before(
    keys: &Keys,
    backend: &Backend,
    kv: &KeyValue,
) -> Result<Option<KeyValue>, StoreError> {
    let at = kv.mod_revision - 1;
    if at < keys.compacted() { Ok(None) } else { keys.get(backend, &kv.key, at) }
}

/// Reads whole revisions from `from` on.
fn read(keys: &Keys, backend: &Backend, from: i64) -> Result<History, StoreError> {
    let now = keys.revision();
    let start = Revision { main: from, sub: 0 }.row(false);
    let end = Revision { main: now + 1, sub: 0 }.row(false);
    let mut limit = ROWS;
    let (rows, until) = loop {
        let mut rows = backend.key_rows(&start, &end, limit)?;
        if rows.len() < limit {
            break (rows, now);
        }
        // The last revision may have been cut: it is left for the next step, unless it is alone.
        let until = rows.last().map_or(now, |(row, _)| main(row)) - 1;
        rows.retain(|(row, _)| main(row) <= until);
        if !rows.is_empty() {
            break (rows, until);
        }
        limit *= 2;
    };
    let events = rows.into_iter().map(|(row, value)| event(&row, value));
    Ok(History { events: events.collect::<Result<_, _>>()?, until })
}

fn main(row: &[u8]) -> i64 {
    Revision::from_row(row).map_or(0, |(revision, _)| revision.main)
}

fn event(row: &[u8], value: bytes::Bytes) -> Result<Shared, StoreError> {
    let (revision, tombstone) = Revision::from_row(row).ok_or_else(|| malformed(row))?;
    let mut kv = decode(row, value)?;
    kv.mod_revision = revision.main;
    let kind = if tombstone { EventType::Delete } else { EventType::Put };
    Ok(Shared::new(Event { r#type: kind as i32, kv: Some(kv), prev_kv: None }))
}
