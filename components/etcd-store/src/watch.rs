//! Watches: every event of a range from a revision on, once and in order, or a clear end.
//!
//! A watch is *synced* when all events up to the store's revision are in its stream's buffer. One
//! whose start is in the past is *unsynced* and reads history in bounded batches. One whose stream
//! was full is a *victim*: the message that did not fit waits for it. Upstream:
//! server/storage/mvcc/watchable_store.go.

mod catch_up;
mod groups;
mod message;
mod notify;
mod progress;

pub(crate) use catch_up::before;
pub use message::{ALL_WATCHES, WatchEvent, WatchId, WatchMessage};

use crate::keys::KeyRange;
use groups::{Groups, Slot};
use host::Defects;
use slab::Slab;
use std::collections::{BTreeMap, BTreeSet};
use tokio::sync::mpsc;

/// A client's connection, which carries many watches.
pub type StreamId = u64;

/// What to watch.
#[derive(Clone, Debug)]
pub struct WatchSpec {
    /// The client's choice, or 0 for the next free number.
    pub id: WatchId,
    /// The keys.
    pub range: KeyRange,
    /// The first revision wanted; 0 for the next one to come.
    pub start_revision: i64,
    /// Leave puts out.
    pub no_put: bool,
    /// Leave deletions out.
    pub no_delete: bool,
    /// Add to each event what the key was before.
    pub prev_kv: bool,
}

/// Why a watch was not created. Texts are upstream's.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum WatchError {
    /// The stream was closed, or never opened.
    #[error("mvcc: watcher not exist")]
    NoStream,
    /// The stream has a watch with this number.
    #[error("mvcc: duplicate watch ID provided on the WatchStream")]
    DuplicateId,
    /// The end is not after the start.
    #[error("mvcc: watcher range is empty")]
    EmptyRange,
}

#[derive(Debug)]
struct Watcher {
    stream: StreamId,
    spec: WatchSpec,
    /// The first revision not yet in the stream's buffer (or in `held`).
    next: i64,
    state: State,
}

#[derive(Debug)]
enum State {
    Synced,
    Unsynced,
    /// Holds the message that did not fit.
    Victim(WatchMessage),
}

#[derive(Debug)]
struct Stream {
    sender: mpsc::Sender<WatchMessage>,
    watches: BTreeMap<WatchId, Slot>,
    next_id: WatchId,
}

/// All streams and watches of a member.
#[derive(Debug)]
pub(crate) struct Hub {
    defects: Defects,
    /// Messages that a stream buffers.
    buffer: usize,
    streams: BTreeMap<StreamId, Stream>,
    next_stream: StreamId,
    watchers: Slab<Watcher>,
    groups: Groups,
    /// Unsynced watches by the revision they are at.
    unsynced: BTreeSet<(i64, Slot)>,
    victims: BTreeSet<Slot>,
    progress_asked: BTreeSet<StreamId>,
}

impl Hub {
    pub(crate) fn new(defects: Defects, buffer: usize) -> Self {
        Self {
            defects,
            buffer: buffer.max(1),
            streams: BTreeMap::new(),
            next_stream: 1,
            watchers: Slab::new(),
            groups: Groups::default(),
            unsynced: BTreeSet::new(),
            victims: BTreeSet::new(),
            progress_asked: BTreeSet::new(),
        }
    }

    pub(crate) fn open_stream(&mut self) -> (StreamId, mpsc::Receiver<WatchMessage>) {
        let (sender, receiver) = mpsc::channel(self.buffer);
        let id = self.next_stream;
        self.next_stream += 1;
        let watches = BTreeMap::new();
        self.streams.insert(id, Stream { sender, watches, next_id: 0 });
        (id, receiver)
    }

    /// Ends a stream and its watches.
    pub(crate) fn close_stream(&mut self, id: StreamId) {
        let Some(stream) = self.streams.remove(&id) else { return };
        self.progress_asked.remove(&id);
        for slot in stream.watches.into_values() {
            self.forget(slot);
        }
    }

    /// Starts a watch, where `now` is the store's revision.
    pub(crate) fn watch(
        &mut self,
        stream_id: StreamId,
        mut spec: WatchSpec,
        now: i64,
    ) -> Result<WatchId, WatchError> {
        let stream = self.streams.get_mut(&stream_id).ok_or(WatchError::NoStream)?;
        if spec.range.bounds().is_none() {
            return Err(WatchError::EmptyRange);
        }
        if spec.id == 0 {
            while stream.watches.contains_key(&stream.next_id) {
                stream.next_id += 1;
            }
            spec.id = stream.next_id;
            stream.next_id += 1;
        } else if stream.watches.contains_key(&spec.id) {
            return Err(WatchError::DuplicateId);
        }
        let id = spec.id;
        let next = if spec.start_revision > 0 { spec.start_revision } else { now + 1 };
        let range = spec.range.clone();
        let slot =
            self.watchers.insert(Watcher { stream: stream_id, spec, next, state: State::Synced });
        stream.watches.insert(id, slot);
        self.groups.insert(&range, slot);
        self.settle(slot, now);
        Ok(id)
    }

    /// Ends a watch; false when there is none.
    pub(crate) fn cancel(&mut self, stream: StreamId, id: WatchId) -> bool {
        let stream = self.streams.get_mut(&stream);
        let Some(slot) = stream.and_then(|stream| stream.watches.remove(&id)) else { return false };
        self.forget(slot);
        true
    }

    fn forget(&mut self, slot: Slot) {
        let watcher = self.watchers.remove(slot);
        self.unsynced.remove(&(watcher.next, slot));
        self.victims.remove(&slot);
        self.groups.remove(&watcher.spec.range, slot);
    }

    /// Puts a watch that holds nothing where its position belongs.
    fn settle(&mut self, slot: Slot, now: i64) {
        let watcher = &mut self.watchers[slot];
        if watcher.next > now {
            watcher.state = State::Synced;
        } else {
            watcher.state = State::Unsynced;
            self.unsynced.insert((watcher.next, slot));
        }
    }

    /// Moves a watch on to `next` with a message for it, or for its stream's want of space.
    /// False when the stream is gone, and the watch with it.
    fn deliver(&mut self, slot: Slot, message: Option<WatchMessage>, next: i64, now: i64) -> bool {
        let watcher = &mut self.watchers[slot];
        self.unsynced.remove(&(watcher.next, slot));
        watcher.next = next;
        let stream_id = watcher.stream;
        match message.map(|message| self.try_send(stream_id, message)) {
            None | Some(Ok(())) => self.settle(slot, now),
            Some(Err(mpsc::error::TrySendError::Full(message))) => {
                self.watchers[slot].state = State::Victim(message);
                self.victims.insert(slot);
            }
            Some(Err(mpsc::error::TrySendError::Closed(_))) => {
                self.close_stream(stream_id);
                return false;
            }
        }
        true
    }

    fn try_send(
        &self,
        stream: StreamId,
        message: WatchMessage,
    ) -> Result<(), mpsc::error::TrySendError<WatchMessage>> {
        match self.streams.get(&stream) {
            Some(stream) => stream.sender.try_send(message),
            None => Err(mpsc::error::TrySendError::Closed(message)),
        }
    }

    /// A snapshot replaced the keys: who was synced must read what it missed.
    pub(crate) fn restored(&mut self, now: i64) {
        let synced: Vec<Slot> = self
            .watchers
            .iter()
            .filter(|(_, watcher)| matches!(watcher.state, State::Synced))
            .map(|(slot, _)| slot)
            .collect();
        for slot in synced {
            self.settle(slot, now);
        }
    }

    /// How many watches there are, and how many of them are not synced.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.watchers.len(), self.unsynced.len() + self.victims.len())
    }
}
