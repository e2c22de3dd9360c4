//! Messages on their way to one peer: a bounded queue, and the stream that empties it.

use bytes::Bytes;
use etcd_api::internal::{Batch, Handshake};
use futures_util::Stream;
use host::{Host, Instant};
use parking_lot::Mutex;
use std::{
    cmp::Ordering,
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};
use telemetry::Counter;

/// Messages kept for a peer at most; when it is full, new ones are dropped: Raft sends again.
const MESSAGES_MAX: usize = 4096;
/// Messages in one batch at most.
const BATCH_MESSAGES_MAX: usize = 64;
/// Bytes after which a batch is closed.
const BATCH_BYTES_MAX: usize = 1024 * 1024;
/// Batches that one acknowledgement stands for. Nobody waits for one: a peer that is gone is noticed
/// by pings, and an answer to each batch would double the segments between members.
pub(crate) const BATCHES_PER_ACK: u64 = 256;
/// Acknowledgements awaited at most; more are not timed.
const DEPARTURES_MAX: usize = 64;

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    reader: Option<Waker>,
    /// Which stream may read: an older one ends when it is next looked at.
    generation: u64,
    /// Batches of this stream that carried messages.
    batches: u64,
    /// Batches whose acknowledgement is awaited, the oldest first, and when they left.
    departures: VecDeque<(u64, Instant)>,
}

/// The queue.
#[derive(Clone)]
pub(crate) struct Outbox {
    state: Arc<Mutex<State>>,
    host: Host,
    bytes: Counter,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.state.fmt(f)
    }
}

impl Outbox {
    /// An empty one; `bytes` counts what leaves.
    pub(crate) fn new(host: Host, bytes: Counter) -> Self {
        Self { state: Arc::default(), host, bytes }
    }

    /// How long ago a batch left that the peer now has; none: it is not known any more.
    pub(crate) fn acknowledged(&self, batches: u64) -> Option<Duration> {
        let mut state = self.state.lock();
        while let Some((number, left)) = state.departures.pop_front() {
            match number.cmp(&batches) {
                Ordering::Less => {}
                Ordering::Equal => return Some(self.host.now() - left),
                Ordering::Greater => {
                    state.departures.push_front((number, left));
                    break;
                }
            }
        }
        None
    }

    /// Queues an encoded message; false when there is no room.
    pub(crate) fn push(&self, message: Bytes) -> bool {
        let mut state = self.state.lock();
        if state.queue.len() >= MESSAGES_MAX {
            return false;
        }
        state.queue.push_back(message);
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        true
    }

    /// Forgets what is queued: it would be stale once the connection is back.
    pub(crate) fn clear(&self) {
        self.state.lock().queue.clear();
    }

    /// The stream of batches for a new connection; earlier streams end.
    pub(crate) fn stream(&self, handshake: Handshake) -> Batches {
        let mut state = self.state.lock();
        state.generation += 1;
        state.batches = 0;
        state.departures.clear();
        let generation = state.generation;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
        Batches { outbox: self.clone(), handshake: Some(handshake), generation }
    }
}

/// Batches of queued messages, the first with the handshake.
#[derive(Debug)]
pub(crate) struct Batches {
    outbox: Outbox,
    handshake: Option<Handshake>,
    generation: u64,
}

impl Stream for Batches {
    type Item = Batch;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Batch>> {
        if let Some(handshake) = self.handshake.take() {
            return Poll::Ready(Some(Batch { handshake: Some(handshake), messages: Vec::new() }));
        }
        let mut state = self.outbox.state.lock();
        if state.generation != self.generation {
            return Poll::Ready(None);
        }
        if state.queue.is_empty() {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut messages = Vec::new();
        let mut bytes = 0;
        while messages.len() < BATCH_MESSAGES_MAX && bytes < BATCH_BYTES_MAX {
            let Some(message) = state.queue.pop_front() else { break };
            bytes += message.len();
            messages.push(message);
        }
        state.batches += 1;
        let number = state.batches;
        if number.is_multiple_of(BATCHES_PER_ACK) && state.departures.len() < DEPARTURES_MAX {
            state.departures.push_back((number, self.outbox.host.now()));
        }
        drop(state);
        self.outbox.bytes.add(bytes as u64);
        Poll::Ready(Some(Batch { handshake: None, messages }))
    }
}
