//! New events, handed to the watches that are synced.

use super::{Hub, State, WatchEvent, WatchMessage, Watcher, groups::Slot};
use etcd_api::mvccpb::{Event, KeyValue, event::EventType};
use std::sync::Arc;

/// One event in the forms that watches may ask for; each is made at most once.
#[derive(Debug)]
pub(super) struct Shared {
    event: Arc<WatchEvent>,
    with_previous: Option<Arc<WatchEvent>>,
}

impl Shared {
    pub(super) fn new(event: Event) -> Self {
        Self { event: Arc::new(WatchEvent::new(event)), with_previous: None }
    }

    pub(super) fn kv(&self) -> &KeyValue {
        self.event.event().kv.as_ref().expect("invariant: every event is made with a key-value")
    }

    /// The form that a watch wants; `previous` reads the key as it was before.
    pub(super) fn form<E>(
        &mut self,
        prev_kv: bool,
        previous: impl FnOnce(&KeyValue) -> Result<Option<KeyValue>, E>,
    ) -> Result<Arc<WatchEvent>, E> {
        let kv = self.kv();
        let is_creation = kv.create_revision != 0 && kv.create_revision == kv.mod_revision;
        if !prev_kv || is_creation {
            return Ok(self.event.clone());
        }
        if self.with_previous.is_none() {
            let prev_kv = previous(kv)?;
            let event = Event { prev_kv, ..self.event.event().clone() };
            self.with_previous = Some(Arc::new(WatchEvent::new(event)));
        }
        Ok(self.with_previous.as_ref().unwrap_or(&self.event).clone())
    }
}

impl Watcher {
    /// Whether an event is for this watch, its key being in range.
    pub(super) fn wants(&self, event: &Shared) -> bool {
        let is_delete = event.event.event().r#type == EventType::Delete as i32;
        let filtered = if is_delete { self.spec.no_delete } else { self.spec.no_put };
        !filtered && event.kv().mod_revision >= self.next
    }

    pub(super) fn message(&self, revision: i64, events: Vec<Arc<WatchEvent>>) -> WatchMessage {
        WatchMessage { id: self.spec.id, revision, compact_revision: 0, events }
    }
}

impl Hub {
    /// The transaction of revision `now` just changed these keys. `previous` reads a key as it was
    /// before an event.
    pub(crate) fn notify<E>(
        &mut self,
        now: i64,
        events: Vec<Event>,
        mut previous: impl FnMut(&KeyValue) -> Result<Option<KeyValue>, E>,
    ) -> Result<(), E> {
        if self.watchers.is_empty() {
            return Ok(());
        }
        let mut events: Vec<Shared> = events.into_iter().map(Shared::new).collect();
        for (slot, wanted) in self.matches(&events) {
            let Some(watcher) = self.watchers.get(slot) else { continue };
            let prev_kv = watcher.spec.prev_kv;
            let mut sent = Vec::with_capacity(wanted.len());
            for event in wanted {
                sent.push(events[event].form(prev_kv, &mut previous)?);
            }
            let message = self.watchers[slot].message(now, sent);
            self.deliver(slot, Some(message), now + 1, now);
        }
        self.answer_progress(now);
        Ok(())
    }

    /// The synced watches with the events they want, in the order of slots.
    fn matches(&mut self, events: &[Shared]) -> Vec<(Slot, Vec<usize>)> {
        let mut pairs = Vec::new();
        for (number, event) in events.iter().enumerate() {
            let watchers = &self.watchers;
            self.groups.find(&event.kv().key, |slot| {
                let watcher = &watchers[slot];
                if matches!(watcher.state, State::Synced) && watcher.wants(event) {
                    pairs.push((slot, number));
                }
            });
        }
        pairs.sort_unstable();
        let mut found: Vec<(Slot, Vec<usize>)> = Vec::new();
        for (slot, number) in pairs {
            match found.last_mut() {
                Some((last, numbers)) if *last == slot => numbers.push(number),
                _ => found.push((slot, vec![number])),
            }
        }
        found
    }
}
