//! Messages on their way to one peer: a bounded queue, and the stream that empties it.

use bytes::Bytes;
use etcd_api::internal::{Batch, Handshake};
use futures_util::Stream;
use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// Messages kept for a peer at most; when it is full, new ones are dropped: Raft sends again.
const MESSAGES_MAX: usize = 4096;
/// Messages in one batch at most.
const BATCH_MESSAGES_MAX: usize = 64;
/// Bytes after which a batch is closed.
const BATCH_BYTES_MAX: usize = 1024 * 1024;

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    reader: Option<Waker>,
    /// Which stream may read: an older one ends when it is next looked at.
    generation: u64,
}

/// The queue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox(Arc<Mutex<State>>);

impl Outbox {
    /// Queues an encoded message; false when there is no room.
    pub(crate) fn push(&self, message: Bytes) -> bool {
        let mut state = self.0.lock();
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
        self.0.lock().queue.clear();
    }

    /// The stream of batches for a new connection; earlier streams end.
    pub(crate) fn stream(&self, handshake: Handshake) -> Batches {
        let mut state = self.0.lock();
        state.generation += 1;
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
        let mut state = self.outbox.0.lock();
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
        Poll::Ready(Some(Batch { handshake: None, messages }))
    }
}
